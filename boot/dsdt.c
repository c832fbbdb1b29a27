/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DSDT: how to power off, and COM1. ACPI 5.0, sections "ACPI Machine Language (AML)
 * Specification", "\_Sx (System States)" and "Small Resource Data Type".
 */
#include <string.h>

#include "boot/acpi.h"

#define DSDT_REVISION 2u /* 64-bit integers */

enum aml_op {
	AML_ZERO = 0x00,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_DWORD = 0x0c,
	AML_SCOPE = 0x10,
	AML_BUFFER = 0x11,
	AML_PACKAGE = 0x12,
	AML_EXTENDED = 0x5b,
	AML_DEVICE = 0x82, /* after AML_EXTENDED */
};

#define AML_ROOT          '\\'
#define AML_SEGMENT_SIZE  4u
#define PKG_LENGTH_SIZE   2u
#define PKG_LENGTH_2BYTES 0x40u /* one more byte follows, the first has 4 bits of the length */

#define PNP0501 0x0105d041u /* 16550A, as a compressed EISA id */

#define RESOURCE_IO          0x47u
#define RESOURCE_IO_DECODE16 0x01u
#define RESOURCE_IRQ         0x22u
#define RESOURCE_END         0x79u

#define COM1_PORT  0x3f8u
#define COM1_PORTS 8u
#define COM1_IRQ   4u

static void put_byte(struct table_area *area, uint32_t value)
{
	uint8_t byte = (uint8_t)value;
	table_put(area, &byte, sizeof(byte));
}

static void put_word(struct table_area *area, uint32_t value)
{
	put_byte(area, value);
	put_byte(area, value >> 8);
}

static void put_integer(struct table_area *area, uint32_t value)
{
	put_byte(area, AML_DWORD);
	table_put(area, &value, sizeof(value));
}

static void put_name(struct table_area *area, const char *segment)
{
	put_byte(area, AML_NAME);
	table_put(area, segment, AML_SEGMENT_SIZE);
}

/* A package: the length comes first in AML, so its place is kept and filled in by the end. */
static uint32_t package_begin(struct table_area *area)
{
	uint32_t at = table_align(area, 1);
	put_word(area, 0);
	return at;
}

static void package_end(struct table_area *area, uint32_t at)
{
	uint8_t *bytes = table_at(area, at);
	uint32_t length = area->address + area->used - at;

	if (bytes == NULL)
		return;
	bytes[0] = (uint8_t)(PKG_LENGTH_2BYTES | (length & 0xf));
	bytes[1] = (uint8_t)(length >> 4);
}

/* Name(_S5_, Package(4) {SLP_TYPa, SLP_TYPb, 0, 0}) */
static void put_s5(struct table_area *area, uint8_t sleep_type)
{
	put_name(area, "_S5_");
	put_byte(area, AML_PACKAGE);
	uint32_t package = package_begin(area);
	put_byte(area, 4);
	put_byte(area, AML_BYTE);
	put_byte(area, sleep_type);
	put_byte(area, AML_BYTE);
	put_byte(area, sleep_type);
	put_byte(area, AML_ZERO);
	put_byte(area, AML_ZERO);
	package_end(area, package);
}

/* Name(_CRS, ResourceTemplate() {IO(Decode16, 0x3f8, 0x3f8, 1, 8) IRQNoFlags() {4}}) */
static void put_com1_resources(struct table_area *area)
{
	put_name(area, "_CRS");
	put_byte(area, AML_BUFFER);
	uint32_t package = package_begin(area);
	put_byte(area, AML_BYTE);
	uint32_t size_at = table_align(area, 1);
	put_byte(area, 0);

	put_byte(area, RESOURCE_IO);
	put_byte(area, RESOURCE_IO_DECODE16);
	put_word(area, COM1_PORT);
	put_word(area, COM1_PORT);
	put_byte(area, 1); /* alignment */
	put_byte(area, COM1_PORTS);
	put_byte(area, RESOURCE_IRQ);
	put_word(area, 1u << COM1_IRQ);
	put_byte(area, RESOURCE_END);
	put_byte(area, 0); /* checksum 0: not used */

	uint8_t *size = table_at(area, size_at);
	if (size != NULL)
		*size = (uint8_t)(area->address + area->used - size_at - 1);
	package_end(area, package);
}

/* Scope(\_SB) {Device(COM1) {_HID PNP0501, _UID 1, _CRS}} */
static void put_com1(struct table_area *area)
{
	put_byte(area, AML_SCOPE);
	uint32_t scope = package_begin(area);
	put_byte(area, AML_ROOT);
	table_put(area, "_SB_", AML_SEGMENT_SIZE);

	put_byte(area, AML_EXTENDED);
	put_byte(area, AML_DEVICE);
	uint32_t device = package_begin(area);
	table_put(area, "COM1", AML_SEGMENT_SIZE);
	put_name(area, "_HID");
	put_integer(area, PNP0501);
	put_name(area, "_UID");
	put_integer(area, 1);
	put_com1_resources(area);
	package_end(area, device);
	package_end(area, scope);
}

void dsdt_write(struct table_area *area, const struct boot_platform *platform)
{
	const struct acpi_header header = acpi_begin("DSDT", DSDT_REVISION);

	uint32_t address = table_align(area, 1);
	table_put(area, &header, sizeof(header));
	put_s5(area, platform->s5_sleep_type);
	put_com1(area);
	acpi_finish(area, address);
}
