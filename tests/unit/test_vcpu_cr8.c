/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vector that waits for CR8 to fall, in a parked LAPIC: when it is lent, when taken back, and
 * what follows when KVM has delivered it. SDM vol. 3, "Interaction of Task Priorities between CR8
 * and APIC". On a made-up KVM, without a thread.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define HELD   0x41u
#define HIGHER 0x91u

/* One CPU with a parked LAPIC, interrupts on and CR8 5. */
static struct fake_board *held_board(void)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_PARKED, false);

	board->machine.probe.passed[PROBE_CR8] = true;
	board->vcpu[0].run.ready_for_interrupt_injection = 1;
	board->vcpu[0].run.if_flag = 1;
	fake_apic_write(board, 0, LAPIC_TPR, 0x50);
	return board;
}

static struct vcpu *cpu0(struct fake_board *board)
{
	return &board->machine.vcpus[0];
}

/* One round up to KVM_RUN; what KVM_INTERRUPT was given, or none. */
static int before_run(struct fake_board *board)
{
	struct fake_vcpu *fake = &board->vcpu[0];

	fake->vector = FAKE_NO_VECTOR;
	ck_assert(vcpu_inject(cpu0(board)));
	return fake->vector;
}

/* The guest sets CR8, and KVM delivers what that releases. */
static void guest_sets_cr8(struct fake_board *board, uint8_t cr8)
{
	struct fake_vcpu *fake = &board->vcpu[0];

	fake->run.cr8 = cr8;
	fake->parked_tpr = (uint8_t)(cr8 << 4);
	if (fake->parked_irr >> 4 > cr8)
		fake->parked_irr = 0;
}

