/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote read: ICR mode 3, its status bits, and RRD. Intel 82489DX datasheet, "Remote Read"; SDM
 * vol. 3, "Interrupt Command Register (ICR)".
 */
#include "lapic/lapic_state.h"
#include "tests/unit/lapic_fixture.h"

#define REMOTE_READ ((uint32_t)APIC_MODE_REMOTE_READ << LAPIC_ICR_MODE_SHIFT)
#define TARGET      7u
#define SENDER      3u

struct pair {
	struct lapic sender, target;
	struct lapic_inbox sender_inbox, target_inbox;
};

static struct lapic with_remote_read(void)
{
	struct lapic_config config = fx_config();

	config.remote_read = true;
	return fx_enabled_with(config);
}

static struct pair new_pair(void)
{
	struct pair p = { .sender = with_remote_read(), .target = with_remote_read() };

	lapic_inbox_reset(&p.sender_inbox);
	lapic_inbox_reset(&p.target_inbox);
	fx_write(&p.sender, LAPIC_ICR_HIGH, TARGET << 24);
	return p;
}

static uint32_t status(struct pair *p)
{
	return (uint32_t)fx_read(&p->sender, LAPIC_ICR) & LAPIC_ICR_READ_STATUS;
}

/* The sender's command, as far as the target's inbox. */
static void ask(struct pair *p, uint32_t offset)
{
	struct lapic_effect effect = fx_write(&p->sender, LAPIC_ICR, REMOTE_READ | offset / 16);
	bool kick;

	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_MSG);
	ck_assert_int_eq(effect.msg.mode, APIC_MODE_REMOTE_READ);
	ck_assert_uint_eq(effect.msg.dest, TARGET);
	ck_assert(lapic_post_read(&p->target_inbox, SENDER, &effect.msg, &kick));
	ck_assert(kick);
	ck_assert_uint_eq(status(p), LAPIC_ICR_READ_PENDING);
}

static uint64_t answer_of(struct pair *p)
{
	uint64_t answer = 0;
	uint32_t from = 0;

	ck_assert_uint_eq(lapic_drain(&p->target, &p->target_inbox), LAPIC_EVENT_READ);
	ck_assert(lapic_answer_read(&p->target, &p->target_inbox, FX_NOW, &from, &answer));
	ck_assert_uint_eq(from, SENDER);
	return answer;
}

static void answer(struct pair *p)
{
	ck_assert(lapic_post_answer(&p->sender_inbox, answer_of(p)));
	ck_assert_uint_eq(status(p), LAPIC_ICR_READ_PENDING);
	ck_assert_uint_eq(lapic_drain(&p->sender, &p->sender_inbox), 0);
}

START_TEST(R85_a_register_is_read)
{
	struct pair p = new_pair();

	fx_write(&p.target, LAPIC_TPR, 0x35);
	lapic_accept(&p.target, 0x81, false);
	ask(&p, LAPIC_TPR);
	answer(&p);
	ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_VALID);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 0x35);
	ask(&p, LAPIC_IRR + 16 * (0x81 / 32));
	answer(&p);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 1u << 0x81 % 32);
	/* An ordinary command leaves what was read. */
	fx_write(&p.sender, LAPIC_ICR, 0x4041);
	ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_VALID);
	ck_assert_int_eq(lapic_pending(&p.target), 0x81);
}
END_TEST

