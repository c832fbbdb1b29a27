/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net: frames in both directions. A pair of sockets that keep messages apart stands for the
 * tap interface.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Network Device".
 */
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>

#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/tap.h"
#include "vmm/virtio/virtio_net.h"

#define WRITE VRING_DESC_F_WRITE
#define NEXT  VRING_DESC_F_NEXT
#define RX    0
#define TX    1

#define HEADER sizeof(struct virtio_net_hdr_v1)
#define FRAME  60u
#define BUFFER (RIG_BUFFERS + 0x10000)

static const uint8_t test_mac[VIRTIO_NET_MAC_SIZE] = { 2, 1, 2, 3, 4, 5 };

struct net_rig {
	struct virtio_rig *rig;
	int wire; /* the other end of the tap */
};

static struct net_rig plugged(void)
{
	struct net_rig n = { .rig = rig_create() };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	n.wire = pair[1];
	rig_plug(n.rig, virtio_net_create(&n.rig->host, pair[0], test_mac));
	return n;
}

static struct net_rig started(void)
{
	struct net_rig n = plugged();

	bring_up(n.rig, RIG_ALL_FEATURES);
	ck_assert_int_eq(virtio_pci_start(&n.rig->transport), 0);
	return n;
}

static void end(struct net_rig *n)
{
	virtio_pci_stop(&n->rig->transport);
	close(n->wire);
	rig_destroy(n->rig);
}

static void send_frame(const struct net_rig *n, uint8_t fill, size_t len)
{
	uint8_t frame[4096];

	memset(frame, fill, len);
	ck_assert_int_eq(send(n->wire, frame, len, 0), (ssize_t)len);
}

/* The I/O thread has used that many buffers of a queue. */
static void wait_used(struct net_rig *n, uint32_t queue, uint32_t count)
{
	while (used_index(n->rig, queue) < count)
		usleep(100);
}

static void notify(struct net_rig *n, uint32_t queue)
{
	reg_out(n->rig, VIRTIO_PCI_AT_NOTIFY + 4 * queue, 2, queue);
}

static void offer_buffer(struct net_rig *n, uint16_t index, uint32_t len)
{
	descriptor(n->rig, RX, index, BUFFER + index * 0x1000u, len, WRITE, 0);
	offer(n->rig, RX, index);
	notify(n, RX);
}

START_TEST(the_configuration_has_the_address)
{
	struct net_rig n = plugged();

	for (uint32_t i = 0; i < VIRTIO_NET_MAC_SIZE; i++)
		ck_assert_uint_eq(reg_in(n.rig, VIRTIO_PCI_AT_DEVICE + i, 1), test_mac[i]);
	ck_assert_uint_eq(offered_features(n.rig) & 0xffffff, RIG_FEATURE(VIRTIO_NET_F_MAC));
	ck_assert_uint_eq(config_in(n.rig, PCI_VENDOR_ID, 4), 0x10411af4);
	end(&n);
}
END_TEST

START_TEST(a_frame_comes_in)
{
	static const uint8_t header[HEADER] = { [10] = 1 };
	struct net_rig n = started();

	offer_buffer(&n, 3, 2048);
	send_frame(&n, 0x5c, FRAME);
	wait_used(&n, RX, 1);
	ck_assert_uint_eq(take_used(n.rig, RX, 3), HEADER + FRAME);
	ck_assert_mem_eq(ram(n.rig, BUFFER + 0x3000), header, HEADER);
	for (uint32_t i = 0; i < FRAME; i++)
		ck_assert_uint_eq(*(uint8_t *)ram(n.rig, BUFFER + 0x3000 + HEADER + i), 0x5c);
	end(&n);
}
END_TEST

START_TEST(frames_wait_for_buffers)
{
	struct net_rig n = started();

	for (uint8_t i = 0; i < 5; i++)
		send_frame(&n, i, FRAME);
	usleep(20000);
	ck_assert_uint_eq(used_index(n.rig, RX), 0);
	for (uint16_t i = 0; i < 5; i++)
		offer_buffer(&n, i, 2048);
	wait_used(&n, RX, 5);
	for (uint16_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(take_used(n.rig, RX, i), HEADER + FRAME);
		ck_assert_uint_eq(*(uint8_t *)ram(n.rig, BUFFER + i * 0x1000u + HEADER), i);
	}
	end(&n);
}
END_TEST

