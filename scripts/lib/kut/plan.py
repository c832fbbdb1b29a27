# SPDX-License-Identifier: BSD-2-Clause
"""Which tests of a folder run, on which machines, as a script for run.sh."""

import pathlib
import shlex

from . import config, machine

MULTIBOOT_MAGIC = (0x1BADB002).to_bytes(4, "little")
HEADER_SEARCH = 8192

# The one command that unittests.cfg has: run beside the guest, whose host has a clock of its own.
DATE = "`date +%s`"
SHELL_DATE = """'"$(date +%s)"'"""

MODES = {
    "user/auto": ["--lapic", "user", "--irqchip", "auto"],
    "user/split": ["--lapic", "user", "--irqchip", "split"],
    "user/none": ["--lapic", "user", "--irqchip", "none"],
    "kernel": ["--lapic", "kernel"],
}

# Shapes of images that unittests.cfg does not have: more CPUs, every measurement of vmexit.
# tscdeadline_latency goes on firing while it prints: a period that leaves time for that.
EXTRA = (
    config.Test("smptest8", "smptest.flat", cpus=8),
    config.Test("vmexit_all", "vmexit.flat", timeout=240),
    config.Test("tscdeadline_latency", "tscdeadline_latency.flat", args="20000000 500"),
    config.Test("hpet_read_test", "hpet_read_test.flat", cpus=2),
    config.Test("xapic_no_deadline", "apic.flat", cpus=2, timeout=60,
                params="-cpu qemu64,-x2apic,-tsc-deadline"),
)


# What an image needs without asking for it in qemu_params.
NEEDS = {
    "hpet_read_test.flat": "an HPET",
    "s3.flat": "suspend to RAM (ACPI S3)",
}
# What it needs of vmm, which --lapic kernel may not have.
OPTIONS = {"init.flat": ["--on-reset", "restart"]}
NOT_WITH_KERNEL = {"init.flat": "an INIT of the first CPU with --lapic kernel"}


def find_folder(named):
    """DIR or DIR/x86: the one with unittests.cfg."""
    for folder in (named, named / "x86"):
        if (folder / "unittests.cfg").is_file():
            return folder
    if not named.is_dir():
        raise config.ConfigError(f"{named}: no such folder")
    raise config.ConfigError(f"{named}: no unittests.cfg, neither there nor in its folder x86")


def load(folder):
    """The tests of unittests.cfg, and what else can be made of the folder's images."""
    path = folder / "unittests.cfg"
    try:
        tests = config.parse(path.read_text(encoding="utf-8", errors="replace"))
    except config.ConfigError as error:
        raise config.ConfigError(f"{path}: {error}") from None
    images = {path.name for path in folder.glob("*.flat")}
    if not images:
        raise config.ConfigError(f"{folder}: no images (*.flat); has it been built?")
    names = {test.name for test in tests}
    tests += [test for test in EXTRA if test.image in images and test.name not in names]
    known = {test.image for test in tests}
    tests += [config.Test(image.removesuffix(".flat"), image) for image in sorted(images - known)]
    return tests


def select(tests, only, group, everything):
    """Tests that are named run even where unittests.cfg says "nodefault"."""
    unknown = set(only) - {test.name for test in tests}
    if unknown:
        raise config.ConfigError(f"--only: there is no test {', '.join(sorted(unknown))}")
    if group:
        tests = [test for test in tests if group in test.groups.split()]
        if not tests:
            raise config.ConfigError(f"--group: no test is in {group}")
    if only:
        return [test for test in tests if test.name in only]
    if everything or group:
        return tests
    return [test for test in tests if "nodefault" not in test.groups.split()]


def check_images(folder, tests):
    """Names the images that are no multiboot images."""
    for name in sorted({test.image for test in tests}):
        path = folder / name
        if path.is_file() and MULTIBOOT_MAGIC not in path.read_bytes()[:HEADER_SEARCH]:
            raise config.ConfigError(f"{path}: not a multiboot image")


def why_not(folder, test):
    """Why a test cannot run anywhere, or ''."""
    if test.arch not in ("", "x86_64"):
        return f"for {test.arch} only"
    if test.machine:
        return f"for the machine {test.machine} only"
    if test.accel not in ("", "kvm"):
        return f"for {test.accel} only"
    if test.disabled_if:
        return f"disabled_if = {test.disabled_if} is for the shell"
    if "`" in test.args.replace(DATE, ""):
        return "its test_args need a shell"
    if not (folder / test.image).is_file():
        return f"there is no image {test.image}"
    return ""


def command(test, mode, factor, environ):
    """One line of run.sh's plan."""
    if test.image in NEEDS:
        raise machine.NotOffered(NEEDS[test.image])
    if mode == "kernel" and test.image in NOT_WITH_KERNEL:
        raise machine.NotOffered(NOT_WITH_KERNEL[test.image])
    wanted = machine.translate(test.params)
    seconds = test.timeout * factor
    words = ["one", test.name, mode, test.check, str(seconds)]
    words += MODES[mode] + ["--cpus", str(test.cpus)] + wanted.options
    words += OPTIONS.get(test.image, [])
    if test.args:
        words += ["--cmdline", test.args]
    if environ:
        words += ["--initrd", "environ"]
    line = shlex.join(words + [f"images/{test.image}"])
    return line.replace(DATE, SHELL_DATE), seconds


def write(folder, tests, modes, factor, environ, target):
    """Fill the folder target with images and plan. Returns the longest time that all may take."""
    total = 0
    lines = []
    (target / "images").mkdir()
    for test in tests:
        reason = why_not(folder, test)
        for mode in modes:
            try:
                if reason:
                    raise machine.NotOffered(reason)
                line, seconds = command(test, mode, factor, environ)
                total += seconds + 20
            except machine.NotOffered as error:
                lines.append(shlex.join(["left_out", test.name, mode, f"vmm does not offer {error}"
                                         if not reason else reason]))
                continue
            lines.append(line)
            link = target / "images" / test.image
            if not link.exists():
                link.symlink_to(pathlib.Path(folder / test.image).resolve())
    (target / "plan").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return total
