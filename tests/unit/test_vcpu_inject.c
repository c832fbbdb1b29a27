/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts into the guest: what is queued, when a window is asked for instead, HLT, CR8, the
 * 8259. SDM vol. 3, "Interrupt, Task, and Processor Priority" and "Prioritization of
 * Concurrent Events"; Linux documentation, "KVM_INTERRUPT". On a made-up KVM, without a thread.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

/* One CPU whose guest has interrupts on. */
static struct fake_board *ready_board(void)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	board->vcpu[0].run.ready_for_interrupt_injection = 1;
	board->vcpu[0].run.if_flag = 1;
	return board;
}

static struct vcpu *cpu0(struct fake_board *board)
{
	return &board->machine.vcpus[0];
}

/* One round's injection; what KVM_INTERRUPT was given, or none. */
static int inject(struct fake_board *board)
{
	struct fake_vcpu *fake = &board->vcpu[0];

	fake->vector = FAKE_NO_VECTOR;
	ck_assert(vcpu_inject(cpu0(board)));
	return fake->vector;
}

START_TEST(nothing_to_inject)
{
	struct fake_board *board = ready_board();

	board->vcpu[0].run.request_interrupt_window = 1;
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(board->vcpu[0].run.request_interrupt_window, 0);
	fake_board_free(board);
}
END_TEST

START_TEST(without_irqchip_an_unfinished_exit_goes_first)
{
	struct fake_board *board = ready_board();

	board->machine.shape = IRQCHIP_NONE;
	board->machine.vcpus[0].unfinished_exit = true;
	fake_accept(board, 0, 0x41);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	/* KVM_RUN shall finish it and come back, and not run the guest in search of a window. */
	ck_assert_uint_eq(board->vcpu[0].run.request_interrupt_window, 0);
	ck_assert_uint_eq(board->vcpu[0].run.immediate_exit, 1);
	board->machine.vcpus[0].unfinished_exit = false;
	ck_assert_int_eq(inject(board), 0x41);
	fake_board_free(board);
}
END_TEST

START_TEST(R59_R60_the_highest_first_and_the_rest_later)
{
	struct fake_board *board = ready_board();
	const struct kvm_run *run = &board->vcpu[0].run;

	fake_accept(board, 0, 0x41);
	fake_accept(board, 0, 0x91);
	ck_assert_int_eq(inject(board), 0x91);
	ck_assert(fake_isr(board, 0, 0x91) && !fake_isr(board, 0, 0x41));
	/* Not deliverable during 0x91's service: its EOI brings an exit, no window is needed. */
	ck_assert_uint_eq(run->request_interrupt_window, 0);
	fake_accept(board, 0, 0xa1);
	ck_assert_int_eq(inject(board), 0xa1);
	fake_apic_write(board, 0, LAPIC_EOI, 0);
	fake_apic_write(board, 0, LAPIC_EOI, 0);
	ck_assert_int_eq(inject(board), 0x41);
	fake_board_free(board);
}
END_TEST

START_TEST(R130_R167_not_ready_means_a_window)
{
	struct fake_board *board = ready_board();
	struct kvm_run *run = &board->vcpu[0].run;

	run->ready_for_interrupt_injection = 0; /* although IF is set: an interrupt shadow */
	fake_accept(board, 0, 0x41);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(run->request_interrupt_window, 1);
	ck_assert(fake_irr(board, 0, 0x41));
	run->ready_for_interrupt_injection = 1;
	ck_assert_int_eq(inject(board), 0x41);
	ck_assert_uint_eq(run->request_interrupt_window, 0);
	fake_board_free(board);
}
END_TEST

/* R60: what KVM did not take is not in service. */
START_TEST(R60_R130_R167_a_taken_slot_loses_nothing)
{
	struct fake_board *board = ready_board();
	struct fake_vcpu *fake = &board->vcpu[0];

	fake->refusal = -EEXIST;
	fake_accept(board, 0, 0x41);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert(fake_irr(board, 0, 0x41) && !fake_isr(board, 0, 0x41));
	ck_assert_uint_eq(fake->run.request_interrupt_window, 1);
	ck_assert(!machine_has_ended(&board->machine));
	fake->refusal = 0;
	ck_assert_int_eq(inject(board), 0x41);
	fake_board_free(board);
}
END_TEST

