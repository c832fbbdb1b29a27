/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox and the kick protocol, to be checked by Spin: two senders, one vCPU.
 *
 * It is the code of lapic/lapic_inbox.c (post, drain), vmm/vcpu.c (vcpu_kick, run_round,
 * sleep_until_kicked) and vmm/kick.c, step by step: each statement outside of atomic is one that
 * others can come between. Shown is that no vector is lost and nobody sleeps over one: when nothing
 * moves any more, every vector that was posted has been received.
 *
 * Memory is that of x86 (TSO): a plain store goes into the store buffer of its CPU, and reaches
 * memory when the CPU pleases, in order; a locked instruction, and so each sequentially consistent
 * store, waits until the buffer is empty. In the order of the senders, who only use locked
 * instructions, a buffer would change nothing; they have none.
 *
 * Each of these takes one thing out of the protocol, and Spin has to find what goes wrong:
 *  NO_FENCE_RUN      entering VCPU_RUN is a plain store
 *  NO_FENCE_SLEEP    entering VCPU_SLEEP is a plain store
 *  NO_FENCE_POST     the sender reads the state before its post is visible
 *  NO_LOOK_RUN       the inbox is drained before VCPU_RUN is entered, not after
 *  NO_LOOK_SLEEP     the inbox is not looked at again before the futex
 *  NO_IMMEDIATE_EXIT a kick is the signal only
 *  NO_SIGNAL         a kick is immediate_exit only
 *  CLEAR_LATE        immediate_exit is cleared after the look into the inbox
 *  KEEP_KICKED       kicked is never cleared
 *  EVENT_FIRST       the event is posted before the vector
 *  DRAIN_LATE        the event word is emptied after the vectors
 *  NO_WAKE           a sleeper's state is changed, but the futex is not woken
 */

#define OUT   0
#define RUN   1
#define SLEEP 2

#define STATE          0
#define IMMEDIATE_EXIT 1
#define KICKED         2

#define SENDERS 2
#define ALL     15 /* two vectors of each sender, one in each word of irr */

/* The inbox. */
byte events;
byte irr[2];

/* What senders see of the vCPU. */
byte state = OUT;
bit kicked;
bit immediate_exit;
bit signalled;
bit on_futex;

/* What has arrived: in the local APIC's IRR, and in the guest. */
byte accepted;
byte received;

/* How often the guest exits by itself; after that it stays until it is kicked. */
byte own_exits = 2;

/* ---- the vCPU's store buffer ------------------------------------------------------------------- */

chan buffer = [3] of { byte, byte };

active proctype memory()
{
	byte variable, value;

end:
	do
	:: atomic {
		buffer ? variable, value ->
		if
		:: variable == STATE -> state = value
		:: variable == IMMEDIATE_EXIT -> immediate_exit = value
		:: variable == KICKED -> kicked = value
		fi
	   }
	od
}

#define plain_store(variable, value) buffer ! variable, value
#define fence()                      empty(buffer)

/* ---- senders ----------------------------------------------------------------------------------- */

inline kick()
{
	if
	:: seen == RUN ->
		atomic { old = kicked; kicked = 1 }
		if
		:: old == 0 ->
#ifndef NO_IMMEDIATE_EXIT
			immediate_exit = 1;
#endif
#ifndef NO_SIGNAL
			signalled = 1
#endif
		:: else
		fi
	:: seen == SLEEP ->
		atomic {
			old = (state == SLEEP);
			if
			:: old -> state = OUT
			:: else
			fi
		}
#ifndef NO_WAKE
		if
		:: old -> on_futex = 0
		:: else
		fi
#endif
	:: else
	fi
}

inline post(word, bits)
{
#ifdef NO_FENCE_POST
	seen = state;
#endif
#ifdef EVENT_FIRST
	atomic { first = (events == 0); events = 1 }
	irr[word] = irr[word] | bits;
#else
	irr[word] = irr[word] | bits;
	atomic { first = (events == 0); events = 1 }
#endif
	if
	:: first ->
#ifndef NO_FENCE_POST
		seen = state;
#endif
		kick()
	:: else
	fi
}

active [SENDERS] proctype sender()
{
	byte seen;
	bit first, old;
	byte mine = 1 << _pid - 1; /* the process memory is number 0 */

	post(0, mine);
	post(1, mine << 2)
}

/* ---- the vCPU ---------------------------------------------------------------------------------- */

inline take_word(word)
{
	if
	:: irr[word] != 0 ->
		atomic { fence(); bits = irr[word]; irr[word] = 0 }
		accepted = accepted | bits
	:: else
	fi
}

inline take_vectors()
{
	take_word(0);
	take_word(1)
}

inline drain()
{
	if
	:: events != 0 ->
#ifdef DRAIN_LATE
		take_vectors();
		atomic { fence(); events = 0 }
#else
		atomic { fence(); events = 0 }
		take_vectors()
#endif
	:: else
	fi
}

/* FUTEX_WAIT: the kernel compares and queues under a lock. A signal's handler restarts it. */
inline futex_wait()
{
	atomic {
		fence();
		on_futex = (state == SLEEP)
	}
	do
	:: atomic { on_futex == 0 -> break }
	:: atomic {
		signalled ->
		signalled = 0;
		on_futex = (on_futex && state == SLEEP)
	   }
	od
}

inline sleep_until_kicked()
{
#ifdef NO_FENCE_SLEEP
	plain_store(STATE, SLEEP);
#else
	atomic { fence(); state = SLEEP }
#endif
#ifdef NO_LOOK_SLEEP
	futex_wait();
#else
	if
	:: events == 0 -> futex_wait()
	:: else
	fi;
#endif
	atomic { fence(); state = OUT }
}

/*
 * KVM_RUN: immediate_exit is read once, then the guest runs until a signal is pending or it exits by
 * itself. A signal that comes before KVM_RUN is handled there and then: it is gone.
 */
inline run_guest()
{
	if
	:: atomic { signalled -> signalled = 0 }
	:: true
	fi;
	if
	:: immediate_exit
	:: else ->
		if
		:: atomic { signalled -> signalled = 0 }
		:: atomic { own_exits > 0 -> own_exits--; halted = 1 }
		:: atomic { own_exits > 0 -> own_exits--; accesses_apic = 1 }
		fi
	fi;
	plain_store(STATE, OUT);
	if
	:: accesses_apic ->
		accesses_apic = 0;
		drain()
	:: else
	fi
}

inline clear_marks()
{
	atomic { fence(); immediate_exit = 0 }
#ifndef KEEP_KICKED
	atomic { fence(); kicked = 0 }
#endif
}

active proctype vcpu()
{
	byte bits;
	bit halted, accesses_apic;

	do
	::
#ifndef CLEAR_LATE
		clear_marks();
#endif
#ifdef NO_LOOK_RUN
		drain();
#endif
#ifdef NO_FENCE_RUN
		plain_store(STATE, RUN);
#else
		atomic { fence(); state = RUN }
#endif
#ifndef NO_LOOK_RUN
		drain();
#endif
#ifdef CLEAR_LATE
		clear_marks();
#endif
		atomic {
			if
			:: accepted != 0 -> halted = 0
			:: else
			fi;
			received = received | accepted;
			accepted = 0
		}
		if
		:: halted -> sleep_until_kicked()
		:: else -> run_guest()
		fi
	od
}

/* Nothing moves any more: the guest runs or the vCPU sleeps, and the senders have ended. */
active proctype judge()
{
	timeout;
	assert(received == ALL)
}
