/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC saved and restored, by our format and by KVM's layout.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description"; KVM API documentation,
 * "KVM_GET_IRQCHIP"; rules R65, R142, R145.
 */
#include "ioapic/ioapic_state.h"
#include "ioapic_fixture.h"

#define OTHER_PIN 23u

static struct ioapic_state saved(const struct ioapic *io)
{
	struct ioapic_state state;

	memset(&state, 0xa5, sizeof(state));
	ioapic_state_save(io, &state);
	return state;
}

static struct ioapic restored(const struct ioapic_state *state, struct ioapic_out *out)
{
	struct ioapic io = io_new();

	*out = io_poison();
	ck_assert_int_eq(ioapic_state_restore(&io, state, out), IOAPIC_STATE_OK);
	return io;
}

/* A pin in service, one that waits for its unmasking, an edge, and a register selected. */
static struct ioapic io_busy(void)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_source(&io, IO_PIN, 31, true));
	io_expect_none(io_set_rte(&io, OTHER_PIN, IO_LEVEL | IOAPIC_RTE_MASKED | 0x62));
	io_expect_none(io_line(&io, OTHER_PIN, true));
	io_expect_none(io_set_rte(&io, 2, UINT64_C(0x0300000000000833)));
	io_expect_none(io_set(&io, 0, 0x07000000));
	io_select(&io, 0x3f);
	return io;
}

START_TEST(what_is_restored_saves_as_the_same)
{
	struct ioapic io = io_busy();
	struct ioapic_state first = saved(&io);
	struct ioapic_state second;
	struct ioapic_out out;

	io = restored(&first, &out);
	io_expect_none(out);
	second = saved(&io);
	ck_assert_int_eq(memcmp(&first, &second, sizeof(first)), 0);
	ck_assert_uint_eq(io_get(&io, 0), 0x07000000);
}
END_TEST

START_TEST(R142_R145_pins_go_on)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);
	struct ioapic_state state;
	struct ioapic_out out;

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | 0x77)); /* rewritten in service */
	io_expect_none(io_set_rte(&io, OTHER_PIN, IO_LEVEL | IOAPIC_RTE_MASKED | 0x62));
	io_expect_none(io_line(&io, OTHER_PIN, true));
	state = saved(&io);
	io = restored(&state, &out);
	io_expect_one(io_set_rte(&io, OTHER_PIN, IO_LEVEL | 0x62), OTHER_PIN, 0x62);
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, 0x77);
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_none(io_end(&io, 0x77));
}
END_TEST

