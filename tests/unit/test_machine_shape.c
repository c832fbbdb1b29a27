/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of a saved machine: what the command line may leave open, what it may not contradict,
 * and shapes and CPUs that cannot be. docs/architecture.md, "Saving and restoring".
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine_shape.h"
#include "vmm/machine_state.h"
#include "vmm/vcpu_state.h"

static const struct machine_shape four_cpus = {
	.cpus = 4,
	.memory = UINT64_C(64) << 20,
	.apic_id_offset = 3,
	.tsc_khz = 2000000,
	.pv_features = 0x1234,
	.ioapic_version = IOAPIC_VERSION_82093AA,
	.x2apic = true,
	.serial = true,
	.test_device = true,
};

static void parse(struct options *options, char *word, char *value)
{
	char *argv[] = { (char[]){ "vmm" }, word, value, NULL };
	char error[256];

	ck_assert_msg(
		options_parse(options, word ? value ? 3 : 2 : 1, argv, error, sizeof(error)) == 0,
		"%s", error);
}

static int try_words(struct options *options, size_t count, char *words[])
{
	char *argv[8] = { (char[]){ "vmm" } };
	char error[256];

	for (size_t i = 0; i < count; i++)
		argv[i + 1] = words[i];
	return options_parse(options, (int)count + 1, argv, error, sizeof(error));
}

START_TEST(the_options)
{
	char save[] = "--save-state", restore[] = "--restore", stress[] = "--stress-state";
	char file[] = "a", number[] = "7", zero[] = "0", guest[] = "g.elf", cpus[] = "--cpus=1";
	struct options o;

	ck_assert_int_eq(try_words(&o, 6, (char *[]){ save, file, stress, number, cpus, guest }),
			 0);
	ck_assert_str_eq(o.save_path, "a");
	ck_assert_ptr_null(o.restore_path);
	ck_assert_uint_eq(o.stress_state, 7);
	/* The default, but said. */
	ck_assert_uint_eq(o.given, OPTION_CPUS);
	ck_assert_int_eq(try_words(&o, 4, (char *[]){ restore, file, save, file }), 0);
	ck_assert_str_eq(o.restore_path, "a");
	ck_assert_uint_eq(o.given, 0);
	ck_assert_int_ne(try_words(&o, 3, (char *[]){ restore, file, guest }), 0);
	ck_assert_int_ne(try_words(&o, 4, (char *[]){ restore, file, (char[]){ "-p" }, file }), 0);
	ck_assert_int_ne(try_words(&o, 4, (char *[]){ restore, file, (char[]){ "-i" }, file }), 0);
	ck_assert_int_ne(try_words(&o, 2, (char *[]){ stress, zero }), 0);
}
END_TEST

START_TEST(what_is_left_open_comes_from_the_file)
{
	struct state_error error;
	struct options o;

	parse(&o, NULL, NULL);
	ck_assert_int_eq(machine_shape_adopt(&four_cpus, "s", &o, &error), 0);
	ck_assert_uint_eq(o.cpus, 4);
	ck_assert_uint_eq(o.memory, UINT64_C(64) << 20);
	ck_assert_uint_eq(o.apic_id_offset, 3);
	ck_assert_uint_eq(o.ioapic_version, IOAPIC_VERSION_82093AA);
	ck_assert_int_eq(o.x2apic, TRISTATE_AUTO);
	ck_assert_int_eq(o.tsc_deadline, TRISTATE_OFF);
	ck_assert_int_eq(o.serial, SERIAL_TTY);
	ck_assert(o.test_device);
	ck_assert_uint_eq(o.restored_pv_features, 0x1234);
	ck_assert_uint_eq(o.restored_tsc_khz, 2000000);
}
END_TEST

