/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to COM1 by polling: one exit a byte, so lines are kept short. 16550D datasheet, "Line Status
 * Register"; the formats are those of ISO C11 "The fprintf function" named below.
 */
#ifndef GUESTS_LIB_PRINT_H
#define GUESTS_LIB_PRINT_H

#include <stdarg.h>
#include <stddef.h>

#define SERIAL_PORT 0x3f8u
#define SERIAL_IRQ  4u

void serial_init(void);
void serial_putc(char c);

/* %c %s %d %u %x %p %%, l for 64 bits, 0 and a width. Longer text is cut. Returns the length. */
size_t vformat(char *out, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
size_t format(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
