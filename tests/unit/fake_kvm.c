/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The made-up KVM: registers that are only kept, interrupts that are only counted, and a KVM_RUN
 * that keeps KVM's promise about signals. Linux documentation, "The Definitive KVM API
 * Documentation", "KVM_RUN", "KVM_INTERRUPT".
 */
#include "tests/unit/fake_kvm.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/msr_index.h"

static struct fake_vcpu *fake_of(int fd)
{
	struct fake_vcpu *fake;

	return pread(fd, &fake, sizeof(fake), 0) == sizeof(fake) ? fake : NULL;
}

int __wrap_kvm_run_vcpu(int fd)
{
	struct fake_vcpu *fake = fake_of(fd);

	if (!fake)
		return -EBADF;
	fake->runs++;
	if (fake->unfinished) {
		fake->unfinished--;
		return 0;
	}
	if (__atomic_load_n(&fake->run.immediate_exit, __ATOMIC_SEQ_CST) || !fake->enter)
		return -EINTR;
	return fake->enter(fake);
}

int __wrap_kvm_interrupt(int fd, uint8_t vector)
{
	struct fake_vcpu *fake = fake_of(fd);

	if (!fake)
		return -EBADF;
	if (fake->refusal)
		return fake->refusal;
	if (fake->vector != FAKE_NO_VECTOR)
		return -EEXIST;
	fake->vector = vector;
	fake->interrupts++;
	return 0;
}

int __wrap_kvm_get(int fd, unsigned long request, void *argument)
{
	const struct fake_vcpu *fake = fake_of(fd);

	if (!fake)
		return -EBADF;
	switch (request) {
	case KVM_GET_REGS:
		memcpy(argument, &fake->regs, sizeof(fake->regs));
		return 0;
	case KVM_GET_SREGS:
		memcpy(argument, &fake->sregs, sizeof(fake->sregs));
		return 0;
	case KVM_GET_VCPU_EVENTS:
		memcpy(argument, &fake->events, sizeof(fake->events));
		return 0;
	case KVM_GET_MSR_INDEX_LIST:
		((struct kvm_msr_list *)argument)->nmsrs = 1;
		((struct kvm_msr_list *)argument)->indices[0] = MSR_IA32_TSC_ADJUST;
		return 0;
	default:
		return -EINVAL;
	}
}

