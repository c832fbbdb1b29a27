/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU makes of INIT, SIPI, NMI and the 8259's wire. SDM vol. 3, "MP Initialization Protocol
 * Algorithm for MP Systems", "Processor State After Reset"; on a made-up KVM, without a thread.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define AP 1u

static struct vcpu *cpu_of(struct fake_board *board, uint32_t index)
{
	return &board->machine.vcpus[index];
}

static void post(struct fake_board *board, uint32_t cpu, enum apic_delivery_mode mode,
		 uint8_t vector)
{
	const struct apic_msg msg = { .mode = mode, .vector = vector, .asserted = true };

	lapic_post(&cpu_of(board, cpu)->inbox, &msg);
}

static void act(struct fake_board *board, uint32_t cpu)
{
	vcpu_act_on_events(cpu_of(board, cpu));
	ck_assert(!machine_has_ended(&board->machine));
}

START_TEST(R126_R131_R169_init_and_sipi_start_an_ap)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, true);
	struct vcpu *ap = cpu_of(board, AP);

	ck_assert(!vcpu_inject(ap));
	post(board, AP, APIC_MODE_INIT, 0);
	post(board, AP, APIC_MODE_SIPI, 0x9a);
	act(board, AP);
	ck_assert(vcpu_inject(ap));
	ck_assert_uint_eq(board->vcpu[AP].sregs.cs.base, 0x9a000);
	ck_assert_uint_eq(board->vcpu[AP].sregs.cs.selector, 0x9a00);
	ck_assert_uint_eq(board->vcpu[AP].regs.rip, 0);
	ck_assert_uint_eq(ap->stats.inits, 1);
	ck_assert_uint_eq(ap->stats.sipis, 1);
	fake_board_free(board);
}
END_TEST

/* R126: the second SIPI of the usual three messages, late or together with the first. */
START_TEST(R126_the_first_sipi_counts)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, true);

	post(board, AP, APIC_MODE_INIT, 0);
	post(board, AP, APIC_MODE_SIPI, 0x10);
	vcpu_drain(cpu_of(board, AP)); /* as an access to the APIC does */
	post(board, AP, APIC_MODE_SIPI, 0x20);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].sregs.cs.base, 0x10000);
	post(board, AP, APIC_MODE_SIPI, 0x30);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].sregs.cs.base, 0x10000);
	ck_assert_uint_eq(cpu_of(board, AP)->stats.sipis, 1);
	fake_board_free(board);
}
END_TEST

/* R127, with and without a drain in between. */
START_TEST(R127_an_init_voids_the_sipi_before_it)
{
	for (int drained = 0; drained < 2; drained++) {
		struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, true);

		post(board, AP, APIC_MODE_SIPI, 0x10);
		if (drained)
			vcpu_drain(cpu_of(board, AP));
		post(board, AP, APIC_MODE_INIT, 0);
		act(board, AP);
		ck_assert(!vcpu_inject(cpu_of(board, AP)));
		post(board, AP, APIC_MODE_SIPI, 0x20);
		act(board, AP);
		ck_assert_uint_eq(board->vcpu[AP].sregs.cs.base, 0x20000);
		fake_board_free(board);
	}
}
END_TEST

START_TEST(R129_R130_an_interrupt_starts_nobody)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, true);

	post(board, AP, APIC_MODE_FIXED, 0x40);
	act(board, AP);
	ck_assert(!vcpu_inject(cpu_of(board, AP)));
	ck_assert_uint_eq(board->vcpu[AP].interrupts, 0);
	fake_board_free(board);
}
END_TEST

START_TEST(R3_an_nmi_waits_for_the_sipi)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, true);

	post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 0);
	post(board, AP, APIC_MODE_SIPI, 1);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 1);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 1);
	fake_board_free(board);
}
END_TEST

/*
 * The instruction that INIT interrupts has to be over before registers are replaced, however many
 * exits it still has: the rest would be written into the new state.
 */
START_TEST(init_finishes_the_instruction)
{
	for (uint32_t exits = 0; exits < 70; exits += 23) {
		struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
		struct fake_vcpu *fake = &board->vcpu[AP];

		fake->unfinished = exits;
		post(board, AP, APIC_MODE_INIT, 0);
		act(board, AP);
		ck_assert_uint_eq(fake->unfinished, 0);
		ck_assert_uint_eq(fake->runs, exits + 1);
		ck_assert_uint_eq(fake->regs.rip, 0xfff0);
		fake_board_free(board);
	}
}
END_TEST

