/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dump of a local APIC: made-up register pages, and the words that have to come of them.
 * SDM vol. 3, "Local Vector Table", "Interrupt Command Register (ICR)".
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lapic/lapic.h"
#include "vmm/dump_lapic.h"

#define PAGE (LAPIC_BASE_DEFAULT | LAPIC_BASE_EN)

/* The dump as text; the caller frees it. */
static char *dump(const struct lapic_regs *regs, uint32_t cpu, uint64_t base)
{
	const struct dump_lapic_context context = {
		.cpu = cpu,
		.base = base,
		.x2apic = (base & LAPIC_BASE_EXTD) != 0,
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	dump_lapic_page(out, regs, &context);
	fclose(out);
	return text;
}

/* The line of text that begins with name after its blanks is, its runs of blanks as one, wanted. */
static void has_line(const char *text, const char *name, const char *wanted)
{
	const char *at = text;
	char line[512];
	size_t used = 0;

	while (at && strncmp(at + strspn(at, " "), name, strlen(name)) != 0) {
		at = strchr(at, '\n');
		at = at && at[1] ? at + 1 : NULL;
	}
	ck_assert_msg(at != NULL, "no line '%s' in:\n%s", name, text);
	for (at += strspn(at, " "); *at && *at != '\n' && used < sizeof(line) - 1; at++)
		if (*at != ' ' || at[1] != ' ')
			line[used++] = *at;
	line[used] = '\0';
	ck_assert_str_eq(line, wanted);
}

static struct lapic powered_up(void)
{
	const struct lapic_config config = {
		.id = 5,
		.bus_cycle_ns = 1,
		.maxphyaddr = 48,
		.cmci = true,
	};
	struct lapic a;

	lapic_power_up(&a, &config);
	return a;
}

START_TEST(the_state_after_power_up)
{
	struct lapic a = powered_up();
	char *text = dump(&a.regs, 5, a.base);

	has_line(text, "LAPIC of CPU 5",
		 "LAPIC of CPU 5: base 0xfee00800 xAPIC, software disabled");
	has_line(text, "LVT_LINT0", "LVT_LINT0 0x00010000 active-hi edge masked Fixed (vec 0)");
	has_line(text, "LVT_CMCI", "LVT_CMCI 0x00010000 active-hi edge masked Fixed (vec 0)");
	has_line(text, "TIMER", "TIMER one-shot DCR 0x0 ICR 0");
	has_line(text, "ID",
		 "ID 0x05000000 VERSION 0x00060014 LDR 0x00000000 DFR 0xffffffff "
		 "SVR 0x000000ff ESR 0x00000000");
	has_line(text, "ICR", "ICR 0x00000000 Fixed physical edge vec 0 dest 0x0");
	has_line(text, "ISR", "ISR (none)");
	has_line(text, "IRR", "IRR (none)");
	free(text);
}
END_TEST

START_TEST(the_modes)
{
	static const struct {
		uint64_t base;
		const char *line;
	} cases[] = {
		{ PAGE | LAPIC_BASE_BSP,
		  "LAPIC of CPU 0: base 0xfee00900 xAPIC BSP, software enabled" },
		{ PAGE | LAPIC_BASE_EXTD,
		  "LAPIC of CPU 0: base 0xfee00c00 x2APIC, software enabled" },
		{ LAPIC_BASE_DEFAULT,
		  "LAPIC of CPU 0: base 0xfee00000 disabled, software enabled" },
	};
	const struct lapic_regs regs = { .svr = { .reg = LAPIC_SVR_ENABLE | 0xff } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = dump(&regs, 0, cases[i].base);

		has_line(text, "LAPIC", cases[i].line);
		free(text);
	}
}
END_TEST

START_TEST(every_lvt_in_its_own_words)
{
	const struct lapic_regs regs = {
		.lvt_lint0 = { .reg = 0x0700 },
		.lvt_lint1 = { .reg = 0x2400 },
		.lvt_pmc = { .reg = 0x10400 },
		.lvt_thermal = { .reg = 0x0200 },
		.lvt_error = { .reg = 0xfe },
		.lvt_timer = { .reg = 0x200ef },
	};
	char *text = dump(&regs, 0, PAGE);

	has_line(text, "LVT_LINT0", "LVT_LINT0 0x00000700 active-hi edge ExtINT");
	has_line(text, "LVT_LINT1", "LVT_LINT1 0x00002400 active-lo edge NMI");
	has_line(text, "LVT_PMC", "LVT_PMC 0x00010400 active-hi edge masked NMI");
	has_line(text, "LVT_THERMAL", "LVT_THERMAL 0x00000200 active-hi edge SMI");
	has_line(text, "LVT_ERROR", "LVT_ERROR 0x000000fe active-hi edge Fixed (vec 254)");
	has_line(text, "LVT_TIMER", "LVT_TIMER 0x000000ef active-hi edge Fixed (vec 239)");
	has_line(text, "TIMER", "TIMER periodic DCR 0x0 ICR 0");
	free(text);
}
END_TEST

START_TEST(a_level_on_lint0)
{
	const struct lapic_regs regs = { .lvt_lint0 = { .reg = 0xc041 } };
	char *text = dump(&regs, 0, PAGE);

	has_line(text, "LVT_LINT0",
		 "LVT_LINT0 0x0000c041 active-hi level Fixed (vec 65) remote-irr");
	free(text);
}
END_TEST

START_TEST(the_timer_s_modes)
{
	static const struct {
		uint32_t lvt;
		const char *line;
	} cases[] = {
		{ 0x00030, "TIMER one-shot DCR 0xb ICR 4000000000" },
		{ 0x20030, "TIMER periodic DCR 0xb ICR 4000000000" },
		{ 0x40030, "TIMER tsc-deadline DCR 0xb ICR 4000000000" },
		{ 0x60030, "TIMER reserved DCR 0xb ICR 4000000000" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lapic_regs regs = {
			.lvt_timer = { .reg = cases[i].lvt },
			.timer_dcr = { .reg = 0xb },
			.timer_icr = { .reg = 4000000000u },
		};
		char *text = dump(&regs, 0, PAGE);

		has_line(text, "TIMER", cases[i].line);
		free(text);
	}
}
END_TEST

START_TEST(the_command_in_both_modes)
{
	const struct lapic_regs xapic = {
		.icr = { .reg = 0x4cfe },
		.icr_high = { .reg = 0x12000000 },
	};
	const struct lapic_regs x2apic = {
		.icr = { .reg = 0xc8600 },
		.icr_high = { .reg = 0x12345678 },
	};
	char *text = dump(&xapic, 0, PAGE);

	has_line(text, "ICR", "ICR 0x00004cfe NMI logical edge vec 254 dest 0x12");
	free(text);
	text = dump(&x2apic, 0, PAGE | LAPIC_BASE_EXTD);
	has_line(text, "ICR",
		 "ICR 0x000c8600 SIPI physical level all-but-self vec 0 dest 0x12345678");
	free(text);
}
END_TEST

START_TEST(vectors_with_their_trigger)
{
	struct lapic a = powered_up();
	struct lapic_effect effect = { .kind = LAPIC_EFFECT_NONE };
	char *text;

	ck_assert_int_eq(lapic_write(&a, LAPIC_SVR, LAPIC_SVR_ENABLE | 0xff, 0, &effect), LAPIC_OK);
	lapic_accept(&a, 16, false);
	lapic_accept(&a, 31, true);
	lapic_accept(&a, 32, false);
	lapic_accept(&a, 255, true);
	text = dump(&a.regs, 0, a.base);
	has_line(text, "ISR", "ISR (none)");
	has_line(text, "IRR", "IRR 16 31(level) 32 255(level)");
	free(text);

	lapic_ack(&a, 255);
	text = dump(&a.regs, 0, a.base);
	has_line(text, "ISR", "ISR 255(level)");
	has_line(text, "IRR", "IRR 16 31(level) 32");
	free(text);
}
END_TEST

/* A page of ones, which no APIC ever shows, is no reason to read or write out of bounds. */
START_TEST(a_page_of_ones)
{
	struct lapic_regs regs;
	char *text;

	memset(&regs, 0xff, sizeof(regs));
	text = dump(&regs, UINT32_MAX, UINT64_MAX);
	has_line(text, "LVT_ERROR",
		 "LVT_ERROR 0xffffffff active-lo level masked ExtINT remote-irr");
	ck_assert_ptr_nonnull(strstr(text, " 254(level) 255(level)\n"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dump_lapic");
	TCase *tc = tcase_create("dump_lapic");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, the_state_after_power_up);
	tcase_add_test(tc, the_modes);
	tcase_add_test(tc, every_lvt_in_its_own_words);
	tcase_add_test(tc, a_level_on_lint0);
	tcase_add_test(tc, the_timer_s_modes);
	tcase_add_test(tc, the_command_in_both_modes);
	tcase_add_test(tc, vectors_with_their_trigger);
	tcase_add_test(tc, a_page_of_ones);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
