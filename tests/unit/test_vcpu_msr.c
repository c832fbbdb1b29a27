/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSR exits: what KVM is told when the guest writes IA32_APIC_BASE, what becomes of a TSC deadline
 * when it writes the TSC. SDM vol. 3, "Local APIC Status and Location", "TSC-Deadline Mode",
 * "IA32_TSC_ADJUST Register Support". On a made-up KVM, without a thread.
 */
#include <check.h>
#include <linux/kvm.h>

#include "tests/unit/fake_kvm.h"
#include "vmm/msr_index.h"

#define PARKED  UINT64_C(0x9f000)
#define TSC     UINT64_C(5000000000000)
#define ADJUST  UINT64_C(70000)
#define SECOND  UINT64_C(1000000000) /* in ticks, as in ns */
#define TSC_KHZ 1000000u
#define VECTOR  0x41u

static void write_msr(struct fake_board *board, uint32_t index, uint64_t value)
{
	struct kvm_run *run = &board->vcpu[0].run;

	run->msr.reason = KVM_MSR_EXIT_REASON_FILTER;
	run->msr.index = index;
	run->msr.data = value;
	vcpu_handle_wrmsr(&board->machine.vcpus[0]);
}

static void write_base(struct fake_board *board, uint64_t value)
{
	write_msr(board, MSR_IA32_APIC_BASE, value);
}

static struct fake_board *board_with_base(enum irqchip_shape shape, uint64_t kvm_base)
{
	struct fake_board *board = fake_board_new(1, shape, false);

	board->vcpu[0].sregs.apic_base = kvm_base;
	return board;
}

/* KVM makes CPUID of its copy of EN; its page is not the guest's business. */
START_TEST(R9_a_parked_lapic_follows_enable_and_keeps_its_page)
{
	const uint64_t bsp = PARKED | LAPIC_BASE_BSP;
	struct fake_board *board = board_with_base(IRQCHIP_PARKED, bsp | LAPIC_BASE_EN);
	const __u64 *base = &board->vcpu[0].sregs.apic_base;

	write_base(board, 0xfee00000 | LAPIC_BASE_BSP);
	ck_assert_uint_eq(board->vcpu[0].run.msr.error, 0);
	ck_assert_uint_eq(*base, bsp);
	write_base(board, 0xfee00000 | LAPIC_BASE_BSP | LAPIC_BASE_EN);
	ck_assert_uint_eq(*base, bsp | LAPIC_BASE_EN);
	write_base(board, 0xfed00000 | LAPIC_BASE_EN);
	ck_assert_uint_eq(*base, bsp | LAPIC_BASE_EN);
	fake_board_free(board);
}
END_TEST

START_TEST(R9_without_a_lapic_kvm_has_the_guests_base)
{
	const uint64_t enabled = 0xfee00000 | LAPIC_BASE_BSP | LAPIC_BASE_EN;
	struct fake_board *board = board_with_base(IRQCHIP_NONE, enabled);
	const __u64 *base = &board->vcpu[0].sregs.apic_base;

	write_base(board, 0xfee00000 | LAPIC_BASE_BSP);
	ck_assert_uint_eq(*base, 0xfee00000 | LAPIC_BASE_BSP);
	write_base(board, enabled);
	ck_assert_uint_eq(*base, enabled);
	fake_board_free(board);
}
END_TEST

START_TEST(an_illegal_base_changes_nothing)
{
	struct fake_board *board = board_with_base(IRQCHIP_PARKED, PARKED | LAPIC_BASE_EN);

	write_base(board, 0xfee00000 | LAPIC_BASE_EXTD);
	ck_assert_uint_eq(board->vcpu[0].run.msr.error, 1);
	ck_assert_uint_eq(board->vcpu[0].sregs.apic_base, PARKED | LAPIC_BASE_EN);
	fake_board_free(board);
}
END_TEST

/* A guest whose deadline is armed, ticks ahead of its TSC. */
static struct fake_board *board_with_deadline(uint64_t ticks)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_PARKED, false);
	struct lapic *lapic = &board->machine.vcpus[0].lapic;

	board->machine.tsc_deadline = true;
	lapic->config.tsc_deadline = true;
	lapic->config.tsc_khz = TSC_KHZ;
	board->vcpu[0].tsc = TSC;
	board->vcpu[0].tsc_adjust = ADJUST;
	fake_apic_write(board, 0, LAPIC_LVT_TIMER,
			LAPIC_TIMER_TSC_DEADLINE << LAPIC_LVT_TIMER_SHIFT | VECTOR);
	write_msr(board, MSR_IA32_TSC_DEADLINE, TSC + ticks);
	ck_assert_uint_eq(lapic->timer.tsc_deadline, TSC + ticks);
	return board;
}