/* Not even a KVM that never comes to an end keeps the thread. */
START_TEST(init_gives_up_on_an_endless_instruction)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	board->vcpu[AP].unfinished = UINT32_MAX;
	post(board, AP, APIC_MODE_INIT, 0);
	act(board, AP);
	ck_assert_uint_lt(board->vcpu[AP].runs, 10000);
	fake_board_free(board);
}
END_TEST

START_TEST(R131_R132_init_resets_the_processor)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct fake_vcpu *fake = &board->vcpu[AP];

	fake->regs.rflags = 0x202;
	fake->regs.rax = 1;
	fake->sregs.cr0 = 0xe0000033; /* PG, CD, NW, NE, MP, PE */
	fake->sregs.cr3 = 0x1000;
	fake->sregs.cr4 = 0x20;
	fake->sregs.efer = 0x500;
	fake->sregs.interrupt_bitmap[1] = 1;
	fake->events.nmi.masked = 1;
	fake->events.interrupt.injected = 1;
	post(board, AP, APIC_MODE_INIT, 0);
	act(board, AP);
	ck_assert_uint_eq(fake->regs.rflags, 2);
	ck_assert_uint_eq(fake->regs.rax, 0);
	ck_assert_uint_eq(fake->sregs.cr0, 0x60000010); /* CD and NW stay */
	ck_assert_uint_eq(fake->sregs.cr3, 0);
	ck_assert_uint_eq(fake->sregs.cr4, 0);
	ck_assert_uint_eq(fake->sregs.efer, 0);
	ck_assert_uint_eq(fake->sregs.cs.base, 0xffff0000);
	ck_assert_uint_eq(fake->sregs.interrupt_bitmap[1], 0);
	ck_assert_uint_eq(fake->events.nmi.masked, 0);
	ck_assert_uint_eq(fake->events.interrupt.injected, 0);
	fake_board_free(board);
}
END_TEST

/* NW without CD is not a state that exists. */
START_TEST(init_leaves_no_nw_without_cd)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	board->vcpu[AP].sregs.cr0 = 0x20000010;
	post(board, AP, APIC_MODE_INIT, 0);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].sregs.cr0, 0x10);
	fake_board_free(board);
}
END_TEST

/* What KVM said of the old state is no licence to inject into the new one, where IF is clear. */
START_TEST(init_forgets_that_the_guest_was_ready)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct fake_vcpu *fake = &board->vcpu[AP];
	struct vcpu *ap = cpu_of(board, AP);

	fake->run.ready_for_interrupt_injection = 1;
	fake->run.if_flag = 1;
	post(board, AP, APIC_MODE_INIT, 0);
	post(board, AP, APIC_MODE_SIPI, 1);
	act(board, AP);
	fake_apic_write(board, AP, LAPIC_SVR, LAPIC_SVR_ENABLE | 0xff);
	post(board, AP, APIC_MODE_FIXED, 0x41);
	act(board, AP);
	ck_assert(vcpu_inject(ap));
	ck_assert_uint_eq(fake->interrupts, 0);
	ck_assert_uint_eq(fake->run.request_interrupt_window, 1);
	fake_board_free(board);
}
END_TEST

START_TEST(init_ends_a_halt)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct vcpu *ap = cpu_of(board, AP);

	ap->halted = true;
	ck_assert(!vcpu_inject(ap));
	post(board, AP, APIC_MODE_INIT, 0);
	post(board, AP, APIC_MODE_SIPI, 1);
	act(board, AP);
	ck_assert(vcpu_inject(ap));
	fake_board_free(board);
}
END_TEST

/* However they come: both with one look, or the second after a look that an access has made. */
START_TEST(R134_kvm_gets_two_nmis_and_no_third)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	for (int i = 0; i < 3; i++)
		post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 2);
	for (int i = 0; i < 3; i++) {
		post(board, AP, APIC_MODE_NMI, 0);
		vcpu_drain(cpu_of(board, AP));
	}
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 4);
	post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 5);
	fake_board_free(board);
}
END_TEST

