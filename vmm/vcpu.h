/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtual CPU: its thread, its run loop, its local APIC and the way to wake it.
 *
 * Everything in struct vcpu belongs to the vCPU's own thread while that runs, except what is marked
 * [any]: those fields are atomic and may be used by every thread.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "boot/boot.h"
#include "lapic/lapic.h"
#include "lapic/lapic_inbox.h"
#include "vmm/devices/local_events.h"
#include "vmm/kick.h"
#include "vmm/kvm.h"
#include "vmm/pv_eoi.h"

struct machine;

/* Frequency of the APIC timer's bus clock: 1 GHz, as KVM's own LAPIC has it. */
#define VCPU_APIC_BUS_CYCLE_NS 1
/*
 * Shortest period of a periodic timer, so that a guest cannot keep its thread in the timer (R116).
 */
#define VCPU_MIN_PERIOD_NS     20000
#define VCPU_STACK_SIZE        (256 * 1024)

/* Events of our own in the inbox, beside liblapic's. */
#define VCPU_EVENT_INTR       (LAPIC_EVENT_USER0 << 0) /* the 8259's INTR changed: look at it */
#define VCPU_EVENT_STOP       (LAPIC_EVENT_USER0 << 1) /* leave the run loop */
#define VCPU_EVENT_DUMP_LAPIC (LAPIC_EVENT_USER0 << 2) /* print the local APIC */
#define VCPU_EVENT_DUMP_STATS (LAPIC_EVENT_USER0 << 3) /* print the counters */

/* What the thread is doing, as far as a kick has to know. */
enum vcpu_state {
	VCPU_OUT,   /* outside of KVM_RUN: it will look at the inbox by itself */
	VCPU_RUN,   /* in KVM_RUN or about to enter it */
	VCPU_SLEEP, /* waiting on the futex that this word is */
};

enum vcpu_exit_kind {
	VCPU_EXIT_IO,
	VCPU_EXIT_MMIO,
	VCPU_EXIT_LAPIC_MMIO,
	VCPU_EXIT_LAPIC_MSR,
	VCPU_EXIT_MSR,
	VCPU_EXIT_HLT,
	VCPU_EXIT_IRQ_WINDOW,
	VCPU_EXIT_SET_TPR,
	VCPU_EXIT_IOAPIC_EOI,
	VCPU_EXIT_KICK,
	VCPU_EXIT_OTHER,
	VCPU_EXIT_KINDS,
};

/* Counters for --stats; written by the vCPU's thread, read after it has ended. */
struct vcpu_stats {
	uint64_t exits[VCPU_EXIT_KINDS];
	uint64_t reg_reads[LAPIC_SLOTS]; /* by APIC register */
	uint64_t reg_writes[LAPIC_SLOTS];
	uint64_t ipis[8]; /* sent, by delivery mode */
	uint64_t injected;
	uint64_t injected_extint;
	uint64_t nmis;
	uint64_t inits;
	uint64_t sipis;
	uint64_t windows; /* rounds that asked for an interrupt window */
	uint64_t kicks_sent;
	uint64_t kicks_saved; /* posts that needed no kick */
	uint64_t sleeps;
	uint64_t pv_eois;         /* EOIs by flag: exits saved */
	uint64_t pv_eois_revoked; /* flags taken back unused */
	uint64_t stressed;        /* times that --stress-state saved and restored */
	uint64_t lent;            /* times that a vector was lent to KVM until CR8 falls */
	uint64_t lent_taken;      /* such vectors that KVM has delivered */
	uint64_t tpr_polls;       /* rounds that waited to look at CR8 again */
};

struct vcpu {
	struct machine *machine;
	uint32_t index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool thread_started;
	bool at_rest; /* the thread has left the CPU in a state that can be saved */

	_Atomic pid_t tid;        /* [any] of the thread, set before it first leaves VCPU_OUT */
	_Atomic uint32_t state;   /* [any] enum vcpu_state; the futex of VCPU_SLEEP */
	_Atomic bool kicked;      /* [any] a kick is on its way for the present VCPU_RUN */
	struct lapic_inbox inbox; /* [any] */

	struct lapic lapic;
	struct kick_timer timer;
	struct pv_eoi pv_eoi;
	uint32_t events;       /* drained from the inbox and not acted on yet */
	bool halted;           /* HLT seen and nothing has ended it; IRQCHIP_NONE only */
	bool extint_message;   /* an ExtINT message waits for the 8259 to be acknowledged */
	bool gp_pending;       /* the last MSR exit answers with #GP when the guest runs next */
	bool nmi_queued;       /* KVM has an NMI that may not have been delivered yet */
	bool unfinished_exit;  /* the last exit's instruction is completed by the next KVM_RUN */
	bool injection_queued; /* KVM_INTERRUPT since the guest was last known to be ready */
	uint32_t cr8;          /* CR8 as KVM has it */
	uint8_t lent;          /* the vector that KVM is to deliver when CR8 falls; 0: none */
	uint64_t tpr_poll_ns;  /* present interval of looking at CR8 again; 0: no need */
	uint32_t stress_exits; /* since the last time (stress.h) */
	struct vcpu_stats stats;
};

/* Create the KVM vCPU with its CPUID and its parked LAPIC, if any. 0 or -errno, logged. */
int vcpu_create(struct vcpu *vcpu, struct machine *machine, uint32_t index);
void vcpu_destroy(struct vcpu *vcpu);

/* Its initial APIC id, and the number under which KVM has it. */
uint32_t vcpu_apic_id(const struct vcpu *vcpu);
/* What its local APIC is, whoever emulates it. */
struct lapic_config vcpu_lapic_config(const struct vcpu *vcpu);

