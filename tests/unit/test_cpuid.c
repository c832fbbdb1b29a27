/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features as guests get to see them in CPUID. SDM vol. 2, "CPUID - CPU Identification"; Linux'
 * Documentation/virt/kvm/x86/cpuid.rst.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_cpuid.h"

/* ---- features -------------------------------------------------------------------------------- */

/* In each shape: _i is one. Everything else that KVM has is offered. */
START_TEST(R171_what_ends_in_kvms_lapic_is_hidden)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);
	uint32_t pmu_ecx = BIT(10) | BIT(23) | BIT(24) | BIT(28);

	fake->machine.shape = (enum irqchip_shape)_i;
	fake->machine.x2apic = true;
	fake->machine.tsc_deadline = true;
	/* DTES64, MONITOR, VMX, PDCM; DS and, of one CPU, HTT */
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 1, 0).ecx,
			  ~(BIT(2) | BIT(3) | BIT(5) | BIT(15)));
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 1, 0).edx, ~(BIT(21) | BIT(28)));
	/* processor trace, last branch records, the leaf of counters */
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 7, 0).ebx, ~BIT(25));
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 7, 0).edx, ~BIT(19));
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 7, 1).eax, ~BIT(8));
	/* SVM, the extended APIC space, and of the PMU: IBS, PERFCTR_CORE, _NB, _LLC */
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x80000001, 0).ecx,
			  ~(BIT(2) | BIT(3) | pmu_ecx));
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x80000001, 0).edx, ONES);
	fake_cpuid_expect_clear(fake, 5);
	fake_cpuid_expect_clear(fake, 0xa);
	fake_cpuid_expect_clear(fake, 0x14);
	fake_cpuid_expect_clear(fake, 0x1c);
	fake_cpuid_expect_clear(fake, 0x23);
	fake_cpuid_expect_clear(fake, 0x8000000a);
	fake_cpuid_expect_clear(fake, 0x8000001b);
	fake_cpuid_expect_clear(fake, 0x80000022);
	fake_cpuid_free(fake);
}
END_TEST

START_TEST(kvm_is_told_to_have_no_pmu)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);
	int fd = fake->machine.kvm_fd;

	ck_assert_int_eq(cpuid_hide_pmu(fd), 0);
	fake->pmu_switches = 2; /* others than that one */
	ck_assert_int_eq(cpuid_hide_pmu(fd), 0);
	ck_assert_uint_eq(fake->nr_enabled, 0);
	fake->pmu_switches = KVM_PMU_CAP_DISABLE;
	ck_assert_int_eq(cpuid_hide_pmu(fd), 0);
	ck_assert_uint_eq(fake->nr_enabled, 1);
	ck_assert_uint_eq(fake->enabled_cap, KVM_CAP_PMU_CAPABILITY);
	ck_assert_uint_eq(fake->enabled_switches, KVM_PMU_CAP_DISABLE);
	fake->refusal = -EINVAL;
	ck_assert_int_eq(cpuid_hide_pmu(fd), -EINVAL);
	fake_cpuid_free(fake);
}
END_TEST

/*
 * Clock, steal time, EOI, TLB flush and 15-bit MSI destinations; neither asynchronous page faults
 * (4, 10, 14), unhalt (7), IPIs (11), yield (13) nor what guests cannot use. Poll control is of a
 * split irqchip.
 */
START_TEST(R171_paravirtual_features)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);
	uint32_t offered = BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(6) | BIT(9) | BIT(15) | BIT(24);
	uint32_t poll_control = _i == IRQCHIP_NONE ? 0 : BIT(12);

	fake->machine.shape = (enum irqchip_shape)_i;
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000001, 0).eax, offered | poll_control);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000001, 0).edx, 0);
	/* What userspace makes does not depend on KVM. */
	fake_cpuid_find(&fake->supported, 0x40000001, 0)->eax = 0;
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000001, 0).eax,
			  BIT(6) | BIT(15) | poll_control);
	fake_cpuid_free(fake);
}
END_TEST

START_TEST(a_restored_guest_keeps_what_it_had)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);

	fake->machine.shape = IRQCHIP_NONE;
	fake->options.restore_path = "state";
	fake->options.restored_pv_features = BIT(3) | BIT(4) | BIT(12);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000001, 0).eax, BIT(3) | BIT(12));
	fake_cpuid_free(fake);
}
END_TEST

/* _i: bit 0 says x2APIC, bit 1 TSC-deadline. */
START_TEST(x2apic_and_tsc_deadline_as_asked)
{
	struct fake_cpuid *fake = fake_cpuid_new(2, 0);
	struct kvm_cpuid_entry2 e;

	fake->machine.x2apic = _i & 1;
	fake->machine.tsc_deadline = _i & 2;
	fake_cpuid_find(&fake->supported, 1, 0)->ecx = _i & 1 ? 0 : ONES;
	fake_cpuid_find(&fake->supported, 1, 0)->edx = 0;
	e = fake_cpuid_leaf(fake, 0, 1, 0);
	ck_assert_uint_eq(e.ecx >> 21 & 1, _i & 1);
	ck_assert_uint_eq(e.ecx >> 24 & 1, _i >> 1);
	ck_assert_uint_eq(e.ecx >> 31, 1);          /* a hypervisor */
	ck_assert_uint_eq(e.edx, BIT(9) | BIT(28)); /* APIC, HTT */
	fake_cpuid_free(fake);
}
END_TEST

