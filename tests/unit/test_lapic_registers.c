/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every register of the local APIC against a table of its own: rights, reset value, writable and
 * reserved bits, in xAPIC and x2APIC mode.
 *
 * SDM vol. 3, "Local APIC Register Address Map", "Local APIC Register Address Space Supported by
 * x2APIC", "Reserved Bit Checking", and the figures of the single registers. The table is written
 * from the manual; it shares nothing with the library's map.
 */
#include "tests/unit/lapic_fixture.h"

struct row {
	const char *name;
	uint32_t offset;
	const char *xapic; /* "r", "w", "rw", or "" where the mode does not have the register */
	const char *x2apic;
	uint32_t reset;    /* with FX_ID, in xAPIC mode */
	uint32_t writable; /* bits that stay as software wrote them, in xAPIC mode */
	uint32_t gp;       /* bits that must not be set by WRMSR */
};

static const struct row rows[] = {
	{ "ID", 0x020, "rw", "r", FX_ID << 24, 0xff000000, 0 },
	{ "VERSION", 0x030, "r", "r", 0x01060014, 0, 0 },
	{ "TPR", 0x080, "rw", "rw", 0, 0xff, 0xffffff00 },
	{ "APR", 0x090, "r", "", 0, 0, 0 },
	{ "PPR", 0x0a0, "r", "r", 0, 0, 0 },
	{ "EOI", 0x0b0, "w", "w", 0, 0, 0xffffffff },
	{ "RRD", 0x0c0, "r", "", 0, 0, 0 },
	{ "LDR", 0x0d0, "rw", "r", 0, 0xff000000, 0 },
	{ "DFR", 0x0e0, "rw", "", 0xffffffff, 0xf0000000, 0 },
	{ "SVR", 0x0f0, "rw", "rw", 0xff, 0x11ff, 0xffffee00 },
	{ "ISR0", 0x100, "r", "r", 0, 0, 0 },
	{ "ISR1", 0x110, "r", "r", 0, 0, 0 },
	{ "ISR2", 0x120, "r", "r", 0, 0, 0 },
	{ "ISR3", 0x130, "r", "r", 0, 0, 0 },
	{ "ISR4", 0x140, "r", "r", 0, 0, 0 },
	{ "ISR5", 0x150, "r", "r", 0, 0, 0 },
	{ "ISR6", 0x160, "r", "r", 0, 0, 0 },
	{ "ISR7", 0x170, "r", "r", 0, 0, 0 },
	{ "TMR0", 0x180, "r", "r", 0, 0, 0 },
	{ "TMR1", 0x190, "r", "r", 0, 0, 0 },
	{ "TMR2", 0x1a0, "r", "r", 0, 0, 0 },
	{ "TMR3", 0x1b0, "r", "r", 0, 0, 0 },
	{ "TMR4", 0x1c0, "r", "r", 0, 0, 0 },
	{ "TMR5", 0x1d0, "r", "r", 0, 0, 0 },
	{ "TMR6", 0x1e0, "r", "r", 0, 0, 0 },
	{ "TMR7", 0x1f0, "r", "r", 0, 0, 0 },
	{ "IRR0", 0x200, "r", "r", 0, 0, 0 },
	{ "IRR1", 0x210, "r", "r", 0, 0, 0 },
	{ "IRR2", 0x220, "r", "r", 0, 0, 0 },
	{ "IRR3", 0x230, "r", "r", 0, 0, 0 },
	{ "IRR4", 0x240, "r", "r", 0, 0, 0 },
	{ "IRR5", 0x250, "r", "r", 0, 0, 0 },
	{ "IRR6", 0x260, "r", "r", 0, 0, 0 },
	{ "IRR7", 0x270, "r", "r", 0, 0, 0 },
	{ "ESR", 0x280, "rw", "rw", 0, 0, 0xffffffff },
	{ "LVT_CMCI", 0x2f0, "rw", "rw", 0x10000, 0x107ff, 0xfffee800 },
	{ "ICR", 0x300, "rw", "rw", 0, 0xccfff, 0xfff32000 },
	{ "ICR_HIGH", 0x310, "rw", "", 0, 0xff000000, 0 },
	{ "LVT_TIMER", 0x320, "rw", "rw", 0x10000, 0x700ff, 0xfff8ef00 },
	{ "LVT_THERMAL", 0x330, "rw", "rw", 0x10000, 0x107ff, 0xfffee800 },
	{ "LVT_PMC", 0x340, "rw", "rw", 0x10000, 0x107ff, 0xfffee800 },
	{ "LVT_LINT0", 0x350, "rw", "rw", 0x10000, 0x1a7ff, 0xfffe0800 },
	{ "LVT_LINT1", 0x360, "rw", "rw", 0x10000, 0x1a7ff, 0xfffe0800 },
	{ "LVT_ERROR", 0x370, "rw", "rw", 0x10000, 0x100ff, 0xfffeef00 },
	{ "TIMER_ICR", 0x380, "rw", "rw", 0, 0xffffffff, 0 },
	{ "TIMER_CCR", 0x390, "r", "r", 0, 0, 0 },
	{ "TIMER_DCR", 0x3e0, "rw", "rw", 0, 0xb, 0xfffffff4 },
	{ "SELF_IPI", 0x3f0, "", "w", 0, 0, 0xffffff00 },
};

