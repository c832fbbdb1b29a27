/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that concern the local APIC: whose registers they reach, who owns the mode, and what has
 * happened by the time that the next interrupt is chosen. SDM vol. 3, "Relocating the Local APIC
 * Registers", "Signaling Interrupt Servicing Completion"; on a made-up KVM, without a thread.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_kvm.h"
#include "vmm/msr_index.h"

#define MOVED_PAGE  UINT64_C(0xfed10000)
#define VECTOR      0x61
#define PIN         20
#define LEVEL_ENTRY (0x8000u | VECTOR)

static struct vcpu *cpu_of(struct fake_board *board, uint32_t index)
{
	return &board->machine.vcpus[index];
}

static void store(struct fake_board *board, uint32_t cpu, uint64_t address, uint32_t value)
{
	struct kvm_run *run = &board->vcpu[cpu].run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = address;
	run->mmio.len = sizeof(value);
	run->mmio.is_write = 1;
	memcpy(run->mmio.data, &value, sizeof(value));
	vcpu_handle_exit(cpu_of(board, cpu));
}

static uint32_t load(struct fake_board *board, uint32_t cpu, uint64_t address)
{
	struct kvm_run *run = &board->vcpu[cpu].run;
	uint32_t value;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = address;
	run->mmio.len = sizeof(value);
	run->mmio.is_write = 0;
	vcpu_handle_exit(cpu_of(board, cpu));
	memcpy(&value, run->mmio.data, sizeof(value));
	return value;
}

/* True: the guest gets a #GP. */
static bool wrmsr_fails(struct fake_board *board, uint32_t cpu, uint32_t reason, uint32_t msr,
			uint64_t value)
{
	struct kvm_run *run = &board->vcpu[cpu].run;

	run->exit_reason = KVM_EXIT_X86_WRMSR;
	run->msr.reason = reason;
	run->msr.index = msr;
	run->msr.data = value;
	vcpu_handle_exit(cpu_of(board, cpu));
	return run->msr.error != 0;
}

static bool write_base_fails(struct fake_board *board, uint32_t cpu, uint64_t value)
{
	return wrmsr_fails(board, cpu, KVM_MSR_EXIT_REASON_FILTER, MSR_IA32_APIC_BASE, value);
}

START_TEST(R23_each_cpu_reaches_its_own_registers)
{
	struct fake_board *board = fake_board_new(3, IRQCHIP_PARKED, false);

	for (uint32_t cpu = 0; cpu < 3; cpu++)
		store(board, cpu, LAPIC_BASE_DEFAULT + LAPIC_TPR, 0x10 * (cpu + 1));
	for (uint32_t cpu = 0; cpu < 3; cpu++) {
		ck_assert_uint_eq(load(board, cpu, LAPIC_BASE_DEFAULT + LAPIC_TPR),
				  0x10 * (cpu + 1));
		ck_assert_uint_eq(load(board, cpu, LAPIC_BASE_DEFAULT + LAPIC_ID), cpu << 24);
	}
	fake_board_free(board);
}
END_TEST

START_TEST(R21_each_cpu_moves_its_own_page)
{
	struct fake_board *board = fake_board_new(2, IRQCHIP_PARKED, false);
	uint64_t base = cpu_of(board, 1)->lapic.base;

	ck_assert(!write_base_fails(board, 1, MOVED_PAGE | (base & 0xfff)));
	ck_assert_uint_eq(load(board, 1, MOVED_PAGE + LAPIC_ID), 1u << 24);
	ck_assert_uint_eq(load(board, 1, LAPIC_BASE_DEFAULT + LAPIC_ID), UINT32_MAX);
	ck_assert_uint_eq(load(board, 0, LAPIC_BASE_DEFAULT + LAPIC_ID), 0);
	ck_assert_uint_eq(load(board, 0, MOVED_PAGE + LAPIC_ID), UINT32_MAX);
	ck_assert(!write_base_fails(board, 1, base));
	ck_assert_uint_eq(load(board, 1, LAPIC_BASE_DEFAULT + LAPIC_ID), 1u << 24);
	fake_board_free(board);
}
END_TEST