START_TEST(R135_R141_an_nmi_ends_a_halt_unless_nmis_are_blocked)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct vcpu *ap = cpu_of(board, AP);

	ap->halted = true;
	board->vcpu[AP].events.nmi.masked = 1;
	post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	ck_assert(ap->halted);
	board->vcpu[AP].events.nmi.masked = 0;
	post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	ck_assert(!ap->halted);
	ck_assert_uint_eq(board->vcpu[AP].nmis, 2);
	fake_board_free(board);
}
END_TEST

/*
 * KVM exits for a HLT although the NMI that it holds is due: the CPU must not sleep over it (R141).
 */
START_TEST(R141_hlt_with_an_nmi_pending_in_kvm_does_not_halt)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct vcpu *ap = cpu_of(board, AP);

	post(board, AP, APIC_MODE_NMI, 0);
	act(board, AP);
	board->vcpu[AP].events.nmi.pending = 1;
	ap->run->exit_reason = KVM_EXIT_HLT;
	vcpu_handle_exit(ap);
	ck_assert(!ap->halted);
	board->vcpu[AP].events.nmi.masked = 1;
	vcpu_handle_exit(ap);
	ck_assert(ap->halted);
	board->vcpu[AP].events.nmi.masked = 0;
	board->vcpu[AP].events.nmi.pending = 0;
	vcpu_handle_exit(ap);
	ck_assert(ap->halted);
	fake_board_free(board);
}
END_TEST

/* The 8259 as a source of NMIs: the edge is taken in the round that hears of it (R104). */
START_TEST(R101_lint0_as_nmi)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	fake_apic_write(board, 0, LAPIC_LVT_LINT0, APIC_MODE_NMI << LAPIC_LVT_MODE_SHIFT);
	atomic_store(&chip->intr, true);
	lapic_post_event(&cpu_of(board, 0)->inbox, VCPU_EVENT_INTR);
	act(board, 0);
	ck_assert_uint_eq(board->vcpu[0].nmis, 1);
	lapic_post_event(&cpu_of(board, 0)->inbox, VCPU_EVENT_INTR);
	act(board, 0);
	ck_assert_uint_eq(board->vcpu[0].nmis, 1); /* no new edge */
	atomic_store(&chip->intr, false);
	lapic_post_event(&cpu_of(board, 0)->inbox, VCPU_EVENT_INTR);
	act(board, 0);
	atomic_store(&chip->intr, true);
	lapic_post_event(&cpu_of(board, 0)->inbox, VCPU_EVENT_INTR);
	act(board, 0);
	ck_assert_uint_eq(board->vcpu[0].nmis, 2);
	fake_board_free(board);
}
END_TEST

START_TEST(R136_an_smi_is_nothing)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	post(board, 0, APIC_MODE_SMI, 0);
	act(board, 0);
	ck_assert_uint_eq(board->vcpu[0].runs, 0);
	fake_board_free(board);
}
END_TEST

static TCase *init_case(void)
{
	TCase *tc = tcase_create("INIT");

	tcase_add_test(tc, init_finishes_the_instruction);
	tcase_add_test(tc, init_gives_up_on_an_endless_instruction);
	tcase_add_test(tc, R131_R132_init_resets_the_processor);
	tcase_add_test(tc, init_leaves_no_nw_without_cd);
	tcase_add_test(tc, init_forgets_that_the_guest_was_ready);
	tcase_add_test(tc, init_ends_a_halt);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("vcpu_events");
	TCase *tc = tcase_create("events");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, init_case());
	tcase_add_test(tc, R126_R131_R169_init_and_sipi_start_an_ap);
	tcase_add_test(tc, R126_the_first_sipi_counts);
	tcase_add_test(tc, R127_an_init_voids_the_sipi_before_it);
	tcase_add_test(tc, R129_R130_an_interrupt_starts_nobody);
	tcase_add_test(tc, R3_an_nmi_waits_for_the_sipi);
	tcase_add_test(tc, R134_kvm_gets_two_nmis_and_no_third);
	tcase_add_test(tc, R135_R141_an_nmi_ends_a_halt_unless_nmis_are_blocked);
	tcase_add_test(tc, R141_hlt_with_an_nmi_pending_in_kvm_does_not_halt);
	tcase_add_test(tc, R101_lint0_as_nmi);
	tcase_add_test(tc, R136_an_smi_is_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
