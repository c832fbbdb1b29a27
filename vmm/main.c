/* SPDX-License-Identifier: BSD-2-Clause */
/* The program: options, messages, and which of its few jobs it is to do. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/check.h"
#include "vmm/machine.h"
#include "vmm/options.h"
#include "vmm/session.h"

#ifndef VMM_VERSION
#define VMM_VERSION "unknown"
#endif

static int open_log(struct log *log, const struct options *options)
{
	int fd;

	log->level = options->log_level;
	if (!options->log_path)
		return 0;
	fd = open(options->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0) {
		log_line(log, LOG_ERROR, "--log-file: cannot write %s: %s", options->log_path,
			 strerror(errno));
		return -errno;
	}
	log->fd = fd;
	return 0;
}

/* Text that was asked for goes to stdout; whether it arrived is part of the status. */
static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? EXIT_CODE_INTERNAL : 0;
}

/*
 * Whoever starts us with one of the first three descriptors closed would have the next file that is
 * opened take its place, /dev/kvm as standard input perhaps.
 */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct log log = { .fd = STDERR_FILENO, .level = LOG_WARN };
	struct options options;
	char error[256];

	open_standard_files();
	if (options_parse(&options, argc, argv, error, sizeof(error))) {
		log_line(&log, LOG_ERROR, "%s", error);
		return EXIT_CODE_USAGE;
	}
	if (open_log(&log, &options))
		return EXIT_CODE_USAGE;
	switch (options.action) {
	case ACTION_HELP:
		return print(options_help());
	case ACTION_VERSION:
		return print("vmm " VMM_VERSION "\n");
	case ACTION_CHECK:
		return check_host(&log);
	case ACTION_RUN:
	default:
		return session_run(&options, &log);
	}
}
