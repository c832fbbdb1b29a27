/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storms: a level that is up again after each EOI is held back after a number of them, until the
 * owner lets it go (R155, D29). Intel 82093AA I/O APIC datasheet, "I/O Redirection Table
 * Registers".
 */
#include <stdlib.h>

#include "ioapic/ioapic_state.h"
#include "tests/unit/ioapic_fixture.h"

#define LIMIT 5
#define OTHER (IO_PIN + 1)

static struct ioapic io_with_limit(uint16_t limit)
{
	const struct ioapic_config config = {
		.version = IOAPIC_VERSION_EOI,
		.storm_limit = limit,
	};
	struct ioapic io;

	ioapic_reset(&io, &config);
	io_set_rte(&io, IO_PIN, IOAPIC_RTE_LEVEL | IO_VECTOR);
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	return io;
}

static struct ioapic_out release(struct ioapic *io)
{
	struct ioapic_out out = io_poison();

	ioapic_release(io, &out);
	return out;
}

/* So many EOIs, each of which sends again. */
static void expect_resends(struct ioapic *io, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		io_expect_one(io_end(io, IO_VECTOR), IO_PIN, IO_VECTOR);
		ck_assert(!ioapic_holds(io));
	}
}

static void expect_held(struct ioapic *io)
{
	io_expect_none(io_end(io, IO_VECTOR));
	ck_assert(ioapic_holds(io));
	ck_assert(!io_remote_irr(io, IO_PIN));
}

START_TEST(R155_without_a_limit_a_storm_is_sent_on)
{
	struct ioapic io = io_with_limit(0);
	uint32_t count = 0;

	while (count < 2 * 65536 && io_end(&io, IO_VECTOR).count == 1)
		count++;
	ck_assert_uint_eq(count, 2 * 65536);
	ck_assert(!ioapic_holds(&io));
}
END_TEST

START_TEST(R155_the_limit_is_the_resend_that_waits)
{
	for (uint16_t limit = 1; limit < 20; limit++) {
		struct ioapic io = io_with_limit(limit);

		expect_resends(&io, limit - 1);
		expect_held(&io);
	}
}
END_TEST

START_TEST(R155_released_it_is_sent_and_counted_anew)
{
	struct ioapic io = io_with_limit(LIMIT);

	for (uint32_t i = 0; i < 3; i++) {
		expect_resends(&io, LIMIT - 1);
		expect_held(&io);
		io_expect_one(release(&io), IO_PIN, IO_VECTOR);
		ck_assert(!ioapic_holds(&io));
		ck_assert(io_remote_irr(&io, IO_PIN));
	}
	io_expect_none(release(&io));
}
END_TEST

START_TEST(R155_a_line_that_falls_is_no_storm)
{
	struct ioapic io = io_with_limit(LIMIT);

	/* Served in time, again and again. */
	for (uint32_t i = 0; i < 3; i++) {
		expect_resends(&io, LIMIT - 1);
		io_expect_none(io_line(&io, IO_PIN, false));
		io_expect_none(io_end(&io, IO_VECTOR));
		io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	}
	/* Served while it is held: it rises like any other. */
	expect_resends(&io, LIMIT - 1);
	expect_held(&io);
	io_expect_none(io_line(&io, IO_PIN, false));
	ck_assert(!ioapic_holds(&io));
	io_expect_none(release(&io));
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	expect_resends(&io, LIMIT - 1);
}
END_TEST

START_TEST(R155_a_masked_pin_is_no_storm)
{
	struct ioapic io = io_with_limit(LIMIT);

	for (uint32_t i = 0; i < 3 * LIMIT; i++) {
		io_set_rte(&io, IO_PIN, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | IO_VECTOR);
		io_expect_none(io_end(&io, IO_VECTOR));
		io_expect_one(io_set(&io, 0x10 + 2 * IO_PIN, IOAPIC_RTE_LEVEL | IO_VECTOR), IO_PIN,
			      IO_VECTOR);
	}
	ck_assert(!ioapic_holds(&io));
}
END_TEST

/*
 * Neither a second source nor software gets at a level that is held; release looks at what is then.
 */
START_TEST(R155_held_is_held)
{
	struct ioapic io = io_with_limit(LIMIT);
	uint32_t low = 0x10 + 2 * IO_PIN;

	expect_resends(&io, LIMIT - 1);
	expect_held(&io);
	io_expect_none(io_source(&io, IO_PIN, 1, true));
	io_expect_none(io_set(&io, low, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | IO_VECTOR));
	io_expect_none(io_set(&io, low, IOAPIC_RTE_LEVEL | IO_VECTOR));
	io_expect_none(io_end(&io, IO_VECTOR));
	io_expect_none(io_set(&io, low, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | IO_VECTOR));
	io_expect_none(release(&io));
	io_expect_one(io_set(&io, low, IOAPIC_RTE_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(R155_pins_storm_apart)
{
	struct ioapic io = io_with_limit(LIMIT);

	io_set_rte(&io, OTHER, IOAPIC_RTE_LEVEL | (IO_VECTOR + 1));
	io_expect_one(io_line(&io, OTHER, true), OTHER, IO_VECTOR + 1);
	expect_resends(&io, LIMIT - 1);
	expect_held(&io);
	for (uint32_t i = 0; i < LIMIT - 1; i++)
		io_expect_one(io_end(&io, IO_VECTOR + 1), OTHER, IO_VECTOR + 1);
	io_expect_none(io_end(&io, IO_VECTOR + 1));
	ck_assert_uint_eq(release(&io).count, 2);
}
END_TEST

START_TEST(R155_a_restored_pin_starts_over)
{
	struct ioapic io = io_with_limit(LIMIT);
	struct ioapic_state state;
	struct ioapic_out out;

	expect_resends(&io, LIMIT - 1);
	expect_held(&io);
	ioapic_state_save(&io, &state);
	ck_assert_int_eq(ioapic_state_restore(&io, &state, &out), IOAPIC_STATE_OK);
	io_expect_one(out, IO_PIN, IO_VECTOR);
	ck_assert(!ioapic_holds(&io));
	expect_resends(&io, LIMIT - 1);
	expect_held(&io);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ioapic_storm");
	TCase *tcase = tcase_create("storm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, R155_without_a_limit_a_storm_is_sent_on);
	tcase_add_test(tcase, R155_the_limit_is_the_resend_that_waits);
	tcase_add_test(tcase, R155_released_it_is_sent_and_counted_anew);
	tcase_add_test(tcase, R155_a_line_that_falls_is_no_storm);
	tcase_add_test(tcase, R155_a_masked_pin_is_no_storm);
	tcase_add_test(tcase, R155_held_is_held);
	tcase_add_test(tcase, R155_pins_storm_apart);
	tcase_add_test(tcase, R155_a_restored_pin_starts_over);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
