/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259 pair on the board: its lines, its output, who is told of it, and its ports. Intel 8259A
 * Programmable Interrupt Controller datasheet; SDM vol. 3, "Local Vector Table", for LINT0. No
 * thread runs: the CPUs are looked at instead.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"
#include "vmm/bios_state.h"

#define DEVICE   IRQ_SOURCE_DEVICE
#define PIC_BASE 0x20
#define PIC_EOI  0x20

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

static void got_nothing(struct fake_board *board)
{
	for (uint32_t i = 0; i < board->machine.nr_vcpus; i++)
		ck_assert(!lapic_inbox_pending(&board->machine.vcpus[i].inbox));
}

/* The usual set-up: ICW1 to ICW4, all unmasked but nothing special. */
static void set_up_pic(struct fake_board *board)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} writes[] = {
		{ 0x20, 0x11 }, { 0x21, PIC_BASE }, { 0x21, 0x04 }, { 0x21, 0x01 }, { 0xa0, 0x11 },
		{ 0xa1, 0x28 }, { 0xa1, 0x02 },     { 0xa1, 0x01 }, { 0x21, 0x00 }, { 0xa1, 0x00 },
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		ck_assert(bus_write(&board->machine.ports, writes[i].port, 1, writes[i].value));
}

START_TEST(R137_intr_is_told_to_the_first_cpu_and_to_those_that_listen)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;

	set_up_pic(board);
	fake_apic_write(board, 2, LAPIC_LVT_LINT0, APIC_MODE_EXTINT << LAPIC_LVT_MODE_SHIFT);
	line(board, 4, DEVICE, true);
	ck_assert(irqchip_intr(chip));
	ck_assert_uint_eq(drain(board, 0), VCPU_EVENT_INTR);
	ck_assert_uint_eq(drain(board, 1), 0);
	ck_assert_uint_eq(drain(board, 2), VCPU_EVENT_INTR);
	line(board, 4, DEVICE, true); /* no change, nothing to tell */
	got_nothing(board);

	line(board, 4, DEVICE, false);
	ck_assert(!irqchip_intr(chip));
	ck_assert_uint_eq(drain(board, 0), VCPU_EVENT_INTR);
	fake_board_free(board);
}
END_TEST

static void write_ioapic(struct fake_board *board, uint32_t index, uint32_t value)
{
	ck_assert(bus_write(&board->machine.mmio, IOAPIC_BASE, 4, index));
	ck_assert(bus_write(&board->machine.mmio, IOAPIC_BASE + 0x10, 4, value));
}

/* Each rise of INTR is a message, as the MP table's ExtINT entry says. */
START_TEST(R137_intr_is_on_pin_0)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_NONE, false);
	uint8_t vector;

	set_up_pic(board);
	write_ioapic(board, 0x11, 1u << 24);
	write_ioapic(board, 0x10, APIC_MODE_EXTINT << 8);
	for (uint32_t i = 0; i < 2; i++) {
		line(board, 4, DEVICE, true);
		ck_assert_uint_eq(drain(board, 1), LAPIC_EVENT_EXTINT);
		ck_assert_uint_eq(drain(board, 0), VCPU_EVENT_INTR);
		ck_assert(irqchip_ack_pic(&board->machine.irqchip, &vector));
		ck_assert_uint_eq(vector, PIC_BASE + 4);
		ck_assert(bus_write(&board->machine.ports, 0x20, 1, PIC_EOI));
		line(board, 4, DEVICE, false);
		ck_assert_uint_eq(drain(board, 1), 0);
	}
	fake_board_free(board);
}
END_TEST

START_TEST(lines_from_16_on_are_no_8259_s)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	set_up_pic(board);
	line(board, 16, DEVICE, true);
	line(board, 20, DEVICE, true);
	ck_assert(!irqchip_intr(&board->machine.irqchip));
	fake_board_free(board);
}
END_TEST

