/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console: bytes in both directions, input before and beyond what the guest takes, and the
 * window's size.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Console Device".
 */
#include <linux/virtio_console.h>
#include <stdatomic.h>

#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_console.h"

#define WRITE  VRING_DESC_F_WRITE
#define NEXT   VRING_DESC_F_NEXT
#define RX     0
#define TX     1
#define BUFFER (RIG_BUFFERS + 0x10000)
#define ROOM   4096u

struct console_rig {
	struct virtio_rig *rig;
	struct virtio_device *dev;
	char out[256];
	_Atomic size_t nr_out;
	atomic_uint nr_space;
};

static void sink(void *opaque, const uint8_t *data, size_t len)
{
	struct console_rig *c = opaque;

	memcpy(c->out + c->nr_out, data, len);
	c->nr_out += len;
}

static void on_space(void *opaque)
{
	struct console_rig *c = opaque;

	c->nr_space++;
}

static struct console_rig *plugged(void)
{
	struct console_rig *c = calloc(1, sizeof(*c));

	ck_assert_ptr_nonnull(c);
	c->rig = rig_create();
	c->dev = virtio_console_create(&c->rig->host,
				       (struct virtio_console_sink){ .write = sink, .sink = c });
	rig_plug(c->rig, c->dev);
	virtio_console_on_space(c->dev, on_space, c);
	ck_assert_int_eq(virtio_pci_start(&c->rig->transport), 0);
	return c;
}

static struct console_rig *started(void)
{
	struct console_rig *c = plugged();

	bring_up(c->rig, RIG_ALL_FEATURES);
	reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4);
	return c;
}

static void end(struct console_rig *c)
{
	virtio_pci_stop(&c->rig->transport);
	rig_destroy(c->rig);
	free(c);
}

static void notify(struct console_rig *c, uint32_t queue)
{
	reg_out(c->rig, VIRTIO_PCI_AT_NOTIFY + 4 * queue, 2, queue);
}

static void wait_used(struct console_rig *c, uint32_t queue, uint32_t count)
{
	while (used_index(c->rig, queue) < count)
		usleep(100);
}

static void offer_buffer(struct console_rig *c, uint16_t index, uint32_t len)
{
	descriptor(c->rig, RX, index, BUFFER + index * 0x1000u, len, WRITE, 0);
	offer(c->rig, RX, index);
	notify(c, RX);
}

static size_t type(struct console_rig *c, const char *text)
{
	return virtio_console_receive(c->dev, (const uint8_t *)text, strlen(text));
}

START_TEST(output_arrives_in_order)
{
	struct console_rig *c = started();

	memcpy(ram(c->rig, BUFFER), "hello, world\n", 13);
	descriptor(c->rig, TX, 0, BUFFER, 7, NEXT, 1);
	descriptor(c->rig, TX, 1, BUFFER + 7, 6, 0, 0);
	offer(c->rig, TX, 0);
	notify(c, TX);
	wait_used(c, TX, 1);
	ck_assert_uint_eq(take_used(c->rig, TX, 0), 0);
	ck_assert_uint_eq(c->nr_out, 13);
	ck_assert_str_eq(c->out, "hello, world\n");
	end(c);
}
END_TEST

START_TEST(input_fills_buffers)
{
	struct console_rig *c = started();

	offer_buffer(c, 0, 4);
	offer_buffer(c, 1, 100);
	ck_assert_uint_eq(type(c, "typing"), 6);
	wait_used(c, RX, 2);
	ck_assert_uint_eq(take_used(c->rig, RX, 0), 4);
	ck_assert_uint_eq(take_used(c->rig, RX, 1), 2);
	ck_assert_mem_eq(ram(c->rig, BUFFER), "typi", 4);
	ck_assert_mem_eq(ram(c->rig, BUFFER + 0x1000), "ng", 2);
	end(c);
}
END_TEST

START_TEST(input_waits_for_buffers)
{
	struct console_rig *c = plugged();

	ck_assert_uint_eq(type(c, "early "), 6);
	ck_assert_uint_eq(type(c, "bird"), 4);
	ck_assert(!virtio_console_is_heard(c->dev));
	/* The thread has seen them, and that nobody wants them yet. */
	usleep(20000);
	bring_up(c->rig, RIG_ALL_FEATURES);
	reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4);
	usleep(20000);
	offer_buffer(c, 0, 100);
	wait_used(c, RX, 1);
	ck_assert(virtio_console_is_heard(c->dev));
	ck_assert_uint_eq(take_used(c->rig, RX, 0), 10);
	ck_assert_mem_eq(ram(c->rig, BUFFER), "early bird", 10);
	set_status(c->rig, 0);
	ck_assert(!virtio_console_is_heard(c->dev));
	end(c);
}
END_TEST

