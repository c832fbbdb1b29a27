/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole board under random port accesses: alone, with what must hold after each of them, and on
 * several threads at once. To be run under the sanitizers too; the seed is the number of the loop.
 */
#include <check.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/mc146818.h"
#include "vmm/devices/port61.h"

#define NR_ACCESSES 6000
#define NR_WRITERS  3
#define NR_BYTES    600
#define SERIAL_LINE 31 /* ones that the test device does not drive */
#define RTC_LINE    30
#define PIT_LINE    29
#define SCI_LINE    28

struct machine {
	struct fake_board board;
	struct serial *serial;
	struct i8042 kbc;
	struct debug_exit debug_exit;
	struct acpi_pm pm;
	struct fw_cfg fw;
	struct test_device test;
	struct i8254 pit;
	struct port61 port61;
	struct mc146818 rtc;
};

static void create_clocks(struct machine *machine)
{
	struct board_clock clock = fake_clock(&machine->board);
	struct bus *ports = &machine->board.ports;

	machine->board.now = UINT64_C(1000000000);
	ck_assert_int_eq(
		i8254_init(&machine->pit, ports, fake_line(&machine->board, PIT_LINE), &clock), 0);
	ck_assert_int_eq(port61_init(&machine->port61, ports, &machine->pit, &clock), 0);
	ck_assert_int_eq(acpi_pm_init(&machine->pm, ports, fake_line(&machine->board, SCI_LINE),
				      &clock, fake_end_request(&machine->board)),
			 0);
	ck_assert_int_eq(mc146818_init(&machine->rtc, ports, fake_line(&machine->board, RTC_LINE),
				       &clock, UINT64_C(1700000000123456789)),
			 0);
}

static struct machine *machine_create(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct bus *ports;
	struct end_request end;

	ck_assert_ptr_nonnull(machine);
	create_clocks(machine);
	ports = &machine->board.ports;
	end = fake_end_request(&machine->board);
	machine->serial = serial_create(ports, SERIAL_COM1, fake_line(&machine->board, SERIAL_LINE),
					fake_serial_sink(&machine->board));
	ck_assert_ptr_nonnull(machine->serial);
	ck_assert_int_eq(i8042_init(&machine->kbc, ports, end), 0);
	ck_assert_int_eq(debug_exit_init(&machine->debug_exit, ports, end), 0);
	ck_assert_int_eq(fw_cfg_init(&machine->fw, ports, 4, 0x8000000), 0);
	ck_assert_int_eq(test_device_init(&machine->test, ports, fake_line(&machine->board, 0),
					  fake_send_msi),
			 0);
	return machine;
}

static void machine_destroy(struct machine *machine)
{
	serial_destroy(machine->serial);
	free(machine);
}

/* Mostly ports that somebody answers, at and around their ends, mostly the UART's. */
static uint16_t random_port(uint32_t *random)
{
	static const uint16_t bases[] = { 0x3f8, 0x3f8, 0x3f8, 0x60,   0xf4,   0x510, 0x40, 0x40,
					  0x600, 0x608, 0xcf9, 0x2000, 0x2040, 0x70,  0x70, 0 };
	uint16_t base = bases[fake_random(random) % (sizeof(bases) / sizeof(bases[0]))];

	if (base == 0)
		return (uint16_t)fake_random(random);
	return (uint16_t)(base - 2 + fake_random(random) % 12);
}

/* Mostly a little, now and then a lot, and sometimes with a host that was late. */
static void random_time(struct machine *machine, uint32_t *random)
{
	uint64_t ns = (uint64_t)fake_random(random) >> fake_random(random) % 32;

	if (fake_random(random) % 64 == 0)
		fake_oversleep(&machine->board, ns * (fake_random(random) % 1000));
	else
		fake_pass(&machine->board, ns % 1000000);
}

/* What random bytes do not hit upon: a chain that runs, and enabled interrupts. */
static void program_rtc(struct machine *machine, uint32_t *random)
{
	fake_out(&machine->board, 0x70, 2, 0x260a);
	fake_out(&machine->board, 0x70, 2, 0x420b | (fake_random(random) & 0x3600));
}

