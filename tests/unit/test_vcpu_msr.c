/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSR exits: what KVM is told when the guest writes IA32_APIC_BASE. SDM vol. 3, "Local APIC Status and
 * Location". On a made-up KVM, without a thread.
 */
#include <check.h>
#include <linux/kvm.h>

#include "tests/unit/fake_kvm.h"
#include "vmm/msr_index.h"

#define PARKED UINT64_C(0x9f000)

static void write_base(struct fake_board *board, uint64_t value)
{
	struct kvm_run *run = &board->vcpu[0].run;

	run->msr.reason = KVM_MSR_EXIT_REASON_FILTER;
	run->msr.index = MSR_IA32_APIC_BASE;
	run->msr.data = value;
	vcpu_handle_wrmsr(&board->machine.vcpus[0]);
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

int main(void)
{
	Suite *suite = suite_create("vcpu_msr");
	TCase *tcase = tcase_create("vcpu_msr");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, R9_a_parked_lapic_follows_enable_and_keeps_its_page);
	tcase_add_test(tcase, R9_without_a_lapic_kvm_has_the_guests_base);
	tcase_add_test(tcase, an_illegal_base_changes_nothing);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