START_TEST(another_refusal_ends_the_machine)
{
	struct fake_board *board = ready_board();

	board->log.fd = -1;
	board->vcpu[0].refusal = -ENXIO;
	fake_accept(board, 0, 0x41);
	vcpu_inject(cpu0(board));
	ck_assert_int_eq(board->machine.verdict.end, MACHINE_KVM_ERROR);
	ck_assert_uint_eq(board->machine.verdict.value, ENXIO);
	fake_board_free(board);
}
END_TEST

/* An MSR exit that answers with #GP: the #GP goes first. */
START_TEST(a_gp_goes_first)
{
	struct fake_board *board = ready_board();

	cpu0(board)->gp_pending = true;
	fake_accept(board, 0, 0x41);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(board->vcpu[0].run.request_interrupt_window, 1);
	fake_board_free(board);
}
END_TEST

START_TEST(R134_an_nmi_goes_before_an_interrupt)
{
	struct fake_board *board = ready_board();
	struct fake_vcpu *fake = &board->vcpu[0];

	fake_accept(board, 0, 0x41);
	lapic_post_event(&cpu0(board)->inbox, LAPIC_EVENT_NMI);
	vcpu_act_on_events(cpu0(board));
	ck_assert_uint_eq(fake->nmis, 1);
	/* KVM would deliver a vector that it has been given first. */
	fake->events.nmi.pending = 1;
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert(fake_irr(board, 0, 0x41) && !fake_isr(board, 0, 0x41));
	ck_assert_uint_eq(fake->run.request_interrupt_window, 1);
	/* In service, another one latched: its handler may have let interrupts in. */
	fake->events.nmi.masked = 1;
	ck_assert_int_eq(inject(board), 0x41);
	fake_accept(board, 0, 0x91);
	/* The handler has ended, and the second one is to come. */
	fake->events.nmi.masked = 0;
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	fake->events.nmi.pending = 0;
	ck_assert_int_eq(inject(board), 0x91);
	fake_board_free(board);
}
END_TEST

/* R141 */
START_TEST(R141_what_ends_a_halt)
{
	struct fake_board *board = ready_board();
	struct kvm_run *run = &board->vcpu[0].run;
	struct vcpu *vcpu = cpu0(board);

	vcpu->halted = true;
	ck_assert(!vcpu_inject(vcpu));
	fake_apic_write(board, 0, LAPIC_TPR, 0x50);
	fake_accept(board, 0, 0x41);
	ck_assert_msg(!vcpu_inject(vcpu), "TPR holds the vector");
	run->if_flag = 0;
	fake_accept(board, 0, 0x61);
	ck_assert_msg(!vcpu_inject(vcpu), "IF is clear");
	run->if_flag = 1;
	ck_assert_int_eq(inject(board), 0x61);
	ck_assert(!vcpu->halted);
	fake_board_free(board);
}
END_TEST

START_TEST(a_due_timer_ends_a_halt)
{
	struct fake_board *board = ready_board();
	struct vcpu *vcpu = cpu0(board);

	fake_apic_write(board, 0, LAPIC_LVT_TIMER, 0x51);
	fake_apic_write(board, 0, LAPIC_TIMER_DCR, LAPIC_TIMER_DCR_DIVIDE);
	fake_apic_write(board, 0, LAPIC_TIMER_ICR, 1);
	vcpu->halted = true;
	ck_assert_int_eq(inject(board), 0x51);
	ck_assert(!vcpu->halted);
	fake_board_free(board);
}
END_TEST

START_TEST(R61_R165_cr8_and_tpr_are_one)
{
	struct fake_board *board = ready_board();
	struct kvm_run *run = &board->vcpu[0].run;
	struct vcpu *vcpu = cpu0(board);

	fake_apic_write(board, 0, LAPIC_TPR, 0x57);
	inject(board);
	ck_assert_uint_eq(run->cr8, 5);
	/* The guest leaves CR8 alone: the low half of TPR stays (R62). */
	vcpu_cr8_after_run(vcpu);
	ck_assert_uint_eq(vcpu->lapic.regs.tpr.reg, 0x57);
	run->cr8 = 3;
	vcpu_cr8_after_run(vcpu);
	ck_assert_uint_eq(vcpu->lapic.regs.tpr.reg, 0x30);
	fake_board_free(board);
}
END_TEST