START_TEST(R78_the_extended_apic_space_as_asked)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);

	fake->options.amd_extapic = true;
	fake_cpuid_find(&fake->supported, 0x80000001, 0)->ecx = 0;
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x80000001, 0).ecx, BIT(3));
	fake_cpuid_free(fake);
}
END_TEST

/* The frequencies, and a timer that never stops. No crystal: it would be the bus clock. */
START_TEST(R124_the_clocks)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);

	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000000, 0).eax, 0x40000010);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000000, 0).ebx, 0x4b4d564b);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000010, 0).eax, FAKE_TSC_KHZ);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x40000010, 0).ebx,
			  1000000 / VCPU_APIC_BUS_CYCLE_NS);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 6, 0).eax, BIT(2));
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 6, 0).ecx, 0);
	fake_cpuid_expect_clear(fake, 0x15);
	fake_cpuid_free(fake);
}
END_TEST

START_TEST(vendor)
{
	struct fake_cpuid *fake = fake_cpuid_new(1, 0);
	struct kvm_cpuid_entry2 e;

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t base = i << 31;

		fake->options.cpu_vendor = VENDOR_HOST;
		ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, base, 0).ebx, 0x11111111);
		fake->options.cpu_vendor = VENDOR_INTEL;
		e = fake_cpuid_leaf(fake, 0, base, 0);
		ck_assert_int_eq(memcmp(&e.ebx, "Genu", 4), 0);
		ck_assert_int_eq(memcmp(&e.edx, "ineI", 4), 0);
		ck_assert_int_eq(memcmp(&e.ecx, "ntel", 4), 0);
		fake->options.cpu_vendor = VENDOR_AMD;
		e = fake_cpuid_leaf(fake, 0, base, 0);
		ck_assert_int_eq(memcmp(&e.ebx, "Auth", 4), 0);
	}
	fake_cpuid_free(fake);
}
END_TEST

/* ---- the table itself ------------------------------------------------------------------------ */

/* For KVM's instruction emulator, of which little is known: up to leaf 6, and no XSAVE. */
START_TEST(basic)
{
	struct fake_cpuid *fake = fake_cpuid_new(2, 0);

	fake->options.cpuid = CPUID_CHOICE_BASIC;
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0, 0).eax, 6);
	ck_assert_uint_eq(
		fake_cpuid_leaf(fake, 0, 1, 0).ecx & (BIT(13) | BIT(26) | BIT(27) | BIT(28)), 0);
	for (uint32_t i = 0; i < fake->machine.cpuid.nent; i++) {
		uint32_t function = fake->machine.cpuid.entries[i].function;

		ck_assert(function <= 6 || function >= 0x40000000);
	}
	fake_cpuid_free(fake);
}
END_TEST

/*
 * A host without the leaves of topology gets none, and a table without room for them is an error.
 */
START_TEST(old_hosts_and_full_tables)
{
	struct fake_cpuid *fake = fake_cpuid_new(2, 0);

	fake_cpuid_find(&fake->supported, 0, 0)->eax = 0xa;
	ck_assert_int_eq(cpuid_prepare(&fake->machine), 0);
	ck_assert_ptr_null(fake_cpuid_find(&fake->machine.cpuid, 0xb, 0));
	ck_assert_uint_eq(cpuid_maxphyaddr(&fake->machine), 48);
	fake_cpuid_find(&fake->supported, 0x80000008, 0)->function = 0x80000009;
	ck_assert_int_eq(cpuid_prepare(&fake->machine), 0);
	ck_assert_uint_eq(cpuid_maxphyaddr(&fake->machine), 36);
	fake_cpuid_find(&fake->supported, 0, 0)->eax = 0x1f;
	/*
	 * Seven are added: the clocks and two topologies of three levels. Three were the host's
	 * own.
	 */
	for (uint32_t kept = KVM_CPUID_MAX - 7; kept <= KVM_CPUID_MAX - 3; kept++) {
		while (fake->supported.nent < kept + 3)
			fake->supported.entries[fake->supported.nent++].function = 2;
		ck_assert_int_eq(cpuid_prepare(&fake->machine),
				 kept == KVM_CPUID_MAX - 7 ? 0 : -E2BIG);
	}
	fake->refusal = -ENOMEM;
	ck_assert_int_eq(cpuid_prepare(&fake->machine), -ENOMEM);
	fake_cpuid_free(fake);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpuid");
	TCase *tcase = tcase_create("cpuid");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, R171_what_ends_in_kvms_lapic_is_hidden, 0, 3);
	tcase_add_test(tcase, kvm_is_told_to_have_no_pmu);
	tcase_add_loop_test(tcase, R171_paravirtual_features, 0, 3);
	tcase_add_test(tcase, a_restored_guest_keeps_what_it_had);
	tcase_add_loop_test(tcase, x2apic_and_tsc_deadline_as_asked, 0, 4);
	tcase_add_test(tcase, R78_the_extended_apic_space_as_asked);
	tcase_add_test(tcase, R124_the_clocks);
	tcase_add_test(tcase, vendor);
	tcase_add_test(tcase, basic);
	tcase_add_test(tcase, old_hosts_and_full_tables);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
