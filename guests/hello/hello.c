/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest guest: one line on COM1, then power-off. ACPI, "Sleeping/Wake Control".
 */
#include "lib/kernel.h"
#include "lib/print.h"

int guest_main(struct kernel *kernel)
{
	print("Hello from the guest%s%s\n", kernel->cmdline[0] ? ": " : "", kernel->cmdline);
	return 0;
}