/* Reading C lowers the RTC's line; the bits that cannot be written are what they are. */
static void check_clocks(struct machine *machine)
{
	uint32_t index = fake_in(&machine->board, 0x70, 1);

	fake_out(&machine->board, 0x70, 1, 0x0d);
	ck_assert_uint_eq(fake_in(&machine->board, 0x71, 1), 0x80);
	fake_out(&machine->board, 0x70, 1, 0x0c);
	ck_assert_uint_eq(fake_in(&machine->board, 0x71, 1) & 0x0f, 0);
	ck_assert(!machine->board.level[RTC_LINE]);
	fake_out(&machine->board, 0x70, 1, index);
	ck_assert_uint_eq(fake_in(&machine->board, 0x61, 1) & 0xc0, 0);
}

static void random_access(struct machine *machine, uint32_t *random)
{
	uint16_t port = random_port(random);
	uint32_t len = 1u << fake_random(random) % 4;
	uint32_t value = fake_random(random) >> fake_random(random) % 32;
	uint64_t read;

	if (fake_random(random) % 2) {
		bus_write(&machine->board.ports, port, len, value);
		return;
	}
	bus_read(&machine->board.ports, port, len, &read);
	if (len < 8)
		ck_assert_uint_eq(read >> (8 * len), 0);
}

/* What the guest can see has to agree with what the board saw. Reads without side effects only. */
static void check_serial(struct machine *machine)
{
	uint32_t iir = fake_in(&machine->board, SERIAL_COM1 + 2, 1);
	bool out2 = fake_in(&machine->board, SERIAL_COM1 + 4, 1) & 0x08;
	uint32_t lsr = fake_in(&machine->board, SERIAL_COM1 + 5, 1);

	ck_assert_msg((lsr & 0xfc) == 0x60, "lsr %#x", lsr);
	ck_assert_msg((iir & 0x30) == 0 && (iir >> 6 == 0 || iir >> 6 == 3), "iir %#x", iir);
	/* Reading IIR or LSR may have taken the cause away, never have added one. */
	if (!out2 || (iir & 0x0f) == 0x01)
		ck_assert_msg(!machine->board.level[SERIAL_LINE], "iir %#x, OUT2 %d", iir, out2);
}

START_TEST(random_accesses)
{
	struct machine *machine = machine_create();
	uint32_t random = 1 + (uint32_t)_i;
	uint8_t input[32] = { 0 };

	for (int i = 0; i < NR_ACCESSES; i++) {
		random_access(machine, &random);
		if (fake_random(&random) % 8 == 0) {
			size_t len = fake_random(&random) % sizeof(input);

			ck_assert_uint_le(serial_receive(machine->serial, input, len), len);
		}
		check_serial(machine);
		if (i % 16 == 0) {
			random_time(machine, &random);
			check_clocks(machine);
			if (i % 256 == 0)
				program_rtc(machine, &random);
		}
	}
	ck_assert_uint_gt(machine->board.rises[PIT_LINE], 0);
	ck_assert_uint_gt(machine->board.rises[RTC_LINE], 0);
	ck_assert_uint_gt(machine->board.nr_sent, 0);
	ck_assert_uint_gt(machine->board.nr_ends, 0);
	ck_assert_uint_gt(machine->board.nr_msis, 0);
	machine_destroy(machine);
}
END_TEST

struct worker {
	struct machine *machine;
	uint32_t number;
	pthread_t thread;
};

static void *hammer(void *arg)
{
	struct worker *worker = arg;
	uint32_t random = 1 + worker->number;
	uint8_t input[8] = { 0 };

	for (int i = 0; i < NR_ACCESSES / 2; i++) {
		random_access(worker->machine, &random);
		serial_receive(worker->machine->serial, input, fake_random(&random) % 8);
	}
	return NULL;
}

static void start(struct worker *worker, void *(*work)(void *arg))
{
	ck_assert_int_eq(pthread_create(&worker->thread, NULL, work, worker), 0);
}

START_TEST(random_accesses_on_threads)
{
	struct machine *machine = machine_create();
	struct worker workers[NR_WRITERS];

	for (uint32_t i = 0; i < NR_WRITERS; i++) {
		workers[i] = (struct worker){ .machine = machine, .number = i };
		start(&workers[i], hammer);
	}
	for (uint32_t i = 0; i < NR_WRITERS; i++)
		pthread_join(workers[i].thread, NULL);
	check_serial(machine);
	machine_destroy(machine);
}
END_TEST

/* A sink that notices when it is called by two threads at once. */
struct lone_sink {
	struct machine *machine;
	atomic_flag busy;
	atomic_uint overlaps;
};