START_TEST(a_frame_that_does_not_fit_is_lost)
{
	struct net_rig n = started();

	send_frame(&n, 1, 200);
	send_frame(&n, 2, FRAME);
	offer_buffer(&n, 0, HEADER + 100);
	wait_used(&n, RX, 1);
	ck_assert_uint_eq(take_used(n.rig, RX, 0), HEADER + FRAME);
	ck_assert_uint_eq(*(uint8_t *)ram(n.rig, BUFFER + HEADER), 2);
	end(&n);
}
END_TEST

START_TEST(a_frame_goes_out)
{
	struct net_rig n = started();
	uint8_t frame[4096];

	/* Cut anywhere: inside the header, inside the frame. */
	memset(ram(n.rig, BUFFER), 0, HEADER);
	memset((uint8_t *)ram(n.rig, BUFFER) + HEADER, 0x77, FRAME);
	descriptor(n.rig, TX, 0, BUFFER, 5, NEXT, 1);
	descriptor(n.rig, TX, 1, BUFFER + 5, 20, NEXT, 2);
	descriptor(n.rig, TX, 2, BUFFER + 25, HEADER + FRAME - 25, 0, 0);
	offer(n.rig, TX, 0);
	notify(&n, TX);
	wait_used(&n, TX, 1);
	ck_assert_uint_eq(take_used(n.rig, TX, 0), 0);
	ck_assert_int_eq(recv(n.wire, frame, sizeof(frame), 0), FRAME);
	for (uint32_t i = 0; i < FRAME; i++)
		ck_assert_uint_eq(frame[i], 0x77);
	end(&n);
}
END_TEST

static void send_out(struct net_rig *n)
{
	descriptor(n->rig, TX, 0, BUFFER, HEADER + FRAME, 0, 0);
	offer(n->rig, TX, 0);
	notify(n, TX);
}

/* The device has sent so many messages, of which this is the last one. */
static void expect_message(struct net_rig *n, uint32_t count, uint32_t data)
{
	while (n->rig->board.nr_msis < count)
		usleep(100);
	ck_assert_uint_eq(n->rig->board.nr_msis, count);
	ck_assert_uint_eq(n->rig->board.msi_data, data);
}

START_TEST(R159_each_queue_has_a_vector_with_a_mask_of_its_own)
{
	const uint32_t masks[] = { VIRTIO_PCI_AT_TABLE + 16 + 12, VIRTIO_PCI_AT_TABLE + 32 + 12 };
	struct net_rig n = plugged();

	bring_up(n.rig, RIG_ONLY_VERSION1);
	enable_msix(n.rig);
	ck_assert_int_eq(virtio_pci_start(&n.rig->transport), 0);
	offer_buffer(&n, 0, 2048);
	send_frame(&n, 1, FRAME);
	expect_message(&n, 1, 0x41);
	send_out(&n);
	expect_message(&n, 2, 0x42);

	for (uint32_t queue = RX; queue <= TX; queue++) {
		reg_out(n.rig, masks[queue], 4, 1);
		offer_buffer(&n, 0, 2048);
		send_frame(&n, 1, FRAME);
		send_out(&n);
		expect_message(&n, 3 + 2 * queue, queue == RX ? 0x42 : 0x41);
		while (reg_in(n.rig, VIRTIO_PCI_AT_PBA, 8) == 0)
			usleep(100);
		ck_assert_uint_eq(reg_in(n.rig, VIRTIO_PCI_AT_PBA, 8), 2u << queue);
		reg_out(n.rig, masks[queue], 4, 0);
		expect_message(&n, 4 + 2 * queue, 0x41 + queue);
	}
	end(&n);
}
END_TEST

START_TEST(frames_that_nobody_takes_are_lost)
{
	struct net_rig n = started();

	for (uint32_t i = 0; i < 2000; i++) {
		uint16_t head = (uint16_t)(i % 16);

		descriptor(n.rig, TX, head, BUFFER, HEADER + 1500, 0, 0);
		offer(n.rig, TX, head);
		notify(&n, TX);
		while (get16(n.rig, RIG_QUEUE(TX) + RIG_USED + 2) != i + 1)
			usleep(10);
	}
	ck_assert(!has_failed(n.rig));
	end(&n);
}
END_TEST

