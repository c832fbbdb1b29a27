/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for the person who runs the VMM: "vmm: level: text" on stderr or in a file. stdout
 * carries guest bytes only.
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdatomic.h>
#include <stdint.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

struct log {
	int fd;
	enum log_level level; /* most talkative level that is written */
};

/* A line, written with one write(2), so that lines of several threads do not mix. Any thread. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same without level and prefix choice: "vmm: text", always written. */
void log_plain(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What a guest can provoke is counted always and logged sparingly: true for the 1st, 2nd, 4th, 8th,
 * ... call with the same counter.
 */
static inline _Bool log_guest_mistake(_Atomic uint64_t *count)
{
	uint64_t n = atomic_fetch_add_explicit(count, 1, memory_order_relaxed) + 1;

	return (n & (n - 1)) == 0;
}

#endif
