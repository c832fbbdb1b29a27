// SPDX-License-Identifier: GPL-2.0
/*
 * What a local APIC has to do for Linux, tested inside the kernel, for hosts on which a guest has no
 * system calls. Linux documentation, "Linux generic IRQ handling" and "CPU hotplug in the Kernel".
 *
 * "tinytest=N" on the command line: expect N CPUs online, print a line for each test and
 * /proc/interrupts, then power off, or end with code 3 through port 0xf4 if anything failed.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hardirq.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/nmi.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <asm/apic.h>
#include <asm/hardirq.h>
#include <asm/io.h>
#include <asm/nmi.h>

#define CALLS       8
#define PHASES      4  /* of a tick, in each of which a sleep has to end in time */
#define SLEEP_TRIES 50 /* a busy host delays some sleeps, a timer that is wrong delays all */
#define SLEEP_NS    (60 * NSEC_PER_MSEC) /* at least */
#define LATE_NS     (SLEEP_NS / 5)
#define NMI_WAIT_MS 2000
#define TEXT_SIZE   8192

#define PORT_PM1_CONTROL 0x604
#define PM1_SLEEP_S5     0x2000
#define PORT_DEBUG_EXIT  0xf4

/* Shown with loglevel=5 too, which is what lets warnings of the kernel through. */
#define say(fmt, ...) pr_err("tinytest: " fmt, ##__VA_ARGS__)

static int expected __initdata;
static int failures __initdata;
static DEFINE_PER_CPU(atomic_t, calls);
static DEFINE_PER_CPU(atomic_t, nmis);
static DEFINE_PER_CPU(atomic_t, works);
static DEFINE_PER_CPU(struct irq_work, self_work);

static int __init tinytest_setup(char *text)
{
	return kstrtoint(text, 10, &expected) == 0;
}
__setup("tinytest=", tinytest_setup);

static void __init verdict(const char *name, bool passed)
{
	say("%s %s\n", passed ? "ok  " : "FAIL", name);
	failures += !passed;
}

/* ---- function calls ------------------------------------------------------------------------ */

static void count_call(void *cpu)
{
	/* The counter of the CPU that runs this, if it is the one that was meant. */
	if (cpu == NULL || (long)cpu - 1 == smp_processor_id())
		atomic_inc(this_cpu_ptr(&calls));
}

static void __init clear_calls(void)
{
	int cpu;

	for_each_possible_cpu(cpu) atomic_set(per_cpu_ptr(&calls, cpu), 0);
}

static bool __init all_called(int times)
{
	bool good = true;
	int cpu;

	for_each_online_cpu(cpu)
	{
		int seen = atomic_read(per_cpu_ptr(&calls, cpu));

		if (seen != times) {
			say("CPU %d was called %d times, not %d\n", cpu, seen, times);
			good = false;
		}
	}
	return good;
}

static long call_each(void *unused)
{
	int cpu;
	int n;

	for_each_online_cpu(cpu) for (n = 0; n < CALLS; n++)
		smp_call_function_single(cpu, count_call, (void *)(long)(cpu + 1), 1);
	return 0;
}

/* From each CPU to each CPU. */
static void __init test_calls(void)
{
	int cpu;

	clear_calls();
	for_each_online_cpu(cpu) work_on_cpu(cpu, call_each, NULL);
	verdict("function calls, each to each", all_called(CALLS * num_online_cpus()));
}

static void __init test_calls_to_all(void)
{
	int n;

	clear_calls();
	for (n = 0; n < CALLS; n++)
		on_each_cpu(count_call, NULL, 1);
	verdict("function calls to all", all_called(CALLS));
}

/* ---- self-IPIs and NMIs ---------------------------------------------------------------------- */

static void self_worked(struct irq_work *work)
{
	atomic_inc(this_cpu_ptr(&works));
}

static void queue_self(void *unused)
{
	irq_work_queue(this_cpu_ptr(&self_work));
}

