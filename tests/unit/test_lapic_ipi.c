/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt command register: every combination of its fields, in xAPIC and x2APIC mode.
 *
 * SDM vol. 3, "Interrupt Command Register (ICR)", "Valid Combinations for the Pentium 4 and Intel
 * Xeon Processors' Local xAPIC Interrupt Command Register", "ICR Operation in x2APIC Mode",
 * "SELF IPI Register".
 */
#include "tests/unit/lapic_fixture.h"

#define VECTOR 0x41u
#define DEST   0x2au

enum outcome {
	SENT,
	TAKEN, /* by this CPU itself, at once */
	DROPPED,
	EITHER, /* the manual calls the combination invalid and says no more */
};

/* The fields of one write of the ICR. */
struct command {
	enum apic_delivery_mode mode;
	enum apic_shorthand shorthand;
	bool level_trigger;
	bool asserted;
	bool logical;
};

static uint32_t icr_of(struct command c)
{
	return VECTOR | (uint32_t)c.mode << LAPIC_ICR_MODE_SHIFT |
	       (uint32_t)c.shorthand << LAPIC_ICR_SHORTHAND_SHIFT |
	       (c.level_trigger ? LAPIC_ICR_LEVEL : 0) | (c.asserted ? LAPIC_ICR_ASSERT : 0) |
	       (c.logical ? LAPIC_ICR_LOGICAL : 0);
}

static struct command nth_command(unsigned int n)
{
	return (struct command){
		.mode = (enum apic_delivery_mode)(n & 7),
		.shorthand = (enum apic_shorthand)(n >> 3 & 3),
		.level_trigger = (n >> 5 & 1) != 0,
		.asserted = (n >> 6 & 1) != 0,
		.logical = (n >> 7 & 1) != 0,
	};
}

#define COMMANDS 256u

static enum outcome expected(struct command c)
{
	bool deassert = c.level_trigger && !c.asserted;

	if (c.mode == APIC_MODE_RESERVED || c.mode == APIC_MODE_EXTINT)
		return DROPPED; /* R85 */
	if (c.shorthand == APIC_SHORTHAND_SELF || c.shorthand == APIC_SHORTHAND_ALL) {
		if (c.mode != APIC_MODE_FIXED)
			return DROPPED; /* R81 */
	}
	if (deassert)
		return c.mode == APIC_MODE_FIXED || c.mode == APIC_MODE_INIT ? DROPPED : EITHER;
	return c.shorthand == APIC_SHORTHAND_SELF ? TAKEN : SENT;
}

/* Write the command in the present mode of *a; dest is a legal destination in both modes. */
static struct lapic_effect send(struct lapic *a, uint32_t icr, uint32_t dest)
{
	if (lapic_is_x2apic(a))
		return fx_write(a, LAPIC_ICR, (uint64_t)dest << 32 | icr);
	ck_assert_int_eq(fx_write(a, LAPIC_ICR_HIGH, (uint64_t)dest << 24).kind, LAPIC_EFFECT_NONE);
	return fx_write(a, LAPIC_ICR, icr);
}

static void check_message(struct command c, const struct apic_msg *msg)
{
	ck_assert_int_eq(msg->mode, c.mode);
	ck_assert_int_eq(msg->shorthand, c.shorthand);
	ck_assert_uint_eq(msg->vector, VECTOR);
	if (c.mode == APIC_MODE_FIXED)
		ck_assert(!msg->level_trigger); /* R84 */
	if (c.shorthand == APIC_SHORTHAND_NONE) {
		ck_assert_uint_eq(msg->dest, DEST);
		ck_assert_int_eq(msg->logical, c.logical);
	}
}

/* What a target makes of the message, as event bits; fixed interrupts as LAPIC_EVENT_VECTORS. */
static uint32_t arrival(const struct apic_msg *msg)
{
	struct lapic target = fx_enabled();
	struct lapic_inbox inbox;
	uint32_t events;

	lapic_inbox_reset(&inbox);
	ck_assert(lapic_post(&inbox, msg));
	events = lapic_drain(&target, &inbox);
	if (lapic_pending(&target) == LAPIC_NO_VECTOR)
		return events;
	ck_assert_int_eq(lapic_pending(&target), VECTOR);
	ck_assert(!fx_bit(&target, LAPIC_TMR, VECTOR));
	return events | LAPIC_EVENT_VECTORS;
}