static const struct row *row_at(uint32_t offset)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		if (rows[i].offset == offset)
			return &rows[i];
	}
	return NULL;
}

static bool has(const char *rights, char right)
{
	return strchr(rights, right) != NULL;
}

/* Does the register keep what is written, so that a read shows it? */
static bool is_stored(const struct row *row)
{
	return strcmp(row->xapic, "rw") == 0 && row->offset != LAPIC_ESR;
}

/* Write and read back one register of a fresh xAPIC, with an APIC id that is not in the way. */
static uint32_t written(const struct row *row, uint32_t first, uint32_t second)
{
	struct lapic a = fx_enabled();

	fx_write(&a, row->offset, first);
	fx_write(&a, row->offset, second);
	return (uint32_t)fx_read(&a, row->offset);
}

/* The result of an access, and that ESR agrees with it in xAPIC mode (R50). */
static void check_recorded(struct lapic *a, const char *what, uint32_t offset,
			   enum lapic_result result)
{
	uint32_t want = result == LAPIC_ILLEGAL ? LAPIC_ESR_ILLEGAL_REGISTER : 0;

	ck_assert_msg(fx_errors(a) == want, "%s of %#x: result %d, ESR differs", what,
		      (unsigned int)offset, (int)result);
}

START_TEST(map_names_every_register_and_nothing_else)
{
	for (uint32_t offset = 0; offset < 0x1000; offset++) {
		const struct row *row = row_at(offset);
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);
		uint8_t access = 0;

		ck_assert_msg((row == NULL) == (desc == NULL), "map and manual differ at %#x",
			      (unsigned int)offset);
		if (!row || !desc)
			continue;
		access |= has(row->xapic, 'r') ? LAPIC_ACCESS_XAPIC_READ : 0;
		access |= has(row->xapic, 'w') ? LAPIC_ACCESS_XAPIC_WRITE : 0;
		access |= has(row->x2apic, 'r') ? LAPIC_ACCESS_X2APIC_READ : 0;
		access |= has(row->x2apic, 'w') ? LAPIC_ACCESS_X2APIC_WRITE : 0;
		ck_assert_str_eq(desc->name, row->name);
		ck_assert_uint_eq(desc->offset, offset);
		ck_assert_msg(desc->access == access, "rights of %s", row->name);
		if (is_stored(row))
			ck_assert_msg(desc->writable == row->writable, "mask of %s", row->name);
	}
	ck_assert_ptr_null(lapic_reg_desc(UINT32_MAX));
}
END_TEST

START_TEST(R1_reset_values)
{
	struct lapic a = fx_reset();

	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		if (has(rows[i].xapic, 'r'))
			ck_assert_msg(fx_read(&a, rows[i].offset) == rows[i].reset, "reset of %s",
				      rows[i].name);
	}
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R41_all_ones_set_the_writable_bits)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (is_stored(row))
			ck_assert_msg(written(row, 0xffffffff, 0xffffffff) ==
					      (row->writable | (row->reset & ~row->writable)),
				      "ones in %s", row->name);
	}
}
END_TEST

