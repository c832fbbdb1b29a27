#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# scripts/bench --linux without guests: a script plays vmm and QEMU. Rows, hangs, failures, verdicts,
# the status, and what is refused.
#
# Usage: bench_linux.sh SOURCE_DIR
bench=$1/scripts/bench
dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
failures=0

# expect PATTERN FILE: some line of it matches.
expect() {
	grep -qE -- "$1" "$2" && return
	echo "FAIL: nothing like '$1' in $2:"
	cat "$2"
	failures=$((failures + 1))
}

# expect_status WANTED COMMAND...: its output is $dir/shown.
expect_status() {
	wanted=$1
	shift
	"$@" >"$dir/shown" 2>&1
	code=$?
	[ $code -eq "$wanted" ] && return
	echo "FAIL: status $code, not $wanted: $*"
	cat "$dir/shown"
	failures=$((failures + 1))
}

# Each stand-in: QEMU's own local APIC fails with one CPU and hangs with two; the slow reader is ours.
mkdir "$dir/qemu"
cat >"$dir/vmm" <<'TEXT'
#!/bin/sh
ticks=1.10
case "$*" in
*"kernel_irqchip=off"*"-smp 1"*) echo "no such machine" >&2; exit 3 ;;
*"kernel_irqchip=off"*) exec sleep 1000 ;;
*"--lapic kernel"*) ticks=1.13 ;;
esac
mkdir -p "$BENCH_DEBUGFS/kvm/$$-5"
echo 20 >"$BENCH_DEBUGFS/kvm/$$-5/exits"
echo 7 >"$BENCH_DEBUGFS/kvm/$$-5/io_exits"
echo 0 >"$BENCH_DEBUGFS/kvm/$$-5/mmio_exits"
trap 'echo "vmm: info: vcpu0 exits: io=3 mmio=4" >&2; kill $!; exit' TERM
echo "[    0.1] boots"
echo "firmware without a newline bench: init"
case "$*" in
*bench=disk*)
	echo "bench: reads begin"
	echo "bench: read 1M 1.00 $ticks"
	echo "bench: read 4k 9.00 9.10"
	echo "bench: reads end"
	;;
esac
sleep 1000 >/dev/null 2>&1 &
wait
TEXT
chmod +x "$dir/vmm"
cp "$dir/vmm" "$dir/qemu/qemu-system-x86_64"
echo archive >"$dir/initrd"

export VMM_FILES="$dir" VMM_LANE=native BENCH_DEBUGFS="$dir/debug"
mkdir -p "$BENCH_DEBUGFS/kvm"
for cpus in 1 2; do
	PATH=$dir:$PATH "$1/scripts/lib/bench-linux" 1 $cpus 1 >"$dir/raw-$cpus" 2>"$dir/err-$cpus"
done
for name in user-split user-none kernel qemu-microvm qemu-pc; do
	expect "^boot $name ms=[0-9]+ kib=[1-9][0-9]*\$" "$dir/raw-1"
	expect "^exits $name exits=20 io_exits=7\$" "$dir/raw-1"
	expect "^disk $name bs=4k cs=10\$" "$dir/raw-1"
done
expect '^disk kernel bs=1M cs=13$' "$dir/raw-1"
expect '^ours user-none io=3 mmio=4$' "$dir/raw-1"
for name in qemu-microvm-off qemu-pc-off; do
	expect "^boot $name failed\$" "$dir/raw-1"
	expect "^boot $name hangs\$" "$dir/raw-2"
done

expect '^bench: boot qemu-pc-off: ' "$dir/err-1"

# Baselines may fail; rows of ours may not.
expect_status 0 "$bench" --linux --of "$dir/raw-2"
expect '^qemu-pc-off +hangs$' "$dir/shown"
expect 'user-split disk reads of 1M, in qemu-pc.s: 1.00 .*: met$' "$dir/shown"
expect '  kernel disk reads of 1M, in qemu-pc.s: 1.30 .*: missed$' "$dir/shown"
expect '  kernel memory: [0-9]+ KiB, aim 8192: met$' "$dir/shown"
sed 's/^boot user-none .*/boot user-none hangs/' "$dir/raw-1" >"$dir/raw-hangs"
expect_status 1 "$bench" --linux --of "$dir/raw-hangs"
expect '^bench: boot user-none hangs$' "$dir/shown"
grep -v '^disk kernel' "$dir/raw-1" >"$dir/raw-short"
expect_status 1 "$bench" --linux --of "$dir/raw-short"
expect '^bench: disk kernel is missing$' "$dir/shown"
grep -v 'qemu-microvm' "$dir/raw-1" >"$dir/raw-alone"
expect_status 0 "$bench" --linux --of "$dir/raw-alone"
expect 'kernel boot.*no verdict' "$dir/shown"
expect_status 4 "$bench" --linux --lane intel
expect '^bench: .*--lane amd$' "$dir/shown"
[ $failures -eq 0 ]
