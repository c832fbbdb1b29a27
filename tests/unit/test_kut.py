#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The parts of scripts/kvm-unit-tests that need no KVM: unittests.cfg, options, comparison."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib"))

from kut import config, machine, plan, report, results  # noqa: E402 # the path is set first

TOKEN = "@0123"


def read(*lines):
    reader = results.Reader(TOKEN)
    for line in lines:
        reader.feed(line.replace("@ ", TOKEN + " "))
    return reader


def run_of(mode, status, *output):
    return read(f"@ begin t {mode}", *output, "@ log", f"@ end {status} 3").runs[0]


class Config(unittest.TestCase):
    def refused(self, text, why):
        with self.assertRaisesRegex(config.ConfigError, why):
            config.parse(text)

    def test_keys(self):
        test, = config.parse("# c\n[a-b]\nfile = x.flat\nsmp = 3\ntest_args = 'one two'\n"
                             'qemu_params = -cpu max\ntimeout = 90s\ngroups = g h\ncheck = /a=b\n')
        self.assertEqual((test.name, test.image, test.cpus, test.args), ("a-b", "x.flat", 3,
                                                                         "one two"))
        self.assertEqual((test.params, test.timeout, test.groups, test.check),
                         ("-cpu max", 90, "g h", "/a=b"))

    def test_defaults(self):
        test, = config.parse("[a]\nfile=x.flat\n")
        self.assertEqual((test.cpus, test.args, test.timeout), (1, "", 90))

    def test_three_quotes(self):
        first, second = config.parse('[a]\nfile = x\nqemu_params = """-m 1 \\\n  -M q35\n-cpu max"""\n'
                                     '[b]\nextra_params = """-m 2"""\nfile = y\n')
        self.assertEqual(first.params, "-m 1 -M q35 -cpu max")
        self.assertEqual((second.params, second.image), ("-m 2", "y"))

    def test_the_date_is_for_the_shell(self):
        test, = config.parse('[a]\nfile = x\ntest_args = "7 `date +%s` $x"\n')
        line, _ = plan.command(test, "kernel", 1, None)
        self.assertIn("""--cmdline '7 '"$(date +%s)"' $x' images/x""", line)

    def test_refused(self):
        self.refused("file = x\n", "neither")
        self.refused("[a]\nsmp = 2\n", "has no file")
        self.refused("[a]\nfile = x\n[a]\nfile = y\n", "twice")
        self.refused("[a]\nfile = x\nsmp = $MAX\n", "smp = .*not a number")
        self.refused("[a]\nfile = x\nname = y\n", "unknown key name")
        self.refused("[a]\nfile = x\nnonsense\n", "neither")
        self.refused('[a]\nfile = x\nqemu_params = """-m 1\n', "never closed")


class Machine(unittest.TestCase):
    def refused(self, params, why):
        with self.assertRaisesRegex(machine.NotOffered, why):
            machine.translate(params)

    def test_options(self):
        wanted = machine.translate("-cpu qemu64,-x2apic,+tsc-deadline -m 2g -machine pit=off "
                                   "-enable-kvm")
        self.assertEqual(wanted.options, ["--x2apic", "off", "--memory", "2G"])
        wanted = machine.translate("-cpu max,-tsc-deadline,host-phys-bits,migratable=no,+umip")
        self.assertEqual(wanted.options, ["--tsc-deadline", "off"])
        self.assertEqual(machine.translate("").options, [])

    def test_vendor(self):
        wanted = machine.translate("-cpu max,vendor=GenuineIntel")
        self.assertEqual(wanted.options, ["--cpu-vendor", "intel"])
        self.refused("-cpu max,vendor=Other", "vendor=Other")

    def test_what_is_not_offered_is_named(self):
        self.refused("-cpu max,+svm", r"nested virtualization \(\+svm\)")
        self.refused("-cpu qemu64,-pcid", "a CPU without pcid")
        self.refused("-cpu IvyBridge,phys-bits=36", "the CPU model IvyBridge")
        self.refused("-cpu max,phys-bits=36", "phys-bits=36")
        self.refused("-cpu host,hv_passthrough", "Hyper-V")
        self.refused("-M q35,accel=kvm", "the machine property q35")
        self.refused("-device edu,x=y", "the device edu$")
        self.refused("-overcommit cpu-pm=on", "the QEMU option -overcommit cpu-pm=on")
        self.refused("-device", "the device $")


