# SPDX-License-Identifier: BSD-2-Clause
"""What qemu_params ask for, in the options of vmm; what vmm does not offer is a reason to skip."""

import dataclasses
import shlex

# Models that are "the host's CPU, more or less": a test that needs a feature asks for it.
CPU_MODELS = ("host", "max", "qemu64", "kvm64")
NESTED = ("svm", "vmx")
VENDORS = {"GenuineIntel": "intel", "AuthenticAMD": "amd"}  # --cpu-vendor


class NotOffered(Exception):
    """A feature that vmm does not have; the text names it."""


@dataclasses.dataclass
class Machine:
    options: list = dataclasses.field(default_factory=list)


def cpu_property(machine, key, value):
    if key == "vendor" and value in VENDORS:
        machine.options += ["--cpu-vendor", VENDORS[value]]
    elif key.startswith("hv_") or key.startswith("hv-"):
        raise NotOffered("Hyper-V enlightenments")
    elif (key, value) not in (("host-phys-bits", "on"), ("migratable", "no")):
        raise NotOffered(f"the CPU property {key}={value}")


def cpu_feature(machine, sign, feature):
    """What is added is either there, passed on from the host, or the test finds that it is not."""
    hidden = {"x2apic": "--x2apic", "tsc-deadline": "--tsc-deadline"}
    if feature in NESTED and sign == "+":
        raise NotOffered(f"nested virtualization (+{feature})")
    if sign == "-" and feature in hidden:
        machine.options += [hidden[feature], "off"]
    elif sign == "-":
        raise NotOffered(f"a CPU without {feature}")


def cpu(machine, value):
    model, *properties = value.split(",")
    if model not in CPU_MODELS:
        raise NotOffered(f"the CPU model {model}")
    for item in properties:
        if item[:1] in "+-":
            cpu_feature(machine, item[0], item[1:])
        else:
            key, _, setting = item.partition("=")
            cpu_property(machine, key, setting or "on")


def board(_machine, value):
    for item in value.split(","):
        if item != "pit=off":
            raise NotOffered(f"the machine property {item}")


def memory(machine, value):
    machine.options += ["--memory", value.upper()]


def device(_machine, value):
    raise NotOffered(f"the device {value.split(',')[0]}")


TAKES_VALUE = {"-cpu": cpu, "-machine": board, "-M": board, "-m": memory, "-device": device}
# What the runner of kvm-unit-tests adds to every test, or what is so anyhow.
MEANINGLESS = ("-enable-kvm",)


def translate(params):
    """A Machine for qemu_params, or NotOffered."""
    machine = Machine()
    words = iter(shlex.split(params))
    for word in words:
        if word in MEANINGLESS:
            continue
        value = next(words, "")
        if word not in TAKES_VALUE:
            raise NotOffered(f"the QEMU option {word} {value}".rstrip())
        TAKES_VALUE[word](machine, value)
    return machine
