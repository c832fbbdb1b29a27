# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# Runs an emulated host: passes the command's output on, watches the heartbeat, finds the verdict.

# lane_stop_host DIR: ends the emulator and lets the relay of its output finish.
lane_stop_host()
{
	local tries

	if [[ -n ${LANE_PID:-} ]]; then
		kill -TERM "$LANE_PID" 2>/dev/null
		for ((tries = 0; tries < 20; tries++)); do
			kill -0 "$LANE_PID" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$LANE_PID" 2>/dev/null
		wait "$LANE_PID" 2>/dev/null
		LANE_PID=
	fi
	"lane_${LANE_NAME}_stop"
	if [[ -n ${LANE_RELAY:-} ]]; then
		exec {LANE_OUT_FD}>&-
		wait "$LANE_RELAY"
		LANE_RELAY=
	fi
}

# lane_control_line LINE: acts on one line of the control channel (listed in lane-init).
lane_control_line()
{
	local -a word

	case $1 in
	B) LANE_BEAT=$SECONDS ;;
	R) LANE_BEAT=$SECONDS LANE_READY=$SECONDS ;;
	'E '*) printf '%s\n' "${1#E }" >&2 ;;
	'V '*)
		read -ra word <<<"$1"
		LANE_VERDICT=${word[1]} LANE_ELAPSED=${word[2]}
		;;
	'X '*) LANE_FAILURE=${1#X } ;;
	?*) printf '%s\n' "$1" >>"$LANE_DIR/console.log" ;;
	esac
}

# lane_late: whether the host has been silent, or busy, for longer than the lane allows.
lane_late()
{
	if ((LANE_READY < 0)); then
		((SECONDS - LANE_BEAT > LANE_BOOT_LIMIT)) || return
		LANE_STALL="the host did not come up within $LANE_BOOT_LIMIT s"
	elif ((SECONDS - LANE_BEAT > LANE_BEAT_LIMIT)); then
		LANE_STALL="the host's heartbeat stopped $((SECONDS - LANE_BEAT)) s ago"
	elif ((SECONDS - LANE_READY > LANE_TIMEOUT * LANE_SLOWNESS + LANE_BOOT_LIMIT)); then
		LANE_FAILURE="no verdict $((SECONDS - LANE_READY)) s after the command started"
	else
		return 1
	fi
}

# lane_watch: follows the control channel until there is a verdict, a stall or a failure.
lane_watch()
{
	local line part='' ended=0 LANE_WATCHING=yes

	while [[ -z $LANE_VERDICT$LANE_FAILURE$LANE_STALL$LANE_SIGNAL ]]; do
		if IFS= read -r -t 1 line <&"$LANE_CONTROL_FD"; then
			lane_control_line "$part$line"
			part=
			continue
		fi
		part+=$line
		# What an emulator wrote before it ended is still read: hence the second look.
		((!ended)) || LANE_FAILURE="$LANE_EMULATOR ended without a verdict"
		kill -0 "$LANE_PID" 2>/dev/null || ended=1
		lane_late && return
	done
}

# lane_attempt: one run of the host in a folder of its own.
lane_attempt()
{
	LANE_VERDICT='' LANE_FAILURE='' LANE_STALL=''
	LANE_READY=-1 LANE_BEAT=$SECONDS
	rm -f "$LANE_DIR"/{out,control,console.log}
	mkfifo "$LANE_DIR/out" "$LANE_DIR/control"
	cat <"$LANE_DIR/out" &
	LANE_RELAY=$!
	# Opened here too, so that the relay outlives a host that never opens it.
	exec {LANE_OUT_FD}>"$LANE_DIR/out" {LANE_CONTROL_FD}<>"$LANE_DIR/control"
	"lane_${LANE_NAME}_start" "$LANE_DIR"
	lane_watch
	[[ -z $LANE_SIGNAL ]] || exit $((128 + LANE_SIGNAL))
	# A host that gave its verdict powers off by itself once its output has left the ports.
	[[ -z $LANE_VERDICT ]] || lane_await_end
	lane_stop_host
	exec {LANE_CONTROL_FD}<&-
}

lane_await_end()
{
	local end=$((SECONDS + LANE_BEAT_LIMIT))

	while ((SECONDS < end)) && kill -0 "$LANE_PID" 2>/dev/null; do
		sleep 0.05
	done
}

lane_show_logs()
{
	local log

	for log in console.log emulator.log; do
		[[ ! -s $LANE_DIR/$log ]] || tail -n 12 "$LANE_DIR/$log" | sed 's/^/lane: | /' >&2
	done
}

# lane_run: the attempts; returns the status of scripts/lane.
lane_run()
{
	local attempt

	for attempt in 1 2 3; do
		lane_attempt
		[[ -n $LANE_STALL ]] || break
		lane_note "$LANE_STALL (attempt $attempt of 3)"
	done
	if [[ -z $LANE_VERDICT ]]; then
		lane_note "error: ${LANE_FAILURE:-$LANE_STALL}; the command has no result"
		lane_show_logs
		return "$LANE_BROKEN"
	fi
	lane_status "$LANE_VERDICT" "$LANE_ELAPSED"
}

# lane_status STATUS SECONDS: timeout reports its SIGKILL as 137, like any other SIGKILL.
lane_status()
{
	if (($1 == 137 && $2 >= LANE_TIMEOUT)); then
		lane_note "the command was killed after $LANE_TIMEOUT s"
		return "$LANE_TIMED_OUT"
	fi
	return "$1"
}
