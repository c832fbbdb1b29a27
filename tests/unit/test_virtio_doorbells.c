/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbells as ioeventfds: at each time KVM has one for every queue, where the BAR is then.
 *
 * Linux documentation, "The Definitive KVM (Kernel-based Virtual Machine) API Documentation",
 * KVM_IOEVENTFD; VIRTIO 1.2, "Notification structure layout".
 *
 * KVM_IOEVENTFD comes to a stand-in (tests/unit/CMakeLists.txt). The VM's descriptor is a file that
 * holds the address of its struct fake_vm.
 */
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/unit/virtio_fixture.h"
#include "vmm/kvm.h"
#include "vmm/virtio/virtio_net.h"

#define QUEUES     2u
#define ELSEWHERE  (RIG_BAR + 0x100000u)
#define MAX_BOUND  8u
#define NO_REFUSAL UINT32_MAX

struct fake_vm {
	struct kvm_ioeventfd bound[MAX_BOUND];
	uint32_t nr_bound;
	uint32_t nr_calls;
	uint32_t refused; /* this assignment from now on fails, NO_REFUSAL: none */
};

struct doorbell_rig {
	struct virtio_rig *rig;
	struct fake_vm *vm;
};

static uint32_t find(const struct fake_vm *vm, uint64_t address)
{
	uint32_t i = 0;

	while (i < vm->nr_bound && vm->bound[i].addr != address)
		i++;
	return i;
}

/* As KVM: what is there already cannot be assigned, what is not there cannot be taken away. */
static int ioeventfd(struct fake_vm *vm, const struct kvm_ioeventfd *args)
{
	uint32_t i = find(vm, args->addr);

	ck_assert_uint_eq(args->flags & ~KVM_IOEVENTFD_FLAG_DEASSIGN, 0);
	vm->nr_calls++;
	if (args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN) {
		ck_assert_uint_lt(i, vm->nr_bound);
		ck_assert_int_eq(vm->bound[i].fd, args->fd);
		ck_assert_uint_eq(vm->bound[i].len, args->len);
		vm->bound[i] = vm->bound[--vm->nr_bound];
		return 0;
	}
	if (vm->refused != NO_REFUSAL && vm->refused-- == 0)
		return -ENOSPC;
	ck_assert_uint_eq(i, vm->nr_bound);
	ck_assert_uint_lt(i, MAX_BOUND);
	vm->bound[vm->nr_bound++] = *args;
	return 0;
}

int __wrap_kvm_set(int fd, unsigned long request, const void *argument);
int __wrap_kvm_set(int fd, unsigned long request, const void *argument)
{
	struct fake_vm *vm;

	ck_assert_uint_eq(request, KVM_IOEVENTFD);
	ck_assert_int_eq(pread(fd, &vm, sizeof(vm), 0), sizeof(vm));
	return ioeventfd(vm, argument);
}

/* A device of two queues. KVM's assignment number refused fails. */
static struct doorbell_rig plugged(uint32_t refused)
{
	static const uint8_t mac[VIRTIO_NET_MAC_SIZE] = { 2 };
	struct doorbell_rig d = { .rig = rig_create(), .vm = calloc(1, sizeof(*d.vm)) };
	int pair[2];

	ck_assert_ptr_nonnull(d.vm);
	d.vm->refused = refused;
	d.rig->vm_fd = memfd_create("vm", MFD_CLOEXEC);
	ck_assert_int_eq(write(d.rig->vm_fd, &d.vm, sizeof(d.vm)), sizeof(d.vm));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	close(pair[1]);
	rig_plug(d.rig, virtio_net_create(&d.rig->host, pair[0], mac));
	return d;
}

static void end(struct doorbell_rig *d)
{
	close(d->rig->vm_fd);
	rig_destroy(d->rig);
	free(d->vm);
}

/* The queue's doorbell is KVM's, where the BAR is at bar, and of any width. */
static void expect_bound(const struct doorbell_rig *d, uint32_t queue, uint32_t bar)
{
	uint32_t i = find(d->vm, bar + VIRTIO_PCI_AT_NOTIFY + 4 * queue);

	ck_assert_uint_lt(i, d->vm->nr_bound);
	ck_assert_uint_eq(d->vm->bound[i].len, 0);
	ck_assert_int_eq(d->vm->bound[i].fd, d->rig->transport.doorbell[queue].fd);
}

