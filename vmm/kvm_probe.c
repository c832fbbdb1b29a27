/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start-up probe: snippets of 32-bit code on a scratch VM, each answering one question about
 * KVM's behaviour that the manuals of KVM leave open or that vendor modules differ in.
 */
#include "vmm/kvm_probe.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lapic/lapic_regs.h"
#include "vmm/kick.h"
#include "vmm/msr_index.h"

#define RAM_SIZE     0x10000u
#define PARK_PAGE    0x8000u
#define CODE         0x1000u
#define IDT          0x2000u
#define HANDLER      0x1800u
#define STACK        0x4000u
#define VECTOR       0x31u
#define PORT_DONE    0x10 /* the snippet has ended; EDX is its answer */
#define PORT_HANDLER 0x11 /* the interrupt has arrived */
#define PORT_MISSED  0x12 /* the snippet was left at its end */
#define HLT_KICK_NS  100000
#define HLT_TRIES    12

struct probe {
	int vm;
	int vcpu;
	uint8_t *ram;
	struct kvm_run *run;
	size_t run_size;
	struct kick_timer timer;
};

/* What one KVM_RUN ended in. */
struct probe_exit {
	uint32_t reason;
	uint64_t where; /* MMIO address, MSR number or port */
	bool write;
	uint32_t msr_reason;
};

struct snippet {
	const char *name;
	const uint8_t *code;
	size_t size;
	bool (*judge)(struct probe *p);
};

/* mov eax,[0xFEE00030]; mov [0xFEE00080],eax; mov [0xFEE000B0],eax; out 0x10,al */
static const uint8_t code_mmio[] = { 0xa1, 0x30, 0x00, 0xe0, 0xfe, 0xa3, 0x80, 0x00,     0xe0,
				     0xfe, 0xa3, 0xb0, 0x00, 0xe0, 0xfe, 0xe6, PORT_DONE };
/* mov ecx,0x80B; xor eax,eax; xor edx,edx; wrmsr; out 0x10,al */
static const uint8_t code_x2apic[] = { 0xb9, 0x0b, 0x08, 0x00, 0x00, 0x31,     0xc0,
				       0x31, 0xd2, 0x0f, 0x30, 0xe6, PORT_DONE };
/* mov ecx,0x1B; rdmsr; out 0x10,al */
static const uint8_t code_base[] = { 0xb9, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x32, 0xe6, PORT_DONE };
/* mov ecx,0x6E0; xor eax,eax; mov edx,0x7fffffff; wrmsr; out 0x10,al */
static const uint8_t code_deadline[] = { 0xb9, 0xe0, 0x06, 0x00, 0x00, 0x31, 0xc0, 0xba,
					 0xff, 0xff, 0xff, 0x7f, 0x0f, 0x30, 0xe6, PORT_DONE };
/* sti; nop; out 0x10,al; nop */
static const uint8_t code_inject[] = { 0xfb, 0x90, 0xe6, PORT_DONE, 0x90 };
/* sti; hlt; nop */
static const uint8_t code_hlt[] = { 0xfb, 0xf4, 0x90 };
/* mov eax,1; cpuid; out 0x10,al */
static const uint8_t code_cpuid[] = { 0xb8, 0x01, 0x00, 0x00, 0x00, 0x0f, 0xa2, 0xe6, PORT_DONE };
/* out 0x11,al; hlt. No IRET: KVM's emulator, the engine of some hosts, has none for this mode. */
static const uint8_t code_handler[] = { 0xe6, PORT_HANDLER, 0xf4 };

/* One KVM_RUN. Exits that read get 0; MSR exits are let through without a #GP. */
static struct probe_exit step(struct probe *p)
{
	struct kvm_run *run = p->run;
	struct probe_exit e = { .reason = KVM_EXIT_UNKNOWN };

	if (kvm_run_vcpu(p->vcpu) < 0)
		return (struct probe_exit){ .reason = KVM_EXIT_INTR };
	e.reason = run->exit_reason;
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		e.where = run->mmio.phys_addr;
		e.write = run->mmio.is_write;
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
		break;
	case KVM_EXIT_IO:
		e.where = run->io.port;
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		e.where = run->msr.index;
		e.write = run->exit_reason == KVM_EXIT_X86_WRMSR;
		e.msr_reason = run->msr.reason;
		run->msr.data = 0;
		run->msr.error = 0;
		break;
	default:
		break;
	}
	return e;
}

static bool is_port(struct probe_exit e, uint64_t port)
{
	return e.reason == KVM_EXIT_IO && e.where == port;
}

static bool is_mmio(struct probe_exit e, uint64_t address, bool write)
{
	return e.reason == KVM_EXIT_MMIO && e.where == address && e.write == write;
}

static bool judge_mmio(struct probe *p)
{
	return is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_VERSION, false) &&
	       is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_TPR, true) &&
	       is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_EOI, true) &&
	       is_port(step(p), PORT_DONE);
}

static bool judge_x2apic(struct probe *p)
{
	struct probe_exit e = step(p);

	return e.reason == KVM_EXIT_X86_WRMSR && e.msr_reason == KVM_MSR_EXIT_REASON_INVAL &&
	       is_port(step(p), PORT_DONE);
}

static bool judge_base(struct probe *p)
{
	struct probe_exit e = step(p);

	return e.reason == KVM_EXIT_X86_RDMSR && e.msr_reason == KVM_MSR_EXIT_REASON_FILTER &&
	       is_port(step(p), PORT_DONE);
}

static bool judge_deadline(struct probe *p)
{
	struct probe_exit e = step(p);

	return e.reason == KVM_EXIT_X86_WRMSR && e.msr_reason == KVM_MSR_EXIT_REASON_FILTER &&
	       is_port(step(p), PORT_DONE);
}