START_TEST(more_input_than_there_is_room)
{
	struct console_rig *c = started();
	uint8_t much[ROOM + 100];

	memset(much, 'm', sizeof(much));
	ck_assert_uint_eq(virtio_console_receive(c->dev, much, sizeof(much)), ROOM);
	ck_assert_uint_eq(type(c, "x"), 0);
	ck_assert_uint_eq(c->nr_space, 0);
	offer_buffer(c, 0, 16);
	wait_used(c, RX, 1);
	while (!c->nr_space)
		usleep(100);
	ck_assert_uint_eq(type(c, "xyz"), 3);
	end(c);
}
END_TEST

static void wait_config_interrupt(struct console_rig *c)
{
	while (!c->rig->board.level[17])
		usleep(100);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_ISR, 1), 2);
}

START_TEST(the_windows_size)
{
	struct console_rig *c = plugged();
	uint8_t generation = (uint8_t)reg_in(c->rig, 0x15, 1);

	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4), 0);
	virtio_console_resize(c->dev, 80, 25);
	while (!reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 2))
		usleep(100);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 2), 80);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_DEVICE + 2, 2), 25);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_ISR, 1), 0);
	/* A driver that is not ready yet may be reading it. */
	ck_assert_uint_ne(reg_in(c->rig, 0x15, 1), generation);

	/* A driver that has just come is told, each time. */
	for (int i = 0; i < 2; i++) {
		set_status(c->rig, 0);
		bring_up(c->rig, RIG_ALL_FEATURES);
		notify(c, RX);
		wait_config_interrupt(c);
	}
	generation = (uint8_t)reg_in(c->rig, 0x15, 1);
	virtio_console_resize(c->dev, 132, 50);
	wait_config_interrupt(c);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4), 132 | 50 << 16);
	ck_assert_uint_ne(reg_in(c->rig, 0x15, 1), generation);
	end(c);
}
END_TEST

/* Linux throws away input until its driver is set up, and reads the size only then. */
START_TEST(input_waits_for_the_size_to_be_read)
{
	struct console_rig *c = plugged();

	type(c, "early");
	for (uint32_t i = 0; i < 2; i++) {
		/* Before the reset that begins every set-up: it does not count. */
		reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4);
		bring_up(c->rig, RIG_ALL_FEATURES);
		offer_buffer(c, 0, 100);
		wait_config_interrupt(c);
		notify(c, RX);
		usleep(20000);
		ck_assert_uint_eq(used_index(c->rig, RX), 0);
		ck_assert(!virtio_console_is_heard(c->dev));
		set_status(c->rig, 0);
	}
	bring_up(c->rig, RIG_ALL_FEATURES);
	offer_buffer(c, 0, 100);
	wait_config_interrupt(c);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 4), 0);
	wait_used(c, RX, 1);
	ck_assert_uint_eq(take_used(c->rig, RX, 0), 5);
	ck_assert(virtio_console_is_heard(c->dev));
	end(c);
}
END_TEST

START_TEST(a_driver_that_does_not_care_for_the_size)
{
	struct console_rig *c = plugged();

	virtio_console_resize(c->dev, 80, 25);
	while (!reg_in(c->rig, VIRTIO_PCI_AT_DEVICE, 2))
		usleep(100);
	type(c, "early");
	bring_up(c->rig, ~(UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE));
	offer_buffer(c, 0, 100);
	wait_used(c, RX, 1);
	ck_assert_uint_eq(reg_in(c->rig, VIRTIO_PCI_AT_ISR, 1) & 2, 0);
	end(c);
}
END_TEST

START_TEST(bad_buffers)
{
	struct console_rig *c = started();

	type(c, "lost");
	descriptor(c->rig, _i, 0, RIG_RAM, 64, _i == RX ? WRITE : 0, 0);
	offer(c->rig, (uint32_t)_i, 0);
	notify(c, (uint32_t)_i);
	while (!has_failed(c->rig))
		usleep(100);
	ck_assert_uint_eq(c->rig->mistakes, 1);
	end(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio-console");
	TCase *all = tcase_create("all");

	tcase_add_test(all, output_arrives_in_order);
	tcase_add_test(all, input_fills_buffers);
	tcase_add_test(all, input_waits_for_buffers);
	tcase_add_test(all, more_input_than_there_is_room);
	tcase_add_test(all, the_windows_size);
	tcase_add_test(all, input_waits_for_the_size_to_be_read);
	tcase_add_test(all, a_driver_that_does_not_care_for_the_size);
	tcase_add_loop_test(all, bad_buffers, 0, 2);
	tcase_set_timeout(all, 30);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
