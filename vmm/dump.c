/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, local APICs and counters, gathered into one text and written in one piece. */
#include "vmm/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/dump_lapic.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

static const char *const exit_names[VCPU_EXIT_KINDS] = {
	[VCPU_EXIT_IO] = "io",
	[VCPU_EXIT_MMIO] = "mmio",
	[VCPU_EXIT_LAPIC_MMIO] = "lapic-mmio",
	[VCPU_EXIT_LAPIC_MSR] = "lapic-msr",
	[VCPU_EXIT_MSR] = "msr",
	[VCPU_EXIT_HLT] = "hlt",
	[VCPU_EXIT_IRQ_WINDOW] = "irq-window",
	[VCPU_EXIT_SET_TPR] = "set-tpr",
	[VCPU_EXIT_IOAPIC_EOI] = "ioapic-eoi",
	[VCPU_EXIT_KICK] = "kick",
	[VCPU_EXIT_OTHER] = "other",
};

static const char *const ipi_names[8] = {
	"fixed", "lowest-priority", "smi", "reserved", "nmi", "init", "sipi", "extint",
};

/* ---- one text, written in one piece ---------------------------------------------------------- */

struct text {
	char *data;
	size_t size;
	FILE *file;
};

static FILE *text_begin(struct text *text)
{
	text->file = open_memstream(&text->data, &text->size);
	return text->file;
}

static void text_write(struct text *text, int fd)
{
	size_t done = 0;

	fclose(text->file);
	while (done < text->size) {
		ssize_t n = write(fd, text->data + done, text->size - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	free(text->data);
}

/* ---- registers and APIC ---------------------------------------------------------------------- */

#define HEX(x) ((unsigned long long)(x))

static void print_segment(FILE *out, const char *name, const struct kvm_segment *s)
{
	fprintf(out, "  %s sel %04x base %016llx limit %08x type %x%s%s%s\n", name, s->selector,
		HEX(s->base), s->limit, s->type, s->l ? " 64-bit" : "", s->db ? " 32-bit" : "",
		s->unusable ? " unusable" : "");
}

static void print_registers(FILE *out, struct vcpu *vcpu)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (kvm_get(vcpu->fd, KVM_GET_REGS, &r) || kvm_get(vcpu->fd, KVM_GET_SREGS, &s)) {
		fprintf(out, "CPU %u: registers cannot be read\n", vcpu->index);
		return;
	}
	fprintf(out, "CPU %u: rip %016llx rflags %08llx%s\n", vcpu->index, HEX(r.rip),
		HEX(r.rflags), vcpu->lapic.wait_for_sipi ? " (waits for SIPI)" : "");
	fprintf(out, "  rax %016llx rbx %016llx rcx %016llx rdx %016llx\n", HEX(r.rax), HEX(r.rbx),
		HEX(r.rcx), HEX(r.rdx));
	fprintf(out, "  rsi %016llx rdi %016llx rbp %016llx rsp %016llx\n", HEX(r.rsi), HEX(r.rdi),
		HEX(r.rbp), HEX(r.rsp));
	fprintf(out, "  r8  %016llx r9  %016llx r10 %016llx r11 %016llx\n", HEX(r.r8), HEX(r.r9),
		HEX(r.r10), HEX(r.r11));
	fprintf(out, "  r12 %016llx r13 %016llx r14 %016llx r15 %016llx\n", HEX(r.r12), HEX(r.r13),
		HEX(r.r14), HEX(r.r15));
	fprintf(out, "  cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx cr8 %llx efer %llx\n",
		HEX(s.cr0), HEX(s.cr2), HEX(s.cr3), HEX(s.cr4), HEX(s.cr8), HEX(s.efer));
	print_segment(out, "cs", &s.cs);
	print_segment(out, "ss", &s.ss);
	fprintf(out, "  gdt %016llx limit %04x idt %016llx limit %04x\n", HEX(s.gdt.base),
		s.gdt.limit, HEX(s.idt.base), s.idt.limit);
}

/* KVM's LAPIC, in the same words. */
static void print_kernel_lapic(FILE *out, struct vcpu *vcpu)
{
	struct dump_lapic_context context = { .cpu = vcpu->index };
	struct kvm_lapic_state state;
	struct kvm_sregs sregs;
	struct lapic_regs regs;

	if (kvm_get(vcpu->fd, KVM_GET_LAPIC, &state) || kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs)) {
		fprintf(out, "CPU %u: KVM's LAPIC cannot be read\n", vcpu->index);
		return;
	}
	memcpy(&regs, state.regs, sizeof(regs));
	context.base = sregs.apic_base;
	context.x2apic = (sregs.apic_base & LAPIC_BASE_EXTD) != 0;
	dump_lapic_page(out, &regs, &context);
}

static void print_lapic(FILE *out, struct vcpu *vcpu)
{
	const struct lapic *a = &vcpu->lapic;
	const struct dump_lapic_context context = {
		.cpu = vcpu->index,
		.base = a->base,
		.x2apic = lapic_is_x2apic(a),
	};

	if (vcpu->machine->shape == IRQCHIP_KERNEL) {
		print_kernel_lapic(out, vcpu);
		return;
	}
	dump_lapic_page(out, &a->regs, &context);
	fprintf(out, "  TPR 0x%02x PPR 0x%02x CR8 0x%x", a->regs.tpr.reg, lapic_ppr(a),
		lapic_cr8(a));
	if (lapic_deadline(a) == LAPIC_NEVER)
		fprintf(out, " timer idle");
	else
		fprintf(out, " timer due in %lld ns",
			(long long)(lapic_deadline(a) - kick_clock_ns()));
	fprintf(out, " inbox 0x%x injection %s window %s", atomic_load(&vcpu->inbox.events),
		vcpu->injection_queued ? "queued" : "none",
		vcpu->run->request_interrupt_window ? "asked" : "not-asked");
	if (vcpu->lent)
		fprintf(out, " waits for CR8 in KVM: %u", vcpu->lent);
	fputc('\n', out);
}

