/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AML, piece by piece: what the DSDT is written with. ACPI 5.0, sections "ACPI Machine Language
 * (AML) Specification" and "Resource Data Types for ACPI".
 *
 * Everything appends to a table area; names are segments of four characters.
 */
#ifndef BOOT_AML_H
#define BOOT_AML_H

#include "boot/tables.h"

/* Compressed EISA ids. */
#define AML_PNP0100 0x0001d041u /* interval timer */
#define AML_PNP0501 0x0105d041u /* 16550A */
#define AML_PNP0B00 0x000bd041u /* real-time clock */

void aml_byte(struct table_area *area, uint32_t value);
void aml_word(struct table_area *area, uint32_t value);
void aml_dword(struct table_area *area, uint32_t value);

/* Integer objects. */
void aml_integer8(struct table_area *area, uint8_t value);
void aml_integer32(struct table_area *area, uint32_t value);
void aml_zero(struct table_area *area);

/* Name(segment, ...): the object has to follow. */
void aml_name(struct table_area *area, const char *segment);

/*
 * Objects that begin with their length, at most 4095 bytes. Each returns a mark for aml_end(),
 * which fills in the length; what is put in between belongs to the object.
 */
uint32_t aml_scope_begin(struct table_area *area, const char *segment); /* Scope(\segment) */
uint32_t aml_device_begin(struct table_area *area, const char *segment);
uint32_t aml_package_begin(struct table_area *area, uint8_t nr_elements);
void aml_end(struct table_area *area, uint32_t mark);

/* Name(_CRS, ResourceTemplate() {...}): at most 255 bytes of descriptors go in between. */
struct aml_resources {
	uint32_t buffer;
	uint32_t size_at;
};

struct aml_resources aml_resources_begin(struct table_area *area);
void aml_resources_end(struct table_area *area, struct aml_resources mark);

/* IO(Decode16, port, port, 1, count) */
void aml_resource_io(struct table_area *area, uint16_t port, uint8_t count);
/* IRQNoFlags() {irq} */
void aml_resource_irq(struct table_area *area, uint8_t irq);
/* WordBusNumber(ResourceProducer, ...): bus 0 alone */
void aml_resource_bus0(struct table_area *area);
/* DWordMemory(ResourceProducer, ..., NonCacheable, ReadWrite, ...): size bytes from base on */
void aml_resource_memory(struct table_area *area, uint32_t base, uint32_t size);

#endif
