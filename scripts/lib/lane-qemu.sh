# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# The amd lane's QEMU: bookworm's 7.2 now and then loses an interrupt of a nested guest, with KVM's own
# LAPIC as with ours; 10.0 from backports does so far more rarely. It is unpacked into the cache, never
# installed, and needs the libraries of the installed one. Where it cannot be had, the installed one
# serves.

lane_newest_qemu()
{
	find "$1" -maxdepth 1 -type d -name 'qemu-*' 2>/dev/null | sort -V | tail -n 1
}

# lane_fetch_qemu DIR: the packages from backports, unpacked as DIR/qemu; prints their version.
lane_fetch_qemu()
{
	local dir=$1 package

	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/qemu" || return
	printf "deb [signed-by=$LANE_KEYRING] %s %s main\n" \
		"$(lane_mirror bookworm http://deb.debian.org/debian)" bookworm-backports \
		>"$dir/sources.list"
	lane_apt apt-get "$dir" update >/dev/null 2>&1 || return
	for package in qemu-system-x86 qemu-system-data seabios; do
		(cd "$dir" && lane_apt apt-get "$dir" download "$package" >/dev/null 2>&1 &&
			dpkg-deb -x "$package"_*.deb qemu) || return
	done
	dpkg-deb -f "$dir"/qemu-system-x86_*.deb Version
}

# Runs in a subshell, under the cache's lock.
lane_add_qemu()
{
	local cache=$1 dir version

	exec {lock}>"$cache/lock"
	flock "$lock"
	[[ -n $(lane_newest_qemu "$cache") ]] && return
	lane_note "fetching QEMU from backports into $cache"
	dir=$(mktemp -d "$cache/new.XXXXXX") || return
	# shellcheck disable=SC2064 # the folder is known now, and a local variable is gone at the exit
	trap "rm -rf ${dir@Q}" EXIT
	version=$(lane_fetch_qemu "$dir") || return
	"$dir/qemu/usr/bin/qemu-system-x86_64" --version >/dev/null 2>&1 || return
	mv -T "$dir/qemu" "$cache/qemu-${version//[^0-9A-Za-z.+~-]/_}"
}

# lane_qemu_prepare: sets LANE_QEMU to the command with which to start QEMU.
lane_qemu_prepare()
{
	local cache found

	LANE_QEMU=(qemu-system-x86_64)
	cache=$(lane_cache) || exit
	if [[ -z $(lane_newest_qemu "$cache") && -w $cache ]]; then
		(lane_add_qemu "$cache") ||
			lane_note "no QEMU from backports; the installed one may lose interrupts"
	fi
	found=$(lane_newest_qemu "$cache")
	[[ -n $found ]] || return 0
	LANE_QEMU=("$found/usr/bin/qemu-system-x86_64" -L "$found/usr/share/qemu"
		-L "$found/usr/share/seabios")
}
