/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of --help: every option, one or two lines each. */
#include "vmm/options.h"

static const char help_text[] =
	"usage: vmm [options] [GUEST] [-- guest arguments]\n"
	"\n"
	"Run GUEST (Linux bzImage, PVH, multiboot 1 or ELF64 image; default: the SMP test kernel) in a\n"
	"KVM machine whose interrupt controllers live in userspace.\n"
	"\n"
	"  -c, --cpus N               vCPUs, 1..1024 (1)\n"
	"  -m, --memory SIZE          guest memory, as 512M or 2G; a bare number is MiB (128M)\n"
	"  -i, --initrd FILE          initrd, or multiboot module\n"
	"  -p, --cmdline TEXT         guest command line; --append is the same, repeats add up\n"
	"      --lapic user|kernel    where local APICs live: here (default) or in KVM\n"
	"      --irqchip auto|split|none\n"
	"                             how KVM is set up for --lapic user; auto probes the host\n"
	"      --x2apic auto|on|off   auto: offered; on: CPUs start in x2APIC mode; off: hidden\n"
	"      --tsc-deadline auto|on|off\n"
	"                             auto: offered where its MSR can be trapped\n"
	"      --cpuid auto|host|basic\n"
	"                             basic: no feature above leaf 6, no CMPXCHG16B, for hosts that\n"
	"                             emulate kernels; auto chooses it there\n"
	"      --apic-id-offset N     APIC id of the first CPU (0)\n"
	"      --ioapic-version 0x11|0x20\n"
	"                             0x20 has the EOI register (default)\n"
	"      --serial tty|off|null|file=PATH\n"
	"                             COM1 (tty: stdin and stdout)\n"
	"  -d, --disk PATH[,ro]       raw disk image as a virtio disk; may be repeated\n"
	"  -n, --net tap=NAME[,mac=XX:XX:XX:XX:XX:XX]\n"
	"                             virtio network on a tap interface; may be repeated\n"
	"      --rng                  random numbers from the host, over virtio\n"
	"      --test-device          ports 0x2000..: drive I/O APIC pins, send MSIs\n"
	"      --timeout SECONDS      end with status 124 after that time\n"
	"      --dump-on-exit[=crash|always]\n"
	"                             print registers and APICs at the end (crash)\n"
	"      --stats[=FILE]         print counters at the end\n"
	"      --check                say whether this host can run the VMM, and how\n"
	"  -v, --verbose              more messages; -vv for debugging\n"
	"      --log-file PATH        messages to a file instead of stderr\n"
	"  -V, --version              print the version\n"
	"  -h, --help                 print this text\n"
	"\n"
	"On a terminal Ctrl-A x quits, Ctrl-A h lists the other keys.\n"
	"Exit status: 0 power-off; odd debug-exit (value << 1) | 1; 2 usage or image; 4 KVM missing;\n"
	"32 reset; 38 triple fault; 70 internal error; 72 KVM error; 124 time-out.\n";

const char *options_help(void)
{
	return help_text;
}
