/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local interrupt sources, from the test device's port to the CPU whose they are. SDM vol. 3,
 * "Local Vector Table"; on a made-up KVM, without a thread.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define VECTOR 0x61
#define NMI    0x400
#define MASKED 0x10000

struct raised {
	uint32_t count;
	enum local_event last;
};

static void note(void *opaque, enum local_event event)
{
	struct raised *raised = opaque;

	raised->count++;
	raised->last = event;
}

START_TEST(the_port_takes_dwords_that_are_events)
{
	struct raised raised = { .count = 0 };
	struct local_events events = { .raise = note, .machine = &raised };
	struct bus ports = { .nr_regions = 0 };
	uint64_t value;

	ck_assert_int_eq(local_events_init(&events, &ports), 0);
	ck_assert(bus_read(&ports, LOCAL_EVENTS_PORT, 4, &value));
	ck_assert_uint_eq(value, NR_LOCAL_EVENTS);
	bus_read(&ports, LOCAL_EVENTS_PORT, 2, &value);
	ck_assert_uint_eq(value, UINT16_MAX);
	bus_read(&ports, LOCAL_EVENTS_PORT + 2, 2, &value);
	ck_assert_uint_eq(value, UINT16_MAX);
	for (uint32_t i = 0; i < NR_LOCAL_EVENTS; i++) {
		bus_write(&ports, LOCAL_EVENTS_PORT, 4, i);
		ck_assert_uint_eq(raised.count, i + 1);
		ck_assert_int_eq(raised.last, i);
	}
	bus_write(&ports, LOCAL_EVENTS_PORT, 4, NR_LOCAL_EVENTS);
	bus_write(&ports, LOCAL_EVENTS_PORT, 4, UINT32_MAX);
	bus_write(&ports, LOCAL_EVENTS_PORT, 1, 0);
	bus_write(&ports, LOCAL_EVENTS_PORT + 2, 2, 0);
	ck_assert_uint_eq(raised.count, NR_LOCAL_EVENTS);
}
END_TEST

static uint32_t fire(struct fake_board *board, uint32_t cpu, enum local_event event)
{
	struct vcpu *vcpu = &board->machine.vcpus[cpu];

	vcpu_local_event(vcpu, event);
	vcpu_act_on_events(vcpu);
	return board->vcpu[cpu].nmis;
}

START_TEST(R104_lint1_is_an_nmi_by_each_cpus_own_entry)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	fake_apic_write(board, 0, LAPIC_LVT_LINT1, NMI);
	fake_apic_write(board, 1, LAPIC_LVT_LINT1, NMI | MASKED);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		ck_assert_uint_eq(fire(board, cpu, LOCAL_EVENT_LINT1_HIGH), cpu == 0);
		ck_assert_uint_eq(fire(board, cpu, LOCAL_EVENT_LINT1_HIGH), cpu == 0);
		ck_assert_uint_eq(fire(board, cpu, LOCAL_EVENT_LINT1_LOW), cpu == 0);
		ck_assert_uint_eq(fire(board, cpu, LOCAL_EVENT_LINT1_HIGH), cpu == 0 ? 2 : 0);
	}
	fake_board_free(board);
}
END_TEST

START_TEST(R105_a_performance_counter_masks_its_entry)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	fake_apic_write(board, 0, LAPIC_LVT_PMC, NMI);
	ck_assert_uint_eq(fire(board, 0, LOCAL_EVENT_PMC), 1);
	ck_assert_uint_eq(fire(board, 0, LOCAL_EVENT_PMC), 1);
	fake_apic_write(board, 0, LAPIC_LVT_THERMAL, VECTOR);
	ck_assert(!fake_irr(board, 0, VECTOR));
	fire(board, 0, LOCAL_EVENT_THERMAL);
	ck_assert(fake_irr(board, 0, VECTOR));
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("local_events");
	TCase *tc = tcase_create("local events");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, the_port_takes_dwords_that_are_events);
	tcase_add_test(tc, R104_lint1_is_an_nmi_by_each_cpus_own_entry);
	tcase_add_test(tc, R105_a_performance_counter_masks_its_entry);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
