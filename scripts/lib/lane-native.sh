# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# The native lane: this machine's own /dev/kvm, and the environment that the other lanes give.

readonly LANE_NATIVE_TOOLS=(timeout:coreutils)

# lane_native_signal NUMBER: to the process group that `timeout` makes, because `timeout` does not
# pass on a signal that finds it between fork and exec; to itself where it has not made one yet.
lane_native_signal()
{
	kill "-$1" -- "-$LANE_PID" 2>/dev/null || kill "-$1" "$LANE_PID" 2>/dev/null
}

lane_native_run()
{
	local path start end status

	[[ -e /dev/kvm ]] || lane_die "$LANE_UNAVAILABLE" "/dev/kvm is missing: load kvm_intel or kvm_amd"
	[[ -r /dev/kvm && -w /dev/kvm ]] ||
		lane_die "$LANE_UNAVAILABLE" "no permission for /dev/kvm: join the group kvm"
	mkdir -p "$LANE_DIR/files"
	for path in "${LANE_FILES[@]}"; do
		ln -s "$(realpath -s "$path")" "$LANE_DIR/files/"
	done
	export VMM_BIN=$LANE_BIN VMM_FILES=$LANE_DIR/files VMM_LANE=native
	export PATH=$VMM_BIN:$VMM_FILES:$PATH
	cd "$LANE_BIN" || return "$LANE_BROKEN"
	# SECONDS may be a tick late: a command killed in time would seem to have had less.
	read -r start _ </proc/uptime
	# A signal that comes before it is known to whom it has to be passed on is kept for that long.
	LANE_WATCHING=yes
	timeout -s KILL "$LANE_TIMEOUT" "${LANE_COMMAND[@]}" </dev/null &
	LANE_PID=$! LANE_WATCHING=''
	if [[ -n $LANE_SIGNAL ]]; then
		lane_native_signal "$LANE_SIGNAL"
		return $((128 + LANE_SIGNAL))
	fi
	{ wait "$LANE_PID"; } 2>/dev/null
	status=$?
	read -r end _ </proc/uptime
	lane_status "$status" $((${end%.*} - ${start%.*}))
}