int __wrap_kvm_set(int fd, unsigned long request, const void *argument)
{
	struct fake_vcpu *fake = fake_of(fd);

	if (!fake)
		return -EBADF;
	switch (request) {
	case KVM_SET_REGS:
		memcpy(&fake->regs, argument, sizeof(fake->regs));
		return 0;
	case KVM_SET_SREGS:
		memcpy(&fake->sregs, argument, sizeof(fake->sregs));
		return 0;
	case KVM_SET_VCPU_EVENTS:
		memcpy(&fake->events, argument, sizeof(fake->events));
		return 0;
	case KVM_NMI:
		fake->nmis++;
		return 0;
	case KVM_SET_DEBUGREGS:
	case KVM_SET_XSAVE:
	case KVM_SET_MP_STATE:
	case KVM_SET_SIGNAL_MASK:
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * The TSC and IA32_TSC_ADJUST are all that is kept; a host's write of either does not move the
 * other.
 */
static uint64_t *msr_of(struct fake_vcpu *fake, uint32_t index)
{
	if (index == MSR_IA32_TSC)
		return &fake->tsc;
	return index == MSR_IA32_TSC_ADJUST ? &fake->tsc_adjust : NULL;
}

int __wrap_kvm_get_msr(int fd, uint32_t index, uint64_t *value)
{
	struct fake_vcpu *fake = fake_of(fd);
	const uint64_t *msr = fake ? msr_of(fake, index) : NULL;

	if (!msr)
		return -EINVAL;
	*value = *msr;
	return 0;
}

int __wrap_kvm_set_msr(int fd, uint32_t index, uint64_t value)
{
	struct fake_vcpu *fake = fake_of(fd);
	uint64_t *msr = fake ? msr_of(fake, index) : NULL;

	if (msr && !(index == MSR_IA32_TSC_ADJUST ? fake->no_tsc_adjust : fake->no_tsc_write))
		*msr = value;
	return fake ? 0 : -EBADF;
}

/* The host's TSC is 0. */
int __wrap_kvm_tsc_offset(int fd, uint64_t *offset)
{
	const struct fake_vcpu *fake = fake_of(fd);

	if (!fake || fake->no_tsc_offset)
		return -ENXIO;
	*offset = fake->tsc;
	return 0;
}

int __wrap_kvm_move_tsc(int fd, uint64_t delta)
{
	struct fake_vcpu *fake = fake_of(fd);

	if (!fake || fake->no_tsc_offset)
		return -ENXIO;
	fake->tsc += delta;
	return 0;
}

int __wrap_kvm_park_set(int fd, uint32_t vcpu_id, uint8_t tpr, uint8_t lent)
{
	struct fake_vcpu *fake = fake_of(fd);

	(void)vcpu_id;
	if (!fake)
		return -EBADF;
	fake->parked_tpr = tpr;
	fake->parked_irr = lent;
	fake->run.cr8 = tpr >> 4;
	fake->parks++;
	return 0;
}

int __wrap_kvm_park_waits(int fd, uint8_t lent)
{
	const struct fake_vcpu *fake = fake_of(fd);

	if (!fake)
		return -EBADF;
	return fake->park_refusal ? fake->park_refusal : fake->parked_irr == lent;
}

/* Atomically with respect to the signal: look at immediate_exit, and wait if it is clear. */
static int stay_inside(struct fake_vcpu *fake)
{
	uint64_t start = kick_clock_ns();
	sigset_t kick;
	sigset_t before;

	while (fake->late_ns && kick_clock_ns() - start < fake->late_ns)
		;
	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, &before);
	if (!__atomic_load_n(&fake->run.immediate_exit, __ATOMIC_SEQ_CST))
		sigsuspend(&before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -EINTR;
}

int fake_guest_enter(struct fake_vcpu *fake)
{
	struct kvm_run *run = &fake->run;

	run->ready_for_interrupt_injection = 1;
	run->if_flag = 1;
	if (fake->vector != FAKE_NO_VECTOR) {
		atomic_fetch_add(&fake->taken[fake->vector], 1);
		fake->vector = FAKE_NO_VECTOR;
		run->exit_reason = KVM_EXIT_MMIO;
		run->mmio.phys_addr = LAPIC_BASE_DEFAULT + LAPIC_EOI;
		run->mmio.len = 4;
		run->mmio.is_write = 1;
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
		return 0;
	}
	if (run->request_interrupt_window) {
		run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
		return 0;
	}
	if (!atomic_load(&fake->halts))
		return stay_inside(fake);
	run->exit_reason = KVM_EXIT_HLT;
	return 0;
}

void fake_apic_write(struct fake_board *board, uint32_t cpu, uint32_t offset, uint32_t value)
{
	struct vcpu *vcpu = &board->machine.vcpus[cpu];
	struct lapic_effect effect = { .kind = LAPIC_EFFECT_NONE };

	ck_assert_int_eq(lapic_write(&vcpu->lapic, offset, value, kick_clock_ns(), &effect),
			 LAPIC_OK);
	vcpu_apic_effect(vcpu, &effect);
}

static bool is_set(const struct lapic_slot words[8], uint8_t vector)
{
	return (words[vector / 32].reg >> vector % 32 & 1) != 0;
}

bool fake_irr(const struct fake_board *board, uint32_t cpu, uint8_t vector)
{
	return is_set(board->machine.vcpus[cpu].lapic.regs.irr, vector);
}

bool fake_isr(const struct fake_board *board, uint32_t cpu, uint8_t vector)
{
	return is_set(board->machine.vcpus[cpu].lapic.regs.isr, vector);
}

void fake_accept(struct fake_board *board, uint32_t cpu, uint8_t vector)
{
	lapic_accept(&board->machine.vcpus[cpu].lapic, vector, false);
}

static void create_vcpu(struct fake_board *board, uint32_t index, bool wait)
{
	const struct lapic_config config = {
		.id = index,
		.bsp = index == 0,
		.x2apic = true,
		.maxphyaddr = 48,
		.bus_cycle_ns = VCPU_APIC_BUS_CYCLE_NS,
		.min_period_ns = VCPU_MIN_PERIOD_NS,
	};
	struct fake_vcpu *fake = &board->vcpu[index];
	struct vcpu *vcpu = &board->machine.vcpus[index];

	fake->vector = FAKE_NO_VECTOR;
	*vcpu = (struct vcpu){
		.machine = &board->machine,
		.index = index,
		.fd = memfd_create("vcpu", MFD_CLOEXEC),
		.run = &fake->run,
	};
	ck_assert_int_eq(pwrite(vcpu->fd, &fake, sizeof(fake), 0), sizeof(fake));
	lapic_inbox_reset(&vcpu->inbox);
	lapic_power_up(&vcpu->lapic, &config);
	if (!wait)
		lapic_sipi(&vcpu->lapic);
	fake_apic_write(board, index, LAPIC_SVR, LAPIC_SVR_ENABLE | 0xff);
}

struct fake_board *fake_board_new(uint32_t nr_cpus, enum irqchip_shape shape, bool aps_wait)
{
	struct fake_board *board = calloc(1, sizeof(*board));
	struct machine *m;

	ck_assert_ptr_nonnull(board);
	ck_assert_uint_le(nr_cpus, FAKE_MAX_CPUS);
	m = &board->machine;
	board->log = (struct log){ .fd = STDERR_FILENO, .level = LOG_ERROR };
	m->options = &board->options;
	m->log = &board->log;
	m->shape = shape;
	m->vm_fd = -1;
	m->nr_vcpus = nr_cpus;
	m->vcpus = calloc(nr_cpus, sizeof(*m->vcpus));
	m->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_ptr_nonnull(m->vcpus);
	ck_assert_int_eq(irqchip_init(&m->irqchip, m, IOAPIC_VERSION_EOI, &m->ports, &m->mmio), 0);
	for (uint32_t i = 0; i < nr_cpus; i++)
		create_vcpu(board, i, aps_wait && i > 0);
	return board;
}

void fake_board_free(struct fake_board *board)
{
	for (uint32_t i = 0; i < board->machine.nr_vcpus; i++)
		close(board->machine.vcpus[i].fd);
	close(board->machine.end_fd);
	free(board->machine.vcpus);
	free(board);
}
