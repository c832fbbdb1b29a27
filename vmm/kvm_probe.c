/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start-up probe: snippets of code on a scratch VM, each answering one question about
 * KVM's behaviour that the manuals of KVM leave open or that vendor modules differ in.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/kvm_probe_priv.h"

#define RAM_SIZE  0x10000u
#define PARK_PAGE 0x8000u
#define GDT       0x1f00u
#define IDT       0x2000u
#define IDT64     0x2800u
#define STACK     0x4000u
#define PML4      0x5000u
#define PDPT      0x6000u
#define PD        0x7000u

/* Selectors. */
#define CODE32 0x08u
#define DATA   0x10u
#define CODE64 0x18u

#define CR0_PE       (1u << 0)
#define CR0_PG       (1u << 31)
#define CR4_PAE      (1u << 5)
#define EFER_LME     (1u << 8)
#define EFER_LMA     (1u << 10)
#define PTE_PRESENT  (1u << 0)
#define PTE_WRITABLE (1u << 1)
#define PTE_LARGE    (1u << 7)

/* out 0x11,al; hlt. No IRET: KVM's emulator, the engine of some hosts, has none for this mode. */
static const uint8_t code_handler[] = { 0xe6, PROBE_PORT_HANDLER, 0xf4 };

const char *probe_check_name(enum probe_check check)
{
	return probe_snippets[check].name;
}

/* 64-bit mode: the first 2 MiB mapped where they are. */
static void enter_long_mode(struct kvm_sregs *sregs)
{
	sregs->cs.selector = CODE64;
	sregs->cs.db = 0;
	sregs->cs.l = 1;
	sregs->cr3 = PML4;
	sregs->cr4 |= CR4_PAE;
	sregs->efer |= EFER_LME | EFER_LMA;
	sregs->cr0 |= CR0_PG;
	sregs->idt.base = IDT64;
}

/*
 * 32-bit protected mode, flat, paging off, or 64-bit mode: one setting of all segments for each of
 * them.
 */