class Results(unittest.TestCase):
    def test_cases(self):
        run = run_of("m", 3, "PASS: a", "FAIL: b", "SKIP: c", "XPASS: d", "XFAIL: e", "KFAIL: f",
                     " PASS: none", "a PASS: none")
        self.assertEqual(list(run.cases.values())[:-1],
                         ["PASS", "FAIL", "SKIP", "FAIL", "PASS", "PASS"])
        self.assertEqual((run.end(), run.reason(), run.seconds), ("FAIL", "exit code 1", 3))

    def test_ends(self):
        for status, end in ((1, "PASS"), (77, "SKIP"), (155, "FAIL"), (0, "FAIL"), (3, "FAIL"), (38, "FAIL"),
                            (124, "FAIL"), (137, "FAIL")):
            self.assertEqual(run_of("m", status).end(), end)

    def test_measurements_of_vmexit_are_cases(self):
        run = read("@ begin vmexit_x m", "cpuid 1234", "self_ipi -5", "tpr (skipped)", "PM 1",
                   "000late 7", "@ end 1 0").runs[0]
        self.assertEqual([run.count(result) for result in ("PASS", "SKIP", "FAIL")], [2, 1, 1])

    def test_only_the_token_ends_a_run(self):
        reader = read("@ start", "@ begin t m", "end 1 0", "@other end 1 0", "@ end 3 9", "@ done")
        self.assertEqual((len(reader.runs), reader.runs[0].status), (1, 3))
        reader.check()

    def test_a_repeated_lane_starts_again(self):
        reader = read("@ start", "@ begin t m", "FAIL: a", "@ start", "@ skip t m why not",
                      "@ done")
        self.assertEqual([run.skipped for run in reader.runs], ["why not"])

    def test_incomplete(self):
        with self.assertRaisesRegex(results.Incomplete, "no run"):
            read("@ start").check()
        with self.assertRaisesRegex(results.Incomplete, "is t, m"):
            read("@ start", "@ begin t m").check()


class Comparison(unittest.TestCase):
    def kinds(self, here, there):
        return {case: kind for kind, case, _, _ in results.compare(here, there)}

    def test_kinds(self):
        here = run_of("user", 1, "PASS: a", "FAIL: b", "PASS: c", "SKIP: d")
        there = run_of("kernel", 1, "PASS: a", "PASS: b", "FAIL: c", "PASS: d", "PASS: e")
        self.assertEqual(self.kinds(here, there),
                         {"b": "worse", "c": "better", "d": "other", "e": "worse"})

    def test_numbers_in_names_are_measurements(self):
        here = run_of("user", 1, "PASS: took 12 ms", "PASS: took 13 ms", "FAIL: at 0xfee")
        there = run_of("kernel", 1, "PASS: took 7 ms", "PASS: took 8 ms", "FAIL: at 0xbad")
        self.assertEqual(self.kinds(here, there), {})

    def test_an_end_is_a_case(self):
        self.assertEqual(self.kinds(run_of("user", 124), run_of("kernel", 1)), {"(end)": "worse"})
        self.assertEqual(self.kinds(run_of("user", 1), run_of("kernel", 38)), {"(end)": "better"})

    def test_what_did_not_run_is_not_compared(self):
        skipped = read("@ skip t user because").runs[0]
        self.assertEqual(self.kinds(skipped, run_of("kernel", 1)), {})

    def test_report(self):
        test = config.Test("t", "i.flat", cpus=2)
        runs = {("t", "user"): run_of("user", 3, "PASS: a", "FAIL: b"),
                ("t", "kernel"): run_of("kernel", 1, "PASS: a", "PASS: b")}
        text, worse, failed = report.text([test], ["user", "kernel"], runs, "kernel")
        self.assertIn("| t | i | 2 | 1 pass, 1 fail | 2 pass |", text)
        self.assertIn("* t, user: b: FAIL, kernel: PASS", text)
        self.assertEqual((worse, failed), (2, 1))

    def test_cases_alike_take_one_line(self):
        output = [f"FAIL: want 1 IPI, dest = {dest:x}, got {dest}" for dest in range(64)]
        test = config.Test("t", "i.flat", cpus=2)
        runs = {("t", "user"): run_of("user", 3, *output, "FAIL: b")}
        text, _, _ = report.text([test], ["user"], runs, "kernel")
        self.assertIn("* t: want # IPI, dest = #, got #: user (and 63 more like it)\n* t: b: user\n",
                      text)


if __name__ == "__main__":
    unittest.main()