/* Both MSRs by which the guest's TSC can jump, and what each has to be for a jump by delta. */
static const struct {
	uint32_t index;
	uint64_t before;
} jumps[] = { { MSR_IA32_TSC, TSC }, { MSR_IA32_TSC_ADJUST, ADJUST } };

#define NR_JUMPS ((int)(sizeof(jumps) / sizeof(jumps[0])))

static void expect_jumped(const struct fake_board *board, uint64_t delta)
{
	ck_assert_uint_eq(board->vcpu[0].run.msr.error, 0);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC + delta);
	ck_assert_uint_eq(board->vcpu[0].tsc_adjust, ADJUST + delta);
}

START_TEST(R120_a_deadline_that_the_tsc_jumps_over_fires)
{
	struct fake_board *board = board_with_deadline(3600 * SECOND);

	write_msr(board, jumps[_i].index, jumps[_i].before + 3600 * SECOND - 1);
	expect_jumped(board, 3600 * SECOND - 1);
	ck_assert_uint_le(lapic_deadline(&board->machine.vcpus[0].lapic), kick_clock_ns() + 1);
	write_msr(board, jumps[_i].index, jumps[_i].before + 3600 * SECOND);
	expect_jumped(board, 3600 * SECOND);
	ck_assert(fake_irr(board, 0, VECTOR));
	ck_assert_uint_eq(board->machine.vcpus[0].lapic.timer.tsc_deadline, 0);
	fake_board_free(board);
}
END_TEST

START_TEST(R120_a_deadline_that_the_tsc_jumps_away_from_waits)
{
	struct fake_board *board = board_with_deadline(60 * SECOND);
	uint64_t start = kick_clock_ns();

	write_msr(board, jumps[_i].index, jumps[_i].before - 3600 * SECOND);
	expect_jumped(board, -(3600 * SECOND));
	ck_assert(!fake_irr(board, 0, VECTOR));
	ck_assert_uint_ge(lapic_deadline(&board->machine.vcpus[0].lapic), start + 3660 * SECOND);
	fake_board_free(board);
}
END_TEST

START_TEST(R120_a_deadline_that_passed_before_the_jump_has_fired)
{
	struct fake_board *board = board_with_deadline(1);
	uint64_t deadline = lapic_deadline(&board->machine.vcpus[0].lapic);

	while (kick_clock_ns() < deadline)
		;
	write_msr(board, jumps[_i].index, jumps[_i].before - 3600 * SECOND);
	ck_assert(fake_irr(board, 0, VECTOR));
	fake_board_free(board);
}
END_TEST

/* SDM vol. 4: the MSR exists if CPUID.07H:EBX[1] is 1. The TSC can be written without it. */
START_TEST(without_tsc_adjust_its_msr_faults)
{
	struct fake_board *board = board_with_deadline(3600 * SECOND);

	board->vcpu[0].tsc_adjust = 0;
	board->vcpu[0].no_tsc_adjust = true;
	write_msr(board, MSR_IA32_TSC_ADJUST, 3600 * SECOND);
	ck_assert_uint_eq(board->vcpu[0].run.msr.error, 1);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC);
	ck_assert(!fake_irr(board, 0, VECTOR));
	write_msr(board, MSR_IA32_TSC, TSC + 3600 * SECOND);
	ck_assert_uint_eq(board->vcpu[0].run.msr.error, 0);
	ck_assert_uint_eq(board->vcpu[0].tsc, TSC + 3600 * SECOND);
	ck_assert(fake_irr(board, 0, VECTOR));
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcpu_msr");
	TCase *tcase = tcase_create("vcpu_msr");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, R9_a_parked_lapic_follows_enable_and_keeps_its_page);
	tcase_add_test(tcase, R9_without_a_lapic_kvm_has_the_guests_base);
	tcase_add_test(tcase, an_illegal_base_changes_nothing);
	tcase_add_loop_test(tcase, R120_a_deadline_that_the_tsc_jumps_over_fires, 0, NR_JUMPS);
	tcase_add_loop_test(tcase, R120_a_deadline_that_the_tsc_jumps_away_from_waits, 0, NR_JUMPS);
	tcase_add_loop_test(tcase, R120_a_deadline_that_passed_before_the_jump_has_fired, 0,
			    NR_JUMPS);
	tcase_add_test(tcase, without_tsc_adjust_its_msr_faults);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
