# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# Messages, exit statuses and required programs of scripts/lane.

readonly LANE_USAGE=2       # wrong use
readonly LANE_UNAVAILABLE=4 # the lane is not to be had here: tests skip
readonly LANE_BROKEN=70     # the lane gave no verdict: never a pass
readonly LANE_TIMED_OUT=124 # the command ran longer than --timeout

lane_note()
{
	printf 'lane: %s\n' "$*" >&2
}

lane_die()
{
	local status=$1

	shift
	lane_note "$*"
	exit "$status"
}

lane_cache()
{
	if [[ -z ${VMM_CACHE:-} && -z ${HOME:-} ]]; then
		lane_die "$LANE_UNAVAILABLE" "neither VMM_CACHE nor HOME is set: no place for the cache"
	fi
	printf '%s/lanes\n' "${VMM_CACHE:-$HOME/.cache/vmm}"
}

# lane_missing PROGRAM:PACKAGE...: prints the packages of those programs (or, where the name holds a
# slash, files) that are not there.
lane_missing()
{
	local pair

	for pair in "$@"; do
		if [[ $pair == /* ]]; then
			[[ -e ${pair%:*} ]] || printf '%s\n' "${pair#*:}"
		else
			command -v "${pair%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
		fi
	done | sort -u
}

# lane_require PROGRAM:PACKAGE...: installs what is missing when that is possible, else gives up.
lane_require()
{
	local -a missing
	local log

	mapfile -t missing < <(lane_missing "$@")
	((${#missing[@]})) || return 0
	if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
		lane_die "$LANE_UNAVAILABLE" "packages are missing: apt-get install ${missing[*]}"
	fi
	lane_note "installing ${missing[*]}"
	log=$(lane_apt_install "${missing[@]}" 2>&1) ||
		lane_die "$LANE_UNAVAILABLE" "apt-get install ${missing[*]} failed: ${log##*$'\n'}"
	mapfile -t missing < <(lane_missing "$@")
	((${#missing[@]} == 0)) ||
		lane_die "$LANE_UNAVAILABLE" "the programs of ${missing[*]} are not in PATH ($PATH)"
}

lane_apt_install()
{
	local -a install=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y
		-o DPkg::Lock::Timeout=300 install --no-install-recommends)

	"${install[@]}" "$@" </dev/null ||
		{ apt-get -qq update && "${install[@]}" "$@" </dev/null; }
}
