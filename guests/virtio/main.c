/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio guest: drives a virtio-rng and a virtio-blk of the machine from all CPUs, in the mode
 * that its APICs start in. Virtual I/O Device (VIRTIO) 1.2.
 *
 * Command line: only=NAME,NAME. The disk is written to.
 */
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/smp.h"
#include "virtio/tests.h"

static const struct test tests[] = {
	{ "pci-bars", "", test_pci_bars, unfit_rng },
	{ "rng-poll", "", test_rng_poll, unfit_rng },
	{ "rng-doorbells", "", test_rng_doorbells, unfit_rng },
	{ "rng-intx", "R148", test_rng_intx, unfit_rng },
	{ "rng-msix", "R158 R173", test_rng_msix, unfit_rng },
	{ "rng-pending", "R159", test_rng_pending, unfit_rng },
	{ "rng-function-mask", "R159", test_rng_function_mask, unfit_rng },
	{ "rng-fault", "", test_rng_fault, unfit_rng },
	{ "rng-bad-queue", "", test_rng_bad_queue, unfit_rng },
	{ "blk-poll", "", test_blk_poll, unfit_blk },
	{ "blk-errors", "", test_blk_errors, unfit_blk },
	{ "blk-msix-moves", "R159", test_blk_msix_moves, unfit_blk },
};

#define NR_TESTS (sizeof(tests) / sizeof(tests[0]))

const char *unfit_rng(const struct kernel *kernel)
{
	return devices_of(kernel)->has_rng ? NULL : "no virtio-rng";
}

const char *unfit_blk(const struct kernel *kernel)
{
	return devices_of(kernel)->has_blk ? NULL : "no virtio-blk";
}

static bool selected(const struct kernel *kernel, const struct test *test)
{
	uint32_t length = 0;
	const char *only = cmdline_value(kernel->cmdline, "only", &length);

	return !only || cmdline_list_has(only, length, test->name);
}

static void run_test(struct kernel *kernel, const struct test *test)
{
	struct environment *env = test_env(kernel);
	const char *unfit = test->unfit(kernel);

	if (unfit) {
		print("SKIP %s: %s\n", test->name, unfit);
		env->skipped++;
		return;
	}
	irq_reset_counts(kernel);
	atomic_store(&env->failed, false);
	env->running = test->name;
	test->run(kernel);
	smp_clear_abort(kernel);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		test_expect_no_strays(kernel, kernel_cpu(kernel, i));
	env->running = NULL;
	if (test_failed(kernel)) {
		print("FAIL %s: %s\n", test->name, env->why);
		env->failures++;
	} else {
		print("PASS %s\n", test->name);
		env->passed++;
	}
}

static void report_panic(struct kernel *kernel, const char *why)
{
	const struct environment *env = test_env(kernel);

	print("FAIL %s: panic: %s\n", env->running ? env->running : "start", why);
}

static void virtio_main(struct kernel *kernel)
{
	struct devices *d = kernel_alloc(kernel, sizeof(*d), 64);

	kernel->application = d;
	kernel->at_panic = report_panic;
	d->has_rng = virtio_find(&d->rng, kernel, VIRTIO_ID_ENTROPY);
	d->has_blk = virtio_find(&d->blk, kernel, VIRTIO_ID_BLOCK);
	irq_enable();
	smp_tick(kernel, true);
	if (kernel->nr_cpus > 1 && !smp_start(kernel, 1, kernel->nr_cpus - 1))
		panic("not all CPUs have started");
	for (uint32_t i = 0; i < NR_TESTS; i++)
		if (selected(kernel, &tests[i]))
			run_test(kernel, &tests[i]);
	print("%u passed, %u failed, %u skipped\n", d->environment.passed, d->environment.failures,
	      d->environment.skipped);
	kernel_finish(d->environment.failures || !d->environment.passed ? (int)POWER_FAILED : 0);
}

int guest_main(struct kernel *kernel)
{
	platform_init(kernel);
	smp_init(kernel, virtio_main);
}
