/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapicdump: what it takes for a local APIC, and how it refuses the rest.
 *
 * SDM vol. 3, table "Local APIC Register Address Map"; rules R48, R91.
 */
#include "lapic/lapic_page.h"
#include "lapicdump_fixture.h"

/* The bytes are refused, and the line says this. */
static void refused(const struct bytes *bytes, bool x2apic, const char *saying)
{
	struct lapicdump_input input = { .name = "test", .x2apic = x2apic };
	char error[512] = "";

	ck_assert(!lapicdump_judge(&input, bytes->at, bytes->size, false, error, sizeof(error)));
	ck_assert_msg(strstr(error, saying) != NULL, "it says: %s", error);
	ck_assert_ptr_nonnull(strstr(error, "expected"));
	ck_assert_ptr_null(strchr(error, '\n'));
}

static struct bytes good_page(void)
{
	struct lapic a = fx_enabled();

	fx_dirty(&a);
	return page_of(&a, true);
}

START_TEST(pages_of_both_sizes_and_states_are_taken)
{
	struct bytes bytes = good_page();
	struct lapicdump_input input = accepted(&bytes, false);
	struct lapic a = fx_x2apic();

	ck_assert(!input.is_state);
	memset(bytes.at + LAPIC_REGS_SIZE, 0xff, LAPIC_PAGE_SIZE - LAPIC_REGS_SIZE);
	bytes.size = LAPIC_PAGE_SIZE;
	(void)accepted(&bytes, false);
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	ck_assert(input.is_state && input.x2apic);
	ck_assert_str_eq(lapicdump_mode(&input), "x2APIC");
	fx_disable_hardware(&a);
	bytes = state_of(&a);
	input = accepted(&bytes, true);
	ck_assert(!input.x2apic);
	ck_assert_str_eq(lapicdump_mode(&input), "disabled");
}
END_TEST

START_TEST(other_sizes_and_text_are_refused)
{
	static const struct {
		size_t size;
		const char *found;
	} sizes[] = {
		{ 0, "found 0 bytes" },       { 1, "found 1 bytes" },
		{ 1023, "found 1023 bytes" }, { 1025, "found 1025 bytes" },
		{ 4095, "found 4095 bytes" }, { 4097, "found more than 4096 bytes" },
	};
	struct bytes bytes = good_page();

	for (size_t i = 0; i < FX_COUNT(sizes); i++) {
		bytes.size = sizes[i].size;
		refused(&bytes, false, sizes[i].found);
	}
	memset(bytes.at, 'x', sizeof(bytes.at));
	bytes.at[5] = '\n';
	bytes.size = LAPIC_REGS_SIZE;
	refused(&bytes, false, "found text");
}
END_TEST

START_TEST(zeros_ones_and_other_versions_are_refused)
{
	static const uint32_t versions[] = {
		0x50004, 0x50016, 0x20014, 0x90014, 0x50114, 0x2050014, 0,
	};
	static const uint32_t good[] = { 0x50010, 0x50014, 0x1060015, 0x80050010, 0x30011 };
	struct bytes bytes = { .size = LAPIC_PAGE_SIZE };

	refused(&bytes, false, "zeros only");
	memset(bytes.at, 0xff, sizeof(bytes.at));
	refused(&bytes, false, "ones only");
	bytes = good_page();
	for (size_t i = 0; i < FX_COUNT(versions); i++) {
		lapic_page_store(bytes.at, LAPIC_VERSION, versions[i]);
		refused(&bytes, false, "found VERSION 0x");
	}
	for (size_t i = 0; i < FX_COUNT(good); i++) {
		lapic_page_store(bytes.at, LAPIC_VERSION, good[i]);
		(void)accepted(&bytes, false);
	}
}
END_TEST

START_TEST(reserved_bits_are_refused)
{
	static const uint32_t offsets[] = { LAPIC_TPR,         LAPIC_SVR,       LAPIC_ESR,
					    LAPIC_LVT_TIMER,   LAPIC_LVT_ERROR, LAPIC_TIMER_DCR,
					    LAPIC_LVT_THERMAL, LAPIC_ICR,       LAPIC_SELF_IPI };

	for (size_t i = 0; i < FX_COUNT(offsets); i++) {
		struct bytes bytes = good_page();
		char found[32];

		(void)snprintf(found, sizeof(found), "found %s 0x40000000",
			       lapic_reg_desc(offsets[i])->name);
		lapic_page_store(bytes.at, offsets[i], 0x40000000);
		refused(&bytes, false, found);
	}
}
END_TEST

START_TEST(R48_vectors_that_kvm_lets_through_are_taken)
{
	struct bytes bytes = good_page();

	lapic_page_store(bytes.at, LAPIC_IRR, 0x20);
	lapic_page_store(bytes.at, LAPIC_SELF_IPI, 0x41);
	lapic_page_store(bytes.at, LAPIC_SVR, 0x3ff); /* with focus checking, of older parts */
	(void)accepted(&bytes, false);
}
END_TEST