START_TEST(R41_zeros_clear_the_writable_bits)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (is_stored(row))
			ck_assert_msg(written(row, row->writable, 0) ==
					      (row->reset & ~row->writable),
				      "zeros in %s", row->name);
	}
}
END_TEST

START_TEST(R41_R42_each_bit_alone)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (!is_stored(row))
			continue;
		for (unsigned int bit = 0; bit < 32; bit++) {
			uint32_t one = UINT32_C(1) << bit;
			uint32_t want = (one & row->writable) | (row->reset & ~row->writable);

			ck_assert_msg(written(row, 0, one) == want, "bit %u of %s", bit, row->name);
		}
	}
}
END_TEST

START_TEST(read_only_registers_stay)
{
	struct lapic a = fx_enabled();

	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		struct lapic_effect effect;
		enum lapic_result result;

		if (strcmp(rows[i].xapic, "r") != 0)
			continue;
		result = lapic_write(&a, rows[i].offset, 0xffffffff, FX_NOW, &effect);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
		check_recorded(&a, "write", rows[i].offset, result);
		ck_assert_msg(fx_read(&a, rows[i].offset) == rows[i].reset, "%s changed",
			      rows[i].name);
	}
}
END_TEST

START_TEST(R43_R50_unknown_offsets_are_errors_in_xapic_mode)
{
	struct lapic a = fx_enabled();

	for (uint32_t offset = 0; offset < 0x1000; offset += 16) {
		const struct row *row = row_at(offset);
		struct lapic_effect effect;
		uint64_t value = 1;

		if (row && row->xapic[0] != '\0')
			continue;
		ck_assert_int_eq(lapic_read(&a, offset, FX_NOW, &value), LAPIC_ILLEGAL);
		ck_assert_uint_eq(value, 0);
		check_recorded(&a, "read", offset, LAPIC_ILLEGAL);
		ck_assert_int_eq(lapic_write(&a, offset, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
		check_recorded(&a, "write", offset, LAPIC_ILLEGAL);
	}
	ck_assert_uint_gt(a.counters.illegal_access, 0);
}
END_TEST

START_TEST(R24_R25_R26_R32_x2apic_rights_of_every_msr)
{
	for (uint32_t msr = LAPIC_X2APIC_MSR_FIRST; msr <= LAPIC_X2APIC_MSR_LAST; msr++) {
		struct lapic a = fx_x2apic();
		const struct row *row = row_at((msr - LAPIC_X2APIC_MSR_FIRST) * 16);
		const char *rights = row ? row->x2apic : "";
		struct lapic_effect effect;
		uint64_t value = 1;
		bool ok;

		ok = lapic_msr_read(&a, msr, FX_NOW, &value) == LAPIC_OK;
		ck_assert_msg(ok == has(rights, 'r'), "RDMSR %#x", (unsigned int)msr);
		ck_assert(ok || value == 0);
		ok = lapic_msr_write(&a, msr, 0, FX_NOW, &effect) == LAPIC_OK;
		ck_assert_msg(ok == has(rights, 'w'), "WRMSR %#x", (unsigned int)msr);
		ck_assert(ok || effect.kind == LAPIC_EFFECT_NONE);
	}
}
END_TEST

/* One bit of one register by WRMSR: legal or not as the row says, and nothing changed if not. */
static void check_x2apic_bit(const struct row *row, unsigned int bit, bool legal)
{
	struct lapic a = fx_x2apic();
	struct lapic_regs before = a.regs;
	struct lapic_effect effect;
	enum lapic_result result;

	result = lapic_msr_write(&a, FX_MSR(row->offset), UINT64_C(1) << bit, FX_NOW, &effect);
	ck_assert_msg((result == LAPIC_OK) == legal, "WRMSR of bit %u of %s", bit, row->name);
	if (legal)
		return;
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
	ck_assert_msg(memcmp(&before, &a.regs, sizeof(before)) == 0, "bit %u of %s left a trace",
		      bit, row->name);
	ck_assert_uint_eq(fx_errors(&a), 0);
}

START_TEST(R27_R28_R29_R30_x2apic_reserved_bits)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (!has(row->x2apic, 'w'))
			continue;
		for (unsigned int bit = 0; bit < 32; bit++)
			check_x2apic_bit(row, bit, (row->gp >> bit & 1) == 0);
		for (unsigned int bit = 32; bit < 64; bit++)
			check_x2apic_bit(row, bit, row->offset == LAPIC_ICR);
	}
}
END_TEST