START_TEST(R63_R165_kvm_delivers_when_cr8_falls)
{
	struct fake_board *board = held_board();
	struct vcpu *vcpu = cpu0(board);

	fake_accept(board, 0, HELD);
	ck_assert_int_eq(before_run(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(board->vcpu[0].parked_irr, HELD);
	ck_assert_uint_eq(board->vcpu[0].parked_tpr, 0x50);
	ck_assert_msg(fake_irr(board, 0, HELD), "it is pending as long as it is not delivered");
	ck_assert_uint_eq(vcpu->stats.tpr_polls, 0);
	guest_sets_cr8(board, 3);
	vcpu_cr8_after_run(vcpu);
	ck_assert(fake_isr(board, 0, HELD) && !fake_irr(board, 0, HELD));
	ck_assert_uint_eq(vcpu->lapic.regs.tpr.reg, 0x30);
	ck_assert_uint_eq(vcpu->lent, 0);
	ck_assert_uint_eq(vcpu->stats.lent_taken, 1);
	fake_board_free(board);
}
END_TEST

/* What has not changed costs nothing. */
START_TEST(a_vector_waits_for_as_long_as_it_takes)
{
	struct fake_board *board = held_board();
	struct vcpu *vcpu = cpu0(board);
	uint32_t parks;

	fake_accept(board, 0, HELD);
	before_run(board);
	parks = board->vcpu[0].parks;
	for (int i = 0; i < 3; i++) {
		vcpu_cr8_after_run(vcpu);
		before_run(board);
	}
	guest_sets_cr8(board, 4); /* its own class still */
	vcpu_cr8_after_run(vcpu);
	ck_assert_uint_eq(board->vcpu[0].parks, parks);
	ck_assert_uint_eq(vcpu->stats.lent, 1);
	ck_assert(fake_irr(board, 0, HELD) && !fake_isr(board, 0, HELD));
	fake_board_free(board);
}
END_TEST

/* R56: only what nothing else holds back, and of that the highest. */
START_TEST(R56_R59_the_highest_is_lent_and_no_other)
{
	struct fake_board *board = held_board();
	const struct fake_vcpu *fake = &board->vcpu[0];

	fake_accept(board, 0, 0x31);
	before_run(board);
	ck_assert_uint_eq(fake->parked_irr, 0x31);
	fake_accept(board, 0, HELD);
	before_run(board);
	ck_assert_uint_eq(fake->parked_irr, HELD);
	/* What is in service holds it back as well. */
	fake_accept(board, 0, HIGHER);
	ck_assert_int_eq(before_run(board), HIGHER);
	ck_assert_uint_eq(fake->parked_irr, 0);
	before_run(board);
	ck_assert_uint_eq(fake->parked_irr, 0);
	fake_apic_write(board, 0, LAPIC_EOI, 0);
	before_run(board);
	ck_assert_uint_eq(fake->parked_irr, HELD);
	fake_board_free(board);
}
END_TEST

/* A vector that waits for a window must not be overtaken by a lower one that waits for CR8. */
START_TEST(R59_nothing_is_lent_beside_a_window)
{
	struct fake_board *board = held_board();

	fake_accept(board, 0, HELD);
	before_run(board);
	fake_accept(board, 0, HIGHER);
	board->vcpu[0].run.ready_for_interrupt_injection = 0;
	ck_assert_int_eq(before_run(board), FAKE_NO_VECTOR);
	ck_assert_uint_eq(board->vcpu[0].run.request_interrupt_window, 1);
	ck_assert_uint_eq(board->vcpu[0].parked_irr, 0);
	fake_board_free(board);
}
END_TEST

START_TEST(R61_tpr_written_as_a_register_releases_it_here)
{
	struct fake_board *board = held_board();

	fake_accept(board, 0, HELD);
	before_run(board);
	fake_apic_write(board, 0, LAPIC_TPR, 0x30);
	ck_assert_int_eq(before_run(board), HELD);
	ck_assert_uint_eq(board->vcpu[0].parked_irr, 0);
	ck_assert_uint_eq(board->vcpu[0].parked_tpr, 0x30);
	fake_board_free(board);
}
END_TEST

/* The guest lowers CR8, gets the vector and ends it by EOI: all in one KVM_RUN. */
static int take_and_end(struct fake_vcpu *fake)
{
	fake->run.cr8 = 0;
	fake->parked_irr = 0;
	fake->run.exit_reason = KVM_EXIT_MMIO;
	fake->run.mmio.phys_addr = LAPIC_BASE_DEFAULT + LAPIC_EOI;
	fake->run.mmio.len = 4;
	fake->run.mmio.is_write = 1;
	return 0;
}

START_TEST(R68_the_eoi_ends_what_kvm_has_delivered)
{
	struct fake_board *board = held_board();
	struct vcpu *vcpu = cpu0(board);

	fake_accept(board, 0, HELD);
	before_run(board);
	board->vcpu[0].enter = take_and_end;
	ck_assert_int_eq(vcpu_run_once(vcpu), 0);
	ck_assert(!fake_isr(board, 0, HELD) && !fake_irr(board, 0, HELD));
	ck_assert_uint_eq(vcpu->lapic.counters.eoi_spurious, 0);
	fake_board_free(board);
}
END_TEST

/* R132: what waited before the INIT does not come after it. */
START_TEST(R132_an_init_takes_it_back)
{
	struct fake_board *board = held_board();
	const struct apic_msg init = { .mode = APIC_MODE_INIT, .asserted = true };
	struct vcpu *vcpu = cpu0(board);

	board->options.on_reset = ON_RESET_EXIT;
	fake_accept(board, 0, HELD);
	before_run(board);
	lapic_post(&vcpu->inbox, &init);
	vcpu_act_on_events(vcpu);
	ck_assert_uint_eq(board->vcpu[0].parked_irr, 0);
	ck_assert_uint_eq(vcpu->lent, 0);
	fake_board_free(board);
}
END_TEST

START_TEST(R182_a_cpu_at_rest_has_lent_nothing)
{
	struct fake_board *board = held_board();

	fake_accept(board, 0, HELD);
	before_run(board);
	ck_assert(vcpu_come_to_rest(cpu0(board)));
	ck_assert_uint_eq(board->vcpu[0].parked_irr, 0);
	ck_assert(fake_irr(board, 0, HELD));
	fake_board_free(board);
}
END_TEST

START_TEST(where_kvm_does_not_deliver_cr8_is_polled)
{
	struct fake_board *board = held_board();

	board->machine.probe.passed[PROBE_CR8] = false;
	fake_accept(board, 0, HELD);
	before_run(board);
	ck_assert_uint_eq(board->vcpu[0].parked_irr, 0);
	ck_assert_uint_eq(cpu0(board)->stats.tpr_polls, 1);
	fake_board_free(board);
}
END_TEST

START_TEST(a_parked_lapic_that_cannot_be_read_ends_the_machine)
{
	struct fake_board *board = held_board();

	board->log.fd = -1;
	fake_accept(board, 0, HELD);
	before_run(board);
	board->vcpu[0].park_refusal = -EIO;
	vcpu_cr8_after_run(cpu0(board));
	ck_assert_int_eq(board->machine.verdict.end, MACHINE_KVM_ERROR);
	ck_assert_uint_eq(board->machine.verdict.value, EIO);
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcpu_cr8");
	TCase *tc = tcase_create("lent");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, R63_R165_kvm_delivers_when_cr8_falls);
	tcase_add_test(tc, a_vector_waits_for_as_long_as_it_takes);
	tcase_add_test(tc, R56_R59_the_highest_is_lent_and_no_other);
	tcase_add_test(tc, R59_nothing_is_lent_beside_a_window);
	tcase_add_test(tc, R61_tpr_written_as_a_register_releases_it_here);
	tcase_add_test(tc, R68_the_eoi_ends_what_kvm_has_delivered);
	tcase_add_test(tc, R132_an_init_takes_it_back);
	tcase_add_test(tc, R182_a_cpu_at_rest_has_lent_nothing);
	tcase_add_test(tc, where_kvm_does_not_deliver_cr8_is_polled);
	tcase_add_test(tc, a_parked_lapic_that_cannot_be_read_ends_the_machine);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
