/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a VMM takes from exec to the first instruction of its guest.
 * POSIX, "clock_gettime"; the guest is guests/bench/first.S, whose first instructions send one
 * byte.
 *
 * Usage: bench-start RUNS NAME COMMAND [ARGUMENT]...
 *
 * The clock starts in the child, right before execvp: fork is not in it. It stops when the parent
 * has read the guest's first byte from the command's standard output: the byte's way through the
 * UART, a pipe and the scheduler is in it, so the time is an upper bound. A second line has the
 * time until the process is gone.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS   1000
#define FIRST_BYTE '!'
#define EXIT_GUEST 1 /* debug-exit with 0 */

struct run {
	uint64_t first; /* ns from exec to the first byte */
	uint64_t end;   /* ns from exec to the end of the process */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void child(char **command, int out, volatile uint64_t *start)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	*start = now_ns();
	execvp(command[0], command);
	_exit(127);
}

/* The parent's half: false if the command did not do what it should. */
static bool watch(int in, pid_t pid, struct run *run)
{
	char byte = 0;
	int status = -1;
	bool ok = read(in, &byte, 1) == 1 && byte == FIRST_BYTE;

	run->first = now_ns();
	if (waitpid(pid, &status, 0) < 0)
		ok = false;
	run->end = now_ns();
	if (ok && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GUEST)
		return true;
	fprintf(stderr, "bench-start: the guest's byte %s, wait status 0x%x\n",
		ok ? "came" : "did not come", (unsigned int)status);
	return false;
}

static bool run_once(char **command, volatile uint64_t *start, struct run *run)
{
	int fds[2];
	pid_t pid;
	bool ok;

	if (pipe(fds)) {
		perror("bench-start: pipe");
		return false;
	}
	pid = fork();
	if (pid == 0)
		child(command, fds[1], start);
	close(fds[1]);
	if (pid < 0)
		perror("bench-start: fork");
	ok = pid > 0 && watch(fds[0], pid, run);
	close(fds[0]);
	run->first -= *start;
	run->end -= *start;
	return ok;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_line(const char *name, uint64_t *times, int runs)
{
	qsort(times, (size_t)runs, sizeof(*times), compare);
	printf("bench name=%s mode=none n=%d ns_min=%llu ns_low=%llu ns_median=%llu ns_max=%llu\n",
	       name, runs, (unsigned long long)times[0], (unsigned long long)times[runs / 10],
	       (unsigned long long)times[runs / 2], (unsigned long long)times[runs - 1]);
}

static bool run_all(char **command, const char *name, int runs, volatile uint64_t *start)
{
	static const char end_suffix[] = "-end";
	uint64_t first[MAX_RUNS] = { 0 };
	uint64_t end[MAX_RUNS] = { 0 };
	struct run run = { 0 };
	char end_name[64];

	for (int i = 0; i < runs; i++) {
		if (!run_once(command, start, &run))
			return false;
		first[i] = run.first;
		end[i] = run.end;
	}
	snprintf(end_name, sizeof(end_name), "%s%s", name, end_suffix);
	print_line(name, first, runs);
	print_line(end_name, end, runs);
	return true;
}

int main(int argc, char **argv)
{
	int runs = argc > 3 ? atoi(argv[1]) : 0;
	void *page;

	if (runs < 1 || runs > MAX_RUNS) {
		fprintf(stderr, "usage: bench-start RUNS NAME COMMAND [ARGUMENT]...; RUNS: 1..%d\n",
			MAX_RUNS);
		return 2;
	}
	page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (page == MAP_FAILED) {
		perror("bench-start: mmap");
		return 1;
	}
	return run_all(argv + 3, argv[2], runs, page) ? 0 : 1;
}
