/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the calls of liblapic cost, one thread, no KVM: nanoseconds and, with valgrind,
 * instructions.
 *
 * Usage: lapic-bench            the table
 *        lapic-bench check      each operation once: does it still do what its row says?
 *        lapic-bench OP COUNT   just that, for callgrind: OP is a row's number, negative for its
 *                               preparation alone
 *
 * What prepares an operation is timed by itself, and taken off.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lapic_ops.h"

#define ROUNDS        31
#define ROUND_OPS     20000
#define CALLGRIND_OPS 2000
#define VALGRIND      "valgrind"

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The same code whatever the functions are, so that its own cost falls out of differences. */
static void repeat(struct rig *rig, const struct op *op, rig_fn run, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		op->prepare(rig);
		run(rig);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double round_ns(struct rig *rig, const struct op *op, rig_fn run)
{
	uint64_t start = now_ns();

	repeat(rig, op, run, ROUND_OPS);
	return (double)(now_ns() - start) / ROUND_OPS;
}

/* Fastest rounds and median rounds, with the operation and without: the differences. */
static void measure_ns(struct rig *rig, const struct op *op, double *min, double *median)
{
	double with[ROUNDS], without[ROUNDS];

	reset_rig(rig);
	op->set_up(rig);
	for (int i = 0; i < ROUNDS; i++) {
		without[i] = round_ns(rig, op, nothing);
		with[i] = round_ns(rig, op, op->run);
	}
	qsort(with, ROUNDS, sizeof(with[0]), compare);
	qsort(without, ROUNDS, sizeof(without[0]), compare);
	*min = with[0] - without[0];
	*median = with[ROUNDS / 2] - without[ROUNDS / 2];
}

/* ---- instructions ---------------------------------------------------------------------------- */

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
static double process_instructions(const char *self, int op, uint32_t count)
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

/* Start, reset and preparation are in both processes: what is left is the operation. */
static double instructions(const char *self, int op)
{
	double with = process_instructions(self, op + 1, CALLGRIND_OPS);
	double without = process_instructions(self, -(op + 1), CALLGRIND_OPS);

	return with < 0 || without < 0 ? -1 : (with - without) / CALLGRIND_OPS;
}

/* ---- the program ----------------------------------------------------------------------------- */

/* True if the instructions could be counted. */
static bool print_row(struct rig *rig, const char *self, int number)
{
	const struct op *op = &ops[number];
	double min, median, count;

	measure_ns(rig, op, &min, &median);
	count = instructions(self, number);
	printf("%-42s %8.1f %8.1f ", op->name, min, median);
	if (count < 0)
		printf("%13s\n", "-");
	else
		printf("%13.1f\n", count);
	fflush(stdout);
	return count >= 0;
}

static void print_table(struct rig *rig, const char *self)
{
	bool counted = true;

	printf("%-42s %8s %8s %13s\n", "liblapic, one thread", "ns min", "ns med.", "instructions");
	for (int i = 0; i < NR_OPS; i++)
		counted &= print_row(rig, self, i);
	if (!counted)
		fprintf(stderr, "lapic-bench: no instructions: " VALGRIND
				" is missing or failed; scripts/setup test installs it\n");
}

/* Twice: what an operation leaves behind must not change the next one. */
static bool check_row(struct rig *rig, const struct op *op)
{
	reset_rig(rig);
	op->set_up(rig);
	for (int i = 0; i < 2; i++) {
		rig->sum = 0;
		op->prepare(rig);
		op->run(rig);
		if (rig->sum == op->result)
			continue;
		fprintf(stderr, "lapic-bench: %s: the result is %llu, not %llu\n", op->name,
			(unsigned long long)rig->sum, (unsigned long long)op->result);
		return false;
	}
	return true;
}

static int check(struct rig *rig)
{
	bool ok = true;

	for (size_t i = 0; i < NR_OPS; i++)
		ok &= check_row(rig, &ops[i]);
	return ok ? 0 : 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: lapic-bench [check | OP COUNT]; OP: 1..%d, or negative\n", NR_OPS);
	return 2;
}

static int run_one(struct rig *rig, int number, uint32_t count)
{
	size_t index = (size_t)abs(number) - 1;

	if (number == 0 || index >= NR_OPS)
		return usage();
	reset_rig(rig);
	ops[index].set_up(rig);
	repeat(rig, &ops[index], number < 0 ? nothing : ops[index].run, count);
	return 0;
}

int main(int argc, char **argv)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ret = 0;

	if (!rig || length < 0) {
		perror("lapic-bench");
		return 1;
	}
	self[length] = '\0';
	if (argc == 3)
		ret = run_one(rig, atoi(argv[1]), (uint32_t)atoi(argv[2]));
	else if (argc == 2 && strcmp(argv[1], "check") == 0)
		ret = check(rig);
	else if (argc == 1)
		print_table(rig, self);
	else
		ret = usage();
	free(rig);
	return ret;
}
