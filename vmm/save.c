/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving a machine. The vCPU threads end, each one at rest; what they sent to each other last is
 * acted on; the file is written; and if that fails, new threads go on where the old ones ended.
 */
#include "vmm/save.h"

#include <time.h>

#include "vmm/machine_state.h"

/* A guest that keeps a vector from being taken runs 2 ms in between: a fifth of a second in all. */
#define ATTEMPTS 100
#define PAUSE_NS 2000000L

/*
 * Messages that came to CPUs which had ended already. They are acted on here, in the place of the
 * threads: an INIT of the first CPU for instance is a reset, and no save. The second time is for
 * the answers to remote reads, which may go to a CPU that has had its turn (D59).
 */
static void act_on_events(struct machine *m)
{
	for (uint32_t i = 0; i < 2 * m->nr_vcpus; i++)
		vcpu_act_on_events(&m->vcpus[i % m->nr_vcpus]);
}

static bool is_at_rest(const struct machine *m)
{
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (!m->vcpus[i].at_rest)
			return false;
	return true;
}

static enum save_result go_on(struct machine *m, enum save_result result)
{
	return machine_go_on(m) ? SAVE_BROKEN : result;
}

static enum save_result run_a_little(struct machine *m, uint32_t attempts)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (attempts >= ATTEMPTS) {
		log_line(m->log, LOG_ERROR,
			 "the state is not saved: a CPU does not take the interrupt that is "
			 "queued for it; the guest runs on");
		return go_on(m, SAVE_GOING_ON);
	}
	if (machine_go_on(m))
		return SAVE_BROKEN;
	nanosleep(&pause, NULL);
	machine_request_end(m, MACHINE_SAVE, NULL, 0);
	return SAVE_AGAIN;
}

enum save_result save_stopped(struct machine *machine, uint32_t attempts)
{
	struct state_error error = { .text = "" };

	if (machine_is_saving(machine) && !is_at_rest(machine))
		return run_a_little(machine, attempts);
	if (machine_is_saving(machine))
		act_on_events(machine);
	if (!machine_is_saving(machine))
		return SAVE_DONE;
	if (machine_state_save(machine, machine->options->save_path, &error) == 0)
		return SAVE_DONE;
	log_line(machine->log, LOG_ERROR, "%s; the guest runs on", error.text);
	return go_on(machine, SAVE_GOING_ON);
}
