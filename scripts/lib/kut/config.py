# SPDX-License-Identifier: BSD-2-Clause
"""unittests.cfg: which image a test is, and what machine and words it wants."""

import dataclasses
import re

DEFAULT_TIMEOUT = 90

QUOTES = '"""'

KEYS = {"file": "image", "test_args": "args", "qemu_params": "params", "extra_params": "params"}


class ConfigError(Exception):
    """The folder or its unittests.cfg cannot be used; the text says why."""


@dataclasses.dataclass
class Test:
    name: str
    image: str = ""
    cpus: int = 1
    args: str = ""
    params: str = ""
    groups: str = ""
    arch: str = ""
    machine: str = ""
    check: str = ""
    accel: str = ""
    disabled_if: str = ""
    timeout: int = DEFAULT_TIMEOUT


def number(name, key, value):
    """Of "2", "90s"; counts that the shell would have to work out are not known here."""
    match = re.fullmatch(r"([0-9]{1,6})s?", value)
    if not match:
        raise ConfigError(f"[{name}]: {key} = {value}: not a number")
    return int(match[1])


def unquote(value):
    """The quotes are the shell's."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return value


def set_key(test, key, value):
    if key == "smp":
        test.cpus = number(test.name, key, value)
    elif key == "timeout":
        test.timeout = number(test.name, key, value)
    elif hasattr(test, KEYS.get(key, key)) and key not in ("name", "image", "cpus", "args"):
        setattr(test, KEYS.get(key, key), unquote(value))
    else:
        raise ConfigError(f"[{test.name}]: unknown key {key}")


def continued(line, lines):
    """A value in three double quotes, which may span several lines, as one."""
    parts = [line.replace(QUOTES, "", 1)]
    while QUOTES not in parts[-1]:
        try:
            parts.append(next(lines).strip())
        except StopIteration:
            raise ConfigError(f"{QUOTES} is never closed: {line}") from None
    parts[-1] = parts[-1].replace(QUOTES, "")
    return " ".join(part.removesuffix("\\").strip() for part in parts)


def logical_lines(text):
    """Lines without comments and continuations."""
    lines = iter(text.splitlines())
    for line in lines:
        line = line.strip()
        if line and not line.startswith("#"):
            yield continued(line, lines) if QUOTES in line else line


def parse(text):
    """The tests, in the order of the file."""
    tests = []
    for line in logical_lines(text):
        section = re.fullmatch(r"\[([^]\s]+)\]", line)
        setting = re.fullmatch(r"([a-z_]+)\s*=\s*(.*)", line)
        if section:
            if any(test.name == section[1] for test in tests):
                raise ConfigError(f"[{section[1]}] is there twice")
            tests.append(Test(section[1]))
        elif setting and tests:
            set_key(tests[-1], setting[1], setting[2])
        else:
            raise ConfigError(f"neither [test] nor key = value: {line}")
    for test in tests:
        if not test.image:
            raise ConfigError(f"[{test.name}] has no file")
    return tests
