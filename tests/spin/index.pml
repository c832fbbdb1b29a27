/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index of lapic/lapic_index.c, to be checked by Spin: two CPUs that change between two words, and
 * a sender whose destination names them by either word.
 *
 * It is the code of lapic_publish(), lapic_index_add(), lapic_index_remove() and lapic_index_find(), step
 * by step: each statement outside of atomic is one that others can come between. The first word has a
 * bit of the flat model, the second one a cluster and a bit in it. Shown is that no CPU is overlooked,
 * whatever has changed how often between two looks of the sender. All writes are locked instructions
 * but that of the word, which is not in question: it is a target before and after.
 *
 * Each of these takes one thing out of it, and Spin has to find a CPU that is overlooked:
 *  NO_COMPARISON the sender relies on the sets even while a CPU is leaving some
 *  LEAVE_FIRST   a CPU leaves the old sets before it enters the new ones
 *  LEAVING_LATE  that a CPU is leaving is counted after it has left
 *  LEFT_LATE     what was over at the beginning is looked up at the end
 *  LEAVING_EARLY what has begun by the end is looked up at the beginning
 */

#define FLAT       0
#define CLUSTER    1
#define IN_CLUSTER 2

#define CHANGES 3 /* of each CPU */
#define BOTH    3 /* one bit for each CPU */

byte counts[3];
byte members[3];
byte leaving;
byte left;

inline enter(set)
{
	counts[set]++;
	members[set] = members[set] | (1 << me)
}

inline leave(set)
{
	members[set] = members[set] & ~(1 << me);
	counts[set]--
}

inline enter_new()
{
	if
	:: flat -> enter(CLUSTER); enter(IN_CLUSTER)
	:: else -> enter(FLAT)
	fi
}

inline leave_old()
{
#ifndef LEAVING_LATE
	leaving++;
#endif
	if
	:: flat -> leave(FLAT)
	:: else -> leave(CLUSTER); leave(IN_CLUSTER)
	fi;
#ifdef LEAVING_LATE
	leaving++;
#endif
	left++
}

proctype cpu(byte me)
{
	bit flat = 1;
	byte changes = 0;

	do
	:: changes < CHANGES ->
#ifdef LEAVE_FIRST
		leave_old();
		enter_new();
#else
		enter_new();
		leave_old();
#endif
		flat = !flat;
		changes++
	:: else -> break
	od
}

proctype sender()
{
	byte over, begun, found;
	bit any, one, other;

	over = left;
#ifdef LEAVING_EARLY
	begun = leaving;
#endif
	any = counts[FLAT] != 0;
	one = counts[CLUSTER] != 0;
	other = counts[IN_CLUSTER] != 0;
	if
	:: any || (one && other) ->
		byte part;

		found = members[FLAT];
		part = members[CLUSTER];
		part = part & members[IN_CLUSTER];
		found = found | part
	:: else
	fi;
#ifndef LEAVING_EARLY
	begun = leaving;
#endif
#ifdef LEFT_LATE
	over = left;
#endif
#ifndef NO_COMPARISON
	if
	:: over != begun -> found = BOTH /* every CPU is asked */
	:: else
	fi;
#endif
	assert(found == BOTH)
}

init
{
	atomic {
		counts[FLAT] = 2;
		members[FLAT] = BOTH;
		run cpu(0);
		run cpu(1);
		run sender()
	}
}
