/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liblapic: the local APIC as a pure model, xAPIC and x2APIC.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)"; sections are cited by
 * title where a rule is implemented. R-numbers are the project's list of rules.
 *
 * What the model promises:
 *  - It is total: every function accepts every argument of its types; no input of a guest makes it
 *    fail, assert, read out of bounds or loop.
 *  - It reads no clock, allocates nothing, takes no lock, logs nothing and calls nobody. Time is a
 *    parameter, in nanoseconds of any clock that never goes backwards. What has to happen elsewhere
 *    because of an access comes back as a struct lapic_effect.
 *  - A struct lapic belongs to one thread, its CPU's. Other threads use lapic_inbox.h to hand it
 *    interrupts, and lapic_route.h to find out for whom one is meant.
 */
#ifndef LAPIC_LAPIC_H
#define LAPIC_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"
#include "lapic/lapic_regs.h"

#define LAPIC_NO_VECTOR (-1)
#define LAPIC_NEVER     UINT64_MAX

/* What the CPU around the APIC is: fixed from power-up on. */
struct lapic_config {
	uint32_t id; /* initial APIC id; its low 8 bits are the xAPIC id */
	bool bsp;    /* bootstrap processor: sets IA32_APIC_BASE[8], and where INIT leads (R131) */
	bool x2apic; /* CPUID.01H:ECX[21] is offered */
	bool tsc_deadline; /* CPUID.01H:ECX[24] is offered */
	bool cmci;         /* IA32_MCG_CAP[10]: LVT_CMCI exists (R40, R125) */
	bool directed_eoi; /* the I/O APICs have an EOI register: SVR[12] exists (R75) */
	bool lint0_extint; /* the BSP's LVT_LINT0 is as firmware leaves it: unmasked ExtINT (R1) */
	bool lowest_priority;   /* lowest-priority IPIs are sent; else ESR redirectable IPI (R51) */
	bool remote_read;       /* ICR mode 3 reads another APIC's register into RRD (D59) */
	bool extended;          /* AMD's extended registers: CPUID 80000001H:ECX[3] (R78) */
	uint8_t maxphyaddr;     /* physical address bits, 32..52; higher bits of the base are #GP */
	uint32_t bus_cycle_ns;  /* one cycle of the timer's bus clock, 1..1000 ns */
	uint32_t min_period_ns; /* floor of the periodic timer's period (R116); 0: none */
	uint32_t tsc_khz; /* guest TSC frequency, for TSC-deadline; not 0 where that is offered */
};

/* Counters of rare events, for --stats; they never influence behaviour. */
struct lapic_counters {
	uint64_t eoi_level;        /* EOIs that were broadcast */
	uint64_t eoi_spurious;     /* EOIs with nothing in service */
	uint64_t dropped_disabled; /* messages dropped because software-disabled */
	uint64_t collapsed;        /* messages that found their IRR bit set */
	uint64_t illegal_access;   /* accesses that were LAPIC_ILLEGAL */
	uint64_t timer_expired;    /* timer expirations, masked ones included */
	uint64_t timer_merged; /* periods that passed without an interrupt of their own (R115) */
	uint64_t timer_lateness_ns; /* sum over expirations of now minus deadline */
};

/* The timer. SDM vol. 3, "APIC Timer". All times in ns; LAPIC_NEVER where there is none. */
struct lapic_timer {
	uint64_t deadline;     /* when it expires next, whether masked or not */
	uint64_t period;       /* ns of a whole count, 0 when stopped */
	uint64_t tsc_deadline; /* IA32_TSC_DEADLINE as the guest reads it */
};

/*
 * One local APIC. regs is the live state and may be read for dumps; write it through the calls
 * below only. The rest is private to liblapic, unless said otherwise.
 */
struct lapic {
	struct lapic_regs regs;
	struct lapic_config config;
	uint64_t base; /* IA32_APIC_BASE; the mode is in it */
	struct lapic_timer timer;
	struct lapic_extended extended; /* without config.extended it stays as after reset */
	uint32_t reading; /* which register of whom the remote read in progress is about (D59) */
	uint32_t esr_pending; /* errors since the last write of ESR (R45) */
	uint32_t events;      /* LAPIC_EVENT_* of local origin, not taken yet */
	bool lint_level[2];   /* the pins as last driven, true = asserted (R103) */
	bool wait_for_sipi;
	uint8_t lint0_vector; /* under which LVT_LINT0's remote IRR was set (R102) */
	struct lapic_counters counters;
};

