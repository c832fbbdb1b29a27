/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: formatting a line and getting it out in one piece. */
#include "vmm/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024

static const char *const level_name[] = {
	[LOG_ERROR] = "error: ",
	[LOG_WARN] = "warning: ",
	[LOG_INFO] = "",
	[LOG_DEBUG] = "debug: ",
};

__attribute__((format(printf, 3, 0))) static void write_line(const struct log *log,
							     const char *prefix, const char *format,
							     va_list args)
{
	char line[LINE_SIZE];
	int used = snprintf(line, sizeof(line), "vmm: %s", prefix);
	int more = vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	size_t len;

	if (more < 0)
		return;
	len = strlen(line);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	/* A message that cannot be written has nowhere else to go. */
	if (write(log->fd, line, len) < 0)
		return;
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > log->level)
		return;
	va_start(args, format);
	write_line(log, level_name[level], format, args);
	va_end(args);
}

void log_plain(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(log, "", format, args);
	va_end(args);
}
