/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's thread: creation, the run loop, sleeping and being kicked.
 *
 * The kick protocol. A sender posts to the inbox, then reads state. The vCPU sets state to
 * VCPU_RUN, then looks into the inbox, then enters KVM_RUN. Both sides' two steps are sequentially
 * consistent, so one of them sees the other:
 *  - the vCPU sees the post and acts on it before it enters the guest, or
 *  - the sender sees VCPU_RUN and kicks: immediate_exit first, the signal second. If that happens
 *    before KVM_RUN the flag makes it return at once, if inside, the signal does.
 * Clearing immediate_exit and kicked comes before state is set, and looking into the inbox after.
 * So a kick whose marks are wiped here belongs to a post that the look sees; and a sender that
 * finds kicked already set in this round relies on another sender, whose signal is still to come or
 * whose flag is set. Sleeping is the same with the futex in the place of KVM_RUN. A kick that comes
 * too late costs one empty round.
 *
 * Only the first post since the last drain kicks (lapic_inbox.h): the drain empties the event word
 * in one exchange, so every post after it is a first one again.
 */
#include "vmm/vcpu.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/stress.h"

/* 250 parts per million, within which KVM also takes two TSCs as equally fast. */
#define TSC_TOLERANCE 4000

/* A page below 640 KiB: RAM in every machine. */
#define PARK_PAGE UINT64_C(0x1000)

static int create_failed(struct vcpu *vcpu, const char *what, int error)
{
	log_line(vcpu->machine->log, LOG_ERROR, "%s for vCPU %u: %s", what, vcpu->index,
		 strerror(-error));
	return error;
}

static int park(struct vcpu *vcpu)
{
	/* An AP of a split irqchip starts UNINITIALIZED in KVM; we hold it back ourselves. */
	const struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	int ret = kvm_park_lapic(vcpu->fd, PARK_PAGE, vcpu_apic_id(vcpu), vcpu->index == 0);

	if (ret)
		return create_failed(vcpu, "parking KVM's local APIC", ret);
	ret = kvm_set(vcpu->fd, KVM_SET_MP_STATE, &runnable);
	return ret ? create_failed(vcpu, "KVM_SET_MP_STATE", ret) : 0;
}

/* KVM's own LAPIC is to start in x2APIC mode. */
static int start_kernel_x2apic(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret == 0) {
		sregs.apic_base |= LAPIC_BASE_EN | LAPIC_BASE_EXTD;
		ret = kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
	}
	return ret ? create_failed(vcpu, "KVM_SET_SREGS", ret) : 0;
}

uint32_t vcpu_apic_id(const struct vcpu *vcpu)
{
	return vcpu->machine->options->apic_id_offset + vcpu->index;
}

struct lapic_config vcpu_lapic_config(const struct vcpu *vcpu)
{
	const struct machine *m = vcpu->machine;

	return (struct lapic_config){
		.id = vcpu_apic_id(vcpu),
		.bsp = vcpu->index == 0,
		.x2apic = m->x2apic,
		.tsc_deadline = m->tsc_deadline,
		/* KVM's own offers it whatever the I/O APIC is. */
		.directed_eoi = m->options->ioapic_version >= IOAPIC_VERSION_EOI ||
				m->shape == IRQCHIP_KERNEL,
		/* There is no firmware to leave the 8259 connected, as PC guests expect. */
		.lint0_extint = vcpu->index == 0,
		.lowest_priority = true,
		.extended = m->options->amd_extapic,
		.remote_read = m->options->remote_read,
		.maxphyaddr = cpuid_maxphyaddr(m),
		.bus_cycle_ns = VCPU_APIC_BUS_CYCLE_NS,
		.min_period_ns = VCPU_MIN_PERIOD_NS,
		.tsc_khz = m->tsc_khz,
	};
}

static void power_up_lapic(struct vcpu *vcpu)
{
	const struct lapic_config config = vcpu_lapic_config(vcpu);

	lapic_power_up(&vcpu->lapic, &config);
	if (vcpu->machine->start_in_x2apic)
		lapic_base_write(&vcpu->lapic, vcpu->lapic.base | LAPIC_BASE_EXTD);
}

static int setup_irqchip(struct vcpu *vcpu)
{
	const struct machine *m = vcpu->machine;

	switch (m->shape) {
	case IRQCHIP_PARKED:
		power_up_lapic(vcpu);
		return park(vcpu);
	case IRQCHIP_NONE:
		power_up_lapic(vcpu);
		return 0;
	case IRQCHIP_KERNEL:
	default:
		return m->start_in_x2apic ? start_kernel_x2apic(vcpu) : 0;
	}
}

