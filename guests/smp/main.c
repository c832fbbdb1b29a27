/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SMP test kernel: every way to interrupt a CPU, in xAPIC mode and then in x2APIC mode. SDM
 * vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
 *
 * Command line: xapic or x2apic (only that pass), only=NAME,NAME, skip=NAME,NAME, list,
 * storm=ROUNDS, testdev or notestdev (do not probe for the test device), save-between (have the
 * machine saved after each test).
 */
#include "lib/apic.h"
#include "lib/cmdline.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/smp.h"
#include "smp/pins.h"
#include "smp/tests.h"

/* rules: those of docs/rules.md that the test pins; scripts/rule-coverage reads them here. */
#define TEST(name, rules, run, unfit)   \
	{                               \
		name, rules, run, unfit \
	}

/* In this order; the first one starts the APs and so always runs. */
static const struct test tests[] = {
	TEST("ap-start", "R126 R169", test_ap_start, NULL),
	TEST("identity", "R19 R91", test_identity, NULL),
	TEST("ipi-physical", "R86", test_ipi_physical, NULL),
	TEST("ipi-physical-broadcast", "R89 R90", test_ipi_physical_broadcast, NULL),
	TEST("ipi-logical-flat", "R87", test_ipi_logical_flat, unfit_logical_flat),
	TEST("ipi-logical-cluster", "R88 R91", test_ipi_logical_cluster, NULL),
	TEST("ipi-all", "R80 R81", test_ipi_all, NULL),
	TEST("ipi-others", "R82", test_ipi_others, unfit_single),
	TEST("ipi-self", "R81", test_ipi_self, NULL),
	TEST("ipi-self-register", "", test_ipi_self_register, unfit_xapic),
	TEST("ipi-nmi", "R49 R81 R99", test_ipi_nmi, NULL),
	TEST("nmi-latch", "R134 R135", test_nmi_latch, unfit_single),
	TEST("ipi-lowest", "R97", test_ipi_lowest, NULL),
	TEST("priority-order", "R59", test_priority_order, NULL),
	TEST("priority-tpr", "R63", test_priority_tpr, NULL),
	TEST("priority-cr8", "R55 R61", test_priority_cr8, NULL),
	TEST("priority-nesting", "R56", test_priority_nesting, NULL),
	TEST("cr8-release", "R63 R165", test_cr8_release, NULL),
	TEST("cr8-release-remote", "R63 R165", test_cr8_release_remote, unfit_single),
	TEST("timer-one-shot", "R106 R109 R114", test_timer_one_shot, NULL),
	TEST("timer-periodic", "R108", test_timer_periodic, NULL),
	TEST("timer-masked", "R107", test_timer_masked, NULL),
	TEST("timer-deadline", "R119 R122 R163", test_timer_deadline, unfit_deadline),
	TEST("timer-tsc-write", "R120", test_timer_tsc_write, unfit_tsc_write),
	TEST("hlt-ipi", "R141 R168", test_hlt_ipi, NULL),
	TEST("hlt-timer", "R141", test_hlt_timer, NULL),
	TEST("hlt-nmi", "R141", test_hlt_nmi, unfit_single),
	TEST("hlt-held", "R141", test_hlt_held, unfit_single),
	TEST("ioapic-edge", "R173", test_ioapic_edge, unfit_pins_physical),
	TEST("ioapic-level", "R69 R144", test_ioapic_level, unfit_pins_physical),
	TEST("ioapic-mask", "R142", test_ioapic_mask, unfit_pins_physical),
	TEST("ioapic-logical", "R97", test_ioapic_logical, unfit_pins_logical),
	TEST("ioapic-storm", "R155", test_ioapic_storm, unfit_msi_physical),
	TEST("ioapic-directed-eoi", "R74 R152", test_ioapic_directed_eoi, unfit_directed_eoi),
	TEST("msi-physical", "R158 R173", test_msi_physical, unfit_msi_physical),
	TEST("msi-logical", "R157", test_msi_logical, unfit_msi_logical),
	TEST("extint", "R137 R138", test_extint, unfit_pins),
	TEST("pv-eoi", "R170", test_pv_eoi, unfit_pv_eoi),
	TEST("apic-move", "R21 R23", test_apic_move, unfit_x2apic),
	TEST("id-alias", "R93", test_id_alias, unfit_id_alias),
	TEST("mixed-modes", "R10 R16 R95", test_mixed_modes, unfit_mixed_modes),
	TEST("lvt-pmc", "R101 R105", test_lvt_pmc, unfit_local),
	TEST("lvt-thermal", "R101", test_lvt_thermal, unfit_local),
	TEST("lvt-lint1", "R103 R104", test_lvt_lint1, unfit_local),
	TEST("hidden-features", "R171 R176", test_hidden_features, unfit_hidden_features),
	TEST("pit-ioapic", "R149", test_pit_ioapic, unfit_pit),
	TEST("rtc-ioapic", "R149", test_rtc_ioapic, unfit_rtc),
	TEST("pit-lint0", "R137 R138", test_pit_lint0, unfit_pit),
	TEST("pit-extint-pin", "R137", test_pit_extint_pin, unfit_pit),
	TEST("pit-apic-off", "R9 R13 R137", test_pit_apic_off, unfit_pit),
	TEST("pic-spurious", "R139", test_pic_spurious, unfit_pins),
	TEST("clocks-agree", "R124", test_clocks_agree, unfit_clocks),
	TEST("ext-apic", "", test_ext_apic, unfit_ext_apic),
	TEST("remote-read", "", test_remote_read, unfit_remote_read),
	TEST("ap-restart", "R2 R126 R129 R132", test_ap_restart, unfit_single),
	TEST("ipi-storm", "R168 R177", test_ipi_storm, NULL),
};

