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

static struct saved_vcpu *saved_state(struct fake_board *board)
{
	struct vcpu *vcpu = &board->machine.vcpus[0];
	struct saved_vcpu *state = calloc(1, sizeof(*state));

	ck_assert_ptr_nonnull(state);
	board->machine.kvm_fd = vcpu->fd;
	timers_freeze(&board->machine.timers);
	lapic_state_save(&vcpu->lapic, board->machine.timers.frozen, &state->lapic);
	state->xsave_size = VCPU_XSAVE_SIZE_MIN;
	return state;
}

static void restore(struct fake_board *board, const struct saved_vcpu *state)
{
	struct state_error error = { .text = "" };

	ck_assert_msg(vcpu_state_apply(&board->machine.vcpus[0], state, &error) == 0, "%s",
		      error.text);
}

/* A CPU in HLT, as KVM had it that had its LAPIC too, and an NMI. */
static void restore_halted(struct fake_board *board, uint8_t pending, uint8_t masked)
{
	struct vcpu *vcpu = &board->machine.vcpus[0];
	struct saved_vcpu *state = saved_state(board);

	state->halted = true;
	state->kvm_events.nmi.pending = pending;
	state->kvm_events.nmi.masked = masked;
	restore(board, state);
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

/* KVM would take a jump of less than a second for two TSCs that are to be the same. */
START_TEST(by_how_much_a_guest_moved_its_tsc_is_kept)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct saved_vcpu *state = saved_state(board);

	board->vcpu[0].tsc_adjust = JUMP;
	state->tsc = TSC;
	state->msrs[0] = (struct kvm_msr_entry){ .index = MSR_IA32_TSC_ADJUST, .data = JUMP };
	state->nr_msrs = 1;
	/* No frequency is known: nothing is made up for. */
	restore(board, state);
	ck_assert_uint_eq(board->vcpu[0].tsc_set, TSC - JUMP);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC);
	ck_assert_uint_eq(board->vcpu[0].tsc_adjust, JUMP);
	timers_thaw(&board->machine.timers);
	free(state);
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
	tcase_add_test(tc, by_how_much_a_guest_moved_its_tsc_is_kept);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
