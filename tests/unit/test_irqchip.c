/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's wiring: from lines and MSIs to the inboxes of CPUs, and the registers on the buses.
 * Intel 82093AA I/O APIC datasheet; SDM vol. 3, "Message Signalled Interrupts". No thread runs: the
 * CPUs are looked at instead.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define IOREGSEL        IOAPIC_BASE
#define IOWIN           (IOAPIC_BASE + 0x10)
#define DEVICE          IRQ_SOURCE_DEVICE
#define OTHER_DEVICE    IRQ_SOURCE_TEST_DEVICE
#define PIC_BASE        0x20
#define PIC_EOI         0x20
#define MSI_ADDRESS(id) (UINT64_C(0xfee00000) | (uint64_t)(id) << 12)

static void write_ioapic(struct fake_board *board, uint32_t index, uint32_t value)
{
	ck_assert(bus_write(&board->machine.mmio, IOREGSEL, 4, index));
	ck_assert(bus_write(&board->machine.mmio, IOWIN, 4, value));
}

static uint32_t read_ioapic(struct fake_board *board, uint32_t index)
{
	uint64_t value;

	ck_assert(bus_write(&board->machine.mmio, IOREGSEL, 4, index));
	ck_assert(bus_read(&board->machine.mmio, IOWIN, 4, &value));
	return (uint32_t)value;
}

/* Pin to CPU number cpu, physical; low is the RTE's bits 31:0. */
static void set_pin(struct fake_board *board, uint32_t pin, uint32_t cpu, uint32_t low)
{
	write_ioapic(board, 0x11 + 2 * pin, cpu << 24);
	write_ioapic(board, 0x10 + 2 * pin, low);
}

static void line(struct fake_board *board, uint32_t gsi, uint32_t source, bool level)
{
	irqchip_set_irq(&board->machine.irqchip, gsi, source, level);
}

/* What a CPU's thread would do first. */
static uint32_t drain(struct fake_board *board, uint32_t cpu)
{
	struct vcpu *vcpu = &board->machine.vcpus[cpu];

	return lapic_drain(&vcpu->lapic, &vcpu->inbox);
}

/* CPU number cpu, and only it, has got vector; it takes it, for the next time. */
static void got(struct fake_board *board, uint32_t cpu, uint8_t vector)
{
	for (uint32_t i = 0; i < board->machine.nr_vcpus; i++) {
		drain(board, i);
		ck_assert_msg(fake_irr(board, i, vector) == (i == cpu), "vector %u, CPU %u", vector,
			      i);
	}
	lapic_ack(&board->machine.vcpus[cpu].lapic, vector);
}

static void got_nothing(struct fake_board *board)
{
	for (uint32_t i = 0; i < board->machine.nr_vcpus; i++)
		ck_assert(!lapic_inbox_pending(&board->machine.vcpus[i].inbox));
}

static uint64_t count(_Atomic uint64_t *counter)
{
	return atomic_load(counter);
}

/* ---- lines to I/O APIC pins ------------------------------------------------------------------ */

START_TEST(a_line_is_its_pin)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_NONE, false);

	set_pin(board, 4, 1, 0x44);
	set_pin(board, 23, 2, 0x57);
	line(board, 4, DEVICE, true);
	got(board, 1, 0x44);
	line(board, 23, DEVICE, true);
	got(board, 2, 0x57);
	line(board, 24, DEVICE, true);
	line(board, UINT32_MAX, DEVICE, true);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

/* R149 */
START_TEST(R149_the_timer_comes_in_at_pin_2)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	set_pin(board, 0, 0, 0x30);
	set_pin(board, 2, 1, 0x32);
	line(board, 0, DEVICE, true);
	got(board, 1, 0x32);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

START_TEST(R144_a_level_lasts_until_its_line_falls)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	set_pin(board, 5, 1, 0x8045);
	line(board, 5, DEVICE, true);
	got(board, 1, 0x45);
	line(board, 5, DEVICE, true);
	got_nothing(board);

	irqchip_eoi(chip, 0x45);
	got(board, 1, 0x45);
	irqchip_eoi(chip, 0x46);
	got_nothing(board);

	line(board, 5, DEVICE, false);
	irqchip_eoi(chip, 0x45);
	got_nothing(board);
	line(board, 5, DEVICE, true);
	got(board, 1, 0x45);
	ck_assert_uint_eq(count(&chip->stats.eois), 3);
	ck_assert_uint_eq(count(&chip->stats.messages), 3);
	fake_board_free(board);
}
END_TEST

/* The store to EOI on one CPU brings the next message to another, and frees the pin (R77). */
START_TEST(a_level_ends_by_the_cpu_s_eoi)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	set_pin(board, 5, 1, 0x8045);
	line(board, 5, DEVICE, true);
	got(board, 1, 0x45);
	ck_assert_uint_eq(read_ioapic(board, 0x1a), 0xc045);
	line(board, 5, DEVICE, false);
	fake_apic_write(board, 1, LAPIC_EOI, 0);
	ck_assert_uint_eq(read_ioapic(board, 0x1a), 0x8045);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

START_TEST(R148_two_devices_share_a_line)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	set_pin(board, 11, 0, 0x8050);
	line(board, 11, DEVICE, true);
	line(board, 11, OTHER_DEVICE, true);
	got(board, 0, 0x50);
	line(board, 11, DEVICE, false);
	irqchip_eoi(chip, 0x50);
	got(board, 0, 0x50);
	line(board, 11, OTHER_DEVICE, false);
	irqchip_eoi(chip, 0x50);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