/* KVM derives CPUID.01H:EDX.APIC from its copy of the base. */
START_TEST(R9_R162_kvms_copy_of_the_base_follows)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	uint64_t on = cpu_of(board, 0)->lapic.base;
	uint64_t off = on & ~LAPIC_BASE_EN;

	ck_assert(!write_base_fails(board, 0, off));
	ck_assert_uint_eq(board->vcpu[0].sregs.apic_base, off);
	ck_assert(!lapic_is_enabled(&cpu_of(board, 0)->lapic));
	ck_assert(write_base_fails(board, 0, off | LAPIC_BASE_EXTD));
	ck_assert_uint_eq(board->vcpu[0].sregs.apic_base, off);
	ck_assert(!write_base_fails(board, 0, on));
	ck_assert_uint_eq(board->vcpu[0].sregs.apic_base, on);
	fake_board_free(board);
}
END_TEST

/* They come as MSRs that KVM does not know, with either reason. */
START_TEST(R32_R161_x2apic_msrs_exit_as_unknown_ones)
{
	static const uint32_t tpr = LAPIC_X2APIC_MSR_FIRST + LAPIC_TPR / 16;
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);
	struct lapic *a = &cpu_of(board, 0)->lapic;

	ck_assert(wrmsr_fails(board, 0, KVM_MSR_EXIT_REASON_UNKNOWN, tpr, 0x20));
	ck_assert(!write_base_fails(board, 0, a->base | LAPIC_BASE_EXTD));
	ck_assert(!wrmsr_fails(board, 0, KVM_MSR_EXIT_REASON_UNKNOWN, tpr, 0x20));
	ck_assert_uint_eq(a->regs.tpr.reg, 0x20);
	ck_assert(!wrmsr_fails(board, 0, KVM_MSR_EXIT_REASON_INVAL, tpr, 0x30));
	ck_assert_uint_eq(a->regs.tpr.reg, 0x30);
	ck_assert(wrmsr_fails(board, 0, KVM_MSR_EXIT_REASON_INVAL, tpr, 0x100));
	ck_assert_uint_eq(a->regs.tpr.reg, 0x30);
	fake_board_free(board);
}
END_TEST

/* A line that stays up is back in IRR as soon as the store to EOI is over, before any choice. */
START_TEST(R77_the_eoi_is_broadcast_before_the_next_choice)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_PARKED, false);
	struct vcpu *cpu = cpu_of(board, 0);
	struct ioapic_out out;

	board->vcpu[0].run.ready_for_interrupt_injection = 1;
	board->vcpu[0].run.if_flag = 1;
	board->machine.irqchip.ioapic.rte[PIN] = LEVEL_ENTRY;
	ioapic_set_irq(&board->machine.irqchip.ioapic, PIN, 0, false, &out);
	irqchip_set_irq(&board->machine.irqchip, PIN, IRQ_SOURCE_DEVICE, true);
	vcpu_drain(cpu);
	ck_assert(vcpu_inject(cpu));
	ck_assert_int_eq(board->vcpu[0].vector, VECTOR);
	board->vcpu[0].vector = FAKE_NO_VECTOR;
	store(board, 0, LAPIC_BASE_DEFAULT + LAPIC_EOI, 0);
	ck_assert_uint_eq(load(board, 0, LAPIC_BASE_DEFAULT + LAPIC_IRR + 16 * (VECTOR / 32)),
			  1u << VECTOR % 32);
	vcpu_act_on_events(cpu);
	ck_assert(vcpu_inject(cpu));
	ck_assert_int_eq(board->vcpu[0].vector, VECTOR);
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcpu_exits");
	TCase *tc = tcase_create("local APIC");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, R23_each_cpu_reaches_its_own_registers);
	tcase_add_test(tc, R21_each_cpu_moves_its_own_page);
	tcase_add_test(tc, R9_R162_kvms_copy_of_the_base_follows);
	tcase_add_test(tc, R32_R161_x2apic_msrs_exit_as_unknown_ones);
	tcase_add_test(tc, R77_the_eoi_is_broadcast_before_the_next_choice);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
