/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest images and firmware tables: from a file to a machine that is ready to run.
 *
 * boot/ knows nothing of KVM: it writes into guest memory that it is given, and answers with the
 * state in which the bootstrap processor has to start. The contract that a guest may rely on is
 * boot/README.md.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_ERROR_SIZE 256

/* A PCI bus with configuration mechanism #1. INTA# of slot n is GSI first_gsi + n % nr_gsis. */
struct boot_pci {
	uint32_t window_base; /* memory BARs */
	uint32_t window_size; /* 0: no PCI */
	uint8_t first_gsi;
	uint8_t nr_gsis;
};

/* Fixed addresses of the platform, for the tables. */
struct boot_platform {
	uint32_t nr_cpus;       /* 1..1024 */
	uint32_t first_apic_id; /* CPU n has id first_apic_id + n */
	uint8_t ioapic_id;
	uint32_t ioapic_address;
	uint16_t pm1a_event_port;   /* 4 bytes */
	uint16_t pm1a_control_port; /* 2 bytes */
	uint16_t pm_timer_port;     /* 4 bytes; 0: none */
	uint8_t rtc_century;        /* the RTC's century register; 0: none */
	uint16_t reset_port;
	uint8_t reset_value;
	uint16_t sci_irq;
	uint8_t s5_sleep_type; /* SLP_TYPa of S5 */
	struct boot_pci pci;
};

/*
 * Guest RAM as the host sees it: low from guest-physical 0, high from 4 GiB. Images are loaded into
 * low. ram_low_size is a multiple of 4 KiB, at most 3 GiB.
 */
struct boot_ram {
	uint8_t *low;
	uint64_t low_size;
	uint64_t high_size; /* 0: none */
};

struct boot_params {
	struct boot_ram ram;
	struct boot_platform platform;
	const char *cmdline; /* never NULL */
	const char *initrd;  /* path of the initrd or multiboot module; NULL: none */
};

enum boot_cpu_mode {
	BOOT_CPU_LONG64,      /* long mode, identity paging from cr3, flat segments */
	BOOT_CPU_PROTECTED32, /* protected mode, paging off, flat 4 GiB segments */
};

/* What the bootstrap processor starts with. General registers not named are 0. */
struct boot_entry {
	enum boot_cpu_mode mode;
	const char *format; /* "ELF64", "PVH ELF", "Linux bzImage", ...: for messages */
	uint64_t rip;
	uint64_t rsp;
	uint64_t rax;
	uint64_t rbx;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t cr3; /* BOOT_CPU_LONG64 only */
	uint64_t gdt_base;
	uint16_t gdt_limit;
	uint16_t code_selector; /* descriptors of the mode */
	uint16_t data_selector;
	uint16_t tss_selector;
	bool after_bios; /* the 8259 pair and the PIT are to be as a BIOS leaves them */
};

/*
 * Load the image at path, write the firmware tables, and fill *entry. Returns 0, or -errno with a
 * one-line reason in error that names the file, what was found in it and what would be accepted:
 * -ENOENT and the like when it cannot be read, -ENOEXEC when it is not an image that can be booted,
 * -ENOMEM when guest memory is too small, -E2BIG when the command line or initrd does not fit.
 */
int boot_load(const char *path, const struct boot_params *params, struct boot_entry *entry,
	      char error[BOOT_ERROR_SIZE]);

/* The same for an image that is already in memory; name stands for the file in messages. */
int boot_load_image(const char *name, const void *image, size_t size,
		    const struct boot_params *params, struct boot_entry *entry,
		    char error[BOOT_ERROR_SIZE]);

#endif