static bool judge_inject(struct probe *p)
{
	if (!is_port(step(p), PORT_DONE) || !p->run->ready_for_interrupt_injection)
		return false;
	if (kvm_interrupt(p->vcpu, VECTOR))
		return false;
	/* The slot is taken, and KVM has to say so. */
	if (kvm_interrupt(p->vcpu, VECTOR) != -EEXIST)
		return false;
	return is_port(step(p), PORT_HANDLER);
}

/*
 * KVM sleeps in the HLT, and only the timer's signal ends that. On a slow host the signal may come
 * before the guest gets there: it is not ready for an interrupt then, and is given more time.
 */
static bool judge_hlt(struct probe *p)
{
	uint64_t wait = HLT_KICK_NS;

	for (int i = 0; i < HLT_TRIES; i++, wait *= 2) {
		kick_timer_arm(&p->timer, kick_clock_ns() + wait);
		if (step(p).reason != KVM_EXIT_INTR)
			return false;
		p->timer.armed = UINT64_MAX;
		p->run->immediate_exit = 0;
		if (p->run->ready_for_interrupt_injection)
			return kvm_interrupt(p->vcpu, VECTOR) == 0 &&
			       is_port(step(p), PORT_HANDLER);
	}
	return false;
}

static bool judge_cpuid(struct probe *p)
{
	struct kvm_regs regs;

	return is_port(step(p), PORT_DONE) && kvm_get(p->vcpu, KVM_GET_REGS, &regs) == 0 &&
	       (regs.rdx & (1u << 9));
}

static const struct snippet snippets[PROBE_CHECKS] = {
	[PROBE_MMIO] = { "APIC page exits as MMIO", code_mmio, sizeof(code_mmio), judge_mmio },
	[PROBE_X2APIC_MSR] = { "x2APIC MSRs exit", code_x2apic, sizeof(code_x2apic), judge_x2apic },
	[PROBE_APIC_BASE_MSR] = { "IA32_APIC_BASE exits", code_base, sizeof(code_base),
				  judge_base },
	[PROBE_TSC_DEADLINE_MSR] = { "IA32_TSC_DEADLINE exits", code_deadline,
				     sizeof(code_deadline), judge_deadline },
	[PROBE_INJECTION] = { "KVM_INTERRUPT injects through a parked LAPIC", code_inject,
			      sizeof(code_inject), judge_inject },
	[PROBE_HLT_WAKE] = { "a signal ends HLT inside KVM", code_hlt, sizeof(code_hlt),
			     judge_hlt },
	[PROBE_CPUID_APIC] = { "CPUID shows an APIC", code_cpuid, sizeof(code_cpuid), judge_cpuid },
};

const char *probe_check_name(enum probe_check check)
{
	return snippets[check].name;
}

/* 32-bit protected mode, flat, paging off: one setting of all segments for every snippet. */
static int set_start(struct probe *p)
{
	const struct kvm_segment code = {
		.limit = ~0u, .selector = 8, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1
	};
	struct kvm_segment data = code;
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_sregs sregs;
	int ret;

	/* The previous snippet's last exit has to be finished before its registers are replaced. */
	p->run->immediate_exit = 1;
	kvm_run_vcpu(p->vcpu);
	p->run->immediate_exit = 0;
	ret = kvm_get(p->vcpu, KVM_GET_SREGS, &sregs);
	if (ret < 0)
		return ret;
	data.selector = 0x10;
	data.type = 3;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 |= 1;
	sregs.idt.base = IDT;
	sregs.idt.limit = 0x7ff;
	sregs.gdt.base = IDT - 0x100;
	sregs.gdt.limit = 0x17;
	ret = kvm_set(p->vcpu, KVM_SET_SREGS, &sregs);
	if (ret < 0)
		return ret;
	return kvm_set(p->vcpu, KVM_SET_REGS, &regs);
}

static void write_ram(struct probe *p)
{
	static const uint64_t gdt[3] = { 0, UINT64_C(0x00cf9b000000ffff),
					 UINT64_C(0x00cf93000000ffff) };
	const uint64_t gate = HANDLER | (UINT64_C(8) << 16) | (UINT64_C(0x8e00) << 32);

	memcpy(p->ram + IDT - 0x100, gdt, sizeof(gdt));
	memcpy(p->ram + IDT + VECTOR * sizeof(gate), &gate, sizeof(gate));
	memcpy(p->ram + HANDLER, code_handler, sizeof(code_handler));
}

static int make_vm(struct probe *p, int kvm_fd)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_SIZE };
	int ret;

	p->vm = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return p->vm;
	ret = kvm_enable_cap(p->vm, KVM_CAP_SPLIT_IRQCHIP, 0);
	if (ret < 0)
		return ret;
	ret = kvm_trap_msrs(p->vm, true);
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
static void write_snippet(struct probe *p, const struct snippet *snippet)
{
	static const uint8_t missed[] = { 0xe6, PORT_MISSED };

	memcpy(p->ram + CODE, snippet->code, snippet->size);
	memcpy(p->ram + CODE + snippet->size, missed, sizeof(missed));
}

/* A failed check may leave the vCPU halted or with an interrupt queued: the rest counts as failed. */
static int run_checks(struct probe *p, struct probe_result *result)
{
	int ret;

	write_ram(p);
	result->parked_is_sound = true;
	for (int i = 0; i < PROBE_CHECKS; i++) {
		write_snippet(p, &snippets[i]);
		ret = set_start(p);
		if (ret < 0)
			return ret;
		result->passed[i] = snippets[i].judge(p);
		if (result->passed[i])
			continue;
		if (i == PROBE_TSC_DEADLINE_MSR)
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