/* R63: a vector that TPR holds back is delivered after CR8 was lowered. */
START_TEST(R63_R165_lowering_cr8_releases)
{
	struct fake_board *board = ready_board();
	struct vcpu *vcpu = cpu0(board);

	fake_apic_write(board, 0, LAPIC_TPR, 0x50);
	fake_accept(board, 0, 0x41);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(vcpu->stats.tpr_polls, 1);
	board->vcpu[0].run.cr8 = 3;
	vcpu_cr8_after_run(vcpu);
	ck_assert_int_eq(inject(board), 0x41);
	fake_board_free(board);
}
END_TEST

static void raise_irq1(struct fake_board *board)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} writes[] = {
		{ 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 0x04 }, { 0x21, 0x01 }, { 0x21, 0xfd },
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		bus_write(&board->machine.ports, writes[i].port, 1, writes[i].value);
	irqchip_set_irq(&board->machine.irqchip, 1, 0, true);
	vcpu_act_on_events(cpu0(board));
}

/* R137, R138, R140: only where LINT0 says so, whatever TPR says, and not before it can be taken. */
START_TEST(R140_the_8259_is_acknowledged_when_it_is_injected)
{
	struct fake_board *board = ready_board();
	struct kvm_run *run = &board->vcpu[0].run;

	raise_irq1(board);
	ck_assert_msg(inject(board) == FAKE_NO_VECTOR, "LINT0 is masked");
	fake_apic_write(board, 0, LAPIC_TPR, 0xf0);
	fake_apic_write(board, 0, LAPIC_LVT_LINT0, APIC_MODE_EXTINT << LAPIC_LVT_MODE_SHIFT);
	run->ready_for_interrupt_injection = 0;
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(run->request_interrupt_window, 1);
	ck_assert(irqchip_intr(&board->machine.irqchip));
	run->ready_for_interrupt_injection = 1;
	ck_assert_int_eq(inject(board), 0x21);
	ck_assert(!fake_isr(board, 0, 0x21));
	ck_assert(!irqchip_intr(&board->machine.irqchip));
	fake_board_free(board);
}
END_TEST

/* An ExtINT message of the I/O APIC stands for as long as INTR is high, LINT0 or not. */
START_TEST(R137_an_extint_message_acknowledges_once)
{
	struct fake_board *board = ready_board();

	raise_irq1(board);
	lapic_post_event(&cpu0(board)->inbox, LAPIC_EVENT_EXTINT);
	vcpu_act_on_events(cpu0(board));
	ck_assert_int_eq(inject(board), 0x21);
	ck_assert_int_eq(inject(board), FAKE_NO_VECTOR);
	ck_assert(!cpu0(board)->extint_message);
	fake_board_free(board);
}
END_TEST

static TCase *pic_case(void)
{
	TCase *tc = tcase_create("8259");

	tcase_add_test(tc, R140_the_8259_is_acknowledged_when_it_is_injected);
	tcase_add_test(tc, R137_an_extint_message_acknowledges_once);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("vcpu_inject");
	TCase *tc = tcase_create("vectors");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, pic_case());
	tcase_add_test(tc, nothing_to_inject);
	tcase_add_test(tc, without_irqchip_an_unfinished_exit_goes_first);
	tcase_add_test(tc, R59_R60_the_highest_first_and_the_rest_later);
	tcase_add_test(tc, R130_R167_not_ready_means_a_window);
	tcase_add_test(tc, R60_R130_R167_a_taken_slot_loses_nothing);
	tcase_add_test(tc, another_refusal_ends_the_machine);
	tcase_add_test(tc, a_gp_goes_first);
	tcase_add_test(tc, R134_an_nmi_goes_before_an_interrupt);
	tcase_add_test(tc, R141_what_ends_a_halt);
	tcase_add_test(tc, a_due_timer_ends_a_halt);
	tcase_add_test(tc, R61_R165_cr8_and_tpr_are_one);
	tcase_add_test(tc, R63_R165_lowering_cr8_releases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