/* ---- counters -------------------------------------------------------------------------------- */

static void print_count(FILE *out, const char *prefix, const char *name, uint64_t n)
{
	if (n)
		fprintf(out, " %s%s=%llu", prefix, name, HEX(n));
}

static void print_register_counts(FILE *out, const char *what, const uint64_t *counts)
{
	int any = 0;

	for (uint32_t slot = 0; slot < LAPIC_SLOTS; slot++) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(slot * 16);

		if (!counts[slot])
			continue;
		fprintf(out, "%s %s=%llu", any ? "" : what, desc ? desc->name : "reserved",
			HEX(counts[slot]));
		any = 1;
	}
	if (any)
		fputc('\n', out);
}

static void print_stats(FILE *out, struct vcpu *vcpu)
{
	const struct vcpu_stats *s = &vcpu->stats;
	const struct lapic_counters *c = &vcpu->lapic.counters;

	fprintf(out, "vcpu%u exits:", vcpu->index);
	for (int i = 0; i < VCPU_EXIT_KINDS; i++)
		print_count(out, "", exit_names[i], s->exits[i]);
	fprintf(out, "\n  interrupts:");
	print_count(out, "", "injected", s->injected);
	print_count(out, "", "extint", s->injected_extint);
	print_count(out, "", "nmi", s->nmis);
	print_count(out, "", "init", s->inits);
	print_count(out, "", "sipi", s->sipis);
	print_count(out, "", "windows", s->windows);
	print_count(out, "", "pv-eoi", s->pv_eois);
	print_count(out, "", "pv-eoi-revoked", s->pv_eois_revoked);
	print_count(out, "", "cr8-lent", s->lent);
	print_count(out, "", "cr8-taken", s->lent_taken);
	print_count(out, "", "cr8-polls", s->tpr_polls);
	print_count(out, "", "stressed", s->stressed);
	for (int i = 0; i < 8; i++)
		print_count(out, "ipi-", ipi_names[i], s->ipis[i]);
	fprintf(out, "\n  kicks:");
	print_count(out, "", "sent", s->kicks_sent);
	print_count(out, "", "saved", s->kicks_saved);
	print_count(out, "", "sleeps", s->sleeps);
	fprintf(out, "\n  lapic:");
	print_count(out, "", "eoi-level", c->eoi_level);
	print_count(out, "", "eoi-spurious", c->eoi_spurious);
	print_count(out, "", "dropped-disabled", c->dropped_disabled);
	print_count(out, "", "collapsed", c->collapsed);
	print_count(out, "", "illegal-access", c->illegal_access);
	print_count(out, "", "timer-expired", c->timer_expired);
	print_count(out, "", "timer-merged", c->timer_merged);
	if (c->timer_expired)
		fprintf(out, " timer-lateness-ns=%llu",
			HEX(c->timer_lateness_ns / c->timer_expired));
	fputc('\n', out);
	print_register_counts(out, "  reads:", s->reg_reads);
	print_register_counts(out, "  writes:", s->reg_writes);
}

static void print_machine_stats(FILE *out, struct machine *m)
{
	struct irqchip_stats *s = &m->irqchip.stats;

	fprintf(out,
		"irqchip: lines=%llu messages=%llu unrouted=%llu bad-msi=%llu eois=%llu storms=%llu\n",
		HEX(atomic_load(&s->lines)), HEX(atomic_load(&s->messages)),
		HEX(atomic_load(&s->unrouted)), HEX(atomic_load(&s->bad_msi)),
		HEX(atomic_load(&s->eois)), HEX(atomic_load(&s->storms)));
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		print_stats(out, &m->vcpus[i]);
}

/* ---- entry points ---------------------------------------------------------------------------- */

void dump_vcpu_lapic(struct vcpu *vcpu)
{
	struct text text;

	if (!text_begin(&text))
		return;
	print_registers(text.file, vcpu);
	print_lapic(text.file, vcpu);
	text_write(&text, vcpu->machine->log->fd);
}

void dump_vcpu_stats(struct vcpu *vcpu)
{
	struct text text;

	if (!text_begin(&text))
		return;
	print_stats(text.file, vcpu);
	text_write(&text, vcpu->machine->log->fd);
}

void dump_machine(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->nr_vcpus; i++)
		dump_vcpu_lapic(&machine->vcpus[i]);
}

void dump_stats(struct machine *machine, const char *path)
{
	struct text text;
	FILE *file = NULL;

	if (path) {
		file = fopen(path, "we");
		if (!file) {
			log_line(machine->log, LOG_ERROR, "--stats: cannot write %s: %s", path,
				 strerror(errno));
			return;
		}
	}
	if (text_begin(&text)) {
		print_machine_stats(text.file, machine);
		text_write(&text, file ? fileno(file) : machine->log->fd);
	}
	if (file && fclose(file))
		log_line(machine->log, LOG_ERROR, "--stats: cannot write %s: %s", path,
			 strerror(errno));
}
