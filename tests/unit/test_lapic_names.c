/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers and LVT fields by name, in the page of a saved state and in one from KVM.
 *
 * SDM vol. 3, table "Local APIC Register Address Map", figure "Local Vector Table (LVT)"; rules
 * R37, R39, R41, R44, R121.
 */
#include "lapic/lapic_names.h"
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

static void check_name(const char *name, uint32_t offset)
{
	const struct lapic_reg_desc *desc = lapic_reg_by_name(name);

	ck_assert_msg(desc != NULL, "no register %s", name);
	ck_assert_msg(desc->offset == offset, "%s is at %#x", name, (unsigned int)desc->offset);
}

START_TEST(every_register_is_found_by_its_name)
{
	int count = 0;

	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += 16) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		if (!desc)
			continue;
		ck_assert_ptr_eq(lapic_reg_by_name(desc->name), desc);
		count++;
	}
	ck_assert_int_eq(count, 48); /* 24, and 3 bitmaps of 8 words */
}
END_TEST

START_TEST(other_names_and_spellings)
{
	check_name("SVR", LAPIC_SVR);
	check_name("spiv", LAPIC_SVR);
	check_name("APIC_SPIV", LAPIC_SVR);
	check_name("apic_id", LAPIC_ID);
	check_name("Isr3", LAPIC_ISR + 0x30);
	check_name("ISR", LAPIC_ISR);
	check_name("IRR", LAPIC_IRR);
	check_name("TMR", LAPIC_TMR);
	check_name("IRR7", LAPIC_IRR + 0x70);
	check_name("LVT LINT0", LAPIC_LVT_LINT0);
	check_name("lvt-lint1", LAPIC_LVT_LINT1);
	check_name("lint1", LAPIC_LVT_LINT1);
	check_name("LVT0", LAPIC_LVT_LINT0);
	check_name("APIC_LVT1", LAPIC_LVT_LINT1);
	check_name("LVTT", LAPIC_LVT_TIMER);
	check_name("LVTTHMR", LAPIC_LVT_THERMAL);
	check_name("LVTPC", LAPIC_LVT_PMC);
	check_name("LVTERR", LAPIC_LVT_ERROR);
	check_name("CMCI", LAPIC_LVT_CMCI);
	check_name("LVTCMCI", LAPIC_LVT_CMCI);
	check_name("TMICT", LAPIC_TIMER_ICR);
	check_name("initial count", LAPIC_TIMER_ICR);
	check_name("TMCCT", LAPIC_TIMER_CCR);
	check_name("current-count", LAPIC_TIMER_CCR);
	check_name("TDCR", LAPIC_TIMER_DCR);
	check_name("divide configuration", LAPIC_TIMER_DCR);
	check_name("ICR_LOW", LAPIC_ICR);
	check_name("ICR0", LAPIC_ICR);
	check_name("ICR1", LAPIC_ICR_HIGH);
	check_name("ICR2", LAPIC_ICR_HIGH);
	check_name("LVR", LAPIC_VERSION);
	check_name("TASKPRI", LAPIC_TPR);
	check_name("ARBPRI", LAPIC_APR);
	check_name("PROCPRI", LAPIC_PPR);
	check_name("remote_read", LAPIC_RRD);
}
END_TEST

START_TEST(what_is_no_name)
{
	static const char *const names[] = {
		"",      "_",    "APIC", "APIC_", "ISR8",        "ISR33", "LVT",    "LVT2",
		"TIMER", "0x20", "SVRX", "SV",    "APICAPIC_ID", "{ID",   "AP_TPR",
	};

	for (size_t i = 0; i < FX_COUNT(names); i++)
		ck_assert_msg(lapic_reg_by_name(names[i]) == NULL, "'%s' is a name", names[i]);
	ck_assert_ptr_null(lapic_reg_by_name(NULL));
}
END_TEST

/* ---- registers ------------------------------------------------------------------------------- */

START_TEST(registers_of_a_saved_state)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;
	uint32_t value;

	fx_write(&a, LAPIC_TPR, 0x35);
	lapic_state_save(&a, FX_NOW, &state);
	ck_assert_int_eq(lapic_page_get(state.page, lapic_reg_by_name("TPR")->offset, &value),
			 LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, 0x35);
	ck_assert_int_eq(lapic_page_set(state.page, LAPIC_TPR, false, 0x46), LAPIC_PAGE_OK);
	ck_assert_int_eq(lapic_page_set(state.page, LAPIC_ISR + 0x10, false, 1), LAPIC_PAGE_OK);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x46);
	ck_assert(fx_bit(&a, LAPIC_ISR, 32));
}
END_TEST