static void __init test_self(void)
{
	bool good = true;
	int cpu;

	for_each_online_cpu(cpu)
	{
		struct irq_work *work = per_cpu_ptr(&self_work, cpu);

		init_irq_work(work, self_worked);
		smp_call_function_single(cpu, queue_self, NULL, 1);
		irq_work_sync(work);
		good = good && atomic_read(per_cpu_ptr(&works, cpu)) == 1;
	}
	verdict("an IPI of each CPU to itself", good);
}

static int count_nmi(unsigned int cmd, struct pt_regs *regs)
{
	atomic_inc(this_cpu_ptr(&nmis));
	return NMI_HANDLED;
}

static bool __init all_had_nmi(int self)
{
	int cpu;

	for_each_online_cpu(cpu) if (cpu != self &&
				     atomic_read(per_cpu_ptr(&nmis, cpu)) != 1) return false;
	return true;
}

static void __init test_nmi(void)
{
	int waited;
	int self;

	register_nmi_handler(NMI_LOCAL, count_nmi, 0, "tinytest");
	self = get_cpu();
	apic->send_IPI_allbutself(NMI_VECTOR);
	for (waited = 0; waited < NMI_WAIT_MS && !all_had_nmi(self); waited++)
		mdelay(1);
	put_cpu();
	verdict("an NMI to all others", all_had_nmi(self));
	unregister_nmi_handler(NMI_LOCAL, "tinytest");
}

/* ---- time ------------------------------------------------------------------------------------ */

struct sleeper {
	struct work_struct work;
	int tries;
	int in_time;
	s64 early; /* at most */
	s64 late;  /* at least */
};

static bool sleep_once(struct sleeper *sleeper, u64 offset)
{
	u64 end = roundup(ktime_get_ns() + SLEEP_NS - offset, TICK_NSEC) + offset;
	ktime_t time = ns_to_ktime(end);
	s64 error;

	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout_range(&time, 0, HRTIMER_MODE_ABS);
	error = (s64)(ktime_get_ns() - end);
	sleeper->early = max(sleeper->early, -error);
	sleeper->late = min(sleeper->late, error);
	sleeper->tries++;
	return error < LATE_NS;
}

/*
 * A timer that knows ticks only is late by most of one in some phase, in every try. Backwards, as the
 * phase before this one is the first that comes after SLEEP_NS.
 */
static void sleep_some(struct work_struct *work)
{
	struct sleeper *sleeper = container_of(work, struct sleeper, work);
	int phase;
	int n;

	for (phase = PHASES - 1; phase >= 0; phase--) {
		bool in_time = false;

		for (n = 0; n < SLEEP_TRIES && !in_time; n++)
			in_time = sleep_once(sleeper, phase * (TICK_NSEC / PHASES));
		sleeper->in_time += in_time;
	}
}

/* All CPUs at the same time. */
static void __init test_sleep(void)
{
	struct sleeper *sleepers = kcalloc(nr_cpu_ids, sizeof(*sleepers), GFP_KERNEL);
	bool good = true;
	s64 early = 0;
	s64 late = 0;
	int tries = 0;
	int cpu;

	if (!sleepers) {
		verdict("memory for the sleepers", false);
		return;
	}
	for_each_online_cpu(cpu)
	{
		INIT_WORK(&sleepers[cpu].work, sleep_some);
		sleepers[cpu].late = S64_MAX;
		schedule_work_on(cpu, &sleepers[cpu].work);
	}
	for_each_online_cpu(cpu)
	{
		flush_work(&sleepers[cpu].work);
		early = max(early, sleepers[cpu].early);
		late = max(late, sleepers[cpu].late);
		tries = max(tries, sleepers[cpu].tries);
		good = good && sleepers[cpu].in_time == PHASES;
	}
	kfree(sleepers);
	say("up to %d sleeps of %lld us and more: the best %lld us late on the worst CPU, %lld us early\n",
	    tries, (s64)SLEEP_NS / NSEC_PER_USEC, late / NSEC_PER_USEC, early / NSEC_PER_USEC);
	verdict("sleeping on each CPU", early == 0 && good);
}

