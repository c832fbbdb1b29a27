/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tap interface of this host.
 *
 * Linux documentation, "Universal TUN/TAP device driver".
 */
#include "vmm/virtio/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>

#define TUN_DEVICE     "/dev/net/tun"
#define MAC_LOCAL      0x02 /* administered locally, not a group */
#define FNV_OFFSET     UINT32_C(2166136261)
#define FNV_PRIME      UINT32_C(16777619)
#define FIRST_FREE_MAC 2 /* bytes of the address that do not depend on the name */

static struct ifreq request_for(const char *name)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

static int fail_attach(char *error, const char *name, int code)
{
	const char *why = strerror(-code);

	if (code == -EPERM)
		snprintf(
			error, TAP_ERROR_SIZE,
			"--net: no permission for tap '%s'; as root, make it anew, yours: "
			"ip tuntap del dev %s mode tap && ip tuntap add dev %s mode tap user $USER",
			name, name, name);
	else if (code == -EBUSY)
		snprintf(error, TAP_ERROR_SIZE,
			 "--net: tap '%s' is in use by another machine; give each its own", name);
	else if (code == -EINVAL)
		snprintf(error, TAP_ERROR_SIZE,
			 "--net: '%s' is no tap, or one of several queues; make one: "
			 "ip tuntap add dev NAME mode tap",
			 name);
	else
		snprintf(error, TAP_ERROR_SIZE, "--net: tap '%s': %s", name, why);
	return code;
}

/*
 * EPERM is the answer of a container's list of devices, ENXIO and ENODEV of a node without a
 * driver.
 */
static const char *open_hint(int code)
{
	switch (code) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "; as root, load the driver: modprobe tun";
	case -EACCES:
		return "; as root, open it to all users: chmod 666 " TUN_DEVICE;
	case -EPERM:
		return "; let the container have it: --device " TUN_DEVICE;
	default:
		return "";
	}
}

static int open_tun(char *error)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int code = -errno;

	if (fd >= 0)
		return fd;
	snprintf(error, TAP_ERROR_SIZE, "--net: %s: %s%s", TUN_DEVICE, strerror(-code),
		 open_hint(code));
	return code;
}

static void warn_if_down(const char *name, const struct log *log)
{
	struct ifreq request = request_for(name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_UP))
		log_line(log, LOG_WARN,
			 "--net: tap '%s' is down; as root, bring it up: ip link set %s up", name,
			 name);
	close(fd);
}

int tap_open(const char *name, const struct log *log, char error[TAP_ERROR_SIZE])
{
	struct ifreq request = request_for(name);
	int fd;

	/* Root's TUNSETIFF would make a new interface, which nothing is connected to. */
	if (if_nametoindex(name) == 0) {
		snprintf(error, TAP_ERROR_SIZE,
			 "--net: there is no interface '%s'; as root, make it: "
			 "ip tuntap add dev %s mode tap user $USER && ip link set %s up",
			 name, name, name);
		return -ENODEV;
	}
	fd = open_tun(error);
	if (fd < 0)
		return fd;
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	/*
	 * Offloads outlive who asked for them; ours would get checksums that nobody has computed.
	 */
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOFFLOAD, 0)) {
		int code = -errno;

		close(fd);
		return fail_attach(error, name, code);
	}
	warn_if_down(name, log);
	return fd;
}

/* Fowler, Noll and Vo's hash, FNV-1a. */
void tap_default_mac(const char *name, uint8_t mac[TAP_MAC_SIZE])
{
	uint32_t hash = FNV_OFFSET;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * FNV_PRIME;
	mac[0] = MAC_LOCAL;
	mac[1] = 0;
	for (int i = FIRST_FREE_MAC; i < TAP_MAC_SIZE; i++)
		mac[i] = (uint8_t)(hash >> (8 * (i - FIRST_FREE_MAC)));
}
