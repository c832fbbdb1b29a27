/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed IPIs by logical id: flat, cluster, and the clusters of x2APIC. SDM vol. 3, "Logical
 * Destination Mode", "Logical Destination Mode in x2APIC Mode".
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define FLAT_CPUS    8u
#define CLUSTER_SIZE 4u
#define CLUSTER_CPUS 60u /* clusters 0..14: 15 would be the broadcast */
#define XAPIC_ALL    0xffu
#define VECTOR_ALL   0xe0u

/* One model of logical addressing. CPUs fall into groups that one message can reach as a whole. */
struct model {
	uint32_t max_members;
	uint32_t (*dest)(const struct kernel *kernel, uint32_t index);
	uint32_t (*group_dest)(const struct kernel *kernel, uint32_t index);
	uint32_t (*group)(const struct kernel *kernel, uint32_t index);
	uint32_t (*place)(const struct kernel *kernel, uint32_t index); /* in its group, below 16 */
	uint32_t all; /* reaches every CPU; 0: not tested */
	job_fn setup; /* NULL: the hardware's own ids */
};

static uint32_t flat_dest(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return 1u << index;
}

static uint32_t flat_group_dest(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index % 2 ? 0xaa : 0x55;
}

static uint32_t flat_group(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index % 2;
}

static uint32_t flat_place(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index / 2;
}

static uint32_t cluster_dest(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index / CLUSTER_SIZE << 4 | 1u << index % CLUSTER_SIZE;
}

static uint32_t cluster_group_dest(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index / CLUSTER_SIZE << 4 | 0xf;
}

static uint32_t cluster_group(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index / CLUSTER_SIZE;
}

static uint32_t cluster_place(const struct kernel *kernel, uint32_t index)
{
	(void)kernel;
	return index % CLUSTER_SIZE;
}

static uint32_t x2apic_dest(const struct kernel *kernel, uint32_t index)
{
	uint32_t id = kernel->apic_ids[index];

	return (id >> 4) << 16 | 1u << (id & 15);
}

static uint32_t x2apic_group_dest(const struct kernel *kernel, uint32_t index)
{
	return (kernel->apic_ids[index] >> 4) << 16 | 0xffff;
}

static uint32_t x2apic_group(const struct kernel *kernel, uint32_t index)
{
	return kernel->apic_ids[index] >> 4;
}

static uint32_t x2apic_place(const struct kernel *kernel, uint32_t index)
{
	return kernel->apic_ids[index] & 15;
}

/* CPUs beyond the members have logical id 0 and so are nobody's target (R87). */
static void flat_setup(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t id = cpu->index < FLAT_CPUS ? flat_dest(kernel, cpu->index) : 0;

	apic_set_logical(APIC_DFR_FLAT, id);
}

static void cluster_setup(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t id = cpu->index < CLUSTER_CPUS ? cluster_dest(kernel, cpu->index) : 0;

	apic_set_logical(APIC_DFR_CLUSTER, id);
}

static const struct model model_flat = {
	.max_members = FLAT_CPUS,
	.dest = flat_dest,
	.group_dest = flat_group_dest,
	.group = flat_group,
	.place = flat_place,
	.setup = flat_setup,
};

static const struct model model_cluster = {
	.max_members = CLUSTER_CPUS,
	.dest = cluster_dest,
	.group_dest = cluster_group_dest,
	.group = cluster_group,
	.place = cluster_place,
	.all = XAPIC_ALL,
	.setup = cluster_setup,
};

static const struct model model_x2apic = {
	.max_members = KERNEL_MAX_CPUS,
	.dest = x2apic_dest,
	.group_dest = x2apic_group_dest,
	.group = x2apic_group,
	.place = x2apic_place,
	.all = APIC_BROADCAST_X2APIC,
};

static const struct model *model_of(const struct kernel *kernel)
{
	if (in_x2apic(kernel))
		return &model_x2apic;
	return test_env(kernel)->parameter[0] ? &model_cluster : &model_flat;
}

static uint32_t members_of(const struct kernel *kernel, const struct model *model)
{
	return kernel->nr_cpus < model->max_members ? kernel->nr_cpus : model->max_members;
}

/* Each CPU sends one message to its whole group; its place there picks the vector. */
static void group_job(struct kernel *kernel, struct cpu *cpu)
{
	const struct model *model = model_of(kernel);
	uint32_t members = members_of(kernel, model);
	uint32_t mine = model->group(kernel, cpu->index), peers = 0;

	for (uint32_t i = 0; i < members; i++)
		peers += model->group(kernel, i) == mine;
	apic_icr(model->group_dest(kernel, cpu->index),
		 APIC_ICR_ASSERT | APIC_ICR_LOGICAL |
			 (VECTOR_FIRST + model->place(kernel, cpu->index)));
	if (!smp_wait(&cpu->irqs, peers))
		return;
	for (uint32_t i = 0; i < members; i++) {
		uint32_t vector = VECTOR_FIRST + model->place(kernel, i);

		if (model->group(kernel, i) == mine && test_load(&cpu->count[vector]) != 1)
			test_fail(kernel, "cpu %u: group message of cpu %u came %u times",
				  cpu->index, i, test_load(&cpu->count[vector]));
	}
	if (test_load(&cpu->irqs) != peers)
		test_fail(kernel, "cpu %u: %u group messages, not %u", cpu->index,
			  test_load(&cpu->irqs), peers);
}

static void all_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0)
		apic_icr(model_of(kernel)->all, APIC_ICR_ASSERT | APIC_ICR_LOGICAL | VECTOR_ALL);
	smp_wait(&cpu->count[VECTOR_ALL], 1);
}

static void test_model(struct kernel *kernel, const struct model *model)
{
	uint32_t members = members_of(kernel, model);
	const struct exchange exchange = {
		.members = members,
		.low = APIC_MODE_FIXED | APIC_ICR_LOGICAL,
		.dest = model->dest,
	};

	if (model->setup)
		test_run(kernel, model->setup);
	exchange_matrix(kernel, &exchange);
	irq_reset_counts(kernel);
	if (!test_failed(kernel))
		test_run_on(kernel, group_job, 0, members - 1);
	irq_reset_counts(kernel);
	if (!test_failed(kernel) && model->all) {
		test_run_on(kernel, all_job, 0, members - 1);
		test_expect_totals(kernel, members, 1);
	}
	if (model->setup)
		test_run(kernel, flat_setup);
}

void test_ipi_logical_flat(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 0;
	test_model(kernel, &model_flat);
}

void test_ipi_logical_cluster(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 1;
	test_model(kernel, model_of(kernel));
}

const char *unfit_logical_flat(const struct kernel *kernel)
{
	return in_x2apic(kernel) ? "x2APIC has clusters only" : NULL;
}