static void expect_all_at(const struct doorbell_rig *d, uint32_t bar)
{
	ck_assert_uint_eq(d->vm->nr_bound, QUEUES);
	for (uint32_t queue = 0; queue < QUEUES; queue++)
		expect_bound(d, queue, bar);
}

START_TEST(doorbells_are_kvms_from_the_start)
{
	struct doorbell_rig d = plugged(NO_REFUSAL);

	expect_all_at(&d, RIG_BAR);
	ck_assert_int_ne(d.vm->bound[0].fd, d.vm->bound[1].fd);
	ck_assert_uint_eq(d.vm->nr_calls, QUEUES);
	end(&d);
}
END_TEST

START_TEST(doorbells_move_with_the_bar)
{
	struct doorbell_rig d = plugged(NO_REFUSAL);

	config_out(d.rig, PCI_BAR0, 4, ELSEWHERE);
	expect_all_at(&d, ELSEWHERE);
	/* The same again is no move. */
	config_out(d.rig, PCI_BAR0, 4, ELSEWHERE);
	ck_assert_uint_eq(d.vm->nr_calls, 3 * QUEUES);
	/* Asking for the size leads out of the window. */
	config_out(d.rig, PCI_BAR0, 4, UINT32_MAX);
	ck_assert_uint_eq(d.vm->nr_bound, 0);
	config_out(d.rig, PCI_BAR0, 4, RIG_BAR);
	expect_all_at(&d, RIG_BAR);
	end(&d);
}
END_TEST

START_TEST(doorbells_go_where_nothing_is_decoded)
{
	struct doorbell_rig d = plugged(NO_REFUSAL);

	config_out(d.rig, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	ck_assert_uint_eq(d.vm->nr_bound, 0);
	config_out(d.rig, PCI_BAR0, 4, ELSEWHERE);
	ck_assert_uint_eq(d.vm->nr_bound, 0);
	config_out(d.rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	expect_all_at(&d, ELSEWHERE);
	end(&d);
}
END_TEST

START_TEST(doorbells_are_back_after_a_reset)
{
	struct doorbell_rig d = plugged(NO_REFUSAL);

	config_out(d.rig, PCI_BAR0, 4, ELSEWHERE);
	pci_bus_reset(&d.rig->pci);
	expect_all_at(&d, RIG_BAR);
	end(&d);
}
END_TEST

/* KVM has room for so many ioeventfds. What it does not take is rung by an exit, until it does. */
START_TEST(a_doorbell_that_kvm_refuses)
{
	uint32_t refused = (uint32_t)_i;
	struct doorbell_rig d = plugged(refused);
	int fd = d.rig->transport.doorbell[refused].fd;
	uint64_t count;

	ck_assert_uint_eq(d.vm->nr_bound, QUEUES - 1);
	expect_bound(&d, 1 - refused, RIG_BAR);
	/* Bus mastering has rung it. */
	ck_assert_int_eq(read(fd, &count, sizeof(count)), sizeof(count));
	reg_out(d.rig, VIRTIO_PCI_AT_NOTIFY + 4 * refused, 2, refused);
	ck_assert_int_eq(read(fd, &count, sizeof(count)), sizeof(count));
	ck_assert_uint_eq(count, 1);

	config_out(d.rig, PCI_BAR0, 4, ELSEWHERE);
	expect_all_at(&d, ELSEWHERE);
	end(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doorbells of virtio");
	TCase *all = tcase_create("all");

	tcase_add_test(all, doorbells_are_kvms_from_the_start);
	tcase_add_test(all, doorbells_move_with_the_bar);
	tcase_add_test(all, doorbells_go_where_nothing_is_decoded);
	tcase_add_test(all, doorbells_are_back_after_a_reset);
	tcase_add_loop_test(all, a_doorbell_that_kvm_refuses, 0, QUEUES);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