/* The same for all vCPUs; without it there is no TSC-deadline, whose times are in TSC ticks. */
static void take_tsc_frequency(struct vcpu *vcpu)
{
	struct machine *m = vcpu->machine;
	int khz = kvm_ioctl_value(vcpu->fd, KVM_GET_TSC_KHZ, 0);
	int64_t saved = m->options->restored_tsc_khz;

	m->tsc_khz = khz > 0 ? (uint32_t)khz : 0;
	/*
	 * A saved guest was told a frequency: the same but for an error of measurement, it stays.
	 */
	if (saved && llabs(saved - m->tsc_khz) <= saved / TSC_TOLERANCE)
		m->tsc_khz = (uint32_t)saved;
}

/*
 * What CPUID hides shall not be there: async page faults and PV IPIs would end in KVM's LAPIC. A
 * KVM that cannot enforce it leaves a guest that breaks the rules with the consequences.
 */
static int enforce_pv_features(struct vcpu *vcpu)
{
	const unsigned int cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID;

	if (kvm_check_extension(vcpu->machine->kvm_fd, cap) <= 0)
		return 0;
	return kvm_enable_cap(vcpu->fd, cap, 1);
}

int vcpu_create(struct vcpu *vcpu, struct machine *machine, uint32_t index)
{
	struct kvm_cpuid_buffer cpuid;
	int ret = kvm_ioctl_value(machine->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	*vcpu = (struct vcpu){ .machine = machine, .index = index, .fd = -1 };
	lapic_inbox_reset(&vcpu->inbox);
	if (ret < 0)
		return create_failed(vcpu, "KVM_GET_VCPU_MMAP_SIZE", ret);
	vcpu->run_size = (size_t)ret;
	ret = kvm_ioctl_value(machine->vm_fd, KVM_CREATE_VCPU, vcpu_apic_id(vcpu));
	if (ret < 0)
		return create_failed(vcpu, "KVM_CREATE_VCPU", ret);
	vcpu->fd = ret;
	vcpu->run = kvm_map_run(vcpu->fd, vcpu->run_size);
	if (!vcpu->run)
		return create_failed(vcpu, "mapping the run page", -errno);
	if (index == 0)
		take_tsc_frequency(vcpu);
	cpuid_for_vcpu(machine, index, &cpuid);
	ret = kvm_set(vcpu->fd, KVM_SET_CPUID2, &cpuid);
	if (ret)
		return create_failed(vcpu, "KVM_SET_CPUID2", ret);
	ret = enforce_pv_features(vcpu);
	if (ret)
		return create_failed(vcpu, "KVM_CAP_ENFORCE_PV_FEATURE_CPUID", ret);
	ret = setup_irqchip(vcpu);
	if (ret == 0 && machine->shape != IRQCHIP_KERNEL)
		lapic_publish(&machine->irqchip.directory, index, &vcpu->lapic);
	return ret;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
}

/* ---- waking ---------------------------------------------------------------------------------- */

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
}

void vcpu_kick(struct vcpu *vcpu, struct vcpu *from)
{
	uint32_t state = atomic_load(&vcpu->state);

	if (state == VCPU_RUN && !atomic_exchange(&vcpu->kicked, true)) {
		kick_thread(atomic_load(&vcpu->tid), vcpu->run);
	} else if (state == VCPU_SLEEP) {
		if (atomic_compare_exchange_strong(&vcpu->state, &state, VCPU_OUT))
			futex(&vcpu->state, FUTEX_WAKE_PRIVATE, 1, NULL);
	} else {
		if (from)
			from->stats.kicks_saved++;
		return;
	}
	if (from)
		from->stats.kicks_sent++;
}

/* Until a kick, or until the local APIC's timer is due. */
static void sleep_until_kicked(struct vcpu *vcpu)
{
	uint64_t deadline = vcpu->lapic.wait_for_sipi ? LAPIC_NEVER : lapic_deadline(&vcpu->lapic);
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000000u),
		.tv_nsec = (long)(deadline % 1000000000u),
	};

	vcpu->stats.sleeps++;
	atomic_exchange(&vcpu->state, VCPU_SLEEP);
	if (!lapic_inbox_pending(&vcpu->inbox))
		futex(&vcpu->state, FUTEX_WAIT_BITSET_PRIVATE, VCPU_SLEEP,
		      deadline == LAPIC_NEVER ? NULL : &until);
	atomic_store(&vcpu->state, VCPU_OUT);
}

