# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/linux share variables
# Debian's own kernels as guests: the kernel as it is, an initramfs of busybox, the drivers for virtio
# devices, and linux-init.
#
# The cache: stock-6.1/VERSION/ has vmlinuz and the modules, initrd-VERSION-HASH.cpio is made of them.

# In the order in which they have to be loaded.
readonly STOCK_MODULES=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
	virtio_blk failover net_failover virtio_net rng-core virtio-rng virtio_console)

readonly STOCK_TOOLS=(busybox:busybox-static cpio:cpio xz:xz-utils dpkg-deb:dpkg)

stock_newest()
{
	find "$1/stock-$LINUX_KERNEL" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -V | tail -n 1
}

# stock_initrd CACHE KERNEL_DIR: the name of its initramfs, which changes with what is in it.
stock_initrd()
{
	local hash

	hash=$(cat "$LANE_LIB/linux-init" "$LANE_LIB/linux-stock.sh" \
		"$(command -v busybox || echo /dev/null)" | sha256sum)
	printf '%s/initrd-%s-%s.cpio\n' "$1" "${2##*/}" "${hash:0:16}"
}

stock_find()
{
	local kernel initrd

	kernel=$(stock_newest "$1")
	[[ -n $kernel ]] || return
	initrd=$(stock_initrd "$1" "$kernel")
	[[ ! -e $initrd ]] || printf '%s\n' "$kernel/vmlinuz" "$initrd"
}

# stock_unpack DEB DIR: the kernel and those of the modules that are not built in.
stock_unpack()
{
	local module file

	mkdir -p "$2" "$2.all" && dpkg-deb -x "$1" "$2.all" || return
	cp "$2.all"/boot/vmlinuz-* "$2/vmlinuz" || return
	for module in "${STOCK_MODULES[@]}"; do
		file=$(find "$2.all" -name "$module.ko*" -print -quit)
		case $file in
		*.xz) xz -dc "$file" >"$2/$module.ko" || return ;;
		?*) cp "$file" "$2/$module.ko" || return ;;
		esac
	done
}

stock_add_kernel()
{
	local cache=$1 dir=$2 version error

	lane_note "fetching Debian's kernel $LINUX_KERNEL into $cache"
	error=$(lane_fetch_kernel "$LINUX_KERNEL" "$dir" 2>&1) || lane_die "$LANE_UNAVAILABLE" \
		"no kernel $LINUX_KERNEL in the cache, and fetching it failed: ${error%%$'\n'*}"
	version=$(dpkg-deb -f "$dir/linux.deb" Version)
	stock_unpack "$dir/linux.deb" "$dir/kernel" ||
		lane_die "$LANE_UNAVAILABLE" "cannot unpack the package of kernel $LINUX_KERNEL in $cache"
	mkdir -p "$cache/stock-$LINUX_KERNEL" &&
		mv -T "$dir/kernel" "$cache/stock-$LINUX_KERNEL/$version"
}

# stock_add_initrd KERNEL_DIR INITRD DIR
stock_add_initrd()
{
	local root=$3/root module

	mkdir -p "$root/bin" "$root/modules" || return
	cp "$(command -v busybox)" "$root/bin/busybox" || return
	install -m 755 "$LANE_LIB/linux-init" "$root/init" || return
	for module in "${STOCK_MODULES[@]}"; do
		[[ -e $1/$module.ko ]] || continue
		cp "$1/$module.ko" "$root/modules/" || return
		printf '%s\n' "$module" >>"$root/modules/order" || return
	done
	lane_archive "$root" >"$3/initrd" && mv -T "$3/initrd" "$2"
}

stock_fill()
{
	local cache=$1 dir=$2 kernel initrd

	lane_require "${STOCK_TOOLS[@]}"
	[[ -n $(stock_newest "$cache") ]] || stock_add_kernel "$cache" "$dir"
	kernel=$(stock_newest "$cache")
	initrd=$(stock_initrd "$cache" "$kernel")
	[[ -e $initrd ]] || stock_add_initrd "$kernel" "$initrd" "$dir" ||
		lane_die "$LANE_UNAVAILABLE" "cannot write $initrd"
}
