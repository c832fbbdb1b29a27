/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A number of APICs and the directory that they publish themselves in: what routing is tested on.
 *
 * SDM vol. 3, "Determining IPI Destination".
 */
#ifndef TESTS_LAPIC_CPUS_H
#define TESTS_LAPIC_CPUS_H

#include "lapic/lapic_route.h"
#include "tests/unit/lapic_fixture.h"

struct cpus {
	uint32_t nr;
	struct lapic *cpu;
	struct lapic_directory *dir;
	uint16_t *targets; /* room for nr, no more, so that a sanitizer sees an overrun */
};

/* All in xAPIC mode and software-disabled; nobody has published anything yet. */
static inline struct cpus cpus_new(uint32_t nr, uint32_t first_id)
{
	struct lapic_config config = fx_config();
	struct cpus m = { .nr = nr };

	m.cpu = calloc(nr, sizeof(*m.cpu));
	m.dir = calloc(1, sizeof(*m.dir));
	m.targets = calloc(nr, sizeof(*m.targets));
	ck_assert(m.cpu && m.dir && m.targets);
	lapic_directory_reset(m.dir, nr, first_id);
	for (uint32_t i = 0; i < nr; i++) {
		config.id = first_id + i;
		config.bsp = i == 0;
		lapic_power_up(&m.cpu[i], &config);
	}
	return m;
}

static inline void cpus_free(struct cpus *m)
{
	free(m->cpu);
	free(m->dir);
	free(m->targets);
}

static inline void cpus_publish(struct cpus *m)
{
	for (uint32_t i = 0; i < m->nr; i++)
		lapic_publish(m->dir, i, &m->cpu[i]);
}

/* Software-enabled and published, in the given mode. */
static inline struct cpus cpus_enabled(uint32_t nr, uint32_t first_id, bool x2apic)
{
	struct cpus m = cpus_new(nr, first_id);

	for (uint32_t i = 0; i < nr; i++) {
		fx_write(&m.cpu[i], LAPIC_SVR, FX_SVR_ENABLED);
		if (x2apic)
			fx_enter_x2apic(&m.cpu[i]);
	}
	cpus_publish(&m);
	return m;
}

/* One register write by one CPU, published as its thread would. */
static inline void cpus_write(struct cpus *m, uint32_t cpu, uint32_t offset, uint32_t value)
{
	fx_write(&m->cpu[cpu], offset, value);
	lapic_publish(m->dir, cpu, &m->cpu[cpu]);
}

static inline struct apic_msg cpus_message(uint32_t dest, bool logical)
{
	return (struct apic_msg){
		.dest = dest,
		.logical = logical,
		.vector = 0x41,
		.mode = APIC_MODE_FIXED,
		.asserted = true,
	};
}

#endif
