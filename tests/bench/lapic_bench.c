/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the calls of liblapic cost, one thread, no KVM: nanoseconds and, with valgrind, instructions.
 * SDM vol. 3, "Handling Interrupts", "Issuing Interprocessor Interrupts".
 *
 * Usage: lapic-bench            the table
 *        lapic-bench OP COUNT   just that, for callgrind: OP is a row's number, negative for its
 *                               preparation alone
 *
 * Some operations change what they work on, so that something has to put it back before they can be
 * repeated. That is timed by itself, and taken off.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lapic/lapic.h"
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_route.h"
#include "tests/bench/callgrind.h"

#define NR_CPUS       64
#define NR_XAPICS     255
#define VECTOR        0x81
#define NR_IN_SERVICE 10
#define ROUNDS        31
#define ROUND_OPS     20000
#define CALLGRIND_OPS 2000

struct rig {
	struct lapic apic[NR_CPUS]; /* in x2APIC mode but for the last one; ours is the first */
	struct lapic *xapic;
	struct lapic_inbox inbox;
	struct lapic_directory directory;
	struct lapic_directory large; /* of LAPIC_MAX_CPUS CPUs in x2APIC mode */
	struct lapic_directory flat;  /* of NR_XAPICS CPUs in xAPIC mode: LDRs, one new id */
	struct lapic_directory mixed; /* large, but for one CPU in xAPIC mode */
	uint16_t targets[LAPIC_MAX_CPUS];
	uint64_t sum; /* of results, so that nothing is optimised away */
};

typedef void (*rig_fn)(struct rig *rig);

struct op {
	const char *name;
	rig_fn set_up;  /* once, after a reset of the rig */
	rig_fn prepare; /* before each run */
	rig_fn run;
};

static void write_register(struct lapic *a, uint32_t offset, uint64_t value)
{
	struct lapic_effect effect;

	(void)lapic_write(a, offset, value, 0, &effect);
}

/* In x2APIC mode, but for CPU number xapic. */
static void fill_directory(struct lapic_directory *directory, uint32_t xapic,
			   struct lapic_config config)
{
	struct lapic a;

	lapic_directory_reset(directory, LAPIC_MAX_CPUS, 0);
	for (config.id = 0; config.id < LAPIC_MAX_CPUS; config.id++) {
		lapic_power_up(&a, &config);
		if (config.id != xapic)
			(void)lapic_base_write(&a, a.base | LAPIC_BASE_EXTD);
		lapic_publish(directory, config.id, &a);
	}
}

/* The first eight CPUs have a bit of their own in the flat model, and the last one its id changed. */
static void fill_flat_directory(struct rig *rig, struct lapic_config config)
{
	struct lapic a;

	lapic_directory_reset(&rig->flat, NR_XAPICS, 0);
	for (config.id = 0; config.id < NR_XAPICS; config.id++) {
		lapic_power_up(&a, &config);
		write_register(&a, LAPIC_LDR, config.id < 8 ? UINT64_C(1) << (24 + config.id) : 0);
		if (config.id == NR_XAPICS - 1)
			write_register(&a, LAPIC_ID, 0);
		lapic_publish(&rig->flat, config.id, &a);
	}
}

static void reset_rig(struct rig *rig)
{
	struct lapic_config config = { .x2apic = true, .maxphyaddr = 52, .bus_cycle_ns = 1 };

	rig->xapic = &rig->apic[NR_CPUS - 1];
	lapic_inbox_reset(&rig->inbox);
	lapic_directory_reset(&rig->directory, NR_CPUS, 0);
	for (uint32_t i = 0; i < NR_CPUS; i++) {
		struct lapic *a = &rig->apic[i];

		config.id = i;
		config.bsp = i == 0;
		lapic_power_up(a, &config);
		if (a != rig->xapic)
			(void)lapic_base_write(a, a->base | LAPIC_BASE_EXTD);
		write_register(a, LAPIC_SVR, LAPIC_SVR_ENABLE | 0xff);
		lapic_publish(&rig->directory, i, a);
	}
	fill_directory(&rig->large, LAPIC_MAX_CPUS, config);
	fill_flat_directory(rig, config);
	fill_directory(&rig->mixed, 100, config);
}