START_TEST(R140_acknowledging_takes_the_vector_and_the_level)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;
	uint8_t vector = 0;

	set_up_pic(board);
	ck_assert(!irqchip_ack_pic(chip, &vector));
	line(board, 4, DEVICE, true);
	line(board, 1, DEVICE, true);
	ck_assert(irqchip_ack_pic(chip, &vector));
	ck_assert_uint_eq(vector, PIC_BASE + 1);
	ck_assert(!irqchip_intr(chip)); /* IRQ 4 is of lower priority than what is in service */
	drain(board, 0);
	ck_assert(bus_write(&board->machine.ports, 0x20, 1, PIC_EOI));
	ck_assert(irqchip_intr(chip));
	ck_assert_uint_eq(drain(board, 0), VCPU_EVENT_INTR);
	ck_assert(irqchip_ack_pic(chip, &vector));
	ck_assert_uint_eq(vector, PIC_BASE + 4);
	fake_board_free(board);
}
END_TEST

START_TEST(the_8259_s_ports)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct bus *ports = &board->machine.ports;
	uint64_t value;

	set_up_pic(board);
	ck_assert(bus_write(ports, 0x21, 1, 0x5a));
	ck_assert(bus_write(ports, 0xa1, 1, 0xa5));
	ck_assert(bus_read(ports, 0x21, 1, &value));
	ck_assert_uint_eq(value, 0x5a);
	ck_assert(bus_read(ports, 0xa1, 1, &value));
	ck_assert_uint_eq(value, 0xa5);
	/* Both ELCRs in one access. */
	ck_assert(bus_write(ports, 0x4d0, 2, 0x0c20));
	ck_assert(bus_read(ports, 0x4d0, 2, &value));
	ck_assert_uint_eq(value, 0x0c20);
	ck_assert(bus_read(ports, 0x4d1, 1, &value));
	ck_assert_uint_eq(value, 0x0c);
	fake_board_free(board);
}
END_TEST

/* Masking is a change of INTR like any other. */
START_TEST(a_register_can_change_intr)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	set_up_pic(board);
	ck_assert(bus_write(&board->machine.ports, 0x21, 1, 0xff));
	line(board, 3, DEVICE, true);
	got_nothing(board);
	ck_assert(bus_write(&board->machine.ports, 0x21, 1, 0xf7));
	ck_assert_uint_eq(drain(board, 0), VCPU_EVENT_INTR);
	ck_assert(irqchip_intr(&board->machine.irqchip));
	fake_board_free(board);
}
END_TEST

/*
 * Vectors from 8 and 0x70 on; of the lines only the timer's is open, and those behind IR2 masked.
 */
START_TEST(as_a_bios_leaves_it)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct irqchip *chip = &board->machine.irqchip;
	uint8_t vector;

	bios_state_set(&board->machine.ports);
	for (uint32_t irq = 1; irq < 16; irq++) {
		if (irq == 2)
			continue;
		line(board, irq, DEVICE, true);
		ck_assert_msg(!irqchip_intr(chip), "IRQ %u", irq);
		line(board, irq, DEVICE, false);
	}
	line(board, 0, DEVICE, true);
	ck_assert(irqchip_ack_pic(chip, &vector));
	ck_assert_uint_eq(vector, 0x08);
	bus_write(&board->machine.ports, 0x20, 1, 0x20);
	bus_write(&board->machine.ports, 0xa1, 1, 0xfe);
	line(board, 8, DEVICE, true);
	ck_assert(irqchip_ack_pic(chip, &vector));
	ck_assert_uint_eq(vector, 0x70);
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("irqchip_pic");
	TCase *tc = tcase_create("8259");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, R137_intr_is_told_to_the_first_cpu_and_to_those_that_listen);
	tcase_add_test(tc, R137_intr_is_on_pin_0);
	tcase_add_test(tc, lines_from_16_on_are_no_8259_s);
	tcase_add_test(tc, R140_acknowledging_takes_the_vector_and_the_level);
	tcase_add_test(tc, the_8259_s_ports);
	tcase_add_test(tc, a_register_can_change_intr);
	tcase_add_test(tc, as_a_bios_leaves_it);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
