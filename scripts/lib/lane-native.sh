# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# The native lane: this machine's own /dev/kvm, and the environment that the other lanes give.

readonly LANE_NATIVE_TOOLS=(timeout:coreutils)

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
	# SECONDS may be a tick behind: a command that was killed in time would seem to have had less.
	read -r start _ </proc/uptime
	timeout -s KILL "$LANE_TIMEOUT" "${LANE_COMMAND[@]}" </dev/null &
	LANE_PID=$!
	{ wait "$LANE_PID"; } 2>/dev/null
	status=$?
	read -r end _ </proc/uptime
	lane_status "$status" $((${end%.*} - ${start%.*}))
}