static void nothing(struct rig *rig)
{
	(void)rig;
}

/* ---- the operations ---------------------------------------------------------------------------- */

static void serve(struct rig *rig, uint8_t vector)
{
	lapic_accept(&rig->apic[0], vector, false);
	lapic_ack(&rig->apic[0], vector);
}

/* Nine below VECTOR, in classes of their own where there are as many. */
static void set_up_eoi(struct rig *rig)
{
	for (uint32_t i = 1; i < NR_IN_SERVICE; i++)
		serve(rig, (uint8_t)(VECTOR - i * 11));
}

static void prepare_eoi(struct rig *rig)
{
	serve(rig, VECTOR);
}

static void run_eoi(struct rig *rig)
{
	struct lapic_effect effect;

	rig->sum += (uint64_t)lapic_msr_write(
		&rig->apic[0], LAPIC_X2APIC_MSR_FIRST + LAPIC_EOI / 16, 0, 0, &effect);
}

/* By hand, so that it costs the same whether the vector is there or not. */
static void prepare_accept(struct rig *rig)
{
	rig->apic[0].regs.irr[VECTOR / 32].reg = 0;
}

static void run_accept(struct rig *rig)
{
	lapic_accept(&rig->apic[0], VECTOR, false);
}

static void run_post_drain(struct rig *rig)
{
	const struct apic_msg msg = { .vector = VECTOR, .asserted = true };

	rig->sum += lapic_post(&rig->inbox, &msg);
	rig->sum += lapic_drain(&rig->apic[0], &rig->inbox);
}

static void set_up_one(struct rig *rig)
{
	lapic_accept(&rig->apic[0], 0x20, false);
}

static void set_up_full(struct rig *rig)
{
	for (uint32_t vector = 16; vector < 256; vector++)
		lapic_accept(&rig->apic[0], (uint8_t)vector, false);
}

static void run_pending(struct rig *rig)
{
	rig->sum += (uint64_t)lapic_pending(&rig->apic[0]);
}

/* Decode what was written to ICR, then find the targets. */
static void send(struct rig *rig, const struct lapic_directory *directory, uint64_t icr)
{
	struct lapic_effect effect;

	(void)lapic_msr_write(&rig->apic[0], LAPIC_X2APIC_MSR_FIRST + LAPIC_ICR / 16,
			      icr | LAPIC_ICR_ASSERT | VECTOR, 0, &effect);
	rig->sum += lapic_route(directory, 0, &effect.msg, rig->targets);
}

static void run_send_one(struct rig *rig)
{
	send(rig, &rig->directory, UINT64_C(1) << 32);
}

static void run_send_all(struct rig *rig)
{
	send(rig, &rig->directory, UINT64_C(0xffffffff) << 32);
}

static void run_send_one_of_many(struct rig *rig)
{
	send(rig, &rig->large, UINT64_C(1000) << 32);
}

/* The sixteen CPUs of cluster 60. */
static void run_send_cluster_of_many(struct rig *rig)
{
	send(rig, &rig->large, UINT64_C(0x003cffff) << 32 | LAPIC_ICR_LOGICAL);
}

static void run_send_flat(struct rig *rig)
{
	send(rig, &rig->flat, UINT64_C(4) << 32 | LAPIC_ICR_LOGICAL);
}

static void run_send_renamed(struct rig *rig)
{
	send(rig, &rig->flat, UINT64_C(200) << 32);
}

static void run_send_mixed(struct rig *rig)
{
	send(rig, &rig->mixed, UINT64_C(4) << 32 | LAPIC_ICR_LOGICAL);
}

static void run_read_msr(struct rig *rig)
{
	uint64_t value;

	(void)lapic_msr_read(&rig->apic[0], LAPIC_X2APIC_MSR_FIRST + LAPIC_TPR / 16, 0, &value);
	rig->sum += value;
}

static void run_read_mmio(struct rig *rig)
{
	uint8_t data[8];

	lapic_mmio_read(rig->xapic, LAPIC_TPR, 4, 0, data);
	rig->sum += data[0];
}

