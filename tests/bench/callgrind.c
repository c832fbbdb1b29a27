/* SPDX-License-Identifier: BSD-2-Clause */
/* How many instructions a run of this program takes: Valgrind manual, "Callgrind". */
#include "tests/bench/callgrind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALGRIND "valgrind"

static void run_valgrind(const char *self, int op, uint32_t count, int out)
{
	char op_text[16], count_text[16];

	snprintf(op_text, sizeof(op_text), "%d", op);
	snprintf(count_text, sizeof(count_text), "%u", count);
	dup2(out, STDERR_FILENO);
	execlp(VALGRIND, VALGRIND, "--tool=callgrind", "--callgrind-out-file=/dev/null", self,
	       op_text, count_text, (char *)NULL);
	_exit(127);
}

/* Instructions of a whole process, as callgrind prints them; negative if there is no valgrind. */
double callgrind_instructions(const char *self, int op, uint32_t count)
{
	char line[256];
	double collected = -1;
	FILE *output;
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid == 0)
		run_valgrind(self, op, count, fds[1]);
	close(fds[1]);
	output = fdopen(fds[0], "r");
	while (pid > 0 && output && fgets(line, sizeof(line), output)) {
		const char *found = strstr(line, "Collected :");

		if (found)
			collected = strtod(found + strlen("Collected :"), NULL);
	}
	if (output)
		fclose(output);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return collected;
}
