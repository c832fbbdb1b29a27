# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the scripts of this folder share: running a command, and judging how it ended. BIN is the folder
# of the binaries.

: "${BIN:?set BIN to the folder of the binaries}"
PATH="$BIN:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

skip() {
	echo "SKIP: $1"
	exit 77
}

need_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || skip "/dev/kvm cannot be opened"
}

# Kernels of distributions do not run where KVM only emulates kernel code; scripts/test knows it too.
need_real_kvm() {
	need_kvm
	[ ! -d /sys/module/kvm_pvm ] || grep -qwE 'vmx|svm' /proc/cpuinfo ||
		skip "this KVM emulates kernel code: kernels of distributions do not run"
}

fail() {
	echo "FAIL: $1"
	failures=$((failures + 1))
}

# split_options OPTION... -- OPERAND...: sets the arrays options and operands.
# shellcheck disable=SC2034 # for the scripts that source this
split_options() {
	options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	operands=("$@")
}

# run_lane ARG...: scripts/lane, which ends with this script; then this script ends with its status.
run_lane() {
	local status=0

	"$SOURCE/scripts/lane" "$@" &
	# shellcheck disable=SC2064 # that process
	trap "kill $!; wait $!; exit 143" HUP INT TERM
	wait $! || status=$?
	[ $status -ne 4 ] || skip "the lane $1 is not available"
	exit $status
}

# expect NAME STATUS PATTERN COMMAND...: the status, and, unless the pattern is empty, a line on stderr
# that matches it.
expect() {
	local name=$1 status=$2 pattern=$3 got=0
	shift 3
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	if [ "$got" -ne "$status" ]; then
		fail "$name: status $got instead of $status; stderr: $(tail -n 3 "$work/err")"
	elif [ -n "$pattern" ] && ! grep -Eq -- "$pattern" "$work/err"; then
		fail "$name: no line matches '$pattern' in: $(cat "$work/err")"
	else
		echo "ok: $name"
	fi
}

# await COMMAND...: until it succeeds, at most for a minute.
await() {
	local i

	for ((i = 0; i < 1200; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	return 1
}

# expect_stressed STATS N: about every N exits of each CPU, --stress-state saved and restored.
expect_stressed() {
	awk -v n="$2" '
	/^vcpu[0-9]+ exits:/ {
		exits = 0
		for (i = 3; i <= NF; i++)
			exits += substr($i, index($i, "=") + 1)
		next
	}
	/^  interrupts:/ {
		stressed = match($0, / stressed=[0-9]+/) ? substr($0, RSTART + 10, RLENGTH - 10) : 0
		cpus++
		if (stressed * n < (exits - n) * 0.9)
			bad = bad " " stressed " of " exits
	}
	END { if (!cpus || bad) { print "stressed:" bad; exit 1 } }' "$1" ||
		fail "--stress-state $2 does not save and restore so often: $(cat "$1")"
}

finish() {
	[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
}
