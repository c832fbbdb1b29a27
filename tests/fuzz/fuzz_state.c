/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the readers of saved states: local APIC, I/O APIC and 8259 pair, and KVM's pages. What is
 * restored is a state that saves as itself from then on, and that goes on working.
 *
 * SDM vol. 3, "Local APIC State"; Intel 82093AA I/O APIC datasheet; Intel 8259A datasheet.
 */
#include <string.h>

#include "ioapic/ioapic_state.h"
#include "lapic/lapic.h"
#include "lapic/lapic_state.h"
#include "tests/fuzz/target.h"

#define NOW UINT64_C(5000000000)
#define TSC UINT64_C(7000000000)

static struct lapic_config config_of(uint8_t byte)
{
	return (struct lapic_config){
		.id = 5,
		.bsp = (byte & 0x10) != 0,
		.x2apic = (byte & 0x20) == 0,
		.tsc_deadline = (byte & 0x40) == 0,
		.cmci = (byte & 0x80) == 0,
		.directed_eoi = true,
		.lint0_extint = true,
		.lowest_priority = true,
		.maxphyaddr = 46,
		.bus_cycle_ns = 10,
		.tsc_khz = 1000000,
	};
}

/* Whatever state it is in: interrupts are taken and end, and there is an end to them. */
static void use(struct lapic *a)
{
	struct lapic_effect effect;
	int vector;

	lapic_expire(a, NOW + 1000000);
	for (int i = 0; i < 1000; i++) {
		vector = lapic_pending(a);
		FUZZ_REQUIRE(vector == LAPIC_NO_VECTOR || (vector >= 16 && vector < 256));
		if (vector == LAPIC_NO_VECTOR)
			break;
		lapic_ack(a, (uint8_t)vector);
		FUZZ_REQUIRE(lapic_ppr(a) >= (vector & 0xf0));
	}
	FUZZ_REQUIRE(lapic_pending(a) == LAPIC_NO_VECTOR);
	if (lapic_is_enabled(a)) {
		lapic_write(a, LAPIC_LVT_LINT0, 0x10000, NOW + 1000000, &effect);
		for (int i = 0; i < 256; i++)
			lapic_write(a, LAPIC_EOI, 0, NOW + 1000000, &effect);
		FUZZ_REQUIRE(lapic_ppr(a) == (a->regs.tpr.reg & 0xff));
	}
	lapic_lint_set(a, LAPIC_LINT0, true);
	lapic_accept(a, 0x41, true);
}

static void restore_lapic(uint8_t flags, const struct lapic_state *state)
{
	const struct lapic_config config = config_of(flags);
	struct lapic_state first;
	struct lapic_state second;
	uint8_t page[LAPIC_REGS_SIZE];
	struct lapic a;

	lapic_power_up(&a, &config);
	if (lapic_state_restore(&a, state, TSC, NOW) != LAPIC_STATE_OK)
		return;
	lapic_state_save(&a, NOW, &first);
	FUZZ_REQUIRE(lapic_state_restore(&a, &first, TSC, NOW) == LAPIC_STATE_OK);
	lapic_state_save(&a, NOW, &second);
	FUZZ_REQUIRE(memcmp(&first, &second, sizeof(first)) == 0);
	FUZZ_REQUIRE(lapic_state_to_kvm(&first, true, page) == LAPIC_STATE_OK);
	use(&a);
}

static void fuzz_lapic(uint8_t flags, const uint8_t *data, size_t size)
{
	struct lapic_state state;

	if (lapic_state_from_bytes(&state, data, size) == LAPIC_STATE_OK)
		restore_lapic(flags, &state);
}

/* The page, behind what other ioctls of KVM would say. */
static void fuzz_kvm_page(uint8_t flags, const uint8_t *data, size_t size)
{
	uint8_t page[LAPIC_REGS_SIZE] = { 0 };
	struct lapic_kvm_context kvm = { .id = 5, .bus_cycle_ns = 10, .ids_32bit = flags & 0x10 };
	struct lapic_state state;

	if (size < 16)
		return;
	memcpy(&kvm.base, data, 8);
	memcpy(&kvm.tsc_deadline, data + 8, 8);
	memcpy(page, data + 16, size - 16 < sizeof(page) ? size - 16 : sizeof(page));
	if (lapic_state_from_kvm(&state, page, &kvm) == LAPIC_STATE_OK)
		restore_lapic(flags, &state);
}

