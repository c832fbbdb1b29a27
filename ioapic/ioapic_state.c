/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving and restoring the I/O APIC, and KVM's layout of it.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description"; KVM API documentation,
 * "KVM_GET_IRQCHIP".
 */
#include "ioapic/ioapic_state.h"

#include "ioapic/ioapic_priv.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a state is used as it lies in memory");

/* KVM's struct kvm_ioapic_state: byte offsets. */
#define KVM_BASE   0 /* 64 bits */
#define KVM_SELECT 8
#define KVM_ID     12 /* the number itself */
#define KVM_IRR    16 /* one bit for each pin */
#define KVM_RTE    24 /* 64 bits each */

_Static_assert(KVM_RTE + 8 * IOAPIC_PINS == IOAPIC_KVM_STATE_SIZE, "KVM's layout");

const char *ioapic_state_strerror(enum ioapic_state_error error)
{
	switch (error) {
	case IOAPIC_STATE_OK:
		return "no error";
	case IOAPIC_STATE_TRUNCATED:
		return "the interrupt controller's state is truncated";
	case IOAPIC_STATE_BAD_MAGIC:
		return "this is no state of such an interrupt controller";
	case IOAPIC_STATE_BAD_VERSION:
		return "the interrupt controller's state is of another version";
	case IOAPIC_STATE_BAD_SIZE:
		return "the interrupt controller's state has another size than its version says";
	case IOAPIC_STATE_BAD_RESERVED:
		return "a reserved field of the interrupt controller's state is not 0";
	case IOAPIC_STATE_BAD_BASE:
		return "the I/O APIC is not at its address, 0xfec00000";
	}
	return "unknown error";
}

void ioapic_state_save(const struct ioapic *io, struct ioapic_state *state)
{
	*state = (struct ioapic_state){
		.magic = IOAPIC_STATE_MAGIC,
		.version = IOAPIC_STATE_VERSION,
		.size = sizeof(*state),
		.select = io->select,
		.id = io->id,
	};
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		state->sources[pin] = io->sources[pin];
		state->rte[pin] = io->rte[pin];
		state->sent_vector[pin] = io->sent_vector[pin];
	}
}

static enum ioapic_state_error check(const struct ioapic_state *state)
{
	if (state->magic != IOAPIC_STATE_MAGIC)
		return IOAPIC_STATE_BAD_MAGIC;
	if (state->version != IOAPIC_STATE_VERSION)
		return IOAPIC_STATE_BAD_VERSION;
	if (state->size != sizeof(*state))
		return IOAPIC_STATE_BAD_SIZE;
	if (state->reserved != 0 || state->select > UINT8_MAX)
		return IOAPIC_STATE_BAD_RESERVED;
	return IOAPIC_STATE_OK;
}

/* Delivery is instant, so there is no delivery status; an edge has no remote IRR (D24, D26). */
static uint64_t clamp_rte(const struct ioapic *io, uint64_t rte)
{
	uint64_t held = ioapic_rte_writable(io);

	return rte & (rte & IOAPIC_RTE_LEVEL ? held | IOAPIC_RTE_REMOTE_IRR : held);
}

enum ioapic_state_error ioapic_state_restore(struct ioapic *io, const struct ioapic_state *state,
					     struct ioapic_out *out)
{
	enum ioapic_state_error error = check(state);

	out->count = 0;
	if (error != IOAPIC_STATE_OK)
		return error;
	/* A storm that goes on is held back again soon enough. */
	io->held = 0;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		io->resends[pin] = 0;
	io->select = (uint8_t)state->select;
	io->id = state->id & (uint32_t)IOAPIC_ID_MAX << IOAPIC_ID_SHIFT;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		io->sources[pin] = state->sources[pin];
		io->rte[pin] = clamp_rte(io, state->rte[pin]);
		io->sent_vector[pin] = state->sent_vector[pin];
		ioapic_service_level(io, pin, out);
	}
	return IOAPIC_STATE_OK;
}

enum ioapic_state_error ioapic_state_from_bytes(struct ioapic_state *state, const void *bytes,
						size_t size)
{
	struct ioapic_state copy;
	enum ioapic_state_error error;

	if (size < sizeof(copy))
		return IOAPIC_STATE_TRUNCATED;
	__builtin_memcpy(&copy, bytes, sizeof(copy));
	error = check(&copy);
	if (error == IOAPIC_STATE_OK && size > sizeof(copy))
		error = IOAPIC_STATE_BAD_SIZE;
	if (error == IOAPIC_STATE_OK)
		*state = copy;
	return error;
}

/* ---- KVM's layout ---------------------------------------------------------------------------- */

static void put(uint8_t *bytes, uint32_t len, uint64_t value)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *bytes, uint32_t len)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < len; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

enum ioapic_state_error ioapic_state_to_kvm(const struct ioapic_state *state,
					    uint8_t kvm[IOAPIC_KVM_STATE_SIZE])
{
	enum ioapic_state_error error = check(state);
	uint32_t irr = 0;

	if (error != IOAPIC_STATE_OK)
		return error;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		irr |= (state->sources[pin] != 0 ? UINT32_C(1) : 0) << pin;
		put(kvm + KVM_RTE + 8 * pin, 8, state->rte[pin]);
	}
	put(kvm + KVM_BASE, 8, IOAPIC_BASE);
	put(kvm + KVM_SELECT, 4, state->select);
	put(kvm + KVM_ID, 4, state->id >> IOAPIC_ID_SHIFT & IOAPIC_ID_MAX);
	put(kvm + KVM_IRR, KVM_RTE - KVM_IRR, irr);
	return IOAPIC_STATE_OK;
}

enum ioapic_state_error ioapic_state_from_kvm(struct ioapic_state *state,
					      const uint8_t kvm[IOAPIC_KVM_STATE_SIZE],
					      uint32_t source)
{
	uint32_t irr = (uint32_t)get(kvm + KVM_IRR, 4);

	if (get(kvm + KVM_BASE, 8) != IOAPIC_BASE)
		return IOAPIC_STATE_BAD_BASE;
	*state = (struct ioapic_state){
		.magic = IOAPIC_STATE_MAGIC,
		.version = IOAPIC_STATE_VERSION,
		.size = sizeof(*state),
		.select = (uint8_t)get(kvm + KVM_SELECT, 4),
		.id = (uint32_t)(get(kvm + KVM_ID, 4) & IOAPIC_ID_MAX) << IOAPIC_ID_SHIFT,
	};
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		state->rte[pin] = get(kvm + KVM_RTE + 8 * pin, 8);
		state->sources[pin] = (irr >> pin & 1) << source % IOAPIC_SOURCES;
		state->sent_vector[pin] = (uint8_t)(state->rte[pin] & IOAPIC_RTE_VECTOR);
	}
	return IOAPIC_STATE_OK;
}
