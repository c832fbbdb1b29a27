/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person wants to see of a machine: registers, local APICs in the words of QEMU's "info
 * lapic", counters. On the vCPU's own thread, or after all threads have ended.
 */
#ifndef VMM_DUMP_H
#define VMM_DUMP_H

struct machine;
struct vcpu;

/* One vCPU, to the log. */
void dump_vcpu_lapic(struct vcpu *vcpu);
void dump_vcpu_stats(struct vcpu *vcpu);

/* Everything, to the log; after machine_stop(). */
void dump_machine(struct machine *machine);

/* All counters, to the file at path, or to the log where that is NULL; after machine_stop(). */
void dump_stats(struct machine *machine, const char *path);

#endif