/* ---- the thread ------------------------------------------------------------------------------ */

void vcpu_kvm_failed(struct vcpu *vcpu, const char *what, int error)
{
	log_line(vcpu->machine->log, LOG_ERROR, "%s on vCPU %u: %s", what, vcpu->index,
		 strerror(-error));
	machine_request_end(vcpu->machine, MACHINE_KVM_ERROR, vcpu, (uint32_t)-error);
}

static void take_pv_eoi(struct vcpu *vcpu)
{
	if (!vcpu->pv_eoi.offered)
		return;
	if (pv_eoi_after_run(&vcpu->pv_eoi, &vcpu->lapic))
		vcpu->stats.pv_eois++;
	else
		vcpu->stats.pv_eois_revoked++;
}

int vcpu_run_once(struct vcpu *vcpu)
{
	int ret = kvm_run_vcpu(vcpu->fd);

	atomic_store_explicit(&vcpu->state, VCPU_OUT, memory_order_release);
	if (vcpu->run->ready_for_interrupt_injection)
		vcpu->injection_queued = false;
	vcpu->gp_pending = false;
	vcpu->unfinished_exit = false;
	vcpu_cr8_after_run(vcpu);
	take_pv_eoi(vcpu);
	if (ret == 0) {
		vcpu_handle_exit(vcpu);
	} else if (ret == -EINTR || ret == -EAGAIN) {
		vcpu->stats.exits[VCPU_EXIT_KICK]++;
	} else {
		vcpu_kvm_failed(vcpu, "KVM_RUN", ret);
	}
	return ret;
}

static void run_round(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	atomic_store(&vcpu->kicked, false);
	atomic_exchange(&vcpu->state, VCPU_RUN);
	vcpu_act_on_events(vcpu);
	if (machine_has_ended(vcpu->machine))
		return;
	if (!vcpu_inject(vcpu)) {
		sleep_until_kicked(vcpu);
		return;
	}
	vcpu_run_once(vcpu);
	if (vcpu->machine->options->stress_state)
		stress_state(vcpu);
}

static void *thread_main(void *argument)
{
	struct vcpu *vcpu = argument;
	char name[16];
	sigset_t kick;
	int ret;

	atomic_store(&vcpu->tid, kick_own_tid());
	snprintf(name, sizeof(name), "vcpu%u", vcpu->index);
	prctl(PR_SET_NAME, name);
	/* Timers of halted vCPUs are futex time-outs: have them as exact as the others. */
	prctl(PR_SET_TIMERSLACK, 1);
	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	ret = kick_timer_create(&vcpu->timer, vcpu->run);
	if (ret) {
		log_line(
			vcpu->machine->log, LOG_ERROR,
			"timer_create for vCPU %u: %s; raise the limit on pending signals (ulimit -i)",
			vcpu->index, strerror(-ret));
		machine_request_end(vcpu->machine, MACHINE_INTERNAL_ERROR, vcpu, (uint32_t)-ret);
	}
	while (!machine_has_ended(vcpu->machine))
		run_round(vcpu);
	if (machine_is_saving(vcpu->machine))
		vcpu->at_rest = vcpu_come_to_rest(vcpu);
	atomic_store(&vcpu->state, VCPU_OUT);
	kick_timer_destroy(&vcpu->timer);
	atomic_fetch_sub(&vcpu->machine->nr_running, 1);
	return NULL;
}

int vcpu_start(struct vcpu *vcpu)
{
	pthread_attr_t attr;
	int ret = pthread_attr_init(&attr);

	if (ret)
		return -ret;
	/* Hundreds of threads: the default of 8 MiB each is address space for nothing. */
	pthread_attr_setstacksize(&attr, VCPU_STACK_SIZE);
	atomic_fetch_add(&vcpu->machine->nr_running, 1);
	ret = pthread_create(&vcpu->thread, &attr, thread_main, vcpu);
	pthread_attr_destroy(&attr);
	vcpu->thread_started = ret == 0;
	if (ret)
		atomic_fetch_sub(&vcpu->machine->nr_running, 1);
	return -ret;
}

void vcpu_ask_stop(struct vcpu *vcpu)
{
	lapic_post_event(&vcpu->inbox, VCPU_EVENT_STOP);
	vcpu_kick(vcpu, NULL);
}

void vcpu_stop(struct vcpu *vcpu)
{
	if (!vcpu->thread_started)
		return;
	vcpu_ask_stop(vcpu);
	pthread_join(vcpu->thread, NULL);
	vcpu->thread_started = false;
}
