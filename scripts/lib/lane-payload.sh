# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# What a run adds to the base initramfs: the programs, their libraries, further files, the command.

# lane_quote WORD...: the words as one line of shell.
lane_quote()
{
	local word

	for word in "$@"; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
}

# lane_copy_libraries ROOT DIR...: copies the shared libraries of every program below DIR to the
# same places under ROOT.
lane_copy_libraries()
{
	local root=$1 library

	shift
	# Guests and scripts are no programs of this machine: ldd's complaints about them are expected.
	find "$@" -type f -perm /111 -exec ldd {} + 2>/dev/null |
		sed -n 's,^[^/:]*\(/[^ :]*\) (0x[0-9a-f]*)$,\1,p' | sort -u |
		while read -r library; do
			install -D -m 755 "$library" "$root$library" || return
		done
}

# lane_payload OUTPUT SCRATCH: writes base and payload as one initramfs.
lane_payload()
{
	local output=$1 root=$2/root path

	mkdir -p "$root/vmm/bin" "$root/files" "$root/lane" || return
	cp -rL --preserve=mode "$LANE_BIN/." "$root/vmm/bin" || return
	for path in "${LANE_FILES[@]}"; do
		cp -rL --preserve=mode "$path" "$root/files/" || return
	done
	lane_copy_libraries "$root" "$root/vmm/bin" "$root/files" || return
	printf 'exec %s\n' "$(lane_quote "${LANE_COMMAND[@]}")" >"$root/lane/command"
	{
		echo 'export VMM_BIN=/vmm/bin VMM_FILES=/files PATH=/vmm/bin:/files:/bin'
		echo "export VMM_LANE=$LANE_NAME"
		echo "LANE_TIMEOUT=$LANE_TIMEOUT"
	} >"$root/lane/settings"
	{ cat "$LANE_BASE" && lane_archive "$root"; } >"$output" || return
	rm -rf "$root"
}