/* A state has what was read, and a read on its way: --stress-state may come in the middle of it. */
START_TEST(R85_a_read_goes_on_in_a_restored_apic)
{
	struct pair p = new_pair();
	struct lapic_state state;

	fx_write(&p.target, LAPIC_TPR, 0x35);
	ask(&p, LAPIC_TPR);
	lapic_state_save(&p.sender, FX_NOW, &state);
	p.sender = with_remote_read();
	ck_assert_int_eq(lapic_state_restore(&p.sender, &state, 0, FX_NOW), LAPIC_STATE_OK);
	answer(&p);
	lapic_state_save(&p.sender, FX_NOW, &state);
	p.sender = with_remote_read();
	ck_assert_int_eq(lapic_state_restore(&p.sender, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_VALID);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 0x35);
	p.sender.config.remote_read = false;
	ck_assert_int_eq(lapic_state_restore(&p.sender, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(status(&p), 0);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 0);
}
END_TEST

/*
 * Delivery status is always idle, so nothing holds software up that sends something else meanwhile.
 */
START_TEST(R85_a_read_goes_on_while_other_commands_are_sent)
{
	struct pair p = new_pair();
	struct lapic_state state;

	fx_write(&p.target, LAPIC_TPR, 0x35);
	ask(&p, LAPIC_TPR);
	fx_write(&p.sender, LAPIC_ICR_HIGH, (TARGET + 1) << 24);
	fx_write(&p.sender, LAPIC_ICR, 0x4041);
	lapic_state_save(&p.sender, FX_NOW, &state);
	answer(&p);
	ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_VALID);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 0x35);
	/* A state does not say any more what was asked. */
	ck_assert_int_eq(lapic_state_restore(&p.sender, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(status(&p), 0);
}
END_TEST

/* In x2APIC mode these bits are reserved: what RDMSR gives, WRMSR has to take. */
START_TEST(R19_R85_x2apic_mode_ends_a_read)
{
	struct pair p = new_pair();
	uint64_t answer;

	ask(&p, LAPIC_TPR);
	answer = answer_of(&p);
	ck_assert_int_eq(lapic_base_write(&p.sender, p.sender.base | LAPIC_BASE_EXTD), LAPIC_OK);
	ck_assert_uint_eq(status(&p), 0);
	lapic_post_answer(&p.sender_inbox, answer);
	ck_assert_uint_eq(lapic_drain(&p.sender, &p.sender_inbox), 0);
	ck_assert_uint_eq(status(&p), 0);
}
END_TEST

START_TEST(R85_what_cannot_be_read_is_invalid)
{
	static const uint32_t offsets[] = { LAPIC_EOI, LAPIC_SELF_IPI, 0, 0xff0 };
	struct pair p = new_pair();

	for (size_t i = 0; i < FX_COUNT(offsets); i++) {
		ask(&p, offsets[i]);
		answer(&p);
		ck_assert_uint_eq(status(&p), 0);
	}
	ck_assert_uint_eq(fx_errors(&p.target), 0);
	fx_disable_hardware(&p.target);
	ask(&p, LAPIC_TPR);
	answer(&p);
	ck_assert_uint_eq(status(&p), 0);
}
END_TEST

START_TEST(R19_R85_an_x2apic_holds_no_read)
{
	struct lapic_config config = fx_config();
	struct lapic_state state;
	uint32_t ones = UINT32_MAX;
	struct lapic a;

	config.remote_read = true;
	a = fx_x2apic_with(config);
	lapic_state_save(&a, FX_NOW, &state);
	memcpy(state.page + LAPIC_ICR, &ones, sizeof(ones));
	memcpy(state.page + LAPIC_RRD, &ones, sizeof(ones));
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(a.regs.icr.reg & LAPIC_ICR_READ_STATUS, 0);
	ck_assert_uint_eq(a.regs.rrd.reg, 0);
}
END_TEST

START_TEST(R85_a_busy_target_refuses)
{
	struct pair p = new_pair();
	struct lapic_effect effect;
	bool kick;

	ask(&p, LAPIC_TPR);
	effect = fx_write(&p.sender, LAPIC_ICR, REMOTE_READ | LAPIC_ID / 16);
	ck_assert(!lapic_post_read(&p.target_inbox, SENDER, &effect.msg, &kick));
	ck_assert(!kick);
	lapic_read_failed(&p.sender);
	ck_assert_uint_eq(status(&p), 0);
	/* The first one's answer is nobody's by now. */
	lapic_post_answer(&p.sender_inbox, answer_of(&p));
	lapic_drain(&p.sender, &p.sender_inbox);
	ck_assert_uint_eq(status(&p), 0);
}
END_TEST

START_TEST(R85_an_answer_to_something_else_is_dropped)
{
	struct pair p = new_pair();

	ask(&p, LAPIC_TPR);
	fx_write(&p.sender, LAPIC_ICR, REMOTE_READ | LAPIC_ID / 16);
	lapic_post_answer(&p.sender_inbox, answer_of(&p));
	lapic_drain(&p.sender, &p.sender_inbox);
	ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_PENDING);
	ck_assert_uint_eq(fx_read(&p.sender, LAPIC_RRD), 0);
}
END_TEST

