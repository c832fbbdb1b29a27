#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lapicdump as a command: files, standard input, exit status, one line for each mistake.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
cd "$work" || exit 1

refuse() {
	local name=$1 pattern=$2
	shift 2
	expect "$name" 2 "^lapicdump: .*$pattern" lapicdump "$@"
	[ -s "$work/out" ] && fail "$name: something on stdout"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$name: not exactly one line"
}

# put OFFSET BYTES: bytes in printf's notation at an offset of page.bin
put() {
	# shellcheck disable=SC2059
	printf "$2" | dd of=page.bin bs=1 seek="$(($1))" conv=notrunc status=none
}

# CPU 3 after power-up, IRR with vector 65
head -c 1024 /dev/zero >page.bin
put 0x020 '\0\0\0\003'
put 0x030 '\024\0\005\0'
put 0x0e0 '\377\377\377\377'
put 0x0f0 '\377\001'
put 0x220 '\002'

expect "a page" 0 "" lapicdump page.bin
grep -q '^LAPIC 3: xAPIC, software enabled$' out || fail "no first line in: $(cat out)"
grep -q '^  IRR         65$' out || fail "no vector in: $(cat out)"
cat page.bin <(head -c 3072 /dev/zero) >page4k.bin
lapicdump page4k.bin | diff - out >/dev/null || fail "4 KiB give something else"
lapicdump - <page.bin | diff - out >/dev/null || fail "standard input gives something else"
expect "JSON" 0 "" lapicdump --json page.bin
tr -d ' \n' <out | grep -q '"irr":\[65\]' || fail "no vector in: $(cat out)"
expect "help" 0 "" lapicdump --help
expect "version" 0 "" lapicdump --version
lapicdump page.bin >/dev/full 2>err
[ $? -eq 1 ] || fail "a full disk is no failure"

refuse "no file" "no file; give one FILE" --json
refuse "unknown option" "bad option '--jason'; --help lists them" --jason page.bin
refuse "unknown letter" "bad option '-q'" -q page.bin
refuse "two files" "more than one file" page.bin page.bin
refuse "missing file" "cannot read nowhere.bin: No such file" nowhere.bin
refuse "a folder" "cannot read /: Is a directory" /
printf 'registers:\n  ID 3\n' >text
refuse "text" "found text; expected a register page of 1024 or 4096" text
refuse "nothing" "standard input: found 0 bytes" -
head -c 100 page.bin >short.bin
refuse "truncated" "short.bin: found 100 bytes" short.bin
cat page4k.bin page4k.bin >long.bin
refuse "too long" "found more than 4096 bytes" long.bin
head -c 1024 /dev/zero >zeros.bin
refuse "zeros" "found zeros only" zeros.bin
expect "zeros by force" 0 "" lapicdump --force zeros.bin
tr '\0' '\377' <zeros.bin >ones.bin
refuse "ones" "found ones only" ones.bin
refuse "the wrong mode" "is this page in xAPIC mode" --x2apic page.bin
put 0x320 '\0\0\020'
refuse "reserved bits" "found LVT_TIMER 0x00100000, whose bits 0x00100000 are reserved" page.bin
put 0x030 'VMM!'
refuse "no version" "found VERSION 0x214d4d56, which no local APIC has" page.bin

finish