static int set_start(struct probe *p, bool long_mode)
{
	const struct kvm_segment code = {
		.limit = ~0u, .selector = CODE32, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1
	};
	struct kvm_segment data = code;
	struct kvm_regs regs = { .rip = PROBE_CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_sregs sregs;
	int ret;

	/* The previous snippet's last exit has to be finished before its registers are replaced. */
	p->run->immediate_exit = 1;
	kvm_run_vcpu(p->vcpu);
	p->run->immediate_exit = 0;
	ret = kvm_get(p->vcpu, KVM_GET_SREGS, &sregs);
	if (ret < 0)
		return ret;
	data.selector = DATA;
	data.type = 3;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = (sregs.cr0 & ~(uint64_t)CR0_PG) | CR0_PE;
	sregs.cr4 = 0;
	sregs.efer = 0;
	sregs.idt.base = IDT;
	sregs.idt.limit = 0x7ff;
	sregs.gdt.base = GDT;
	sregs.gdt.limit = 0x1f;
	if (long_mode)
		enter_long_mode(&sregs);
	ret = kvm_set(p->vcpu, KVM_SET_SREGS, &sregs);
	if (ret < 0)
		return ret;
	return kvm_set(p->vcpu, KVM_SET_REGS, &regs);
}

static void write_ram(struct probe *p)
{
	static const uint64_t gdt[] = { 0, UINT64_C(0x00cf9b000000ffff),
					UINT64_C(0x00cf93000000ffff),
					UINT64_C(0x00af9b000000ffff) };
	const uint64_t gate = PROBE_HANDLER | CODE32 << 16 | UINT64_C(0x8e00) << 32;
	const uint64_t gate64[2] = { PROBE_HANDLER | CODE64 << 16 | UINT64_C(0x8e00) << 32 };
	const uint64_t pml4e = PDPT | PTE_PRESENT | PTE_WRITABLE;
	const uint64_t pdpte = PD | PTE_PRESENT | PTE_WRITABLE;
	const uint64_t pde = PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;

	memcpy(p->ram + GDT, gdt, sizeof(gdt));
	memcpy(p->ram + IDT + PROBE_VECTOR * sizeof(gate), &gate, sizeof(gate));
	memcpy(p->ram + IDT64 + PROBE_VECTOR * sizeof(gate64), gate64, sizeof(gate64));
	memcpy(p->ram + PML4, &pml4e, sizeof(pml4e));
	memcpy(p->ram + PDPT, &pdpte, sizeof(pdpte));
	memcpy(p->ram + PD, &pde, sizeof(pde));
	memcpy(p->ram + PROBE_HANDLER, code_handler, sizeof(code_handler));
}

static int make_vm(struct probe *p, int kvm_fd)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_SIZE };
	const struct kvm_msr_traps traps = { .tsc_deadline = true, .tsc_writes = true };
	int ret;

	p->vm = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return p->vm;
	ret = kvm_enable_cap(p->vm, KVM_CAP_SPLIT_IRQCHIP, 0);
	if (ret < 0)
		return ret;
	ret = kvm_trap_msrs(p->vm, &traps);
	if (ret < 0)
		return ret;
	p->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->ram == MAP_FAILED)
		return -errno;
	region.userspace_addr = (uint64_t)p->ram;
	return kvm_set(p->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int make_vcpu(struct probe *p, int kvm_fd)
{
	struct kvm_cpuid_buffer cpuid;
	int size = kvm_ioctl_value(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	int ret;

	if (size < 0)
		return size;
	p->vcpu = kvm_ioctl_value(p->vm, KVM_CREATE_VCPU, 0);
	if (p->vcpu < 0)
		return p->vcpu;
	p->run_size = (size_t)size;
	p->run = kvm_map_run(p->vcpu, p->run_size);
	if (!p->run)
		return -errno;
	ret = kvm_get_supported_cpuid(kvm_fd, &cpuid);
	if (ret < 0)
		return ret;
	ret = kvm_set(p->vcpu, KVM_SET_CPUID2, &cpuid);
	if (ret < 0)
		return ret;
	ret = kvm_park_lapic(p->vcpu, PARK_PAGE, 0, true);
	if (ret < 0)
		return ret;
	return kick_timer_create(&p->timer, p->run);
}

static void unmake(struct probe *p)
{
	kick_timer_destroy(&p->timer);
	if (p->run)
		munmap(p->run, p->run_size);
	if (p->vcpu >= 0)
		close(p->vcpu);
	if (p->ram != MAP_FAILED)
		munmap(p->ram, RAM_SIZE);
	if (p->vm >= 0)
		close(p->vm);
}

/* Behind it an OUT, or a CPU that misses its interrupt would run on into the handler by itself. */
static void write_snippet(struct probe *p, const struct probe_snippet *snippet)
{
	static const uint8_t missed[] = { 0xe6, PROBE_PORT_MISSED };

	memcpy(p->ram + PROBE_CODE, snippet->code, snippet->size);
	memcpy(p->ram + PROBE_CODE + snippet->size, missed, sizeof(missed));
}

/*
 * A failed check may leave the vCPU halted or with an interrupt queued: the rest counts as failed.
 */
static int run_checks(struct probe *p, struct probe_result *result)
{
	int ret;

	write_ram(p);
	result->parked_is_sound = true;
	for (int i = 0; i < PROBE_CHECKS; i++) {
		write_snippet(p, &probe_snippets[i]);
		ret = set_start(p, probe_snippets[i].long_mode);
		if (ret < 0)
			return ret;
		result->passed[i] = probe_snippets[i].judge(p);
		if (result->passed[i])
			continue;
		if (probe_snippets[i].optional)
			continue;
		result->parked_is_sound = false;
		break;
	}
	return 0;
}

int kvm_probe(int kvm_fd, struct probe_result *result)
{
	struct probe p = { .vm = -1, .vcpu = -1, .ram = MAP_FAILED };
	int khz;
	int ret;

	memset(result, 0, sizeof(*result));
	ret = make_vm(&p, kvm_fd);
	if (ret == 0)
		ret = make_vcpu(&p, kvm_fd);
	if (ret == 0) {
		khz = kvm_ioctl_value(p.vcpu, KVM_GET_TSC_KHZ, 0);
		result->tsc_khz = khz > 0 ? (uint32_t)khz : 0;
		ret = run_checks(&p, result);
	}
	unmake(&p);
	return ret < 0 ? ret : 0;
}
