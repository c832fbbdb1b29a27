#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# linux_lane.sh LANE [OPTION...] -- WORD...: Linux guests inside a lane; the words are linux_suite.sh's.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
shift
[ "$lane" != native ] || need_real_kvm
here=$(cd "$(dirname "$0")" && pwd)
split_options "$@"
set -- "${operands[@]}"

# archive FOLDER
archive() {
	(cd "$1" && find . | cpio --create --format=newc --owner=0:0 --quiet)
}

# An initramfs for the small kernel, which cannot unpack any: busybox and a file of 4 MiB.
tiny_initrd() {
	mkdir -p "$work/tiny/bin"
	cp "$(command -v busybox)" "$work/tiny/bin/busybox"
	cp "$here/linux_user.sh" "$work/tiny/user"
	head -c 4194304 /dev/urandom >"$work/tiny/file"
	md5sum <"$work/tiny/file" | cut -d' ' -f1 >"$work/tiny-sum"
	archive "$work/tiny" >"$work/tiny-initrd"
}

if [[ " $* " == *" tiny "* ]]; then
	mapfile -t image < <("$SOURCE/scripts/linux" --tiny --cached 2>/dev/null)
	[ ${#image[@]} -eq 2 ] || skip "the small kernel is not in the cache: run scripts/linux --tiny"
	tiny_initrd
	for file in "${image[0]}" "${image[1]}"* "$work/tiny-initrd" "$work/tiny-sum"; do
		options+=(--file "$file")
	done
fi

# The guests' test is a second archive behind the initramfs.
mkdir -p "$work/test"
install -m 755 "$here/linux_guest.sh" "$work/test/test"
cp "$here/linux_guest_devices.sh" "$work/test/test-devices"
archive "$work/test" >"$work/test.cpio"
for version in 6.1 6.12; do
	[[ " $* " == *"kernels="*"$version"[\ ,]* || ($version = 6.1 && " $* " != *"kernels="*) ]] || continue
	mapfile -t image < <("$SOURCE/scripts/linux" --kernel "$version")
	[ ${#image[@]} -eq 2 ] || skip "Debian's kernel $version is not to be had"
	cp "${image[0]}" "$work/vmlinuz-$version"
	cat "${image[1]}" "$work/test.cpio" >"$work/initrd-$version"
	options+=(--file "$work/vmlinuz-$version" --file "$work/initrd-$version")
done

# The lane expands the variables.
# shellcheck disable=SC2016
run_lane "$lane" --build "$BIN/.." --file "$here/linux_suite.sh" \
	--file "$here/linux_log.sh" "${options[@]}" -- sh -c 'exec sh "$VMM_FILES/linux_suite.sh" "$@"' sh "$@"
