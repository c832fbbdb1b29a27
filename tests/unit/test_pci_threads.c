/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X and several CPUs: no message arrives after a mask was set and read back, whoever sends it.
 *
 * PCI Local Bus Specification 3.0, "Operation of Per-vector Masking and Pending Bits": software
 * that has masked a vector may change its message, or free what the handler works on.
 */
#define _DEFAULT_SOURCE

#include <pthread.h>
#include <unistd.h>

#include "tests/unit/pci_fixture.h"
#include "vmm/kick.h"

#define MSIX_ENABLE 0x8000u
#define MSIX_MASK   0x4000u
#define MASKED      1u
#define COMMAND     (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
#define VECTOR      1u
#define CONTROL_AT  (FAKE_TABLE + VECTOR * MSIX_ENTRY_SIZE + 12)
#define RUN_NS      UINT64_C(200000000)
#define NAP_US      50
#define NAPS        20 /* that a message on its way leaves to the others at most */

struct race {
	struct pci_rig *rig;
	struct pci_function *fn;
	const struct contest *contest;
	_Atomic bool masked; /* set and read back, and not taken back yet */
	_Atomic bool over;
	atomic_uint sent;
	atomic_uint late;
};

/* One CPU or device sends, again and again, while another CPU masks and unmasks. */
struct contest {
	void (*send)(struct race *race);
	void (*mask)(struct race *race, bool set);
};

/* A message takes its time, which a mask must not overtake. */
static void on_message(void *irqchip, uint64_t address, uint32_t data)
{
	struct race *race = irqchip;

	(void)address;
	(void)data;
	for (int i = 0; i < NAPS && !atomic_load(&race->masked); i++)
		usleep(NAP_US);
	if (atomic_load(&race->masked))
		atomic_fetch_add(&race->late, 1);
	atomic_fetch_add(&race->sent, 1);
}

static void write_control(struct race *race, uint32_t value)
{
	pci_config_write(race->fn, race->fn->msix_at + 2, 2, value);
}

static void mask_vector(struct race *race, bool set)
{
	pci_bar_write(race->fn, FAKE_BAR, CONTROL_AT, 4, set ? MASKED : 0);
	ck_assert_uint_eq(pci_bar_read(race->fn, FAKE_BAR, CONTROL_AT, 4), set ? MASKED : 0);
}

static void mask_function(struct race *race, bool set)
{
	uint32_t value = MSIX_ENABLE | (set ? MSIX_MASK : 0);

	write_control(race, value);
	ck_assert_uint_eq(pci_config_read(race->fn, race->fn->msix_at + 2, 2),
			  value | (FAKE_VECTORS - 1));
}

static void disable(struct race *race, bool set)
{
	uint32_t value = set ? 0 : MSIX_ENABLE;

	write_control(race, value);
	ck_assert_uint_eq(pci_config_read(race->fn, race->fn->msix_at + 2, 2),
			  value | (FAKE_VECTORS - 1));
}

static void forbid_mastering(struct race *race, bool set)
{
	uint32_t value = set ? PCI_COMMAND_MEMORY : COMMAND;

	pci_config_write(race->fn, PCI_COMMAND, 2, value);
	ck_assert_uint_eq(pci_config_read(race->fn, PCI_COMMAND, 2), value);
}

static void send_by_raising(struct race *race)
{
	pci_interrupt(race->fn, VECTOR);
}

/* What is pending is sent by the CPU that takes back the mask. */
static void send_by_vector_mask(struct race *race)
{
	mask_vector(race, true);
	pci_interrupt(race->fn, VECTOR);
	mask_vector(race, false);
}

static void send_by_function_mask(struct race *race)
{
	mask_function(race, true);
	pci_interrupt(race->fn, VECTOR);
	mask_function(race, false);
}

static void send_by_mastering(struct race *race)
{
	forbid_mastering(race, true);
	pci_interrupt(race->fn, VECTOR);
	forbid_mastering(race, false);
}

static const struct contest contests[] = {
	{ send_by_raising, mask_vector },       { send_by_raising, mask_function },
	{ send_by_raising, disable },           { send_by_raising, forbid_mastering },
	{ send_by_vector_mask, mask_function }, { send_by_vector_mask, forbid_mastering },
	{ send_by_function_mask, mask_vector }, { send_by_mastering, mask_vector },
};

#define NR_CONTESTS ((int)(sizeof(contests) / sizeof(contests[0])))

static void *sender_main(void *argument)
{
	struct race *race = argument;

	while (!atomic_load(&race->over)) {
		race->contest->send(race);
		usleep(NAP_US);
	}
	return NULL;
}

/* Some rounds, fewer where the host is busy. */
static void mask_and_unmask(struct race *race)
{
	uint64_t end = kick_clock_ns() + RUN_NS;

	do {
		race->contest->mask(race, true);
		atomic_store(&race->masked, true);
		usleep(2 * NAP_US);
		atomic_store(&race->masked, false);
		race->contest->mask(race, false);
		usleep(2 * NAP_US);
	} while (kick_clock_ns() < end);
}

START_TEST(R159_no_message_comes_after_the_mask)
{
	struct race race = { .rig = pci_rig_create(1), .contest = &contests[_i] };
	pthread_t sender;

	race.fn = &race.rig->dev[0].fn;
	race.fn->wiring.send_msi = on_message;
	race.fn->wiring.irqchip = &race;
	forbid_mastering(&race, false);
	mask_function(&race, false);
	mask_vector(&race, false);
	ck_assert_int_eq(pthread_create(&sender, NULL, sender_main, &race), 0);
	mask_and_unmask(&race);
	atomic_store(&race.over, true);
	pthread_join(sender, NULL);
	/* What was held back to the end comes now, so that there is something in any case. */
	pci_interrupt(race.fn, VECTOR);
	ck_assert_uint_gt(race.sent, 0);
	ck_assert_uint_eq(race.late, 0);
	free(race.rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("PCI and threads");
	TCase *all = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(all, R159_no_message_comes_after_the_mask, 0, NR_CONTESTS);
	suite_add_tcase(suite, all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
