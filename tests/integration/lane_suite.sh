#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lane_suite.sh LANE CPUS...: inside a lane (busybox), run the guests with so many CPUs, one line a run,
# and count what failed.
lane=$1
shift
counts=$*
# shellcheck source=tests/integration/known.sh
. "$VMM_FILES/known.sh"
failed=0
passed=0

# run NAME STATUS ARGS...
run() {
	name=$1
	want=$2
	shift 2
	start=$(date +%s)
	run_unspoiled "$name" "$want" vmm --timeout 300 --dump-on-exit=always "$@"
	if [ "$status" -eq "$want" ]; then
		passed=$((passed + 1))
		echo "ok $name ($(($(date +%s) - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $name: status $status"
		tail -n 60 /tmp/out
	fi
}

vmm --check
for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
	for cpus in $counts; do
		for mode in xapic x2apic; do
			# shellcheck disable=SC2046,SC2086
			run "smp $shape $cpus CPUs $mode" 0 $shape --cpus "$cpus" \
				--test-device "$VMM_BIN/smp.elf" -- $mode $(known_words $shape)
		done
	done
	# shellcheck disable=SC2086
	run "triple fault $shape" 38 $shape "$VMM_BIN/crash.elf"
done
run "PVH" 0 --cpus 2 --test-device "$VMM_BIN/smp-pvh.elf" -- xapic
run "multiboot" 0 "$VMM_BIN/hello-multiboot.elf"

# differential CPUS SEED EPISODES
differential() {
	if "$VMM_FILES/compare.sh" "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
}
# With 4 CPUs at most. Bochs is too slow for programs that read every register after every step.
for cpus in $counts; do
	if [ "$lane" != intel ] && [ "$cpus" -le 4 ]; then
		differential "$cpus" 3 1
		differential "$cpus" fresh 1
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