START_TEST(R142_unmasking_a_high_level_sends)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	line(board, 9, DEVICE, true);
	got_nothing(board);
	set_pin(board, 9, 0, 0x8051);
	got(board, 0, 0x51);
	fake_board_free(board);
}
END_TEST

START_TEST(pins_that_are_no_fixed_interrupts)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	set_pin(board, 3, 1, 0x0400);
	line(board, 3, DEVICE, true);
	ck_assert_uint_eq(drain(board, 1), LAPIC_EVENT_NMI);
	set_pin(board, 6, 1, 0x0700);
	line(board, 6, DEVICE, true);
	ck_assert_uint_eq(drain(board, 1), LAPIC_EVENT_EXTINT);
	set_pin(board, 7, 1, 0x0500);
	line(board, 7, DEVICE, true);
	ck_assert_uint_eq(drain(board, 1), LAPIC_EVENT_INIT);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

/* ---- messages -------------------------------------------------------------------------------- */

START_TEST(R173_an_msi_finds_its_cpu)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	irqchip_send_msi(chip, MSI_ADDRESS(1), 0x61);
	got(board, 1, 0x61);
	irqchip_send_msi(chip, MSI_ADDRESS(0xff), 0x62);
	for (uint32_t i = 0; i < 3; i++) {
		drain(board, i);
		ck_assert(fake_irr(board, i, 0x62));
	}
	ck_assert_uint_eq(count(&chip->stats.messages), 2);
	ck_assert_uint_eq(count(&chip->stats.unrouted), 0);
	fake_board_free(board);
}
END_TEST

START_TEST(R96_messages_for_nobody_are_counted)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	irqchip_send_msi(chip, MSI_ADDRESS(7), 0x61);      /* no such CPU */
	irqchip_send_msi(chip, MSI_ADDRESS(1) | 16, 0x61); /* remappable format */
	irqchip_send_msi(chip, 0x1000, 0x61);              /* no MSI address */
	irqchip_send_msi(chip, MSI_ADDRESS(1), 0x361);     /* reserved delivery mode */
	got_nothing(board);
	ck_assert_uint_eq(count(&chip->stats.unrouted), 1);
	ck_assert_uint_eq(count(&chip->stats.bad_msi), 3);
	fake_board_free(board);
}
END_TEST

/* A level-triggered de-assert reaches its CPU and is nothing there (R158). */
START_TEST(R158_a_de_assert_is_nothing)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);

	irqchip_send_msi(&board->machine.irqchip, MSI_ADDRESS(1), 0x8061);
	got_nothing(board);
	fake_board_free(board);
}
END_TEST

START_TEST(R82_an_ipi_leaves_the_sender_out)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_NONE, false);

	fake_apic_write(board, 1, LAPIC_ICR, 0xc4070); /* all excluding self, fixed */
	ck_assert(!lapic_inbox_pending(&board->machine.vcpus[1].inbox));
	for (uint32_t i = 0; i < 3; i += 2) {
		drain(board, i);
		ck_assert(fake_irr(board, i, 0x70));
	}
	fake_board_free(board);
}
END_TEST

/* A sleeping CPU is woken by its first message and left alone by the next ones. */
START_TEST(one_kick_for_several_messages)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	struct vcpu *sender = &board->machine.vcpus[0];
	struct vcpu *target = &board->machine.vcpus[1];

	atomic_store(&target->state, VCPU_SLEEP);
	fake_apic_write(board, 0, LAPIC_ICR_HIGH, 1u << 24);
	fake_apic_write(board, 0, LAPIC_ICR, 0x4070);
	ck_assert_uint_eq(atomic_load(&target->state), VCPU_OUT);
	ck_assert_uint_eq(sender->stats.kicks_sent, 1);
	atomic_store(&target->state, VCPU_SLEEP);
	fake_apic_write(board, 0, LAPIC_ICR, 0x4071);
	ck_assert_uint_eq(atomic_load(&target->state), VCPU_SLEEP);
	ck_assert_uint_eq(sender->stats.kicks_sent, 1);
	ck_assert_uint_eq(sender->stats.kicks_saved, 1);
	drain(board, 1);
	ck_assert(fake_irr(board, 1, 0x70) && fake_irr(board, 1, 0x71));
	fake_board_free(board);
}
END_TEST

static TCase *messages_case(void)
{
	TCase *tc = tcase_create("messages");

	tcase_add_test(tc, R173_an_msi_finds_its_cpu);
	tcase_add_test(tc, R96_messages_for_nobody_are_counted);
	tcase_add_test(tc, R158_a_de_assert_is_nothing);
	tcase_add_test(tc, R82_an_ipi_leaves_the_sender_out);
	tcase_add_test(tc, one_kick_for_several_messages);
	return tc;
}

static TCase *lines_case(void)
{
	TCase *tc = tcase_create("lines");

	tcase_add_test(tc, a_line_is_its_pin);
	tcase_add_test(tc, R149_the_timer_comes_in_at_pin_2);
	tcase_add_test(tc, R144_a_level_lasts_until_its_line_falls);
	tcase_add_test(tc, a_level_ends_by_the_cpu_s_eoi);
	tcase_add_test(tc, R148_two_devices_share_a_line);
	tcase_add_test(tc, R142_unmasking_a_high_level_sends);
	tcase_add_test(tc, pins_that_are_no_fixed_interrupts);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("irqchip");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, lines_case());
	suite_add_tcase(suite, messages_case());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