/* The registers with which the bootstrap processor enters a loaded image. 0 or -errno. */
int vcpu_set_entry(struct vcpu *vcpu, const struct boot_entry *entry);

/*
 * Start and end the thread, for which machine_has_ended() has to be true. vcpu_stop() waits for it,
 * vcpu_ask_stop() does not: machine->nr_running counts the threads that there still are.
 */
int vcpu_start(struct vcpu *vcpu);
void vcpu_ask_stop(struct vcpu *vcpu);
void vcpu_stop(struct vcpu *vcpu);

/* KVM_RUN and everything that its return asks for; its result. The vCPU's own thread. */
int vcpu_run_once(struct vcpu *vcpu);

/*
 * Make the vCPU look at its inbox soon. Call it after a post that returned true. Any thread; from
 * is the vCPU that counts the kick, or NULL.
 */
void vcpu_kick(struct vcpu *vcpu, struct vcpu *from);

/*
 * Something failed with error (-errno) that the vCPU cannot go on without; what names it, usually
 * by its ioctl. Logged, and the machine ends. The vCPU's own thread.
 */
void vcpu_kvm_failed(struct vcpu *vcpu, const char *what, int error);

/* ---- vcpu_reset.c: architectural state ------------------------------------------------------- */

/* INIT as the SDM's table "IA-32 and Intel 64 Processor States Following ... INIT" has it. */
int vcpu_reset_init(struct vcpu *vcpu);
/* Go on in real mode, after vcpu_reset_init(). */
int vcpu_reset_real_mode(struct vcpu *vcpu, uint16_t segment, uint16_t offset);
/* Start at vector << 12 in real mode, after vcpu_reset_init(). */
int vcpu_reset_sipi(struct vcpu *vcpu, uint8_t vector);

/*
 * Begin an entry into the guest and abandon it, so that a vector which KVM_INTERRUPT has queued
 * shows in KVM_GET_VCPU_EVENTS, unless something holds it back. immediate_exit is set afterwards. 0
 * or -errno.
 */
int vcpu_begin_entry(struct vcpu *vcpu);

/* More exits than any instruction takes that KVM emulates: FXSAVE to MMIO has 64. */
#define VCPU_EXITS_PER_INSTRUCTION 1024

/* ---- vcpu_rest.c: for saving ----------------------------------------------------------------- */

/*
 * On the vCPU's own thread, which then ends: finish the instruction whose exit came last, and have
 * no vector where no ioctl shows it. False: not possible just now, try again after the guest has
 * run.
 */
bool vcpu_come_to_rest(struct vcpu *vcpu);

/* ---- vcpu_inject.c: interrupts into the guest ------------------------------------------------ */

/*
 * The last step before KVM_RUN: queue what is deliverable, or ask for a window. Returns false if
 * the vCPU is halted or waits for SIPI and has nothing to run for.
 */
bool vcpu_inject(struct vcpu *vcpu);

/* ---- vcpu_cr8.c: TPR as CR8, and what it holds back ------------------------------------------ */

/*
 * CR8 as the guest is to find it, and the vector that waits for it to fall lent to KVM; before each
 * KVM_RUN that enters the guest, when nothing changes TPR, IRR or ISR any more but an injection. 0
 * or -errno.
 */
int vcpu_cr8_before_run(struct vcpu *vcpu);
/* Take over what the guest did to CR8 during KVM_RUN, and what that released; after each one. */
void vcpu_cr8_after_run(struct vcpu *vcpu);
/* KVM is to deliver nothing by itself until the next vcpu_cr8_before_run(). 0 or -errno. */
int vcpu_cr8_take_back(struct vcpu *vcpu);
/* When the vCPU has to look at CR8 again, because a vector waits for it; LAPIC_NEVER: no need. */
uint64_t vcpu_cr8_poll_deadline(struct vcpu *vcpu, uint64_t now);

/* ---- vcpu_events.c: what came through the inbox ---------------------------------------------- */

/*
 * Drain the inbox into the local APIC and vcpu->events. Before every access of the guest to its
 * APIC.
 */
void vcpu_drain(struct vcpu *vcpu);
/*
 * Does an NMI wait in KVM that could be delivered now? KVM hands a HLT to userspace without a look
 * at it: an NMI that the shadow of STI held back would be slept over (R141).
 */
bool vcpu_nmi_pending(struct vcpu *vcpu);
/*
 * One of the CPU's own interrupt sources fires (R104, R105). On its thread, outside of an APIC
 * access.
 */
void vcpu_local_event(struct vcpu *vcpu, enum local_event event);
/* Drain, and act on INIT, SIPI, NMI and the like. Outside of an access only. */
void vcpu_act_on_events(struct vcpu *vcpu);

/* ---- vcpu_read.c: remote read ---------------------------------------------------------------- */

/* vcpu's APIC has sent msg to read a register of another one; on vcpu's thread. */
void vcpu_send_read(struct vcpu *vcpu, const struct apic_msg *msg);
/*
 * Another one reads a register of vcpu's; on vcpu's thread, LAPIC_EVENT_READ having been drained.
 */
void vcpu_answer_read(struct vcpu *vcpu);

/* ---- vcpu_exit.c ----------------------------------------------------------------------------- */

/* Handle what KVM_RUN returned for. */
void vcpu_handle_exit(struct vcpu *vcpu);

/* ---- vcpu_msr.c ------------------------------------------------------------------------------ */

void vcpu_handle_rdmsr(struct vcpu *vcpu);
void vcpu_handle_wrmsr(struct vcpu *vcpu);

/* Act on what an APIC access asked for, and tell the others what the APIC is now. */
void vcpu_apic_effect(struct vcpu *vcpu, const struct lapic_effect *effect);

#endif