START_TEST(a_frame_without_a_header)
{
	struct net_rig n = started();

	descriptor(n.rig, TX, 0, BUFFER, HEADER - 1, 0, 0);
	offer(n.rig, TX, 0);
	notify(&n, TX);
	while (!has_failed(n.rig))
		usleep(100);
	/* Reset, and everything works again. */
	bring_up(n.rig, RIG_ALL_FEATURES);
	offer_buffer(&n, 0, 2048);
	send_frame(&n, 9, FRAME);
	wait_used(&n, RX, 1);
	end(&n);
}
END_TEST

START_TEST(bad_buffers_for_input)
{
	struct net_rig n = started();

	send_frame(&n, 1, FRAME);
	descriptor(n.rig, RX, 0, RIG_RAM, 2048, WRITE, 0);
	offer(n.rig, RX, 0);
	notify(&n, RX);
	while (!has_failed(n.rig))
		usleep(100);
	end(&n);
}
END_TEST

START_TEST(the_tap_goes_away)
{
	struct net_rig n = started();

	offer_buffer(&n, 0, 2048);
	close(n.wire);
	usleep(20000);
	ck_assert(!has_failed(n.rig));
	n.wire = -1;
	end(&n);
}
END_TEST

START_TEST(default_addresses)
{
	uint8_t a[TAP_MAC_SIZE];
	uint8_t b[TAP_MAC_SIZE];

	tap_default_mac("tap0", a);
	tap_default_mac("tap0", b);
	ck_assert_mem_eq(a, b, TAP_MAC_SIZE);
	ck_assert_uint_eq(a[0] & 3, 2);
	tap_default_mac("tap1", b);
	ck_assert_int_ne(memcmp(a, b, TAP_MAC_SIZE), 0);
}
END_TEST

START_TEST(no_such_tap)
{
	struct log log = { .fd = -1, .level = LOG_ERROR };
	char error[TAP_ERROR_SIZE];

	ck_assert_int_lt(tap_open("vmm-none", &log, error), 0);
	ck_assert_ptr_nonnull(strstr(error, "ip tuntap add dev vmm-none mode tap"));
	ck_assert_int_lt(tap_open("lo", &log, error), 0);
	ck_assert_ptr_nonnull(strstr(error, "--net: "));
}
END_TEST

/* Attach to a tap that is made for that. A descriptor, or -1 where this host does not permit it. */
static int attach_tap(struct ifreq *request, int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	request->ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, request) == 0)
		return fd;
	printf("no tap can be made here\n");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Does the host leave checksums to whoever has the tap? */
static bool tap_gets_partial_checksums(struct ifreq request)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GTXCSUM };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_data = (void *)&value;
	ck_assert_int_eq(ioctl(fd, SIOCETHTOOL, &request), 0);
	close(fd);
	return value.data != 0;
}

START_TEST(a_tap_that_somebody_else_had_before)
{
	struct log log = { .fd = -1, .level = LOG_ERROR };
	struct ifreq request = { .ifr_flags = 0 };
	char error[TAP_ERROR_SIZE];
	bool partial;
	int fd;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "vmmt%d", getpid());
	fd = attach_tap(&request, IFF_VNET_HDR);
	if (fd < 0)
		return;
	ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, 1), 0);
	ck_assert_int_eq(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), 0);
	ck_assert(tap_gets_partial_checksums(request));
	close(fd);
	fd = tap_open(request.ifr_name, &log, error);
	partial = tap_gets_partial_checksums(request);
	ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, 0), 0);
	close(fd);
	ck_assert(!partial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio-net");
	TCase *all = tcase_create("all");

	tcase_add_test(all, the_configuration_has_the_address);
	tcase_add_test(all, a_frame_comes_in);
	tcase_add_test(all, frames_wait_for_buffers);
	tcase_add_test(all, a_frame_that_does_not_fit_is_lost);
	tcase_add_test(all, a_frame_goes_out);
	tcase_add_test(all, R159_each_queue_has_a_vector_with_a_mask_of_its_own);
	tcase_add_test(all, frames_that_nobody_takes_are_lost);
	tcase_add_test(all, a_frame_without_a_header);
	tcase_add_test(all, bad_buffers_for_input);
	tcase_add_test(all, the_tap_goes_away);
	tcase_add_test(all, default_addresses);
	tcase_add_test(all, no_such_tap);
	tcase_add_test(all, a_tap_that_somebody_else_had_before);
	tcase_set_timeout(all, 30);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