START_TEST(a_level_that_is_owed_is_sent)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);
	struct ioapic_state state = saved(&io);
	struct ioapic_out out;

	state.rte[IO_PIN] &= ~IOAPIC_RTE_REMOTE_IRR;
	io = restored(&state, &out);
	io_expect_one(out, IO_PIN, IO_VECTOR);
	ck_assert(io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(R65_entries_hold_what_software_can_write)
{
	struct ioapic io = io_new();
	struct ioapic_state state = saved(&io);
	struct ioapic_out out;

	state.id = UINT32_MAX;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		state.rte[pin] = UINT64_MAX;
	state.rte[IO_PIN] = UINT64_MAX & ~IO_LEVEL;
	io = restored(&state, &out);
	io_expect_none(out);
	ck_assert_uint_eq(io_get(&io, 0), 0x0f000000);
	ck_assert_uint_eq(io_get_rte(&io, OTHER_PIN), UINT64_C(0xff0000000001efff));
	/* An edge has no remote IRR. */
	ck_assert_uint_eq(io_get_rte(&io, IO_PIN), UINT64_C(0xff00000000012fff));
	io = io_new_with(IOAPIC_VERSION_EOI, true);
	ck_assert_int_eq(ioapic_state_restore(&io, &state, &out), IOAPIC_STATE_OK);
	ck_assert_uint_eq(io_get_rte(&io, OTHER_PIN), UINT64_C(0xfffe00000001efff));
}
END_TEST

static void check_refused(const struct ioapic_state *state, enum ioapic_state_error error)
{
	struct ioapic io = io_busy();
	struct ioapic before = io;
	struct ioapic_state untouched = { .magic = 1 };
	struct ioapic_out out = io_poison();

	ck_assert_int_eq(ioapic_state_restore(&io, state, &out), error);
	ck_assert_uint_eq(out.count, 0);
	ck_assert_int_eq(memcmp(&io, &before, sizeof(io)), 0);
	ck_assert_int_eq(ioapic_state_from_bytes(&untouched, state, sizeof(*state)), error);
	ck_assert_uint_eq(untouched.magic, 1);
}

START_TEST(other_states_are_refused)
{
	const struct ioapic io = io_busy();
	const struct ioapic_state good = saved(&io);
	struct ioapic_state bad = good;
	uint8_t kvm[IOAPIC_KVM_STATE_SIZE];

	bad.magic = PIC_STATE_MAGIC;
	check_refused(&bad, IOAPIC_STATE_BAD_MAGIC);
	bad = good;
	bad.version = 2;
	check_refused(&bad, IOAPIC_STATE_BAD_VERSION);
	ck_assert_int_eq(ioapic_state_to_kvm(&bad, kvm), IOAPIC_STATE_BAD_VERSION);
	bad = good;
	bad.size++;
	check_refused(&bad, IOAPIC_STATE_BAD_SIZE);
	bad = good;
	bad.reserved = 1;
	check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.select = 0x100;
	check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
}
END_TEST

START_TEST(bytes_of_the_wrong_number_are_refused)
{
	const struct ioapic io = io_busy();
	const struct ioapic_state good = saved(&io);
	struct ioapic_state state = { .magic = 1 };
	uint8_t bytes[sizeof(good) + 2] = { 0 };

	memcpy(bytes + 1, &good, sizeof(good));
	ck_assert_int_eq(ioapic_state_from_bytes(&state, NULL, 0), IOAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(ioapic_state_from_bytes(&state, bytes + 1, sizeof(good) - 1),
			 IOAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(ioapic_state_from_bytes(&state, bytes + 1, sizeof(good) + 1),
			 IOAPIC_STATE_BAD_SIZE);
	ck_assert_uint_eq(state.magic, 1);
	ck_assert_int_eq(ioapic_state_from_bytes(&state, bytes + 1, sizeof(good)), IOAPIC_STATE_OK);
	ck_assert_int_eq(memcmp(&state, &good, sizeof(good)), 0);
}
END_TEST

START_TEST(kvms_layout_there_and_back)
{
	struct ioapic io = io_busy();
	struct ioapic_state first;
	struct ioapic_state second;
	uint8_t kvm[IOAPIC_KVM_STATE_SIZE];

	io_expect_none(io_source(&io, IO_PIN, 31, false)); /* KVM has one level for each pin */
	io.sent_vector[IO_PIN] = IO_VECTOR;
	first = saved(&io);
	memset(kvm, 0xa5, sizeof(kvm));
	ck_assert_int_eq(ioapic_state_to_kvm(&first, kvm), IOAPIC_STATE_OK);
	ck_assert_int_eq(memcmp(kvm, "\0\0\xc0\xfe\0\0\0\0", 8), 0);
	ck_assert_uint_eq(kvm[8], 0x3f);
	ck_assert_uint_eq(kvm[12], 7);
	ck_assert_int_eq(memcmp(kvm + 16, "\x20\0\x80\0\0\0\0\0", 8), 0);
	ck_assert_int_eq(memcmp(kvm + 24 + 8 * 2, "\x33\x08\0\0\0\0\0\x03", 8), 0);
	ck_assert_int_eq(ioapic_state_from_kvm(&second, kvm, IOAPIC_SOURCES), IOAPIC_STATE_OK);
	first.sent_vector[2] = 0x33; /* KVM has the entry's own vector only */
	first.sent_vector[OTHER_PIN] = 0x62;
	ck_assert_int_eq(memcmp(&first, &second, sizeof(first)), 0);
	ck_assert_int_eq(ioapic_state_from_kvm(&second, kvm, 31), IOAPIC_STATE_OK);
	ck_assert_uint_eq(second.sources[OTHER_PIN], UINT32_C(1) << 31);
}
END_TEST

START_TEST(an_ioapic_at_another_address_is_refused)
{
	uint8_t kvm[IOAPIC_KVM_STATE_SIZE] = { 0 };
	struct ioapic_state state = { .magic = 1 };

	ck_assert_int_eq(ioapic_state_from_kvm(&state, kvm, 0), IOAPIC_STATE_BAD_BASE);
	ck_assert_uint_eq(state.magic, 1);
}
END_TEST

START_TEST(every_error_has_its_own_text)
{
	for (int i = 0; i <= IOAPIC_STATE_BAD_BASE + 1; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(ioapic_state_strerror((enum ioapic_state_error)i),
					 ioapic_state_strerror((enum ioapic_state_error)j));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("I/O APIC state");
	TCase *tcase = tcase_create("state");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, what_is_restored_saves_as_the_same);
	tcase_add_test(tcase, R142_R145_pins_go_on);
	tcase_add_test(tcase, a_level_that_is_owed_is_sent);
	tcase_add_test(tcase, R65_entries_hold_what_software_can_write);
	tcase_add_test(tcase, other_states_are_refused);
	tcase_add_test(tcase, bytes_of_the_wrong_number_are_refused);
	tcase_add_test(tcase, kvms_layout_there_and_back);
	tcase_add_test(tcase, an_ioapic_at_another_address_is_refused);
	tcase_add_test(tcase, every_error_has_its_own_text);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