START_TEST(R29_x2apic_keeps_what_it_accepts)
{
	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		struct lapic a = fx_x2apic();
		const struct row *row = &rows[i];
		uint32_t value = row->writable;

		if (!is_stored(row) || !has(row->x2apic, 'w'))
			continue;
		if (row->offset == LAPIC_LVT_TIMER)
			value &= ~(1u << LAPIC_LVT_TIMER_SHIFT); /* mode 3 is reserved (R121) */
		fx_write(&a, row->offset, value);
		ck_assert_msg(fx_read(&a, row->offset) == value, "%s", row->name);
	}
}
END_TEST

START_TEST(R32_x2apic_msrs_do_not_exist_in_other_modes)
{
	struct lapic a[2] = { fx_enabled(), fx_enabled() };

	fx_disable_hardware(&a[1]);
	for (size_t mode = 0; mode < FX_COUNT(a); mode++) {
		for (uint32_t msr = 0x7f0; msr <= 0x910; msr++) {
			struct lapic_effect effect;
			uint64_t value = 1;

			ck_assert_int_eq(lapic_msr_read(&a[mode], msr, FX_NOW, &value),
					 LAPIC_ILLEGAL);
			ck_assert_uint_eq(value, 0);
			ck_assert_int_eq(lapic_msr_write(&a[mode], msr, 0, FX_NOW, &effect),
					 LAPIC_ILLEGAL);
			ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
		}
	}
	ck_assert_uint_eq(fx_errors(&a[0]), 0);
}
END_TEST

START_TEST(hardware_disabled_apic_has_no_registers)
{
	struct lapic a = fx_enabled();

	fx_disable_hardware(&a);
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += 16) {
		struct lapic_effect effect;
		uint64_t value = 1;

		ck_assert_int_eq(lapic_read(&a, offset, FX_NOW, &value), LAPIC_ILLEGAL);
		ck_assert_uint_eq(value, 0);
		ck_assert_int_eq(lapic_write(&a, offset, 0xff, FX_NOW, &effect), LAPIC_ILLEGAL);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
	}
	ck_assert_int_eq(lapic_base_write(&a, a.base | LAPIC_BASE_EN), LAPIC_OK);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R40_R75_version_tells_what_exists)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.cmci = false;
	config.directed_eoi = false;
	a = fx_enabled_with(config);
	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION), 0x00050014);
	config.directed_eoi = true;
	a = fx_x2apic_with(config);
	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION), 0x01050014);
}
END_TEST

START_TEST(R39_directed_eoi_bit_needs_version_bit_24)
{
	struct lapic_config config = fx_config();
	struct lapic_effect effect;
	struct lapic a;

	config.directed_eoi = false;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED | LAPIC_SVR_DIRECTED_EOI | LAPIC_SVR_FOCUS);
	ck_assert_uint_eq(fx_read(&a, LAPIC_SVR), FX_SVR_ENABLED);
	fx_enter_x2apic(&a);
	ck_assert_int_eq(lapic_msr_write(&a, FX_MSR(LAPIC_SVR),
					 FX_SVR_ENABLED | LAPIC_SVR_DIRECTED_EOI, FX_NOW, &effect),
			 LAPIC_ILLEGAL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		map_names_every_register_and_nothing_else,
		R1_reset_values,
		R41_all_ones_set_the_writable_bits,
		R41_zeros_clear_the_writable_bits,
		R41_R42_each_bit_alone,
		read_only_registers_stay,
		R43_R50_unknown_offsets_are_errors_in_xapic_mode,
		R24_R25_R26_R32_x2apic_rights_of_every_msr,
		R27_R28_R29_R30_x2apic_reserved_bits,
		R29_x2apic_keeps_what_it_accepts,
		R32_x2apic_msrs_do_not_exist_in_other_modes,
		hardware_disabled_apic_has_no_registers,
		R40_R75_version_tells_what_exists,
		R39_directed_eoi_bit_needs_version_bit_24,
	};

	return fx_run("lapic_registers", tests, FX_COUNT(tests));
}
