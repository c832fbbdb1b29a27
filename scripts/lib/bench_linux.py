# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench --linux: Debian's kernel under vmm and under QEMU; docs/performance.md explains it."""

import pathlib
import statistics
import subprocess
import sys
import tempfile

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent

# Our rows, and what each may take to its init in boots of QEMU's microvm.
OURS = {"user-split": 1.15, "user-none": 1.15, "kernel": 1.0}
BOOT_REFERENCE = "qemu-microvm"
DISK_REFERENCES = ("qemu-microvm", "qemu-pc")
DISK_LIMIT = 1.2
MEMORY_LIMIT_KIB = 8192

# What of the installed QEMU goes beside the guest.
QEMU_FILES = ("/usr/bin/qemu-system-x86_64", "/usr/share/qemu/bios-microvm.bin",
              "/usr/share/qemu/linuxboot_dma.bin", "/usr/share/qemu/kvmvapic.bin",
              "/usr/share/qemu/pvh.bin", "/usr/share/seabios/bios-256k.bin")

# KVM's counters that are exits, or what they are for; the rest of "exits" is WRMSR, CPUID and the like.
REASONS = ("exits", "io_exits", "mmio_exits", "halt_exits", "irq_exits", "request_irq_exits",
           "irq_window_exits", "signal_exits", "pf_taken", "irq_injections", "insn_emulation")

UNAVAILABLE = 4  # as scripts/lane has it


def why_not(lane):
    """Why the guests cannot run in that lane, or None."""
    if lane == "intel":
        return "--linux boots kernels for minutes on end, and the intel lane is too slow for that"
    if lane == "native" and pathlib.Path("/sys/module/kvm_pvm").exists():
        return "this machine's KVM (kvm_pvm) emulates guests' kernels and runs no user space"
    return None


def lane_command(args, links):
    """The lane's command; what it has to copy is linked under short names in the folder links."""
    guest = subprocess.run([SCRIPTS / "linux", "--kernel", args.kernel], stdout=subprocess.PIPE,
                           text=True, check=False).stdout.split()
    if len(guest) != 2:
        sys.exit(UNAVAILABLE)
    (links / "qemu").mkdir()
    for file in QEMU_FILES:
        if not pathlib.Path(file).exists():
            print(f"bench: {file} is missing: apt-get install qemu-system-x86", file=sys.stderr)
            sys.exit(UNAVAILABLE)
        (links / "qemu" / pathlib.Path(file).name).symlink_to(file)
    command = [SCRIPTS / "lane", args.lane, "--timeout", str(args.timeout),
               "--file", SCRIPTS / "lib" / "bench-linux"]
    if args.lane != "native":
        command += ["--smp", "1", "--kernel", args.kernel]
    if args.build:
        command += ["--build", args.build]
    (links / "vmlinuz").symlink_to(guest[0])
    (links / "initrd").symlink_to(guest[1])
    for name in ("vmlinuz", "initrd", "qemu"):
        command += ["--file", links / name]
    return command + ["--", "bench-linux", str(args.repeat), str(args.cpus)]


def parse(text):
    """{kind: {name: [one {field: value} for each line]}}; a line without fields has {"result": word}."""
    lines = {kind: {} for kind in ("boot", "exits", "ours", "disk", "disk-exits")}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, rest = rest.partition(" ")
        if kind in lines and rest:
            fields = dict(word.split("=", 1) for word in rest.split() if "=" in word)
            lines[kind].setdefault(name, []).append(fields or {"result": rest})
    return lines


def numbers(runs, field):
    return [int(run[field]) for run in runs if field in run]


def result(runs):
    """How often it hung or failed, if it did."""
    words = [run["result"] for run in runs if "result" in run]
    if not words:
        return None
    return f"{words[0]}" + (f" ({len(words)} of {len(runs)})" if len(words) < len(runs) else "")


def ratio(values, reference):
    """(median of the quotients round by round, quotient of the fastest); None without a reference."""
    pairs = [(a, b) for a, b in zip(values, reference) if b]
    if not pairs:
        return None
    fastest = min(values) / min(b for b in reference if b)
    return statistics.median(a / b for a, b in pairs), fastest


def print_boots(boots):
    reference = numbers(boots.get(BOOT_REFERENCE, []), "ms")
    print(f"{'to the first line of init':26} {'ms min':>8} {'ms med.':>8} {'/microvm':>9}"
          f" {'fastest':>8} {'KiB':>7}")
    for name, runs in boots.items():
        if result(runs):
            print(f"{name:26} {result(runs)}")
            continue
        times = numbers(runs, "ms")
        quotients = ratio(times, reference)
        quotients = f"{quotients[0]:9.2f} {quotients[1]:8.2f}" if quotients else f"{'-':>9} {'-':>8}"
        print(f"{name:26} {min(times):8} {statistics.median(times):8.0f} {quotients}"
              f" {statistics.median(numbers(runs, 'kib')):7.0f}")