START_TEST(what_says_the_same_is_fine)
{
	static const char *const words[][2] = {
		{ "--cpus", "4" },           { "--memory", "64" },
		{ "--apic-id-offset", "3" }, { "--ioapic-version", "0x11" },
		{ "--x2apic", "on" },        { "--tsc-deadline", "off" },
		{ "--serial", "null" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct state_error error;
		struct options o;
		char word[32];
		char value[32];

		strcpy(word, words[i][0]);
		strcpy(value, words[i][1]);
		parse(&o, word, value);
		ck_assert_msg(machine_shape_adopt(&four_cpus, "s", &o, &error) == 0, "%s %s: %s",
			      word, value, error.text);
	}
}
END_TEST

START_TEST(contradictions_are_named)
{
	static const char *const words[][3] = {
		{ "--cpus", "2", "--cpus of the state s is 4, not 2: leave the option out" },
		{ "--cpus", "1", "--cpus of the state s is 4, not 1" },
		{ "--memory", "128", "--memory, in bytes, of the state s is 67108864" },
		{ "--apic-id-offset", "0", "--apic-id-offset of the state s is 3, not 0" },
		{ "--ioapic-version", "0x20", "--ioapic-version of the state s is 17, not 32" },
		{ "--x2apic", "off", "--x2apic contradicts the state s, which was saved with it" },
		{ "--tsc-deadline", "on",
		  "--tsc-deadline contradicts the state s, which was saved without it" },
		{ "--serial", "off", "--serial contradicts the state s, which was saved with it" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct state_error error;
		struct options o;
		char word[32];
		char value[32];

		strcpy(word, words[i][0]);
		strcpy(value, words[i][1]);
		parse(&o, word, value);
		ck_assert_int_eq(machine_shape_adopt(&four_cpus, "s", &o, &error), -1);
		ck_assert_msg(strstr(error.text, words[i][2]), "'%s' does not say '%s'", error.text,
			      words[i][2]);
	}
}
END_TEST

START_TEST(devices_that_were_not_there)
{
	struct machine_shape bare = four_cpus;
	char word[] = "--test-device";
	struct state_error error;
	struct options o;

	bare.test_device = false;
	bare.serial = false;
	parse(&o, NULL, NULL);
	ck_assert_int_eq(machine_shape_adopt(&bare, "s", &o, &error), 0);
	ck_assert_int_eq(o.serial, SERIAL_OFF);
	ck_assert(!o.test_device);
	parse(&o, word, NULL);
	ck_assert_int_eq(machine_shape_adopt(&bare, "s", &o, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "--test-device contradicts the state s"));
}
END_TEST

START_TEST(R78_extended_registers_come_from_the_file)
{
	struct machine_shape amd = four_cpus;
	char word[] = "--amd-extapic", on[] = "on", off[] = "off";
	char lapic[] = "--lapic", kernel[] = "kernel";
	struct state_error error;
	struct options o;

	parse(&o, word, on);
	ck_assert_int_eq(machine_shape_adopt(&four_cpus, "s", &o, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "--amd-extapic contradicts the state s, which was "
						 "saved without it"));
	amd.amd_extapic = true;
	ck_assert_int_eq(machine_shape_adopt(&amd, "s", &o, &error), 0);
	ck_assert(o.amd_extapic);
	parse(&o, NULL, NULL);
	ck_assert_int_eq(machine_shape_adopt(&amd, "s", &o, &error), 0);
	ck_assert(o.amd_extapic);
	parse(&o, word, off);
	ck_assert_int_eq(machine_shape_adopt(&amd, "s", &o, &error), -1);
	parse(&o, lapic, kernel);
	ck_assert_int_eq(machine_shape_adopt(&four_cpus, "s", &o, &error), 0);
	ck_assert_int_eq(machine_shape_adopt(&amd, "s", &o, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "--lapic kernel has no AMD extended registers"));
}
END_TEST

static bool decodes(const struct machine_shape *shape, size_t cut, struct machine_shape *back)
{
	struct state_writer out = { .data = NULL };
	struct state_reader in;
	bool done;

	machine_shape_encode(shape, &out);
	ck_assert_uint_lt(cut, out.size);
	in = (struct state_reader){ .data = out.data, .size = out.size - cut };
	machine_shape_decode(back, &in);
	done = state_reader_done(&in);
	state_writer_free(&out);
	return done;
}

START_TEST(shapes_that_cannot_be)
{
	struct machine_shape back;
	struct machine_shape bad[] = {
		four_cpus, four_cpus, four_cpus, four_cpus, four_cpus, four_cpus, four_cpus,
	};

	ck_assert(decodes(&four_cpus, 0, &back));
	ck_assert_uint_eq(back.cpus, 4);
	ck_assert_uint_eq(back.memory, four_cpus.memory);
	ck_assert(back.test_device);
	for (size_t cut = 1; cut < 30; cut++)
		ck_assert(!decodes(&four_cpus, cut, &back));
	bad[0].cpus = 0;
	bad[1].cpus = LAPIC_MAX_CPUS + 1;
	bad[2].memory += 1;
	bad[3].memory = UINT64_C(1) << 41;
	bad[4].apic_id_offset = UINT32_MAX;
	bad[5].ioapic_version = 0x12;
	bad[6].x2apic = false;
	bad[6].cpus = 300;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!decodes(&bad[i], 0, &back), "shape %zu", i);
}
END_TEST

/*
 * A CPU's bytes: whole they come back, cut anywhere they do not, and forged lengths lead nowhere.
 */
START_TEST(cpus_are_decoded_whole_or_not_at_all)
{
	struct saved_vcpu *cpu = calloc(2, sizeof(*cpu));
	struct state_writer out = { .data = NULL };
	struct lapic_config config = { .id = 3, .maxphyaddr = 40, .bus_cycle_ns = 1 };
	struct state_reader in;
	struct lapic lapic;

	ck_assert_ptr_nonnull(cpu);
	lapic_power_up(&lapic, &config);
	lapic_state_save(&lapic, 0, &cpu->lapic);
	cpu->regs.rip = 0x1234;
	cpu->halted = true;
	cpu->xsave_size = VCPU_XSAVE_SIZE_MIN;
	cpu->nr_msrs = 2;
	cpu->msrs[1] = (struct kvm_msr_entry){ .index = 0x277, .data = 42 };
	vcpu_state_encode(cpu, &out);
	in = (struct state_reader){ .data = out.data, .size = out.size };
	vcpu_state_decode(&cpu[1], &in);
	ck_assert(state_reader_done(&in));
	ck_assert_mem_eq(&cpu[0], &cpu[1], sizeof(*cpu));
	for (size_t cut = 0; cut < out.size; cut++) {
		in = (struct state_reader){ .data = out.data, .size = cut };
		vcpu_state_decode(&cpu[1], &in);
		ck_assert(!state_reader_done(&in));
	}
	/* The number of MSRs comes before the two of them. */
	memset(out.data + out.size - 2 * 12 - 4, 0xff, 4);
	in = (struct state_reader){ .data = out.data, .size = out.size };
	vcpu_state_decode(&cpu[1], &in);
	ck_assert(!state_reader_done(&in));
	ck_assert_uint_eq(cpu[1].nr_msrs, 0);
	memset(out.data + out.size - 2 * 12 - 8 - VCPU_XSAVE_SIZE_MIN, 0xff, 4);
	in = (struct state_reader){ .data = out.data, .size = out.size };
	vcpu_state_decode(&cpu[1], &in);
	ck_assert(!state_reader_done(&in));
	ck_assert_uint_le(cpu[1].xsave_size, VCPU_STATE_XSAVE);
	state_writer_free(&out);
	free(cpu);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine_shape");
	TCase *tc = tcase_create("machine_shape");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, the_options);
	tcase_add_test(tc, what_is_left_open_comes_from_the_file);
	tcase_add_test(tc, what_says_the_same_is_fine);
	tcase_add_test(tc, contradictions_are_named);
	tcase_add_test(tc, devices_that_were_not_there);
	tcase_add_test(tc, R78_extended_registers_come_from_the_file);
	tcase_add_test(tc, shapes_that_cannot_be);
	tcase_add_test(tc, cpus_are_decoded_whole_or_not_at_all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