static const struct op ops[] = {
	{ "EOI, ten vectors in service", set_up_eoi, prepare_eoi, run_eoi },
	{ "fixed message accepted", nothing, prepare_accept, run_accept },
	{ "fixed message posted, drained", nothing, prepare_accept, run_post_drain },
	{ "highest pending, IRR else empty", set_up_one, nothing, run_pending },
	{ "highest pending, IRR full", set_up_full, nothing, run_pending },
	{ "ICR decoded, routed to 1 CPU", nothing, nothing, run_send_one },
	{ "ICR decoded, routed to 64 CPUs", nothing, nothing, run_send_all },
	{ "ICR to 1 CPU of 1024", nothing, nothing, run_send_one_of_many },
	{ "ICR to 16 CPUs of 1024", nothing, nothing, run_send_cluster_of_many },
	{ "ICR logical to 1 xAPIC of 255", nothing, nothing, run_send_flat },
	{ "ICR to 1 xAPIC of 255, ids changed", nothing, nothing, run_send_renamed },
	{ "ICR logical to 1 CPU of 1024, mixed", nothing, nothing, run_send_mixed },
	{ "register read, RDMSR", nothing, nothing, run_read_msr },
	{ "register read, MMIO", nothing, nothing, run_read_mmio },
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

/* ---- time ---------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The same code whatever the functions are, so that its own cost falls out of differences. */
static void repeat(struct rig *rig, const struct op *op, rig_fn run, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		op->prepare(rig);
		run(rig);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double round_ns(struct rig *rig, const struct op *op, rig_fn run)
{
	uint64_t start = now_ns();

	repeat(rig, op, run, ROUND_OPS);
	return (double)(now_ns() - start) / ROUND_OPS;
}

/* Fastest rounds and median rounds, with the operation and without: the differences. */
static void measure_ns(struct rig *rig, const struct op *op, double *min, double *median)
{
	double with[ROUNDS], without[ROUNDS];

	reset_rig(rig);
	op->set_up(rig);
	for (int i = 0; i < ROUNDS; i++) {
		without[i] = round_ns(rig, op, nothing);
		with[i] = round_ns(rig, op, op->run);
	}
	qsort(with, ROUNDS, sizeof(with[0]), compare);
	qsort(without, ROUNDS, sizeof(without[0]), compare);
	*min = with[0] - without[0];
	*median = with[ROUNDS / 2] - without[ROUNDS / 2];
}

/* ---- instructions ---------------------------------------------------------------------------------- */

/* Start, reset and preparation are in both processes: what is left is the operation. */
static double instructions(const char *self, int op)
{
	double with = callgrind_instructions(self, op + 1, CALLGRIND_OPS);
	double without = callgrind_instructions(self, -(op + 1), CALLGRIND_OPS);

	return with < 0 || without < 0 ? -1 : (with - without) / CALLGRIND_OPS;
}

/* ---- the program ------------------------------------------------------------------------------------ */

static void print_table(struct rig *rig, const char *self)
{
	printf("%-34s %8s %8s %13s\n", "liblapic, one thread", "ns min", "ns med.", "instructions");
	for (size_t i = 0; i < NR_OPS; i++) {
		double min, median, count;

		measure_ns(rig, &ops[i], &min, &median);
		count = instructions(self, (int)i);
		printf("%-34s %8.1f %8.1f ", ops[i].name, min, median);
		if (count < 0)
			printf("%13s\n", "-");
		else
			printf("%13.1f\n", count);
		fflush(stdout);
	}
}

static int run_one(struct rig *rig, int number, uint32_t count)
{
	size_t index = (size_t)abs(number) - 1;

	if (number == 0 || index >= NR_OPS)
		return 2;
	reset_rig(rig);
	ops[index].set_up(rig);
	repeat(rig, &ops[index], number < 0 ? nothing : ops[index].run, count);
	return 0;
}

int main(int argc, char **argv)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ret = 0;

	if (!rig || length < 0) {
		perror("lapic-bench");
		return 1;
	}
	self[length] = '\0';
	if (argc == 3)
		ret = run_one(rig, atoi(argv[1]), (uint32_t)atoi(argv[2]));
	else
		print_table(rig, self);
	free(rig);
	return ret;
}
