/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AML, piece by piece. ACPI 5.0, sections "ACPI Machine Language (AML) Specification", "Small
 * Resource Data Type" and "Address Space Resource Descriptors".
 */
#include "boot/aml.h"

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
#define PKG_LENGTH_2BYTES 0x40u /* one more byte follows, the first has 4 bits of the length */

#define RESOURCE_IO          0x47u
#define RESOURCE_IO_DECODE16 0x01u
#define RESOURCE_IRQ         0x22u
#define RESOURCE_END         0x79u
#define RESOURCE_DWORD       0x87u
#define RESOURCE_WORD        0x88u

/* Address space descriptors: bytes behind the length, kinds, and what both of ours say. */
#define WORD_LENGTH      13u
#define DWORD_LENGTH     23u
#define KIND_MEMORY      0u
#define KIND_BUS         2u
#define FIXED_PRODUCER   0x0cu /* minimum and maximum are fixed, for devices below */
#define MEMORY_READWRITE 0x01u

void aml_byte(struct table_area *area, uint32_t value)
{
	uint8_t byte = (uint8_t)value;
	table_put(area, &byte, sizeof(byte));
}

void aml_word(struct table_area *area, uint32_t value)
{
	aml_byte(area, value);
	aml_byte(area, value >> 8);
}

void aml_dword(struct table_area *area, uint32_t value)
{
	table_put(area, &value, sizeof(value));
}

void aml_integer8(struct table_area *area, uint8_t value)
{
	aml_byte(area, AML_BYTE);
	aml_byte(area, value);
}

void aml_integer32(struct table_area *area, uint32_t value)
{
	aml_byte(area, AML_DWORD);
	aml_dword(area, value);
}

void aml_zero(struct table_area *area)
{
	aml_byte(area, AML_ZERO);
}

void aml_name(struct table_area *area, const char *segment)
{
	aml_byte(area, AML_NAME);
	table_put(area, segment, AML_SEGMENT_SIZE);
}

/* The length comes first in AML, so its place is kept and filled in by the end. */
static uint32_t length_begin(struct table_area *area)
{
	uint32_t at = table_align(area, 1);
	aml_word(area, 0);
	return at;
}

void aml_end(struct table_area *area, uint32_t mark)
{
	uint8_t *bytes = table_at(area, mark);
	uint32_t length = area->address + area->used - mark;

	if (bytes == NULL)
		return;
	bytes[0] = (uint8_t)(PKG_LENGTH_2BYTES | (length & 0xf));
	bytes[1] = (uint8_t)(length >> 4);
}

uint32_t aml_scope_begin(struct table_area *area, const char *segment)
{
	aml_byte(area, AML_SCOPE);
	uint32_t mark = length_begin(area);
	aml_byte(area, AML_ROOT);
	table_put(area, segment, AML_SEGMENT_SIZE);
	return mark;
}

uint32_t aml_device_begin(struct table_area *area, const char *segment)
{
	aml_byte(area, AML_EXTENDED);
	aml_byte(area, AML_DEVICE);
	uint32_t mark = length_begin(area);
	table_put(area, segment, AML_SEGMENT_SIZE);
	return mark;
}

uint32_t aml_package_begin(struct table_area *area, uint8_t nr_elements)
{
	aml_byte(area, AML_PACKAGE);
	uint32_t mark = length_begin(area);
	aml_byte(area, nr_elements);
	return mark;
}

struct aml_resources aml_resources_begin(struct table_area *area)
{
	struct aml_resources mark;

	aml_name(area, "_CRS");
	aml_byte(area, AML_BUFFER);
	mark.buffer = length_begin(area);
	aml_byte(area, AML_BYTE);
	mark.size_at = table_align(area, 1);
	aml_byte(area, 0);
	return mark;
}

void aml_resources_end(struct table_area *area, struct aml_resources mark)
{
	aml_byte(area, RESOURCE_END);
	aml_byte(area, 0); /* checksum 0: not used */

	uint8_t *size = table_at(area, mark.size_at);
	if (size != NULL)
		*size = (uint8_t)(area->address + area->used - mark.size_at - 1);
	aml_end(area, mark.buffer);
}

void aml_resource_io(struct table_area *area, uint16_t port, uint8_t count)
{
	aml_byte(area, RESOURCE_IO);
	aml_byte(area, RESOURCE_IO_DECODE16);
	aml_word(area, port);
	aml_word(area, port);
	aml_byte(area, 1); /* alignment */
	aml_byte(area, count);
}

void aml_resource_irq(struct table_area *area, uint8_t irq)
{
	aml_byte(area, RESOURCE_IRQ);
	aml_word(area, 1u << irq);
}

void aml_resource_bus0(struct table_area *area)
{
	aml_byte(area, RESOURCE_WORD);
	aml_word(area, WORD_LENGTH);
	aml_byte(area, KIND_BUS);
	aml_byte(area, FIXED_PRODUCER);
	aml_byte(area, 0);
	aml_word(area, 0); /* granularity */
	aml_word(area, 0); /* minimum */
	aml_word(area, 0); /* maximum */
	aml_word(area, 0); /* translation */
	aml_word(area, 1); /* length */
}

void aml_resource_memory(struct table_area *area, uint32_t base, uint32_t size)
{
	aml_byte(area, RESOURCE_DWORD);
	aml_word(area, DWORD_LENGTH);
	aml_byte(area, KIND_MEMORY);
	aml_byte(area, FIXED_PRODUCER);
	aml_byte(area, MEMORY_READWRITE);
	aml_dword(area, 0); /* granularity */
	aml_dword(area, base);
	aml_dword(area, base + (size - 1));
	aml_dword(area, 0); /* translation */
	aml_dword(area, size);
}
