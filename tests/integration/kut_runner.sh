#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# scripts/kvm-unit-tests on made-up folders: in-tree images in the place of kvm-unit-tests' own, every
# way in which a test ends, and every folder that cannot be used.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm
command -v python3 >/dev/null || skip "python3 is not installed"
cd "$work" || exit 1
mkdir good
cp "$BIN/cases-multiboot.elf" good/cases.flat
cat >good/unittests.cfg <<'CFG'
# A comment
[passes]
file = cases.flat
smp = 2
test_args = 'pass=first noise=second pass=third exit=0'
qemu_params = -cpu qemu64,-x2apic,+tsc-deadline
groups = some

[fails]
file = cases.flat
test_args = "pass=first fail=second exit=1"
groups = bad some

[skips]
file = cases.flat
test_args = skip=alone exit=38

[hangs]
file = cases.flat
test_args = pass=first hang
timeout = 2s
groups = bad

[crashes]
file = cases.flat
test_args = pass=first crash
groups = bad

[other_arch]
file = cases.flat
arch = i386

[unmet]
file = cases.flat
check = /proc/sys/kernel/ostype=Multics

[gone]
file = gone.flat

[nested]
file = cases.flat
qemu_params = -cpu max,+vmx -m 64

[device]
file = cases.flat
qemu_params = """-m 64 \
    -device edu"""

[by_hand]
file = cases.flat
groups = nodefault
test_args = pass=manual exit=0
CFG
cp "$BIN/cases-multiboot.elf" good/no_section.flat

run() {
	"$SOURCE/scripts/kvm-unit-tests" --build "$BIN/.." --quiet "$@"
}

# says NAME LINE: the last report has exactly that line.
says() {
	if grep -qxF -- "$2" "$work/out"; then
		echo "ok: $1"
	else
		fail "$1: not in the report: $2
$(cat "$work/out")"
	fi
}

expect "everything" 1 "" run --lapic user --irqchip auto --output all.tsv --logs logs good
says "passes" "| passes | cases | 2 | 2 pass |"
says "fails" "| fails | cases | 1 | 1 pass, 1 fail |"
says "skips" "| skips | cases | 1 | 1 skip |"
says "hangs" "| hangs | cases | 1 | 1 pass; time-out |"
says "crashes" "| crashes | cases | 1 | 1 pass; triple fault |"
says "no section" "| no_section | no_section | 1 | power-off |"
says "fails by name" "* fails: second: user/auto"
says "hangs by name" "* hangs: (end) (time-out): user/auto"
says "other architecture" "* other_arch: for i386 only"
says "unmet check" "* unmet: not so on this host: /proc/sys/kernel/ostype=Multics"
says "no image" "* gone: there is no image gone.flat"
says "nested" "* nested: vmm does not offer nested virtualization (+vmx)"
says "device" "* device: vmm does not offer the device edu"
grep -q by_hand out && fail "by_hand ran unasked"
grep -qxP 'fails\tuser/auto\tsecond\tFAIL' all.tsv || fail "output file: $(cat all.tsv)"
grep -qxP 'hangs\tuser/auto\t\(end\)\tFAIL\ttime-out\t[0-9]+' all.tsv || fail "end: $(cat all.tsv)"
grep -q 'reason=triple-fault' logs/crashes.user-auto.log || fail "logs: $(ls logs)"

expect "named, though nodefault" 0 "" run --only by_hand,passes good
says "three modes" "| by_hand | cases | 1 | 1 pass | 1 pass | 1 pass |"
expect "ours as bad as KVM's" 0 "" run --group bad good
says "no difference" "9 runs, 0 skipped, 9 failing cases, 0 worse and 0 better than kernel"
expect "KVM's alone" 1 "" run --lapic kernel --only fails good
expect "an environment" 0 "" run --environ good/unittests.cfg --lapic kernel --only passes good

# A run that its user ends leaves no guest behind. No other guest has this mark in its command line.
mark="run-$$-$RANDOM"
mkdir ended
cp good/cases.flat ended
printf '[stays]\nfile = cases.flat\ntest_args = pass=%s hang\n' "$mark" >ended/unittests.cfg
guest_runs() {
	pgrep -f "^vmm .*$mark" >guest
}
guest_is_gone() {
	! guest_runs
}
"$SOURCE/scripts/kvm-unit-tests" --build "$BIN/.." --lapic user --irqchip auto ended >out 2>&1 &
runner=$!
await guest_runs || fail "no guest has started: $(cat out)"
kill -TERM "$runner"
status=0
wait "$runner" || status=$?
[ "$status" -eq 143 ] || fail "SIGTERM: status $status; $(cat out)"
if await guest_is_gone; then
	echo "ok: no guest is left behind"
else
	fail "a guest is left behind: $(cat guest)"
	xargs kill -KILL <guest
fi

# Folders that cannot be used
mkdir empty no_cfg no_images text bad_cfg
echo '[a]' >empty/unittests.cfg
cp good/cases.flat no_cfg
printf '[a]\nfile = a.flat\n' | tee no_images/unittests.cfg >text/unittests.cfg
echo 'a text' >text/a.flat
cp good/cases.flat bad_cfg
printf '[a]\nfile = cases.flat\nsmp = many\n' >bad_cfg/unittests.cfg
expect "no folder" 2 "nothere: no such folder" run nothere
expect "no unittests.cfg" 2 "no_cfg: no unittests.cfg" run no_cfg
expect "no file in a section" 2 "\[a\] has no file" run empty
expect "no images" 2 "no_images: no images" run no_images
expect "not multiboot" 2 "text/a.flat: not a multiboot image" run text
expect "not a number" 2 "\[a\]: smp = many: not a number" run bad_cfg
expect "unknown test" 2 "there is no test nobody" run --only nobody good
expect "unknown group" 2 "no test is in nobody" run --group nobody good
expect "wrong use" 2 "invalid choice: 'here'" run --lane here good
finish