#define NR_TESTS (sizeof(tests) / sizeof(tests[0]))

static bool selected(const struct kernel *kernel, const struct test *test)
{
	uint32_t length = 0;
	const char *only = cmdline_value(kernel->cmdline, "only", &length);

	return !only || cmdline_list_has(only, length, test->name);
}

/* skip=NAME,NAME: for machines that are known to differ. */
static const char *unfit_for(const struct kernel *kernel, const struct test *test)
{
	uint32_t length = 0;
	const char *skip = cmdline_value(kernel->cmdline, "skip", &length);

	if (skip && cmdline_list_has(skip, length, test->name))
		return "not wanted";
	return test->unfit ? test->unfit(kernel) : NULL;
}

static const char *mode_name(const struct kernel *kernel)
{
	return in_x2apic(kernel) ? "x2apic" : "xapic";
}

static void print_totals(const struct environment *env)
{
	print("%u passed, %u failed", env->passed, env->failures);
	if (env->skipped)
		print(", %u skipped", env->skipped);
	print("\n");
}

static void report_panic(struct kernel *kernel, const char *why)
{
	struct environment *env = test_env(kernel);

	/* The test's own reason is the better one, if it had got as far as that. */
	if (env->running && test_failed(kernel))
		why = env->why;
	print("FAIL %s/%s: panic: %s\n", mode_name(kernel),
	      env->running ? env->running : "mode-switch", why);
	env->failures++;
	print_totals(env);
}

static void report_skip(struct kernel *kernel, const struct test *test, const char *why)
{
	print("SKIP %s/%s: %s\n", mode_name(kernel), test->name, why);
	test_env(kernel)->skipped++;
}

static void run_test(struct kernel *kernel, const struct test *test)
{
	struct environment *env = test_env(kernel);
	const char *unfit = unfit_for(kernel, test);

	if (unfit) {
		report_skip(kernel, test, unfit);
		return;
	}
	irq_reset_counts(kernel);
	atomic_store(&env->failed, false);
	env->declined = false;
	env->running = test->name;
	test->run(kernel);
	smp_clear_abort(kernel);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		test_expect_no_strays(kernel, kernel_cpu(kernel, i));
	env->running = NULL;
	if (test_failed(kernel)) {
		print("FAIL %s/%s: %s\n", mode_name(kernel), test->name, env->why);
		env->failures++;
	} else if (env->declined) {
		report_skip(kernel, test, env->why);
	} else {
		print("PASS %s/%s\n", mode_name(kernel), test->name);
		env->passed++;
	}
}

