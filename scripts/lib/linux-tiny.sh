# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/linux share variables
# The small kernel of guests/linux, built from Debian's linux-source.
#
# The cache: tiny-VERSION-HASH/ has vmlinux, bzImage, and bzImage-gzip and the like, the same kernel
# packed in other ways; VERSION is that of the source package, HASH covers configuration, patches, what
# is put beside them, and how it is built. The source itself is not kept.

readonly TINY_SOURCE=${LANE_LIB%/scripts/lib}/guests/linux
readonly TINY_SERIES=6.1
# Besides tiny.config's LZ4. Of an x86 kernel there is no bzImage that is not compressed.
readonly TINY_PACKED=(gzip xz zstd)

readonly TINY_TOOLS=(gcc:gcc make:make flex:flex bison:bison bc:bc lz4:lz4 xz:xz-utils zstd:zstd
	gzip:gzip patch:patch perl:perl-base dpkg-deb:dpkg /usr/include/gelf.h:libelf-dev)

tiny_hash()
{
	local hash

	hash=$({
		cat "$TINY_SOURCE/tiny.config" "$TINY_SOURCE/tinytest.c" "$TINY_SOURCE"/patches/*.patch
		# Without their comments.
		declare -f tiny_unpack tiny_make tiny_build tiny_pack tiny_build_all
		printf '%s\n' "$TINY_SERIES" "${TINY_PACKED[@]}"
	} | sha256sum)
	printf '%s\n' "${hash:0:16}"
}

tiny_find()
{
	local dir

	dir=$(find "$1" -mindepth 1 -maxdepth 1 -type d -name "tiny-*-$(tiny_hash)" 2>/dev/null |
		sort -V | tail -n 1)
	[[ -z $dir ]] || printf '%s\n' "$dir/vmlinux" "$dir/bzImage"
}

# tiny_fetch DIR: the source package as DIR/source.deb. One that was installed serves as well.
tiny_fetch()
{
	local dir=$1 trouble

	[[ -e $LANE_KEYRING ]] || { echo "$LANE_KEYRING is missing" >&2; return 1; }
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
	printf "deb [signed-by=$LANE_KEYRING] %s %s main\n" \
		"$(lane_mirror bookworm http://deb.debian.org/debian)" bookworm \
		"$(lane_mirror bookworm-security http://deb.debian.org/debian-security)" \
		bookworm-security >"$dir/sources.list"
	trouble=$(lane_apt apt-get "$dir" update 2>&1)
	(cd "$dir" && lane_apt apt-get "$dir" download "linux-source-$TINY_SERIES" 2>/dev/null &&
		mv linux-source-*.deb source.deb) && return
	printf '%s\n' "${trouble:-no archive of Debian bookworm has linux-source-$TINY_SERIES}" >&2
	return 1
}

# tiny_unpack DIR: the source as DIR/linux, patched; without what no x86 kernel is built from.
tiny_unpack()
{
	local dir=$1 top=linux-source-$TINY_SERIES patch

	mkdir "$dir/linux" && dpkg-deb --fsys-tarfile "$dir/source.deb" |
		tar -x -O "./usr/src/$top.tar.xz" | xz -dc |
		tar -x -C "$dir/linux" --strip-components=1 --exclude="$top/tools/testing" \
			--exclude="$top/arch/*/boot/dts" --exclude="$top/drivers/gpu/drm/amd/include" \
			--exclude="$top/Documentation/*/*" || return
	rm "$dir/source.deb"
	for patch in "$TINY_SOURCE"/patches/*.patch; do
		patch -s -d "$dir/linux" -p1 <"$patch" || return
	done
	cp "$TINY_SOURCE/tinytest.c" "$dir/linux/init/"
}

tiny_make()
{
	# Nothing of this machine's or the caller's gets into the kernel. An emulator of kernel code is faster
	# with the kernel's own memset() than with REP STOSB.
	env -u CFLAGS -u LDFLAGS -u MAKEFLAGS KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=vmm \
		KBUILD_BUILD_HOST=vmm nice make -s -C "$1/linux" O="$1/out" \
		KCFLAGS="-mmemset-strategy=libcall:-1:noalign -mmemcpy-strategy=libcall:-1:noalign" "${@:2}"
}

tiny_build()
{
	local dir=$1

	mkdir "$dir/out" && tiny_make "$dir" tinyconfig &&
		(cd "$dir/linux" && scripts/kconfig/merge_config.sh -m -O "$dir/out" \
			"$dir/out/.config" "$TINY_SOURCE/tiny.config") &&
		tiny_make "$dir" olddefconfig && tiny_make "$dir" -j "$(nproc)" vmlinux bzImage &&
		mkdir "$dir/product" && cp "$dir/out/arch/x86/boot/bzImage" "$dir/product/" &&
		strip -o "$dir/product/vmlinux" "$dir/out/vmlinux"
}

# tiny_pack DIR METHOD: the kernel that has been built, once more, unpacking itself in another way.
tiny_pack()
{
	local dir=$1 method=$2

	sed -i 's/^CONFIG_KERNEL_[A-Z0-9]*=y/# &/' "$dir/out/.config" &&
		echo "CONFIG_KERNEL_${method^^}=y" >>"$dir/out/.config" &&
		tiny_make "$dir" olddefconfig && grep -qx "CONFIG_KERNEL_${method^^}=y" "$dir/out/.config" &&
		tiny_make "$dir" -j "$(nproc)" bzImage &&
		cp "$dir/out/arch/x86/boot/bzImage" "$dir/product/bzImage-$method"
}

# tiny_build_all DIR: leaves what is kept in DIR/product.
tiny_build_all()
{
	local method

	tiny_unpack "$1" && tiny_build "$1" || return
	for method in "${TINY_PACKED[@]}"; do
		tiny_pack "$1" "$method" || return
	done
}

tiny_fill()
{
	local cache=$1 dir=$2 version error

	lane_require "${TINY_TOOLS[@]}"
	lane_note "building the small kernel into $cache: some minutes"
	error=$(tiny_fetch "$dir" 2>&1) || lane_die "$LANE_UNAVAILABLE" \
		"no small kernel in the cache, and fetching its source failed: ${error%%$'\n'*}"
	version=$(dpkg-deb -f "$dir/source.deb" Version)
	if ! error=$(tiny_build_all "$dir" 2>&1); then
		printf '%s\n' "$error" | tail -n 20 >&2
		lane_die "$LANE_BROKEN" "building the small kernel failed"
	fi
	mv -T "$dir/product" "$cache/tiny-$version-$(tiny_hash)" ||
		lane_die "$LANE_UNAVAILABLE" "cannot write into $cache"
}
