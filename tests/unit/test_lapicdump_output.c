/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapicdump: what it says of a local APIC, in words and as JSON.
 *
 * SDM vol. 3, "Local Vector Table", "Interrupt Command Register (ICR)".
 */
#include <jansson.h>

#include "lapicdump_fixture.h"

static char *printed(const struct lapicdump_input *input,
		     bool (*print)(FILE *, const struct lapicdump_input *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert(print(out, input));
	fclose(out);
	return text;
}

START_TEST(words)
{
	static const char *const lines[] = {
		"LAPIC 5: xAPIC, software enabled\n",
		"  LVT_LINT0   0x0000a055 active-lo level        Fixed (vec 85)\n",
		"  ISR         97(level)\n",
		"  IRR         86 114\n",
		"  TPR 0x21 PPR 0x60 CCR 1000\n",
		"  base 0xfee00900 BSP initial id 5\n",
		"  timer due in 10000 ns\n",
		"  errors not shown yet 0x40 events 0x0 LINT0 low LINT1 asserted\n",
	};
	struct lapic a = fx_enabled();
	struct lapicdump_input input;
	struct bytes bytes;
	char *text;

	fx_dirty(&a);
	a.lint_level[LAPIC_LINT1] = true;
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	text = printed(&input, lapicdump_words);
	for (size_t i = 0; i < FX_COUNT(lines); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "no line '%s' in:\n%s", lines[i],
			      text);
	free(text);
}
END_TEST

START_TEST(words_of_a_cpu_that_waits)
{
	struct lapic a = fx_reset_ap();
	struct bytes bytes;
	struct lapicdump_input input;
	char *text;

	fx_write(&a, LAPIC_LVT_TIMER, 0x50040);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 12345, 0, FX_NOW), LAPIC_OK);
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	text = printed(&input, lapicdump_words);
	ck_assert_ptr_nonnull(strstr(text, " initial id 5 waits for SIPI\n"));
	ck_assert_ptr_nonnull(strstr(text, "  TSC deadline 12345\n"));
	ck_assert_ptr_null(strstr(text, "timer due"));
	free(text);
}
END_TEST

static json_t *json_of(const struct lapicdump_input *input)
{
	char *text = printed(input, lapicdump_json);
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	ck_assert_msg(json != NULL, "%s in: %s", error.text, text);
	free(text);
	return json;
}

START_TEST(json)
{
	struct lapic a = fx_enabled();
	struct lapicdump_input input;
	struct bytes bytes;
	const char *mode;
	const char *deliver;
	const char *polarity;
	const char *timer;
	int id, enabled, tpr, vector, level, masked, isr, irr, error_vector, remaining, lint1;
	json_t *root;

	fx_dirty(&a);
	a.lint_level[LAPIC_LINT1] = true;
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	root = json_of(&input);
	ck_assert_int_eq(json_unpack(root, "{s:s, s:i, s:b, s:{s:i}}", "mode", &mode, "id", &id,
				     "software_enabled", &enabled, "registers", "TPR", &tpr),
			 0);
	ck_assert_str_eq(mode, "xAPIC");
	ck_assert_int_eq(id, 5);
	ck_assert(enabled);
	ck_assert_int_eq(tpr, 0x21);
	ck_assert_int_eq(json_unpack(root, "{s:{s:{s:i, s:s, s:s, s:b}, s:{s:s}}}", "lvt",
				     "LVT_LINT0", "vector", &vector, "delivery_mode", &deliver,
				     "polarity", &polarity, "mask", &masked, "LVT_TIMER",
				     "timer_mode", &timer),
			 0);
	ck_assert_int_eq(vector, 0x55);
	ck_assert_str_eq(deliver, "Fixed");
	ck_assert_str_eq(polarity, "active-lo");
	ck_assert(!masked);
	ck_assert_str_eq(timer, "periodic");
	ck_assert_int_eq(json_unpack(root, "{s:[i!], s:[ii!], s:[i!]}", "isr", &isr, "irr",
				     &error_vector, &irr, "level", &level),
			 0);
	ck_assert_int_eq(isr, 0x61);
	ck_assert_int_eq(error_vector, 0x56);
	ck_assert_int_eq(irr, 0x72);
	ck_assert_int_eq(level, 0x61);
	ck_assert_int_eq(json_unpack(root, "{s:{s:i, s:b}}", "state", "timer_remaining_ns",
				     &remaining, "lint1", &lint1),
			 0);
	ck_assert_int_eq(remaining, 10000);
	ck_assert(lint1);
	json_decref(root);
}
END_TEST

START_TEST(json_of_icr_and_large_numbers)
{
	struct lapic a = fx_x2apic();
	struct lapicdump_input input;
	struct bytes bytes;
	const char *deliver;
	const char *shorthand;
	const char *deadline;
	json_int_t destination;
	json_t *root;

	fx_write(&a, LAPIC_ICR, UINT64_C(0xfffffffe000cc4f1));
	bytes = state_of(&a);
	((struct lapic_state *)bytes.at)->tsc_deadline = UINT64_MAX;
	input = accepted(&bytes, false);
	root = json_of(&input);
	ck_assert_int_eq(json_unpack(root, "{s:{s:s, s:s, s:I}, s:{s:s, s:n}}", "icr",
				     "delivery_mode", &deliver, "shorthand", &shorthand,
				     "destination", &destination, "state", "tsc_deadline",
				     &deadline, "timer_remaining_ns"),
			 0);
	ck_assert_str_eq(deliver, "NMI");
	ck_assert_str_eq(shorthand, "all-but-self");
	ck_assert_int_eq(destination, 0xfffffffe);
	ck_assert_str_eq(deadline, "0xffffffffffffffff");
	json_decref(root);
}
END_TEST

START_TEST(a_full_disk_is_noticed)
{
	struct lapic a = fx_enabled();
	struct bytes bytes = page_of(&a, true);
	struct lapicdump_input input = accepted(&bytes, false);
	FILE *out = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(out);
	ck_assert(!lapicdump_words(out, &input));
	fclose(out);
	out = fopen("/dev/full", "w");
	ck_assert_ptr_nonnull(out);
	ck_assert(!lapicdump_json(out, &input));
	fclose(out);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		words,
		words_of_a_cpu_that_waits,
		json,
		json_of_icr_and_large_numbers,
		a_full_disk_is_noticed,
	};

	return fx_run("lapicdump, output", tests, FX_COUNT(tests));
}