enum lapic_result {
	LAPIC_OK,
	LAPIC_ILLEGAL, /* MSR: inject #GP; MMIO: nothing to do, ESR has it */
};

enum lapic_effect_kind {
	LAPIC_EFFECT_NONE,
	LAPIC_EFFECT_EOI,   /* tell the I/O APICs: eoi_vector has ended */
	LAPIC_EFFECT_MSG,   /* route msg; never one for this CPU alone by shorthand self */
	LAPIC_EFFECT_TIMER, /* lapic_deadline() may have changed */
};

/* What an access asks of the world; at most one thing. */
struct lapic_effect {
	enum lapic_effect_kind kind;
	uint8_t eoi_vector;
	struct apic_msg msg;
};

/* ---- life ------------------------------------------------------------------------------------ */

/*
 * Power-up or reset: the whole of *a is assigned. xAPIC mode, enabled by the base MSR,
 * software-disabled, at LAPIC_BASE_DEFAULT. An AP waits for SIPI, the BSP does not.
 * SDM "Local APIC State After Power-Up or Reset". Out-of-range values of *config are clamped.
 */
void lapic_power_up(struct lapic *a, const struct lapic_config *config);

/*
 * INIT: as power-up, except that the APIC id, the base MSR and with it the mode, and the x2APIC LDR
 * stay (R2). Afterwards wait_for_sipi is true for an AP, false for the BSP (R131).
 */
void lapic_init_signal(struct lapic *a);

/* A SIPI arrives. True: it was waited for, start at vector << 12. False: ignore it (R126). */
bool lapic_sipi(struct lapic *a);

/* ---- register access ------------------------------------------------------------------------- */

/*
 * One register by its byte offset in the page (any multiple of 16 below LAPIC_REGS_SIZE), in the
 * current mode. In x2APIC mode ICR is 64 bits wide. Legality is the return value: in xAPIC mode it
 * has been recorded in ESR by then. A read that is illegal gives 0.
 * The hardware-disabled APIC has no registers: LAPIC_ILLEGAL, with nothing recorded.
 */
enum lapic_result lapic_read(struct lapic *a, uint32_t offset, uint64_t now, uint64_t *value);
enum lapic_result lapic_write(struct lapic *a, uint32_t offset, uint64_t value, uint64_t now,
			      struct lapic_effect *effect);

/*
 * A load or store of len bytes (1, 2, 4 or 8) at offset into the APIC page, as KVM_EXIT_MMIO gives
 * it. Aligned 32-bit accesses are register accesses; narrower ones are merged by byte lane where
 * that is harmless (R33, R34, R36). Outside of xAPIC mode loads give all ones and stores vanish
 * (R11).
 */
void lapic_mmio_read(struct lapic *a, uint32_t offset, uint32_t len, uint64_t now, uint8_t data[8]);
void lapic_mmio_write(struct lapic *a, uint32_t offset, uint32_t len, const uint8_t data[8],
		      uint64_t now, struct lapic_effect *effect);

/* RDMSR and WRMSR of 0x800..0x8ff. Outside of x2APIC mode all of them are illegal (R32). */
enum lapic_result lapic_msr_read(struct lapic *a, uint32_t msr, uint64_t now, uint64_t *value);
enum lapic_result lapic_msr_write(struct lapic *a, uint32_t msr, uint64_t value, uint64_t now,
				  struct lapic_effect *effect);

/* ---- IA32_APIC_BASE, IA32_TSC_DEADLINE, CR8 -------------------------------------------------- */

/*
 * A guest's WRMSR; *a is unchanged when LAPIC_ILLEGAL. SDM "x2APIC State Transitions" (R14..R19).
 */
enum lapic_result lapic_base_write(struct lapic *a, uint64_t value);

bool lapic_is_enabled(const struct lapic *a); /* EN */
bool lapic_is_x2apic(const struct lapic *a);  /* EN and EXTD */
/* The LDR that x2APIC mode derives from an initial id. */
uint32_t lapic_x2apic_ldr(uint32_t id);
/* Guest-physical address of the register page; meaningless in x2APIC mode. */
uint64_t lapic_page(const struct lapic *a);