START_TEST(R85_an_answer_of_somebody_else_is_dropped)
{
	static const struct {
		uint32_t dest;
		uint32_t icr;
	} newer[] = { { TARGET + 1, 0 }, { TARGET, LAPIC_ICR_LOGICAL } };

	for (size_t i = 0; i < FX_COUNT(newer); i++) {
		struct pair p = new_pair();

		ask(&p, LAPIC_TPR);
		fx_write(&p.sender, LAPIC_ICR_HIGH, newer[i].dest << 24);
		fx_write(&p.sender, LAPIC_ICR, REMOTE_READ | newer[i].icr | LAPIC_TPR / 16);
		lapic_post_answer(&p.sender_inbox, answer_of(&p));
		lapic_drain(&p.sender, &p.sender_inbox);
		ck_assert_uint_eq(status(&p), LAPIC_ICR_READ_PENDING);
	}
}
END_TEST

START_TEST(R85_shorthands_read_nothing)
{
	struct pair p = new_pair();

	for (uint32_t shorthand = 1; shorthand < 4; shorthand++) {
		uint32_t icr = REMOTE_READ | shorthand << LAPIC_ICR_SHORTHAND_SHIFT;

		ck_assert_int_eq(fx_write(&p.sender, LAPIC_ICR, icr).kind, LAPIC_EFFECT_NONE);
		ck_assert_uint_eq(status(&p), 0);
	}
}
END_TEST

START_TEST(R85_mode_3_is_reserved_elsewhere)
{
	struct lapic_config config = fx_config();
	struct lapic a = fx_enabled();

	ck_assert_int_eq(fx_write(&a, LAPIC_ICR, REMOTE_READ | 8).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR) & LAPIC_ICR_READ_STATUS, 0);
	config.remote_read = true;
	a = fx_x2apic_with(config);
	ck_assert_int_eq(fx_write(&a, LAPIC_ICR, REMOTE_READ | 8).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR) & LAPIC_ICR_READ_STATUS, 0);
}
END_TEST

START_TEST(nothing_was_asked)
{
	struct pair p = new_pair();
	uint64_t value;
	uint32_t from;

	ck_assert(!lapic_answer_read(&p.target, &p.target_inbox, FX_NOW, &from, &value));
	ck_assert(!lapic_post_event(&p.target_inbox, LAPIC_EVENT_READ | LAPIC_EVENT_ANSWER));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R85_a_register_is_read,
		R85_what_cannot_be_read_is_invalid,
		R85_a_read_goes_on_in_a_restored_apic,
		R85_a_read_goes_on_while_other_commands_are_sent,
		R85_an_answer_of_somebody_else_is_dropped,
		R19_R85_x2apic_mode_ends_a_read,
		R19_R85_an_x2apic_holds_no_read,
		R85_a_busy_target_refuses,
		R85_an_answer_to_something_else_is_dropped,
		R85_shorthands_read_nothing,
		R85_mode_3_is_reserved_elsewhere,
		nothing_was_asked,
	};

	return fx_run("lapic_read", tests, FX_COUNT(tests));
}
