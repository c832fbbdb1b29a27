/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tap interface of this host: Ethernet frames, one with each read and write.
 *
 * Linux documentation, "Universal TUN/TAP device driver".
 */
#ifndef VMM_VIRTIO_TAP_H
#define VMM_VIRTIO_TAP_H

#include <stdint.h>

#include "vmm/log.h"

#define TAP_MAC_SIZE   6
#define TAP_ERROR_SIZE 256

/*
 * Attach to the tap interface name, which has to exist. A non-blocking descriptor, or -errno with
 * one line in error that says what to do. An interface that is down is worth a warning only.
 */
int tap_open(const char *name, const struct log *log, char error[TAP_ERROR_SIZE]);

/* A locally administered address that is always the same for a name. */
void tap_default_mac(const char *name, uint8_t mac[TAP_MAC_SIZE]);

#endif
