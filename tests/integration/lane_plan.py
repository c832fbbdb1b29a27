#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns what `ctest --show-only=json-v1` prints on standard input into lines for lane_tests_run.sh:
run_test NAME SECONDS SKIP-STATUS FORBIDDEN-LINE FOLDER COMMAND..."""

import json
import shlex
import sys


def line_of(test):
    of = {each["name"]: each["value"] for each in test["properties"]}
    words = ["run_test", test["name"], str(round(of["TIMEOUT"])),
             str(of.get("SKIP_RETURN_CODE", "")), "|".join(of.get("FAIL_REGULAR_EXPRESSION", [])),
             of["WORKING_DIRECTORY"], "env", *of.get("ENVIRONMENT", []), *test["command"]]
    return shlex.join(words)


for test in json.load(sys.stdin)["tests"]:
    print(line_of(test))