/* The APIC reads its own VERSION, as it would that of another one. */
static void answer_read(struct lapic *a, struct lapic_inbox *inbox)
{
	const struct apic_msg msg = { .mode = APIC_MODE_REMOTE_READ, .vector = LAPIC_VERSION / 16 };
	uint64_t answer;
	uint32_t from;
	bool kick;

	ck_assert(lapic_post_read(inbox, 0, &msg, &kick));
	ck_assert_uint_eq(lapic_drain(a, inbox), LAPIC_EVENT_READ);
	ck_assert(lapic_answer_read(a, inbox, FX_NOW, &from, &answer));
	lapic_post_answer(inbox, answer);
	ck_assert_uint_eq(lapic_drain(a, inbox), 0);
}

/* What a remote read leaves in ICR is taken, and restored as it was judged. */
START_TEST(R85_the_state_of_a_remote_read_is_taken)
{
	static const uint32_t answers[] = { LAPIC_ICR_READ_PENDING, LAPIC_ICR_READ_VALID };
	struct lapic_config config = fx_config();

	config.remote_read = true;
	for (size_t i = 0; i < FX_COUNT(answers); i++) {
		struct lapic a = fx_enabled_with(config);
		struct lapic_inbox inbox;
		struct lapicdump_input input;
		struct bytes bytes;

		lapic_inbox_reset(&inbox);
		fx_write(&a, LAPIC_ICR, 0x300 | LAPIC_VERSION / 16);
		if (answers[i] == LAPIC_ICR_READ_VALID)
			answer_read(&a, &inbox);
		ck_assert_uint_eq(a.regs.icr.reg & LAPIC_ICR_READ_STATUS, answers[i]);
		bytes = page_of(&a, true);
		(void)accepted(&bytes, false);
		refused(&bytes, true, "found ICR 0x000");
		bytes = state_of(&a);
		input = accepted(&bytes, false);
		lapic_power_up(&a, &config);
		ck_assert_int_eq(lapic_state_restore(&a, &input.state, 0, FX_NOW), LAPIC_STATE_OK);
		ck_assert_uint_eq(a.regs.icr.reg & LAPIC_ICR_READ_STATUS, answers[i]);
		ck_assert_uint_eq(a.regs.rrd.reg, i == 0 ? 0 : a.regs.version.reg);
	}
}
END_TEST

START_TEST(R91_the_mode_is_told_by_id_and_ldr)
{
	struct lapic a = fx_x2apic();
	struct bytes bytes = page_of(&a, true);
	struct lapicdump_input input = accepted(&bytes, true);

	ck_assert_uint_eq(lapicdump_id(&input), FX_ID);
	refused(&bytes, false, "--x2apic");
	bytes = page_of(&a, false);
	input = accepted(&bytes, true);
	ck_assert_uint_eq(lapicdump_id(&input), FX_ID);
	bytes = good_page();
	input = accepted(&bytes, false);
	ck_assert_uint_eq(lapicdump_id(&input), FX_ID);
	refused(&bytes, true, "is this page in xAPIC mode?");
	lapic_page_store(bytes.at, LAPIC_DFR, 0xf0000000);
	refused(&bytes, false, "found DFR 0xf0000000");
}
END_TEST

START_TEST(damaged_states_are_refused)
{
	struct lapic a = fx_enabled();
	struct bytes bytes = state_of(&a);

	bytes.size--;
	refused(&bytes, false, "truncated");
	bytes.size += 2;
	refused(&bytes, false, "another size");
	bytes.size--;
	bytes.at[4]++;
	refused(&bytes, false, "another version");
	bytes.at[4]--;
	((struct lapic_state *)bytes.at)->version = 1;
	refused(&bytes, false, "another size");
	((struct lapic_state *)bytes.at)->version = LAPIC_STATE_VERSION;
	lapic_page_store(((struct lapic_state *)bytes.at)->page, LAPIC_TPR, 0x100);
	refused(&bytes, false, "found TPR");
}
END_TEST

START_TEST(a_state_of_version_1_is_taken)
{
	struct lapic a = fx_enabled();
	struct bytes bytes = state_of(&a);
	struct lapic_state *state = (struct lapic_state *)bytes.at;

	bytes.size = 1080;
	state->version = 1;
	state->size = 1080;
	ck_assert(accepted(&bytes, false).is_state);
}
END_TEST

START_TEST(force_takes_any_page)
{
	struct lapicdump_input input = { .name = "test" };
	uint8_t ones[LAPIC_REGS_SIZE];
	char error[512];

	memset(ones, 0xff, sizeof(ones));
	ck_assert(lapicdump_judge(&input, ones, sizeof(ones), true, error, sizeof(error)));
	ck_assert(!lapicdump_judge(&input, ones, sizeof(ones) - 1, true, error, sizeof(error)));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pages_of_both_sizes_and_states_are_taken,
		other_sizes_and_text_are_refused,
		zeros_ones_and_other_versions_are_refused,
		reserved_bits_are_refused,
		R48_vectors_that_kvm_lets_through_are_taken,
		R85_the_state_of_a_remote_read_is_taken,
		R91_the_mode_is_told_by_id_and_ldr,
		damaged_states_are_refused,
		a_state_of_version_1_is_taken,
		force_takes_any_page,
	};

	return fx_run("lapicdump", tests, FX_COUNT(tests));
}