START_TEST(a_page_of_kvm_is_little_endian)
{
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };
	uint32_t value;

	memcpy(page + 0x380, "\x78\x56\x34\x12\xff", 5);
	ck_assert_int_eq(lapic_page_get(page, LAPIC_TIMER_ICR, &value), LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, 0x12345678);
	ck_assert_int_eq(lapic_page_set(page, LAPIC_TIMER_ICR, false, 0xcafe0102), LAPIC_PAGE_OK);
	ck_assert_int_eq(memcmp(page + 0x380, "\x02\x01\xfe\xca\xff", 5), 0);
}
END_TEST

/* A value is refused and the page is as it was. */
static void check_set_refused(uint32_t offset, bool x2apic, uint32_t value,
			      enum lapic_page_error error)
{
	uint8_t page[LAPIC_REGS_SIZE];
	uint8_t before[LAPIC_REGS_SIZE];

	memset(page, 0x5a, sizeof(page));
	memcpy(before, page, sizeof(page));
	ck_assert_msg(lapic_page_set(page, offset, x2apic, value) == error,
		      "%#x can hold %#x, or for another reason not", (unsigned int)offset,
		      (unsigned int)value);
	ck_assert_int_eq(memcmp(page, before, sizeof(page)), 0);
}

START_TEST(R37_R39_R41_R44_no_register_takes_what_it_cannot_hold)
{
	static const struct {
		uint32_t offset;
		uint32_t holds;
		uint32_t x2apic;
	} all[] = {
		{ LAPIC_ID, 0xff000000, UINT32_MAX },
		{ LAPIC_VERSION, 0x81ff00ff, 0x81ff00ff },
		{ LAPIC_TPR, 0xff, 0xff },
		{ LAPIC_APR, 0xff, 0xff },
		{ LAPIC_PPR, 0xff, 0xff },
		{ LAPIC_EOI, 0, 0 },
		{ LAPIC_RRD, UINT32_MAX, UINT32_MAX },
		{ LAPIC_LDR, 0xff000000, UINT32_MAX },
		{ LAPIC_SVR, 0x13ff, 0x13ff },
		{ LAPIC_ISR, 0xffff0000, 0xffff0000 },
		{ LAPIC_TMR, 0xffff0000, 0xffff0000 },
		{ LAPIC_IRR, 0xffff0000, 0xffff0000 },
		{ LAPIC_IRR + 0x70, UINT32_MAX, UINT32_MAX },
		{ LAPIC_ESR, 0xff, 0xff },
		{ LAPIC_LVT_CMCI, 0x117ff, 0x117ff },
		{ LAPIC_ICR, 0xfdfff, 0xcdfff },
		{ LAPIC_ICR_HIGH, 0xff000000, UINT32_MAX },
		{ LAPIC_LVT_TIMER, 0x710ff, 0x710ff },
		{ LAPIC_LVT_THERMAL, 0x117ff, 0x117ff },
		{ LAPIC_LVT_PMC, 0x117ff, 0x117ff },
		{ LAPIC_LVT_LINT0, 0x1f7ff, 0x1f7ff },
		{ LAPIC_LVT_LINT1, 0x1f7ff, 0x1f7ff },
		{ LAPIC_LVT_ERROR, 0x110ff, 0x110ff },
		{ LAPIC_TIMER_ICR, UINT32_MAX, UINT32_MAX },
		{ LAPIC_TIMER_CCR, UINT32_MAX, UINT32_MAX },
		{ LAPIC_TIMER_DCR, 0xb, 0xb },
		{ LAPIC_SELF_IPI, 0, 0 },
	};
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };

	for (size_t i = 0; i < FX_COUNT(all); i++)
		for (int x2apic = 0; x2apic <= 1; x2apic++) {
			uint32_t holds = x2apic ? all[i].x2apic : all[i].holds;
			uint32_t value = 0;

			ck_assert_int_eq(lapic_page_set(page, all[i].offset, x2apic, holds),
					 LAPIC_PAGE_OK);
			ck_assert_int_eq(lapic_page_get(page, all[i].offset, &value),
					 LAPIC_PAGE_OK);
			ck_assert_uint_eq(value, holds);
			for (uint32_t bit = 1; bit != 0; bit <<= 1)
				if (~holds & bit)
					check_set_refused(all[i].offset, x2apic, bit,
							  LAPIC_PAGE_RESERVED_BITS);
		}
	ck_assert_int_eq(lapic_page_set(page, LAPIC_DFR, false, LAPIC_DFR_CLUSTER), LAPIC_PAGE_OK);
	check_set_refused(LAPIC_DFR, false, 0xfffffffe, LAPIC_PAGE_RESERVED_BITS); /* R37 */
}
END_TEST

