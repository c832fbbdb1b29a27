# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# The intel lane: a host with kvm_intel in Bochs, whose Skylake-X model has VMX with EPT, no APICv.

readonly LANE_BOCHS=/usr/share/bochs
readonly LANE_BOCHS_IPS=50000000 # the machine's speed: about what Bochs reaches
readonly LANE_INTEL_TOOLS=(bochs:bochs "$LANE_BOCHS/BIOS-bochs-latest:bochsbios"
	"$LANE_BOCHS/VGABIOS-lgpl-latest:vgabios"
	/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so:bochs-term
	grub-mkrescue:grub-common /usr/lib/grub/i386-pc:grub-pc-bin xorriso:xorriso mformat:mtools
	busybox:busybox-static cpio:cpio xz:xz-utils script:bsdutils)

# lane_intel_iso DIR: DIR/host.iso, which boots the kernel with DIR/initrd.
lane_intel_iso()
{
	local dir=$1 clock="tsc=reliable tsc_early_khz=$((LANE_BOCHS_IPS / 1000))"

	mkdir -p "$dir/iso/boot/grub" && ln -f "$dir/initrd" "$dir/iso/initrd" &&
		cp "$LANE_VMLINUZ" "$dir/iso/vmlinuz" || return
	# Bochs counts one TSC tick per instruction, but its CPUID speaks of 3.5 GHz: a host that believed
	# it would live 70 times too slowly whenever it is busy.
	cat >"$dir/iso/boot/grub/grub.cfg" <<-END
		set timeout=0
		menuentry host {
			linux /vmlinuz console=ttyS1 panic=-1 quiet nokaslr mitigations=off $clock
			initrd /initrd
		}
	END
	grub-mkrescue --directory=/usr/lib/grub/i386-pc --output="$dir/host.iso" "$dir/iso" \
		>"$dir/iso.log" 2>&1
}

lane_intel_config()
{
	cat <<-END
		display_library: term
		cpu: model=corei7_skylake_x, count=1, ips=$LANE_BOCHS_IPS, reset_on_triple_fault=1
		memory: guest=$LANE_MEMORY, host=$LANE_MEMORY
		romimage: file=$LANE_BOCHS/BIOS-bochs-latest
		vgaromimage: file=$LANE_BOCHS/VGABIOS-lgpl-latest
		ata0-master: type=cdrom, path=$1/host.iso, status=inserted
		boot: cdrom
		com1: enabled=1, mode=file, dev=$(<"$1/out.tty")
		com2: enabled=1, mode=file, dev=$(<"$1/control.tty")
		log: $1/bochs.log
		info: action=ignore
		error: action=ignore
		panic: action=fatal
		clock: sync=none
	END
}

# lane_intel_port DIR NAME: makes a terminal whose output goes to the pipe DIR/NAME, and writes its
# name to DIR/NAME.tty. Bochs writes to files in blocks, but to terminals line by line.
lane_intel_port()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	LANE_PORT=$1/$2 setpriv --pdeathsig KILL script --quiet --flush --command '
		stty raw -echo
		echo $$ >"$LANE_PORT.pid"
		tty >"$LANE_PORT.new" && mv "$LANE_PORT.new" "$LANE_PORT.tty"
		exec sleep 2000000000' /dev/null <"$1/silence" >"$1/$2" 2>/dev/null &
}

lane_intel_start()
{
	local dir=$1 port

	LANE_EMULATOR=Bochs
	rm -f "$dir"/{out,control}.{tty,pid} "$dir/silence"
	mkfifo "$dir/silence"
	exec {LANE_SILENCE_FD}<>"$dir/silence"
	for port in out control; do
		lane_intel_port "$dir" $port
		until [[ -e $dir/$port.tty ]]; do sleep 0.02; done
	done
	[[ -e $dir/host.iso ]] || lane_intel_iso "$dir" ||
		lane_die "$LANE_BROKEN" "grub-mkrescue failed: $(tail -n 1 "$dir/iso.log")"
	lane_intel_config "$dir" >"$dir/bochsrc"
	# Debian's Bochs starts in its debugger: `c` lets it go. Its display naps whenever the machine is
	# idle and no key is waiting; the end of file counts as one.
	echo c >"$dir/go"
	TERM=vt100 setpriv --pdeathsig KILL bochs -q -f "$dir/bochsrc" -rc "$dir/go" \
		</dev/null >"$dir/emulator.log" 2>&1 &
	LANE_PID=$!
}

lane_intel_stop()
{
	local port

	for port in out control; do
		[[ ! -e $LANE_DIR/$port.pid ]] || kill "$(<"$LANE_DIR/$port.pid")" 2>/dev/null
	done
	if [[ -n ${LANE_SILENCE_FD:-} ]]; then
		exec {LANE_SILENCE_FD}<&-
		LANE_SILENCE_FD=
	fi
}