static void fuzz_ioapic(uint8_t flags, const uint8_t *data, size_t size)
{
	const struct ioapic_config config = {
		.id = 4,
		.version = flags & 0x10 ? IOAPIC_VERSION_EOI : IOAPIC_VERSION_82093AA,
		.ext_dest = flags & 0x20,
	};
	struct ioapic_state first;
	struct ioapic_state second;
	struct ioapic_out out;
	struct ioapic io;

	ioapic_reset(&io, &config);
	if (ioapic_state_from_bytes(&first, data, size) != IOAPIC_STATE_OK ||
	    ioapic_state_restore(&io, &first, &out) != IOAPIC_STATE_OK)
		return;
	FUZZ_REQUIRE(out.count <= IOAPIC_PINS);
	ioapic_state_save(&io, &first);
	FUZZ_REQUIRE(ioapic_state_restore(&io, &first, &out) == IOAPIC_STATE_OK);
	FUZZ_REQUIRE(out.count == 0);
	ioapic_state_save(&io, &second);
	FUZZ_REQUIRE(memcmp(&first, &second, sizeof(first)) == 0);
	for (uint32_t vector = 0; vector < 256; vector++)
		ioapic_eoi(&io, (uint8_t)vector, &out);
}

static void fuzz_pic(const uint8_t *data, size_t size)
{
	struct pic_state first;
	struct pic_state second;
	struct pic pic;

	pic_reset(&pic);
	if (pic_state_from_bytes(&first, data, size) != IOAPIC_STATE_OK ||
	    pic_state_restore(&pic, &first) != IOAPIC_STATE_OK)
		return;
	pic_state_save(&pic, &first);
	FUZZ_REQUIRE(pic_state_restore(&pic, &first) == IOAPIC_STATE_OK);
	pic_state_save(&pic, &second);
	FUZZ_REQUIRE(memcmp(&first, &second, sizeof(first)) == 0);
	for (int i = 0; i < 32 && pic_intr(&pic); i++)
		(void)pic_ack(&pic);
	for (uint16_t port = 0x20; port < 0x22; port++)
		(void)pic_read(&pic, port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t flags = size > 0 ? data[0] : 0;

	if (size == 0)
		return 0;
	switch (flags % 4) {
	case 0:
		fuzz_lapic(flags, data + 1, size - 1);
		break;
	case 1:
		fuzz_kvm_page(flags, data + 1, size - 1);
		break;
	case 2:
		fuzz_ioapic(flags, data + 1, size - 1);
		break;
	default:
		fuzz_pic(data + 1, size - 1);
		break;
	}
	return 0;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

/* A local APIC in the middle of its work. */
static void busy_lapic(struct lapic_state *state, bool x2apic, uint32_t timer)
{
	const struct lapic_config config = config_of(0x10);
	struct lapic_effect effect;
	struct lapic a;

	lapic_power_up(&a, &config);
	if (x2apic)
		lapic_base_write(&a, a.base | LAPIC_BASE_EXTD);
	lapic_write(&a, LAPIC_SVR, 0x1ff, NOW, &effect);
	lapic_write(&a, LAPIC_LVT_TIMER, timer, NOW, &effect);
	lapic_write(&a, LAPIC_TIMER_ICR, 1000, NOW, &effect);
	lapic_write(&a, LAPIC_LVT_LINT0, 0x8051, NOW, &effect);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_ack(&a, 0x51);
	lapic_accept(&a, 0x72, false);
	lapic_tsc_deadline_write(&a, TSC + 1000, TSC, NOW);
	lapic_state_save(&a, NOW, state);
}

static size_t lapic_seed(size_t n, uint8_t *buffer)
{
	static const uint32_t timers[] = { 0x20041, 0x41, 0x40041 };
	struct lapic_state state;

	busy_lapic(&state, n % 2 != 0, timers[n % 3]);
	buffer[0] = n < 6 ? 0x00 : 0x01;
	if (n < 6) {
		memcpy(buffer + 1, &state, sizeof(state));
		return 1 + sizeof(state);
	}
	memcpy(buffer + 1, &state.base, 8);
	memcpy(buffer + 9, &state.tsc_deadline, 8);
	memcpy(buffer + 17, state.page, sizeof(state.page));
	return 17 + sizeof(state.page);
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	const struct ioapic_config config = { .id = 4, .version = IOAPIC_VERSION_EOI };
	struct ioapic_state io_state;
	struct pic_state pic_state;
	struct ioapic_out out;
	struct ioapic io;
	struct pic pic;

	if (n < 12)
		return lapic_seed(n, buffer);
	if (n == 12) {
		ioapic_reset(&io, &config);
		ioapic_write(&io, 0, 4, 0x10, &out);
		ioapic_write(&io, 0x10, 4, 0x8041, &out);
		ioapic_set_irq(&io, 0, 3, true, &out);
		ioapic_state_save(&io, &io_state);
		buffer[0] = 0x12;
		memcpy(buffer + 1, &io_state, sizeof(io_state));
		return 1 + sizeof(io_state);
	}
	if (n > 13)
		return 0;
	pic_reset(&pic);
	pic_set_irq(&pic, 9, true);
	pic_state_save(&pic, &pic_state);
	buffer[0] = 0x03;
	memcpy(buffer + 1, &pic_state, sizeof(pic_state));
	return 1 + sizeof(pic_state);
}