START_TEST(what_is_no_register)
{
	static const uint32_t offsets[] = { 0, 0x10, 0x24, 0x40, 0x290, 0x3a0, 0x400, UINT32_MAX };
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };
	uint32_t value = 42;

	for (size_t i = 0; i < FX_COUNT(offsets); i++) {
		check_set_refused(offsets[i], false, 0, LAPIC_PAGE_NO_REGISTER);
		ck_assert_int_eq(lapic_page_get(page, offsets[i], &value), LAPIC_PAGE_NO_REGISTER);
		ck_assert_int_eq(lapic_lvt_get(page, offsets[i], LAPIC_FIELD_MASK, &value),
				 LAPIC_PAGE_NO_REGISTER);
		ck_assert_int_eq(lapic_lvt_set(page, offsets[i], LAPIC_FIELD_MASK, 0),
				 LAPIC_PAGE_NO_REGISTER);
	}
	ck_assert_uint_eq(value, 42);
}
END_TEST

/* ---- fields of an LVT ------------------------------------------------------------------------ */

/* LINT0 as ExtINT and LINT1 as NMI, as firmware leaves the boot processor. */
START_TEST(the_usual_use)
{
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };
	uint32_t value;

	ck_assert_int_eq(lapic_page_set(page, LAPIC_LVT_LINT0, false, LAPIC_LVT_MASKED | 0xff),
			 LAPIC_PAGE_OK);
	ck_assert_int_eq(
		lapic_lvt_set(page, LAPIC_LVT_LINT0, LAPIC_FIELD_DELIVERY_MODE, APIC_MODE_EXTINT),
		LAPIC_PAGE_OK);
	ck_assert_int_eq(lapic_lvt_set(page, LAPIC_LVT_LINT0, LAPIC_FIELD_MASK, 0), LAPIC_PAGE_OK);
	ck_assert_int_eq(
		lapic_lvt_set(page, LAPIC_LVT_LINT1, LAPIC_FIELD_DELIVERY_MODE, APIC_MODE_NMI),
		LAPIC_PAGE_OK);
	ck_assert_int_eq(lapic_page_get(page, LAPIC_LVT_LINT0, &value), LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, 0x7ff);
	ck_assert_int_eq(lapic_page_get(page, LAPIC_LVT_LINT1, &value), LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, 0x400);
	ck_assert_int_eq(lapic_lvt_get(page, LAPIC_LVT_LINT0, LAPIC_FIELD_DELIVERY_MODE, &value),
			 LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, APIC_MODE_EXTINT);
}
END_TEST

START_TEST(R41_every_lvt_has_fields_of_its_own)
{
	/* One letter for each enum lapic_lvt_field: vector, mode, status, polarity, rirr, ... */
	static const struct {
		uint32_t offset;
		const char *has;
	} lvts[] = {
		{ LAPIC_LVT_CMCI, "yyynnnyn" },    { LAPIC_LVT_TIMER, "ynynnnyy" },
		{ LAPIC_LVT_THERMAL, "yyynnnyn" }, { LAPIC_LVT_PMC, "yyynnnyn" },
		{ LAPIC_LVT_LINT0, "yyyyyyyn" },   { LAPIC_LVT_LINT1, "yyyyyyyn" },
		{ LAPIC_LVT_ERROR, "ynynnnyn" },
	};

	for (size_t i = 0; i < FX_COUNT(lvts); i++)
		for (uint32_t f = 0; f < LAPIC_LVT_FIELDS; f++) {
			enum lapic_lvt_field field = (enum lapic_lvt_field)f;
			uint8_t page[LAPIC_REGS_SIZE] = { 0 };
			bool has = lvts[i].has[f] == 'y';
			uint32_t value = 42;

			ck_assert_int_eq(lapic_lvt_has_field(lvts[i].offset, field), has);
			ck_assert_int_eq(lapic_lvt_get(page, lvts[i].offset, field, &value),
					 has ? LAPIC_PAGE_OK : LAPIC_PAGE_NO_FIELD);
			ck_assert_uint_eq(value, has ? 0 : 42);
			ck_assert_int_eq(lapic_lvt_set(page, lvts[i].offset, field, 0),
					 has ? LAPIC_PAGE_OK : LAPIC_PAGE_NO_FIELD);
		}
}
END_TEST