static uint32_t expected_arrival(enum apic_delivery_mode mode)
{
	static const uint32_t events[8] = {
		[APIC_MODE_FIXED] = LAPIC_EVENT_VECTORS,
		[APIC_MODE_LOWEST_PRIORITY] = LAPIC_EVENT_VECTORS,
		[APIC_MODE_SMI] = LAPIC_EVENT_SMI,
		[APIC_MODE_NMI] = LAPIC_EVENT_NMI,
		[APIC_MODE_INIT] = LAPIC_EVENT_INIT,
		[APIC_MODE_SIPI] = LAPIC_EVENT_SIPI | VECTOR << LAPIC_EVENT_SIPI_SHIFT,
	};

	return events[mode];
}

static void check_command(struct lapic *a, struct command c)
{
	struct lapic_effect effect = send(a, icr_of(c), DEST);
	enum outcome want = expected(c);
	bool taken = fx_bit(a, LAPIC_IRR, VECTOR);

	ck_assert_uint_eq(fx_read(a, LAPIC_ICR) & 0xffffffff, icr_of(c));
	ck_assert_uint_eq(fx_errors(a), 0);
	if (want == EITHER)
		return;
	ck_assert_msg((effect.kind == LAPIC_EFFECT_MSG) == (want == SENT), "ICR %#x: effect %d",
		      (unsigned int)icr_of(c), (int)effect.kind);
	ck_assert_msg(taken == (want == TAKEN), "ICR %#x: IRR", (unsigned int)icr_of(c));
	ck_assert(fx_bitmap_empty(a, LAPIC_TMR));
	if (want != SENT)
		return;
	check_message(c, &effect.msg);
	ck_assert_msg(arrival(&effect.msg) == expected_arrival(c.mode), "ICR %#x: arrival",
		      (unsigned int)icr_of(c));
}

START_TEST(R81_R83_R84_R85_every_command_in_xapic_mode)
{
	for (unsigned int n = 0; n < COMMANDS; n++) {
		struct lapic a = fx_enabled();

		check_command(&a, nth_command(n));
	}
}
END_TEST

START_TEST(R81_R83_R84_R85_every_command_in_x2apic_mode)
{
	for (unsigned int n = 0; n < COMMANDS; n++) {
		struct lapic a = fx_x2apic();

		check_command(&a, nth_command(n));
	}
}
END_TEST

START_TEST(R83_init_deassert_is_ignored_but_an_edge_init_is_not)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(send(&a, 0x8500, DEST).kind, LAPIC_EFFECT_NONE);
	ck_assert_int_eq(send(&a, 0x88500, DEST).kind, LAPIC_EFFECT_NONE); /* all including self */
	ck_assert_int_eq(send(&a, 0xc8500, DEST).kind, LAPIC_EFFECT_NONE);
	ck_assert_int_eq(send(&a, 0x0500, DEST).kind, LAPIC_EFFECT_MSG);
	ck_assert_int_eq(send(&a, 0x4500, DEST).kind, LAPIC_EFFECT_MSG);
	ck_assert_int_eq(send(&a, 0xc500, DEST).kind, LAPIC_EFFECT_MSG);
}
END_TEST

START_TEST(R86_only_the_low_half_sends)
{
	struct lapic a = fx_enabled();
	struct lapic_effect effect;

	ck_assert_int_eq(fx_write(&a, LAPIC_ICR_HIGH, 0x99000000).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR_HIGH), 0x99000000);
	effect = fx_write(&a, LAPIC_ICR, 0x4000 | VECTOR);
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
	ck_assert_uint_eq(effect.msg.dest, 0x99);
	effect = fx_write(&a, LAPIC_ICR, 0x4000 | VECTOR);
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
	ck_assert_uint_eq(effect.msg.dest, 0x99);
}
END_TEST