def print_exits(title, rows):
    if not rows:
        return
    print(f"\n{title}")
    used = [reason for reason in REASONS if any(reason in run for runs in rows.values()
                                                for run in runs)]
    width = {reason: max(len(reason), 7) for reason in used}
    print(f"{'':18}" + "".join(f" {reason:>{width[reason]}}" for reason in used))
    for name, runs in rows.items():
        cells = (statistics.median([int(run.get(reason, 0)) for run in runs]) for reason in used)
        print(f"{name:18}" + "".join(f" {cell:{width[reason]}.0f}"
                                     for reason, cell in zip(used, cells)))


def read_times(runs):
    """{size: hundredths of a second of each reading}"""
    sizes = {}
    for run in runs:
        if "bs" in run:
            sizes.setdefault(run["bs"], []).append(int(run["cs"]))
    return sizes


def print_disk(disks):
    print(f"\n{'disk reads':18} {'size':>5} {'ms min':>8} {'ms med.':>8}"
          + "".join(f" {'/' + name:>14}" for name in DISK_REFERENCES))
    for name, runs in disks.items():
        if result(runs):
            print(f"{name:18} {result(runs)}")
            continue
        for size, times in read_times(runs).items():
            line = (f"{name:18} {size:>5} {min(times) * 10:8}"
                    f" {statistics.median(times) * 10:8.0f}")
            for reference in DISK_REFERENCES:
                quotients = ratio(times, read_times(disks.get(reference, [])).get(size, []))
                line += f" {quotients[0]:14.2f}" if quotients else f" {'-':>14}"
            print(line)


def judge(what, quotients, limit):
    if quotients is None:
        print(f"  {what}: aim {limit:g}: no verdict, there is nothing to compare with")
        return
    value, fastest = quotients
    verdict = "missed"
    if value <= limit:
        verdict = "met"
    elif fastest <= limit:
        verdict = "met by the fastest only"
    print(f"  {what}: {value:.2f} ({fastest:.2f}), aim {limit:g}: {verdict}")


def print_aims(lines):
    print("\naims (in brackets: the fastest by the fastest)")
    boots, disks = lines["boot"], lines["disk"]
    for name, limit in OURS.items():
        if result(boots.get(name, [{"result": "failed"}])):
            continue
        times = numbers(boots[name], "ms")
        judge(f"{name} boot, in {BOOT_REFERENCE}'s",
              ratio(times, numbers(boots.get(BOOT_REFERENCE, []), "ms")), limit)
        memory = max(numbers(boots[name], "kib"))
        print(f"  {name} memory: {memory} KiB, aim {MEMORY_LIMIT_KIB}:"
              f" {'met' if memory < MEMORY_LIMIT_KIB else 'missed'}")
        for size, times in read_times(disks.get(name, [])).items():
            for reference in DISK_REFERENCES:
                judge(f"{name} disk reads of {size}, in {reference}'s",
                      ratio(times, read_times(disks.get(reference, [])).get(size, [])), DISK_LIMIT)


def failures(lines):
    """Our rows that did not get through."""
    for kind in ("boot", "disk"):
        for name in OURS:
            found = result(lines[kind].get(name, [{"result": "is missing"}]))
            if found:
                yield f"{kind} {name} {found}"


def report(text):
    """Prints all tables and verdicts; true if our rows are all there."""
    lines = parse(text)
    print_boots(lines["boot"])
    print_exits("exits until then, by KVM's counters, median", lines["exits"])
    for name, runs in lines["ours"].items():
        print(f"vmm's own counters, {name}: "
              + " ".join(f"{key}={value}" for key, value in runs[-1].items()))
    print_disk(lines["disk"])
    print_exits("exits of these reads together, by KVM's counters, median", lines["disk-exits"])
    print_aims(lines)
    failed = list(failures(lines))
    for line in failed:
        print(f"bench: {line}", file=sys.stderr)
    return not failed


def measure(args):
    """What bench-linux writes in the lane, and the lane's status."""
    with tempfile.TemporaryDirectory() as links:
        done = subprocess.run(lane_command(args, pathlib.Path(links)), stdout=subprocess.PIPE,
                              text=True, check=False)
    if args.raw:
        pathlib.Path(args.raw).write_text(done.stdout, encoding="utf-8")
    return done.stdout, done.returncode


def run(args):
    if args.of:
        return 0 if report(pathlib.Path(args.of).read_text(encoding="utf-8")) else 1
    args.lane = args.lane or "amd"
    reason = why_not(args.lane)
    if reason:
        print(f"bench: {reason}; use --lane amd", file=sys.stderr)
        return UNAVAILABLE
    text, status = measure(args)
    complete = report(text)
    return status or (0 if complete else 1)