START_TEST(R121_reserved_encodings_are_refused)
{
	static const struct {
		enum lapic_lvt_field field;
		uint32_t limit;
		uint32_t reserved; /* one bit for each reserved value below the limit */
	} cases[] = {
		{ LAPIC_FIELD_VECTOR, 256, 0 },
		{ LAPIC_FIELD_DELIVERY_MODE, 8, 0x4a },
		{ LAPIC_FIELD_DELIVERY_STATUS, 2, 0 },
		{ LAPIC_FIELD_POLARITY, 2, 0 },
		{ LAPIC_FIELD_REMOTE_IRR, 2, 0 },
		{ LAPIC_FIELD_TRIGGER_MODE, 2, 0 },
		{ LAPIC_FIELD_MASK, 2, 0 },
		{ LAPIC_FIELD_TIMER_MODE, 4, 0x8 },
	};

	for (size_t i = 0; i < FX_COUNT(cases); i++) {
		uint32_t lvt = cases[i].field == LAPIC_FIELD_TIMER_MODE ? LAPIC_LVT_TIMER
									: LAPIC_LVT_LINT0;
		uint8_t page[LAPIC_REGS_SIZE] = { 0 };
		uint32_t got = 0;

		for (uint32_t value = 0; value < 300; value++) {
			bool ok = value < cases[i].limit &&
				  !(value < 32 && cases[i].reserved >> value & 1);

			ck_assert_int_eq(lapic_lvt_set(page, lvt, cases[i].field, value),
					 ok ? LAPIC_PAGE_OK : LAPIC_PAGE_RESERVED_VALUE);
			if (!ok)
				continue;
			ck_assert_int_eq(lapic_lvt_get(page, lvt, cases[i].field, &got),
					 LAPIC_PAGE_OK);
			ck_assert_uint_eq(got, value);
		}
		ck_assert_int_eq(lapic_lvt_set(page, lvt, cases[i].field, UINT32_MAX),
				 LAPIC_PAGE_RESERVED_VALUE);
	}
}
END_TEST

START_TEST(a_field_leaves_the_others_alone)
{
	uint8_t page[LAPIC_REGS_SIZE];
	uint32_t value;

	memset(page, 0xff, sizeof(page));
	ck_assert_int_eq(lapic_lvt_set(page, LAPIC_LVT_LINT0, LAPIC_FIELD_TRIGGER_MODE, 0),
			 LAPIC_PAGE_OK);
	ck_assert_int_eq(lapic_page_get(page, LAPIC_LVT_LINT0, &value), LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, 0xffff7fff);
	ck_assert_int_eq(lapic_lvt_get(page, LAPIC_LVT_TIMER, LAPIC_FIELD_TIMER_MODE, &value),
			 LAPIC_PAGE_OK);
	ck_assert_uint_eq(value, LAPIC_TIMER_RESERVED);
}
END_TEST

START_TEST(what_is_no_lvt_and_no_field)
{
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };
	uint32_t value;

	ck_assert_int_eq(lapic_lvt_get(page, LAPIC_ICR, LAPIC_FIELD_VECTOR, &value),
			 LAPIC_PAGE_NO_LVT);
	ck_assert_int_eq(lapic_lvt_set(page, LAPIC_SVR, LAPIC_FIELD_VECTOR, 0), LAPIC_PAGE_NO_LVT);
	ck_assert_int_eq(lapic_lvt_set(page, LAPIC_TIMER_ICR, LAPIC_FIELD_VECTOR, 0),
			 LAPIC_PAGE_NO_LVT);
	ck_assert_int_eq(lapic_lvt_set(page, LAPIC_LVT_TIMER, (enum lapic_lvt_field)8, 0),
			 LAPIC_PAGE_NO_FIELD);
	ck_assert(!lapic_lvt_has_field(LAPIC_TPR, LAPIC_FIELD_VECTOR));
	ck_assert_ptr_null(lapic_lvt_field_name((enum lapic_lvt_field)8));
	ck_assert_str_eq(lapic_lvt_field_name(LAPIC_FIELD_TRIGGER_MODE), "trigger_mode");
}
END_TEST

START_TEST(every_error_has_its_own_text)
{
	for (int i = 0; i <= LAPIC_PAGE_RESERVED_VALUE + 1; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(lapic_page_strerror((enum lapic_page_error)i),
					 lapic_page_strerror((enum lapic_page_error)j));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_register_is_found_by_its_name,
		other_names_and_spellings,
		what_is_no_name,
		registers_of_a_saved_state,
		a_page_of_kvm_is_little_endian,
		R37_R39_R41_R44_no_register_takes_what_it_cannot_hold,
		what_is_no_register,
		the_usual_use,
		R41_every_lvt_has_fields_of_its_own,
		R121_reserved_encodings_are_refused,
		a_field_leaves_the_others_alone,
		what_is_no_lvt_and_no_field,
		every_error_has_its_own_text,
	};

	return fx_run("lapic names", tests, FX_COUNT(tests));
}
