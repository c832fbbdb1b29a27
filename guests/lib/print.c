/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting and the polled serial console. 16550D datasheet, "Registers"; ISO C11, "The fprintf
 * function".
 */
#include "lib/print.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpu.h"
#include "lib/string.h"

#define UART_IER 1u
#define UART_FCR 2u
#define UART_LCR 3u
#define UART_MCR 4u
#define UART_LSR 5u

#define UART_LCR_8N1        0x03u
#define UART_LCR_DLAB       0x80u
#define UART_FCR_ENABLE     0x07u /* FIFOs on and empty */
#define UART_MCR_OUT2       0x0bu /* DTR, RTS, and OUT2: interrupts reach the board */
#define UART_LSR_THR_EMPTY  0x20u
#define UART_DIVISOR_115200 1u

#define SERIAL_SPIN 100000u

struct out {
	char *text;
	size_t size;
	size_t length;
};

void serial_init(void)
{
	outb(0, SERIAL_PORT + UART_IER);
	outb(UART_LCR_DLAB, SERIAL_PORT + UART_LCR);
	outb(UART_DIVISOR_115200, SERIAL_PORT);
	outb(0, SERIAL_PORT + UART_IER);
	outb(UART_LCR_8N1, SERIAL_PORT + UART_LCR);
	outb(UART_FCR_ENABLE, SERIAL_PORT + UART_FCR);
	outb(UART_MCR_OUT2, SERIAL_PORT + UART_MCR);
}

void serial_putc(char c)
{
	/* Bounded: without a UART the port floats high and the text is simply gone. */
	for (uint32_t i = 0; i < SERIAL_SPIN; i++) {
		if (inb(SERIAL_PORT + UART_LSR) & UART_LSR_THR_EMPTY)
			break;
	}
	outb((uint8_t)c, SERIAL_PORT);
}

static void put(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->text[out->length++] = c;
}

static void put_number(struct out *out, uint64_t value, uint32_t base, size_t width, char pad)
{
	char digits[24];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(out, pad);
	while (n)
		put(out, digits[--n]);
}

static void put_string(struct out *out, const char *s, size_t width)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		put(out, s[i]);
	for (; n < width; n++)
		put(out, ' ');
}

static void put_signed(struct out *out, int64_t value, size_t width, char pad)
{
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		put(out, '-');
		magnitude = -magnitude;
	}
	put_number(out, magnitude, 10, width, pad);
}

/* One conversion, its length modifier and letter given. */
static void put_conversion(struct out *out, char letter, bool wide, size_t width, char pad,
			   va_list *args)
{
	uint64_t value;

	switch (letter) {
	case 's':
		put_string(out, va_arg(*args, const char *), width);
		return;
	case 'c':
		put(out, (char)va_arg(*args, int));
		return;
	case 'd':
		put_signed(out, wide ? va_arg(*args, long) : va_arg(*args, int), width, pad);
		return;
	case 'u':
	case 'x':
		value = wide ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
		put_number(out, value, letter == 'x' ? 16 : 10, width, pad);
		return;
	case 'p':
		put_number(out, (uintptr_t)va_arg(*args, void *), 16, 16, '0');
		return;
	default:
		put(out, letter);
		return;
	}
}

size_t vformat(char *text, size_t size, const char *fmt, va_list args)
{
	struct out out = { .text = text, .size = size };
	va_list copy;

	va_copy(copy, args);
	while (*fmt) {
		char pad = ' ';
		size_t width = 0;
		bool wide = false;

		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt++;
		if (*fmt == '0')
			pad = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + (size_t)(*fmt++ - '0');
		if (*fmt == 'l') {
			wide = true;
			fmt++;
		}
		if (*fmt)
			put_conversion(&out, *fmt++, wide, width, pad, &copy);
	}
	va_end(copy);
	if (size)
		text[out.length] = '\0';
	return out.length;
}

size_t format(char *text, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = vformat(text, size, fmt, args);
	va_end(args);
	return length;
}

void print(const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *c = text; *c; c++)
		serial_putc(*c);
}