static void enable_job(struct kernel *kernel, struct cpu *cpu)
{
	(void)cpu;
	apic_enable(kernel);
}

static void save(struct kernel *kernel)
{
	uint64_t before = rdtsc();
	uint64_t after;

	if (!machine_save())
		return;
	after = rdtsc();
	if (after < before) {
		print("FAIL: the TSC went back by %lu ticks while the machine was saved\n",
		      before - after);
		test_env(kernel)->failures++;
	}
}

/* False: the APs are not all up, and nothing more can be tested. */
static bool run_pass(struct kernel *kernel, bool x2apic)
{
	uint32_t last = kernel->nr_cpus - 1;

	/* CPUs that are up change their mode, CPU 0 first; the others will start in it. */
	atomic_store(&kernel->x2apic, x2apic);
	apic_enable(kernel);
	smp_tick(kernel, true);
	if (last && kernel_cpu(kernel, last)->expected_starts)
		smp_run(kernel, enable_job, 1, last);
	for (uint32_t i = 0; i < NR_TESTS; i++) {
		if (i == 0 || selected(kernel, &tests[i]))
			run_test(kernel, &tests[i]);
		if (i == 0 && test_failed(kernel))
			return false;
		if (test_env(kernel)->save_between)
			save(kernel);
	}
	return true;
}

static const char *no_xapic(const struct kernel *kernel)
{
	if (cmdline_has(kernel->cmdline, "x2apic") && !cmdline_has(kernel->cmdline, "xapic"))
		return "not asked for";
	if (kernel->max_apic_id > PLATFORM_XAPIC_MAX_ID)
		return "APIC ids beyond 8 bits";
	return in_x2apic(kernel) ? "started in x2APIC mode" : NULL;
}

static const char *no_x2apic(const struct kernel *kernel)
{
	if (cmdline_has(kernel->cmdline, "xapic") && !cmdline_has(kernel->cmdline, "x2apic"))
		return "not asked for";
	return apic_has_x2apic() ? NULL : "CPUID has no x2APIC";
}

static int run_passes(struct kernel *kernel)
{
	struct environment *env = test_env(kernel);

	for (uint32_t pass = 0; pass < 2; pass++) {
		const char *unfit = pass ? no_x2apic(kernel) : no_xapic(kernel);

		if (unfit) {
			print("SKIP %s: %s\n", pass ? "x2apic" : "xapic", unfit);
			env->skipped++;
		} else if (!run_pass(kernel, pass != 0)) {
			break;
		}
	}
	print_totals(env);
	return env->failures || !env->passed ? (int)POWER_FAILED : 0;
}

static void smp_main(struct kernel *kernel)
{
	kernel->application = kernel_alloc(kernel, sizeof(struct environment), 64);
	kernel->at_panic = report_panic;
	test_env(kernel)->storm_rounds = (uint32_t)cmdline_number(kernel->cmdline, "storm", 0);
	print("smp: %u CPUs, TSC %u kHz, APIC timer %u kHz, %s\n", kernel->nr_cpus,
	      kernel->clock.tsc_khz, kernel->clock.bus_khz,
	      kernel->clock.exact ? "told" : "measured");
	irq_enable();
	pins_probe(kernel);
	test_env(kernel)->save_between = test_env(kernel)->has_msi &&
					 cmdline_has(kernel->cmdline, "save-between");
	kernel_finish(run_passes(kernel));
}

int guest_main(struct kernel *kernel)
{
	if (cmdline_has(kernel->cmdline, "list")) {
		for (uint32_t i = 0; i < NR_TESTS; i++)
			print("%s %s\n", tests[i].name, tests[i].rules);
		return 0;
	}
	platform_init(kernel);
	smp_init(kernel, smp_main);
}
