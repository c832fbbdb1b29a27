/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of lapic-bench. Some change what they work on, so that something has to put it
 * back before they can be repeated: prepare().
 * SDM vol. 3, "Handling Interrupts", "Issuing Interprocessor Interrupts".
 */
#include "tests/bench/lapic_ops.h"

#include <stdbool.h>

#define VECTOR        0x81
#define NR_IN_SERVICE 10
#define LOGICAL_CPU   50
#define LOGICAL_DEST  0xc4u /* cluster 12, its third CPU */
#define PHYSICAL_DEST 200u
#define RENAMED_CPU   7u
#define RENAMED_ID    8u

static void write_register(struct lapic *a, uint32_t offset, uint64_t value)
{
	struct lapic_effect effect;

	(void)lapic_write(a, offset, value, 0, &effect);
}

static void fill_large_directory(struct rig *rig, struct lapic_config config)
{
	struct lapic a;

	lapic_directory_reset(&rig->large, LAPIC_MAX_CPUS, 0);
	for (config.id = 0; config.id < LAPIC_MAX_CPUS; config.id++) {
		lapic_power_up(&a, &config);
		(void)lapic_base_write(&a, a.base | LAPIC_BASE_EXTD);
		lapic_publish(&rig->large, config.id, &a);
	}
}

/* As a kernel in cluster mode would have it, one CPU alone has a logical id. */
static void fill_small_directory(struct rig *rig, struct lapic_config config)
{
	struct lapic a;

	lapic_directory_reset(&rig->small, NR_XAPIC_CPUS, 0);
	for (config.id = 0; config.id < NR_XAPIC_CPUS; config.id++) {
		lapic_power_up(&a, &config);
		write_register(&a, LAPIC_DFR, LAPIC_DFR_CLUSTER);
		if (config.id == LOGICAL_CPU)
			write_register(&a, LAPIC_LDR, (uint64_t)LOGICAL_DEST << 24);
		lapic_publish(&rig->small, config.id, &a);
	}
}

void reset_rig(struct rig *rig)
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
	config.bsp = false;
	fill_large_directory(rig, config);
	fill_small_directory(rig, config);
}

void nothing(struct rig *rig)
{
	(void)rig;
}

/* ---- the operations -------------------------------------------------------------------------- */

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

/* One CPU that is still in xAPIC mode. */
static void set_up_mixed(struct rig *rig)
{
	const struct lapic_config config = { .id = LOGICAL_CPU, .bus_cycle_ns = 1 };
	struct lapic a;

	lapic_power_up(&a, &config);
	lapic_publish(&rig->large, LOGICAL_CPU, &a);
}

static void run_send_mixed(struct rig *rig)
{
	send(rig, &rig->large, UINT64_C(4) << 32 | LAPIC_ICR_LOGICAL);
}

static void set_up_logical(struct rig *rig)
{
	write_register(rig->xapic, LAPIC_ICR_HIGH, (uint64_t)LOGICAL_DEST << 24);
}

static void set_up_physical(struct rig *rig)
{
	write_register(rig->xapic, LAPIC_ICR_HIGH, (uint64_t)PHYSICAL_DEST << 24);
}

/* It shares its new id with a neighbour: all the others are in use too. */
static void set_up_renamed(struct rig *rig)
{
	const struct lapic_config config = { .id = RENAMED_CPU, .bus_cycle_ns = 1 };
	struct lapic a;

	lapic_power_up(&a, &config);
	write_register(&a, LAPIC_ID, (uint64_t)RENAMED_ID << 24);
	lapic_publish(&rig->small, RENAMED_CPU, &a);
	set_up_physical(rig);
}

/* The low half of ICR, which sends. */
static void send_xapic(struct rig *rig, uint32_t icr)
{
	struct lapic_effect effect;

	(void)lapic_write(rig->xapic, LAPIC_ICR, icr | LAPIC_ICR_ASSERT | VECTOR, 0, &effect);
	rig->sum += lapic_route(&rig->small, LAPIC_FROM_NO_CPU, &effect.msg, rig->targets);
}

static void run_send_logical(struct rig *rig)
{
	send_xapic(rig, LAPIC_ICR_LOGICAL);
}

static void run_send_physical(struct rig *rig)
{
	send_xapic(rig, 0);
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

const struct op ops[NR_OPS] = {
	{ "EOI, ten vectors in service", set_up_eoi, prepare_eoi, run_eoi, 0 },
	{ "fixed message accepted", nothing, prepare_accept, run_accept, 0 },
	{ "fixed message posted, drained", nothing, prepare_accept, run_post_drain, 1 },
	{ "highest pending, IRR else empty", set_up_one, nothing, run_pending, 0x20 },
	{ "highest pending, IRR full", set_up_full, nothing, run_pending, 0xff },
	{ "ICR decoded, routed to 1 CPU", nothing, nothing, run_send_one, 1 },
	{ "ICR decoded, routed to 64 CPUs", nothing, nothing, run_send_all, NR_CPUS },
	{ "ICR to 1 CPU of 1024", nothing, nothing, run_send_one_of_many, 1 },
	{ "ICR to 16 CPUs of 1024", nothing, nothing, run_send_cluster_of_many, 16 },
	{ "ICR logical to 1 CPU of 1024, mixed", set_up_mixed, nothing, run_send_mixed, 1 },
	{ "xAPIC physical, 1 of 255 CPUs", set_up_physical, nothing, run_send_physical, 1 },
	{ "xAPIC physical, one id renamed, 255 CPUs", set_up_renamed, nothing, run_send_physical,
	  1 },
	{ "xAPIC logical, 1 of 255 CPUs", set_up_logical, nothing, run_send_logical, 1 },
	{ "register read, RDMSR", nothing, nothing, run_read_msr, 0 },
	{ "register read, MMIO", nothing, nothing, run_read_mmio, 0 },
};