/*
 * IA32_TSC_DEADLINE; LAPIC_ILLEGAL where config.tsc_deadline is false. guest_tsc is the guest's
 * counter at the moment now (R117..R121).
 */
enum lapic_result lapic_tsc_deadline_read(const struct lapic *a, uint64_t *value);
enum lapic_result lapic_tsc_deadline_write(struct lapic *a, uint64_t value, uint64_t guest_tsc,
					   uint64_t now);
/* The guest's TSC jumped, or is to be compared with the deadline again: re-evaluate (R120). */
void lapic_tsc_adjusted(struct lapic *a, uint64_t guest_tsc, uint64_t now);

/* CR8 works also while the APIC is disabled (R12). cr8 above 15 is illegal (R61). */
enum lapic_result lapic_cr8_write(struct lapic *a, uint64_t cr8);
uint32_t lapic_cr8(const struct lapic *a);

/* ---- interrupts ------------------------------------------------------------------------------ */

/* A fixed interrupt arrives for this CPU: into IRR, or dropped, or an error (R5, R47, R48, R70). */
void lapic_accept(struct lapic *a, uint8_t vector, bool level);

/* The vector to be injected now, or LAPIC_NO_VECTOR: highest in IRR, of a class above PPR's. */
int lapic_pending(const struct lapic *a);

/*
 * The vector that would be pending but for TPR, or LAPIC_NO_VECTOR: it would become deliverable if
 * the guest lowered CR8, with no register access that anyone could see.
 */
int lapic_held_by_tpr(const struct lapic *a);

/* The CPU has taken vector, as returned by lapic_pending(): IRR -> ISR. */
void lapic_ack(struct lapic *a, uint8_t vector);

/*
 * The vector whose EOI nobody but this APIC has to learn of, or LAPIC_NO_VECTOR: the highest one in
 * service, edge-triggered, with nothing in IRR that its EOI could release. A hypervisor may let the
 * guest end it by a flag in memory (paravirtual EOI) and call lapic_write() of EOI for it later, as
 * long as it does so before anything else happens to the APIC (R179, R180).
 */
int lapic_silent_eoi(const struct lapic *a);

/* Processor priority, 0..255, computed afresh. SDM "Task and Processor Priorities" (R55). */
uint8_t lapic_ppr(const struct lapic *a);

/* ---- local sources --------------------------------------------------------------------------- */

enum lapic_lint {
	LAPIC_LINT0 = 0,
	LAPIC_LINT1 = 1,
};

/* The level of a LINT pin; true is asserted, whatever the polarity bit says (D17). */
void lapic_lint_set(struct lapic *a, enum lapic_lint pin, bool level);

/*
 * True: an ExtINT on INTR may be taken by this CPU now: LINT0 says so, or the APIC is off (R137).
 */
bool lapic_accepts_extint(const struct lapic *a);

/*
 * A local event of one of the LVTs thermal, PMC or CMCI; offset names the LVT, others are ignored.
 */
void lapic_lvt_fire(struct lapic *a, enum lapic_reg offset);

/* ---- timer ----------------------------------------------------------------------------------- */

/* When lapic_expire() has to be called next, in ns, or LAPIC_NEVER. Earlier calls are harmless. */
static inline uint64_t lapic_deadline(const struct lapic *a)
{
	return a->timer.deadline;
}

/* Time has come to now: fires the timer if it is due, once however late (R115). */
void lapic_expire(struct lapic *a, uint64_t now);

/* ---- names ----------------------------------------------------------------------------------- */

/* One row of the register map: what the SDM's address map says of a register. */
struct lapic_reg_desc {
	/* The SDM's, as "LVT_TIMER"; the eight words of a bitmap are "ISR0".."ISR7". */
	const char *name;
	uint16_t offset;
	uint8_t access;    /* LAPIC_ACCESS_* */
	uint32_t reset;    /* value after power-up; ID, VERSION, LDR: computed instead */
	uint32_t writable; /* bits that software can change in xAPIC mode */
};

#define LAPIC_ACCESS_XAPIC_READ   0x01u
#define LAPIC_ACCESS_XAPIC_WRITE  0x02u
#define LAPIC_ACCESS_X2APIC_READ  0x04u
#define LAPIC_ACCESS_X2APIC_WRITE 0x08u

/* The row for the register at a byte offset, or NULL where the page has none. */
const struct lapic_reg_desc *lapic_reg_desc(uint32_t offset);

#endif
