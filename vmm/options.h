/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, and what it says the machine shall be. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/log.h"

#define OPTIONS_CMDLINE_SIZE 16384 /* what boot/ has room for, with the final 0 */

enum lapic_choice {
	LAPIC_CHOICE_USER,
	LAPIC_CHOICE_KERNEL,
};

enum irqchip_choice {
	IRQCHIP_CHOICE_AUTO,
	IRQCHIP_CHOICE_SPLIT,
	IRQCHIP_CHOICE_NONE,
};

/* What an INIT of the first CPU does, whoever asked for it. */
enum on_reset_choice {
	ON_RESET_EXIT,
	ON_RESET_RESTART,
};

enum tristate {
	TRISTATE_AUTO,
	TRISTATE_ON,
	TRISTATE_OFF,
};

/* What CPUID leaf 0 says: KVM carries out some instructions and MSRs as that vendor's CPUs do. */
enum vendor_choice {
	VENDOR_HOST,
	VENDOR_INTEL,
	VENDOR_AMD,
};

enum cpuid_choice {
	CPUID_CHOICE_AUTO,
	CPUID_CHOICE_HOST,
	CPUID_CHOICE_BASIC,
};

enum serial_choice {
	SERIAL_TTY,  /* stdin and stdout */
	SERIAL_OFF,  /* no UART at all */
	SERIAL_NULL, /* a UART that nobody listens to */
	SERIAL_FILE, /* output to a file */
	SERIAL_PTY,
	SERIAL_SOCKET, /* a unix socket that we listen on */
};

enum dump_choice {
	DUMP_NEVER,
	DUMP_CRASH,
	DUMP_ALWAYS,
};

/* Options that were given, where it matters that they were not left to their default. */
enum option_given {
	OPTION_CPUS = 1 << 0,
	OPTION_MEMORY = 1 << 1,
	OPTION_APIC_ID_OFFSET = 1 << 2,
	OPTION_IOAPIC_VERSION = 1 << 3,
	OPTION_SERIAL = 1 << 4,
	OPTION_AMD_EXTAPIC = 1 << 5,
};

enum options_action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_VERSION,
	ACTION_HELP,
};

#define OPTIONS_MAX_DISKS 8
#define OPTIONS_PATH_SIZE 1024

struct disk_option {
	char path[OPTIONS_PATH_SIZE];
	bool read_only;
};

#define OPTIONS_MAX_NETS 8
#define OPTIONS_TAP_SIZE 16 /* IFNAMSIZ */
#define OPTIONS_MAC_SIZE 6

struct net_option {
	char tap[OPTIONS_TAP_SIZE];
	bool has_mac; /* else one is made from the name */
	uint8_t mac[OPTIONS_MAC_SIZE];
};

struct options {
	enum options_action action;
	const char *guest; /* NULL: the built-in SMP test kernel */
	const char *initrd;
	char cmdline[OPTIONS_CMDLINE_SIZE];
	uint32_t cpus;
	uint64_t memory; /* bytes */
	enum lapic_choice lapic;
	enum irqchip_choice irqchip;
	enum tristate x2apic; /* on: CPUs start in x2APIC mode; off: not offered */
	enum tristate tsc_deadline;
	enum cpuid_choice cpuid;
	enum vendor_choice cpu_vendor;
	bool remote_read; /* the ICR's mode 3 */
	bool amd_extapic; /* AMD's extended APIC registers */
	uint8_t ioapic_version;
	bool test_device;
	bool rng;
	bool console; /* a virtio console has stdin and stdout, not COM1 */
	bool stats;
	uint32_t apic_id_offset;
	enum serial_choice serial;
	const char *serial_path; /* of the file or the socket */
	uint32_t nr_disks;
	struct disk_option disk[OPTIONS_MAX_DISKS];
	uint32_t nr_nets;
	struct net_option net[OPTIONS_MAX_NETS];
	uint32_t timeout; /* seconds, 0: none */
	enum on_reset_choice on_reset;
	enum dump_choice dump;
	const char *stats_path;   /* NULL: stderr */
	const char *log_path;     /* NULL: stderr */
	const char *save_path;    /* NULL: the machine cannot be saved */
	const char *restore_path; /* NULL: the machine is started */
	uint32_t stress_state;    /* exits between two saves of each controller; 0: none */
	uint32_t given;           /* enum option_given */
	/* What machine_state_adopt() has found in the file, beside the options above. */
	uint32_t restored_pv_features;
	uint32_t restored_tsc_khz;
	enum log_level log_level;
};

/*
 * Parse argv. 0, or -EINVAL with a one-line reason in error, which names the option and what it
 * accepts. Contradictions between options are refused here too.
 */
int options_parse(struct options *options, int argc, char **argv, char *error, size_t size);

/* The text of --help. */
const char *options_help(void);

#endif
