/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A saved CPU in another shape. docs/architecture.md, "Saving and restoring"; on a made-up KVM,
 * without a thread.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu_state.h"

#define TSC  UINT64_C(5000000000000)
#define JUMP UINT64_C(70000)

int __wrap_kvm_check_extension(int fd, unsigned int cap);

int __wrap_kvm_check_extension(int fd, unsigned int cap)
{
	(void)fd;
	return cap == KVM_CAP_VCPU_ATTRIBUTES;
}

static struct saved_vcpu *saved_state(struct fake_board *board, uint32_t cpu)
{
	struct vcpu *vcpu = &board->machine.vcpus[cpu];
	struct saved_vcpu *state = calloc(1, sizeof(*state));

	ck_assert_ptr_nonnull(state);
	board->machine.kvm_fd = vcpu->fd;
	timers_freeze(&board->machine.timers);
	lapic_state_save(&vcpu->lapic, board->machine.timers.frozen, &state->lapic);
	state->xsave_size = VCPU_XSAVE_SIZE_MIN;
	return state;
}

static void restore(struct fake_board *board, uint32_t cpu, const struct saved_vcpu *state)
{
	struct state_error error = { .text = "" };

	ck_assert_msg(vcpu_state_apply(&board->machine.vcpus[cpu], state, &error) == 0, "%s",
		      error.text);
}

/* A CPU in HLT, as KVM had it that had its LAPIC too, and an NMI. */
static void restore_halted(struct fake_board *board, uint8_t pending, uint8_t masked)
{
	struct vcpu *vcpu = &board->machine.vcpus[0];
	struct saved_vcpu *state = saved_state(board, 0);

	state->halted = true;
	state->kvm_events.nmi.pending = pending;
	state->kvm_events.nmi.masked = masked;
	restore(board, 0, state);
	ck_assert_uint_eq(board->vcpu[0].events.nmi.pending, pending);
	timers_thaw(&board->machine.timers);
	free(state);
	vcpu_act_on_events(vcpu);
}

START_TEST(R141_a_halt_that_an_nmi_was_about_to_end_is_over)
{
	static const struct {
		uint8_t pending, masked;
		bool runs;
	} cases[] = { { 0, 0, false }, { 1, 0, true }, { 1, 1, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

		restore_halted(board, cases[i].pending, cases[i].masked);
		ck_assert_int_eq(vcpu_inject(&board->machine.vcpus[0]), cases[i].runs);
		fake_board_free(board);
	}
}
END_TEST

/* No frequency is known here: nothing is made up for. */
static void restore_tsc(struct fake_board *board, uint32_t cpu, uint64_t tsc, uint64_t moved)
{
	struct saved_vcpu *state = saved_state(board, cpu);

	state->tsc = tsc;
	state->msrs[0] = (struct kvm_msr_entry){ .index = MSR_IA32_TSC_ADJUST, .data = moved };
	state->nr_msrs = 1;
	board->vcpu[cpu].tsc_adjust = moved;
	restore(board, cpu, state);
	ck_assert_uint_eq(board->vcpu[cpu].tsc_adjust, moved);
	timers_thaw(&board->machine.timers);
	free(state);
}

START_TEST(a_tsc_goes_on_where_it_was)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	board->vcpu[0].tsc = TSC - JUMP;
	board->vcpu[0].no_tsc_write = true;
	restore_tsc(board, 0, TSC, 0);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC);
	fake_board_free(board);
}
END_TEST

/* CPUs are saved one after the other, but a guest finds their TSCs equal. */
START_TEST(tscs_of_all_cpus_stay_equal)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_NONE, false);

	for (uint32_t i = 0; i < 3; i++)
		restore_tsc(board, i, TSC + i, 0);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(board->vcpu[i].tsc, TSC);
	fake_board_free(board);
}
END_TEST

START_TEST(by_how_much_a_guest_moved_its_tsc_is_kept)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	restore_tsc(board, 0, TSC + JUMP, JUMP);
	restore_tsc(board, 1, TSC + 5 * JUMP + 3, 5 * JUMP);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC + JUMP);
	ck_assert_uint_eq(board->vcpu[1].tsc, TSC + 5 * JUMP);
	fake_board_free(board);
}
END_TEST

START_TEST(a_kvm_that_moves_no_tsc_is_given_its_value)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	board->vcpu[0].no_tsc_offset = true;
	restore_tsc(board, 0, TSC, 0);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC);
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcpu_state");
	TCase *tc = tcase_create("vcpu_state");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, R141_a_halt_that_an_nmi_was_about_to_end_is_over);
	tcase_add_test(tc, a_tsc_goes_on_where_it_was);
	tcase_add_test(tc, tscs_of_all_cpus_stay_equal);
	tcase_add_test(tc, a_kvm_that_moves_no_tsc_is_given_its_value);
	tcase_add_test(tc, by_how_much_a_guest_moved_its_tsc_is_kept);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
