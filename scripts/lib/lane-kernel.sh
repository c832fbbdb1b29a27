# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# Host kernels of the emulated lanes: fetched from Debian with apt into a private folder, unpacked,
# and kept in the cache. Nothing is installed and apt's own state is not touched, so no root needed.
#
# The cache, written once and then only read:
#   kernel-6.1/VERSION/      vmlinuz and *.ko of that package version
#   base-VERSION-HASH.cpio   initramfs of busybox, the modules and lane-init; HASH covers them all

readonly LANE_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# lane_mirror SUITE DEFAULT: the address from which this machine is configured to fetch SUITE.
lane_mirror()
{
	local found

	# shellcheck disable=SC2016 # $(...) is apt's own format syntax
	found=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2>/dev/null |
		awk -v suite="$1" '$1 == suite { print $2; exit }')
	printf '%s\n' "${found:-$2}"
}

lane_apt()
{
	local tool=$1 dir=$2

	shift 2
	"$tool" -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$dir" \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@"
}

# lane_fetch_kernel KERNEL DIR: the newest package of that kernel series as DIR/linux.deb.
lane_fetch_kernel()
{
	local dir=$2 debian meta package trouble

	[[ -e $LANE_KEYRING ]] || { echo "$LANE_KEYRING is missing" >&2; return 1; }
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
	debian=$(lane_mirror bookworm http://deb.debian.org/debian)
	{
		printf "deb [signed-by=$LANE_KEYRING] %s %s main\n" "$debian" bookworm
		printf "deb [signed-by=$LANE_KEYRING] %s %s main\n" "$debian" bookworm-backports
		printf "deb [signed-by=$LANE_KEYRING] %s %s main\n" "$(lane_mirror \
			bookworm-security http://deb.debian.org/debian-security)" bookworm-security
	} >"$dir/sources.list"
	case $1 in
	6.1) meta=linux-image-cloud-amd64 ;;
	*) meta=linux-image-$1-cloud-amd64 ;;
	esac
	# One archive that is out of reach does no harm if another has the kernel.
	trouble=$(lane_apt apt-get "$dir" update 2>&1)
	package=$(lane_apt apt-cache "$dir" --no-all-versions show "$meta" 2>/dev/null |
		sed -n 's/^Depends:.*\(linux-image-[^ ,]*\).*/\1/p')
	if [[ $package != "linux-image-$1."* ]]; then
		printf '%s\n' "${trouble:-no archive of Debian bookworm has $meta}" >&2
		return 1
	fi
	(cd "$dir" && lane_apt apt-get "$dir" download "$package" && mv linux-image-*.deb linux.deb)
}

# lane_unpack_kernel DEB DIR: vmlinuz and the modules that the hosts load, decompressed.
lane_unpack_kernel()
{
	local module file

	mkdir -p "$2" "$2.all" && dpkg-deb -x "$1" "$2.all" || return
	cp "$2.all"/boot/vmlinuz-* "$2/vmlinuz" || return
	for module in irqbypass ccp kvm kvm-amd kvm-intel tun; do
		file=$(find "$2.all" -name "$module.ko*" -print -quit)
		case $file in
		*.xz) xz -dc "$file" >"$2/$module.ko" || return ;;
		?*) cp "$file" "$2/$module.ko" || return ;;
		esac
	done
	[[ -e $2/kvm.ko && -e $2/kvm-amd.ko && -e $2/kvm-intel.ko ]]
}

lane_newest_kernel()
{
	find "$1/kernel-$2" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -V | tail -n 1
}

# lane_add_kernel CACHE KERNEL DIR: puts the kernel into the cache; DIR is scratch space beside it.
lane_add_kernel()
{
	local cache=$1 dir=$3 version error

	lane_note "fetching Debian's kernel $2 into $cache"
	error=$(lane_fetch_kernel "$2" "$dir" 2>&1) || lane_die "$LANE_UNAVAILABLE" \
		"no kernel $2 in the cache, and fetching it failed: ${error%%$'\n'*}"
	version=$(dpkg-deb -f "$dir/linux.deb" Version)
	lane_unpack_kernel "$dir/linux.deb" "$dir/kernel" ||
		lane_die "$LANE_UNAVAILABLE" "cannot unpack the package of kernel $2 in $cache"
	mkdir -p "$cache/kernel-$2" && mv -T "$dir/kernel" "$cache/kernel-$2/$version"
}

lane_base_name()
{
	local hash

	hash=$(cat "$LANE_LIB/lane-init" "$LANE_LIB/lane-kernel.sh" "$(command -v busybox)" |
		sha256sum)
	printf 'base-%s-%s.cpio\n' "${1##*/}" "${hash:0:16}"
}

# lane_add_base KERNEL_DIR BASE DIR: builds the initramfs that every run starts from.
lane_add_base()
{
	local root=$3/root

	mkdir -p "$root/bin" "$root/modules" "$root/lane" || return
	cp "$(command -v busybox)" "$root/bin/busybox" && cp "$1"/*.ko "$root/modules/" || return
	install -m 755 "$LANE_LIB/lane-init" "$root/init" || return
	lane_archive "$root" >"$3/base" && mv -T "$3/base" "$2"
}

# lane_archive DIR: DIR as an initramfs archive; such archives may be joined by plain concatenation.
lane_archive()
{
	(cd "$1" && set -o pipefail && find . -print0 | cpio --null --create --format=newc \
		--owner=0:0 --quiet)
}

# lane_fill_cache CACHE KERNEL: under a lock, because lanes are started side by side. Runs in a
# subshell of its own, so that it may end with lane_die and still tidy up.
lane_fill_cache()
{
	local cache=$1 kernel=$2 dir host base

	mkdir -p "$cache" 2>/dev/null
	[[ -w $cache ]] ||
		lane_die "$LANE_UNAVAILABLE" "the cache $cache is incomplete for kernel $kernel and not writable"
	exec {lock}>"$cache/lock"
	flock --nonblock "$lock" || { lane_note "waiting for another lane to fill $cache"; flock "$lock"; }
	# Holding the lock, whatever an interrupted run left behind is nobody's; older bases may be in use.
	rm -rf "$cache"/new.*
	find "$cache" -maxdepth 1 -name 'base-*' -mtime +7 -delete
	dir=$(mktemp -d "$cache/new.XXXXXX") || exit "$LANE_UNAVAILABLE"
	# shellcheck disable=SC2064 # the folder is known now, and a local variable is gone at the exit
	trap "rm -rf ${dir@Q}" EXIT
	[[ -n $(lane_newest_kernel "$cache" "$kernel") ]] || lane_add_kernel "$cache" "$kernel" "$dir"
	host=$(lane_newest_kernel "$cache" "$kernel")
	base=$cache/$(lane_base_name "$host")
	[[ -e $base ]] || lane_add_base "$host" "$base" "$dir" ||
		lane_die "$LANE_UNAVAILABLE" "cannot write $base"
}

# lane_prepare KERNEL: sets LANE_VMLINUZ and LANE_BASE. A warm cache is only read.
lane_prepare()
{
	local cache host

	cache=$(lane_cache) || exit
	host=$(lane_newest_kernel "$cache" "$1")
	if [[ -z $host || ! -e $cache/$(lane_base_name "$host") ]]; then
		(lane_fill_cache "$cache" "$1") || exit
		host=$(lane_newest_kernel "$cache" "$1")
	fi
	LANE_VMLINUZ=$host/vmlinuz
	LANE_BASE=$cache/$(lane_base_name "$host")
}