/* ---- counters -------------------------------------------------------------------------------- */

struct counts {
	unsigned int timer, reschedule, call;
};

static struct counts __init read_counts(int cpu)
{
	const irq_cpustat_t *stat = per_cpu_ptr(&irq_stat, cpu);

	return (struct counts){
		.timer = READ_ONCE(stat->apic_timer_irqs),
		.reschedule = READ_ONCE(stat->irq_resched_count),
		.call = READ_ONCE(stat->irq_call_count),
	};
}

static long interrupt_others(void *unused)
{
	int cpu;

	for_each_online_cpu(cpu) if (cpu != raw_smp_processor_id()) smp_send_reschedule(cpu);
	return call_each(NULL);
}

/* A CPU without others has no calls and is rescheduled by nobody. */
static bool __init has_risen(int cpu, const struct counts *old)
{
	struct counts new = read_counts(cpu);

	if (new.timer != old->timer &&
	    (num_online_cpus() == 1 || (new.reschedule != old->reschedule &&new.call != old->call)))
		return true;
	say("CPU %d: LOC %u to %u, RES %u to %u, CAL %u to %u\n", cpu, old->timer, new.timer,
	    old->reschedule, new.reschedule, old->call, new.call);
	return false;
}

static void __init test_counters(void)
{
	struct counts *old = kcalloc(nr_cpu_ids, sizeof(*old), GFP_KERNEL);
	bool good = old != NULL;
	int cpu;

	for_each_online_cpu(cpu) if (old) old[cpu] = read_counts(cpu);
	for_each_online_cpu(cpu) work_on_cpu(cpu, interrupt_others, NULL);
	test_sleep();
	for_each_online_cpu(cpu) good = good && has_risen(cpu, &old[cpu]);
	kfree(old);
	verdict("LOC, RES and CAL have risen on each CPU", good);
}

/* ---- hotplug --------------------------------------------------------------------------------- */

static void __init test_hotplug(void)
{
	int online = num_online_cpus();
	bool good = true;
	int cpu;

	for (cpu = 1; cpu < online; cpu++) {
		int off = remove_cpu(cpu);
		bool gone = !cpu_online(cpu);
		int on = add_cpu(cpu);

		if (off || !gone || on || !cpu_online(cpu)) {
			say("CPU %d: offline %d, online %d\n", cpu, off, on);
			good = false;
		}
	}
	verdict("each CPU offline and online again", good && num_online_cpus() == online);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* /proc/interrupts without a /proc. */
static void __init show_all_interrupts(void)
{
	struct seq_file file = { .size = TEXT_SIZE, .buf = kzalloc(TEXT_SIZE, GFP_KERNEL) };
	char *rest = file.buf;
	char *line;
	loff_t irq;

	if (!file.buf)
		return;
	for (irq = 0; irq <= nr_irqs && !seq_has_overflowed(&file); irq++)
		show_interrupts(&file, &irq);
	file.buf[min(file.count, file.size - 1)] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line)
			pr_err("%s\n", line);
	kfree(file.buf);
}

void __init tinytest(void)
{
	if (!expected)
		return;
	say("%u CPUs, %s, clock %llu ms\n", num_online_cpus(), apic->name,
	    ktime_get_ns() / NSEC_PER_MSEC);
	verdict("CPUs online", num_online_cpus() == expected);
	test_calls();
	test_calls_to_all();
	test_self();
	test_nmi();
	test_counters();
	test_hotplug();
	test_calls();
	test_counters();
	show_all_interrupts();
	verdict("no warning of the kernel", !test_taint(TAINT_WARN));
	say("%s, clock %llu ms\n", failures ? "FAILED" : "PASSED", ktime_get_ns() / NSEC_PER_MSEC);
	if (failures)
		outb(1, PORT_DEBUG_EXIT);
	outw(PM1_SLEEP_S5, PORT_PM1_CONTROL);
}