static void lone_write(void *arg, const uint8_t *data, size_t len)
{
	struct lone_sink *sink = arg;

	if (atomic_flag_test_and_set(&sink->busy))
		sink->overlaps++;
	sched_yield();
	fake_sink(&sink->machine->board, data, len);
	atomic_flag_clear(&sink->busy);
}

/* A byte has its writer in the upper bits and counts in the lower six. */
static void *write_bytes(void *arg)
{
	struct worker *worker = arg;

	for (uint32_t i = 0; i < NR_BYTES / NR_WRITERS; i++)
		fake_out(&worker->machine->board, SERIAL_COM1, 1, worker->number << 6 | (i & 0x3f));
	return NULL;
}

START_TEST(writers_keep_their_order)
{
	struct machine *machine = machine_create();
	struct lone_sink sink = { .machine = machine, .busy = ATOMIC_FLAG_INIT };
	struct worker workers[NR_WRITERS];
	uint32_t next[NR_WRITERS] = { 0 };

	serial_destroy(machine->serial);
	machine->board.ports.nr_regions = 0;
	machine->serial = serial_create(&machine->board.ports, SERIAL_COM1,
					fake_line(&machine->board, SERIAL_LINE),
					(struct serial_sink){ lone_write, &sink });
	ck_assert_ptr_nonnull(machine->serial);
	for (uint32_t i = 0; i < NR_WRITERS; i++) {
		workers[i] = (struct worker){ .machine = machine, .number = i };
		start(&workers[i], write_bytes);
	}
	for (uint32_t i = 0; i < NR_WRITERS; i++)
		pthread_join(workers[i].thread, NULL);

	ck_assert_uint_eq(sink.overlaps, 0);
	ck_assert_uint_eq(machine->board.nr_sent, NR_BYTES / NR_WRITERS * NR_WRITERS);
	for (uint32_t i = 0; i < machine->board.nr_sent; i++) {
		uint8_t byte = machine->board.sent[i];

		ck_assert_uint_eq(byte & 0x3f, next[byte >> 6]++ & 0x3f);
	}
	machine_destroy(machine);
}
END_TEST

struct feeder {
	struct machine *machine;
	pthread_mutex_t lock;
	pthread_cond_t space;
	bool has_space;
};

static void announce_space(void *ctx)
{
	struct feeder *feeder = ctx;

	pthread_mutex_lock(&feeder->lock);
	feeder->has_space = true;
	pthread_cond_signal(&feeder->space);
	pthread_mutex_unlock(&feeder->lock);
}

/* What is turned away waits for space: if it were not announced, the test would not end. */
static void *feed_bytes(void *arg)
{
	struct feeder *feeder = arg;
	uint8_t data[NR_BYTES];
	size_t done = 0;

	for (size_t i = 0; i < NR_BYTES; i++)
		data[i] = (uint8_t)(i % 251);
	for (;;) {
		done += serial_receive(feeder->machine->serial, data + done, NR_BYTES - done);
		if (done == NR_BYTES)
			return NULL;
		pthread_mutex_lock(&feeder->lock);
		while (!feeder->has_space)
			pthread_cond_wait(&feeder->space, &feeder->lock);
		feeder->has_space = false;
		pthread_mutex_unlock(&feeder->lock);
	}
}

START_TEST(input_arrives_whole_and_in_order)
{
	struct machine *machine = machine_create();
	struct feeder feeder = {
		.machine = machine,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.space = PTHREAD_COND_INITIALIZER,
	};
	pthread_t thread;

	serial_on_space(machine->serial, announce_space, &feeder);
	fake_out(&machine->board, SERIAL_COM1 + 2, 1, _i ? 0x01 : 0x00);
	ck_assert_int_eq(pthread_create(&thread, NULL, feed_bytes, &feeder), 0);
	for (uint32_t i = 0; i < NR_BYTES; i++) {
		while (!(fake_in(&machine->board, SERIAL_COM1 + 5, 1) & 0x01))
			sched_yield();
		ck_assert_uint_eq(fake_in(&machine->board, SERIAL_COM1, 1), i % 251);
	}
	pthread_join(thread, NULL);
	machine_destroy(machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices_random");
	TCase *tcase = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, random_accesses, 0, 6);
	tcase_add_test(tcase, random_accesses_on_threads);
	tcase_add_test(tcase, writers_keep_their_order);
	tcase_add_loop_test(tcase, input_arrives_whole_and_in_order, 0, 2);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