START_TEST(R31_x2apic_icr_is_64_bits)
{
	static const uint64_t values[] = {
		UINT64_C(0x0000012300004041),
		UINT64_C(0xffffffff00004841),
		UINT64_C(0x80000001000c4041),
		UINT64_C(0xfedcba9800044041),
	};
	struct lapic a = fx_x2apic();

	for (size_t i = 0; i < FX_COUNT(values); i++) {
		struct lapic_effect effect;
		uint64_t value;

		ck_assert_int_eq(lapic_msr_write(&a, 0x830, values[i], FX_NOW, &effect), LAPIC_OK);
		ck_assert_int_eq(lapic_msr_read(&a, 0x830, FX_NOW, &value), LAPIC_OK);
		ck_assert_uint_eq(value, values[i]);
		if (i < 2)
			ck_assert_uint_eq(effect.msg.dest, values[i] >> 32);
	}
}
END_TEST

START_TEST(R79_delivery_status_is_always_idle)
{
	struct lapic modes[2] = { fx_enabled(), fx_x2apic() };

	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		struct lapic_effect effect;

		effect = send(&modes[i], 0x5000 | VECTOR, DEST);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
		ck_assert_uint_eq(fx_read(&modes[i], LAPIC_ICR) & 0xffffffff, 0x4000 | VECTOR);
	}
}
END_TEST

START_TEST(R30_x2apic_reserved_bits_send_nothing)
{
	static const uint32_t bits[] = {
		13, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	};
	struct lapic a = fx_x2apic();

	for (size_t i = 0; i < FX_COUNT(bits); i++) {
		struct lapic_effect effect;
		uint64_t value = UINT64_C(1) << bits[i] | 0x4000 | VECTOR;

		ck_assert_int_eq(lapic_write(&a, LAPIC_ICR, value, FX_NOW, &effect), LAPIC_ILLEGAL);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
		ck_assert_uint_eq(fx_read(&a, LAPIC_ICR), 0);
	}
}
END_TEST

START_TEST(R100_a_message_to_oneself_is_sent_like_any_other)
{
	struct lapic a = fx_enabled();
	struct lapic_effect effect;

	effect = send(&a, 0x4500, FX_ID);
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
	ck_assert_uint_eq(effect.msg.dest, FX_ID);
	effect = send(&a, 0x4000 | VECTOR, FX_ID);
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(self_ipi_register)
{
	struct lapic a = fx_x2apic();

	for (uint32_t vector = 16; vector < 256; vector++) {
		lapic_accept(&a, (uint8_t)vector, true);
		ck_assert_int_eq(fx_write(&a, LAPIC_SELF_IPI, vector).kind, LAPIC_EFFECT_NONE);
		ck_assert(fx_bit(&a, LAPIC_IRR, vector));
		ck_assert(!fx_bit(&a, LAPIC_TMR, vector));
		fx_take(&a, (uint8_t)vector);
		fx_eoi(&a);
	}
	ck_assert_uint_eq(fx_errors(&a), 0);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR), 0);
	fx_write(&a, LAPIC_SVR, 0xff);
	fx_write(&a, LAPIC_SELF_IPI, VECTOR);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(R49_a_sipi_may_start_at_any_page)
{
	struct lapic a = fx_enabled();

	for (uint32_t page = 0; page < 256; page++) {
		struct lapic_effect effect = send(&a, 0x4600 | page, DEST);

		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
		ck_assert_uint_eq(effect.msg.vector, page);
	}
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R81_R83_R84_R85_every_command_in_xapic_mode,
		R81_R83_R84_R85_every_command_in_x2apic_mode,
		R83_init_deassert_is_ignored_but_an_edge_init_is_not,
		R86_only_the_low_half_sends,
		R31_x2apic_icr_is_64_bits,
		R79_delivery_status_is_always_idle,
		R30_x2apic_reserved_bits_send_nothing,
		R100_a_message_to_oneself_is_sent_like_any_other,
		self_ipi_register,
		R49_a_sipi_may_start_at_any_page,
	};

	return fx_run("lapic_ipi", tests, FX_COUNT(tests));
}
