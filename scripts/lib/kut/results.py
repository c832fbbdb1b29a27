# SPDX-License-Identifier: BSD-2-Clause
"""What the runs said: cases of a guest's output, its end, and how modes compare."""

import dataclasses
import re

CASE = re.compile(r"^(PASS|FAIL|SKIP|XPASS|XFAIL|KFAIL): (.*)$")
# vmexit prints a measurement's time, and before it a digit for each interrupt that came late.
MEASURED = re.compile(r"^([0-9]*)([a-z][a-z0-9_-]*) (?:-?[0-9]+|\((skipped)\))$")
COUNTS_AS = {"PASS": "PASS", "FAIL": "FAIL", "SKIP": "SKIP", "XPASS": "FAIL", "XFAIL": "PASS",
             "KFAIL": "PASS"}
END = "(end)"

# Exit statuses of vmm; an odd one is (exit code << 1) | 1.
ENDS = {1: "PASS", 77: "SKIP"}  # the guest writes 77 >> 1
REASONS = {0: "power-off", 2: "vmm refused the image or an option", 4: "KVM is missing",
           32: "reset", 38: "triple fault", 70: "internal error of vmm", 72: "KVM error",
           124: "time-out", 137: "vmm hung and was killed", 139: "vmm crashed"}


@dataclasses.dataclass
class Run:
    test: str
    mode: str
    status: int = -1  # of vmm; -1: it did not run
    seconds: int = 0
    skipped: str = ""  # why it did not run
    output: list = dataclasses.field(default_factory=list)
    log: list = dataclasses.field(default_factory=list)
    cases: dict = dataclasses.field(default_factory=dict)  # name: PASS, FAIL or SKIP

    def end(self):
        if self.skipped:
            return "SKIP"
        return ENDS.get(self.status, "FAIL")

    def reason(self):
        """In words, how the guest ended."""
        if self.skipped:
            return self.skipped
        if self.status in REASONS:
            return REASONS[self.status]
        if self.status & 1:
            return f"exit code {self.status >> 1}"
        return f"status {self.status}"

    def count(self, result):
        return sum(1 for case, value in self.cases.items() if value == result and case != END)

    def add_case(self, name, result):
        """Numbers in a name may be measurements, so cases are told apart by their order."""
        plain = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]*[0-9][0-9a-f]*\b", "#", name)
        nth = 1
        while f"{plain} /{nth}" in self.cases:
            nth += 1
        self.cases[f"{plain} /{nth}"] = result

    def finish(self, status, seconds):
        self.status, self.seconds = status, seconds
        for line in self.output:
            case = CASE.match(line)
            measured = MEASURED.match(line) if self.test.startswith("vmexit") else None
            if case:
                self.add_case(case[2], COUNTS_AS[case[1]])
            elif measured:
                result = "SKIP" if measured[3] else "FAIL" if measured[1] else "PASS"
                self.add_case(measured[2], result)
        self.cases[END] = self.end()


class Incomplete(Exception):
    """The output ends before the plan did."""


class Reader:
    """Takes the lines of run.sh one by one; runs is what they tell, in the order of the plan."""

    def __init__(self, token):
        self.token = token
        self.runs = []
        self.complete = False
        self.sink = None

    def feed(self, line):
        """Returns the run that this line ends, if any."""
        if not line.startswith(self.token + " "):
            if self.sink is not None:
                self.sink.append(line)
            return None
        word, *rest = line[len(self.token) + 1:].split(" ", 3)
        if word == "start":  # again, when a lane has stalled
            self.runs = []
            self.sink = None
        elif word == "begin":
            self.runs.append(Run(rest[0], rest[1]))
            self.sink = self.runs[-1].output
        elif word == "log":
            self.sink = self.runs[-1].log
        elif word == "end":
            self.runs[-1].finish(int(rest[0]), int(rest[1]))
            self.sink = None
            return self.runs[-1]
        elif word == "skip":
            self.runs.append(Run(rest[0], rest[1], skipped=rest[2]))
        elif word == "done":
            self.complete = True
        return None

    def check(self):
        """Raises Incomplete, unless all of the plan was seen."""
        if not self.complete:
            last = self.runs[-1] if self.runs else None
            raise Incomplete(f"the last run that was seen is {last.test}, {last.mode}" if last
                             else "no run was seen")


def readable(case):
    """The case's name; which one of several of the same name, unless it is the first."""
    return case.removesuffix(" /1")


def compare(run, reference):
    """(kind, case, here, there): worse, better and other differences from the reference."""
    if run.skipped or reference.skipped:
        return
    for case in list(reference.cases) + [c for c in run.cases if c not in reference.cases]:
        here = run.cases.get(case, "missing")
        there = reference.cases.get(case, "missing")
        if here == there:
            continue
        if there == "PASS" and here in ("FAIL", "missing"):
            kind = "worse"
        elif here == "PASS" and there in ("FAIL", "missing"):
            kind = "better"
        else:
            kind = "other"
        yield kind, readable(case), here, there
