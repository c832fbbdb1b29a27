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
	ck_assert_ptr_null(strstr(text, "TSC deadline"));
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
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	fx_write(&a, LAPIC_LVT_LINT0, LAPIC_LVT_LEVEL | 81);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 12345, 0, FX_NOW), LAPIC_OK);
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	text = printed(&input, lapicdump_words);
	ck_assert_ptr_nonnull(strstr(text, " initial id 5 waits for SIPI\n"));
	ck_assert_ptr_nonnull(strstr(text, "  TSC deadline 12345\n"));
	ck_assert_ptr_nonnull(strstr(text, " LINT0 asserted LINT1 low\n"));
	ck_assert_ptr_nonnull(strstr(text, "  LINT0 waits for the EOI of 81\n"));
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

/* The member of root is this; quotes are single here. */
static void check_member(json_t *root, const char *key, const char *wanted)
{
	char text[1024];
	json_t *expected;
	char *got = json_dumps(json_object_get(root, key), JSON_COMPACT | JSON_ENCODE_ANY);

	(void)snprintf(text, sizeof(text), "%s", wanted);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	expected = json_loads(text, JSON_DECODE_ANY, NULL);
	ck_assert_msg(expected != NULL, "no JSON: %s", text);
	ck_assert_msg(json_equal(json_object_get(root, key), expected), "%s is %s, not %s", key,
		      got ? got : "nothing", text);
	json_decref(expected);
	free(got);
}

START_TEST(json_of_a_state)
{
	struct lapic a = fx_enabled();
	struct lapicdump_input input;
	struct bytes bytes;
	json_t *root;

	fx_dirty(&a);
	a.lint_level[LAPIC_LINT1] = true;
	a.events = LAPIC_EVENT_SMI;
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	root = json_of(&input);
	check_member(root, "mode", "'xAPIC'");
	check_member(root, "id", "5");
	check_member(root, "software_enabled", "true");
	check_member(root, "isr", "[97]");
	check_member(root, "irr", "[86, 114]");
	check_member(root, "level", "[97]");
	check_member(root, "state",
		     "{'version': 2, 'base': 4276095232, 'initial_id': 5, "
		     "'timer_remaining_ns': 10000, 'tsc_deadline': 0, 'esr_pending': 64, "
		     "'events': 4, 'wait_for_sipi': false, 'lint0': false, 'lint1': true, "
		     "'lint0_vector': 0}");
	check_member(json_object_get(root, "registers"), "TPR", "33");
	check_member(json_object_get(root, "lvt"), "LVT_LINT0",
		     "{'vector': 85, 'delivery_mode': 'Fixed', 'delivery_status': false, "
		     "'polarity': 'active-lo', 'remote_irr': false, 'trigger_mode': 'level', "
		     "'mask': false}");
	check_member(json_object_get(root, "lvt"), "LVT_TIMER",
		     "{'vector': 82, 'delivery_status': false, 'mask': false, "
		     "'timer_mode': 'periodic'}");
	json_decref(root);
}
END_TEST

/* AMD's registers are shown where VERSION announces them. */
START_TEST(R78_extended_registers)
{
	struct lapic_config config = fx_config();
	struct lapicdump_input input;
	struct bytes bytes;
	struct lapic a;
	json_t *root;
	char *text;

	config.extended = true;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_EXT_CONTROL, LAPIC_EXT_IER | LAPIC_EXT_SEOI);
	fx_write(&a, LAPIC_IER + 16 * 7, 0xfffffffe);
	bytes = state_of(&a);
	input = accepted(&bytes, false);
	text = printed(&input, lapicdump_words);
	ck_assert_ptr_nonnull(strstr(text, "  extended control 0x3 IER fffffffe ffffffff "));
	free(text);
	root = json_of(&input);
	check_member(json_object_get(root, "state"), "extended",
		     "{'control': 3, 'ier': [4294967295, 4294967295, 4294967295, 4294967295, "
		     "4294967295, 4294967295, 4294967295, 4294967294]}");
	json_decref(root);
}
END_TEST

START_TEST(json_of_an_icr_and_of_large_numbers)
{
	struct lapic a = fx_x2apic();
	struct lapicdump_input input;
	struct bytes bytes;
	json_t *root;

	fx_write(&a, LAPIC_ICR, UINT64_C(0xfffffffe000cccf1));
	a.lint_level[LAPIC_LINT0] = true;
	bytes = state_of(&a);
	((struct lapic_state *)bytes.at)->tsc_deadline = UINT64_MAX;
	((struct lapic_state *)bytes.at)->flags |= LAPIC_STATE_WAIT_FOR_SIPI;
	((struct lapic_state *)bytes.at)->lint0_vector = 81;
	input = accepted(&bytes, false);
	root = json_of(&input);
	check_member(root, "icr",
		     "{'vector': 241, 'delivery_mode': 'NMI', 'destination_mode': 'logical', "
		     "'assert': true, 'trigger_mode': 'level', 'shorthand': 'all-but-self', "
		     "'destination': 4294967294}");
	check_member(root, "state",
		     "{'version': 2, 'base': 4276096256, 'initial_id': 5, "
		     "'timer_remaining_ns': null, 'tsc_deadline': '0xffffffffffffffff', "
		     "'esr_pending': 0, 'events': 0, 'wait_for_sipi': true, 'lint0': true, "
		     "'lint1': false, 'lint0_vector': 81}");
	json_decref(root);
}
END_TEST

/* A page of KVM's has nothing beside it. */
START_TEST(a_page_has_no_state)
{
	struct lapic a = fx_enabled();
	struct bytes bytes = page_of(&a, true);
	struct lapicdump_input input = accepted(&bytes, false);
	json_t *root = json_of(&input);
	char *text = printed(&input, lapicdump_words);

	ck_assert_ptr_null(json_object_get(root, "state"));
	ck_assert_ptr_null(strstr(text, "base"));
	check_member(root, "icr",
		     "{'vector': 0, 'delivery_mode': 'Fixed', 'destination_mode': 'physical', "
		     "'assert': false, 'trigger_mode': 'edge', 'shorthand': 'none', "
		     "'destination': 0}");
	free(text);
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
		json_of_a_state,
		R78_extended_registers,
		json_of_an_icr_and_of_large_numbers,
		a_page_has_no_state,
		a_full_disk_is_noticed,
	};

	return fx_run("lapicdump, output", tests, FX_COUNT(tests));
}
