# SPDX-License-Identifier: BSD-2-Clause
"""The table of a run, as Markdown, and the same for programs."""

import re

from . import results


def cell(run):
    """"pass 12, fail 1, skip 2": the cases, after how the guest as a whole ended."""
    if run is None:
        return ""
    if run.skipped:
        return "skip"
    words = []
    for result in ("PASS", "FAIL", "SKIP"):
        count = run.count(result)
        if count:
            words.append(f"{count} {result.lower()}")
    counts = ", ".join(words)
    if run.end() == "PASS":
        return counts or "pass"
    if run.end() == "SKIP":
        return f"{counts or 'skip'}"
    end = run.reason()
    if run.status & 1 and run.count("FAIL"):
        return counts
    return f"{counts}; {end}" if counts else end


def table(tests, modes, found):
    lines = ["| test | image | CPUs | " + " | ".join(modes) + " |",
             "|---|---|---|" + "---|" * len(modes)]
    for test in tests:
        cells = [cell(found.get((test.name, mode))) for mode in modes]
        if set(cells) == {"skip"}:
            continue
        lines.append(f"| {test.name} | {test.image.removesuffix('.flat')} | {test.cpus} | "
                     + " | ".join(cells) + " |")
    return lines


def differences(tests, modes, found, reference):
    """(kind, line) for each case that differs from the reference's, in the order of the tests."""
    for test in tests:
        there = found.get((test.name, reference))
        for mode in modes:
            here = found.get((test.name, mode))
            if mode == reference or here is None or there is None:
                continue
            for kind, case, result, expected in results.compare(here, there):
                detail = ""
                if case == results.END:
                    detail = f" ({here.reason()}; {reference}: {there.reason()})"
                yield kind, (f"{test.name}, {mode}: {case}: {result}, {reference}: "
                             f"{expected}{detail}")


def failing(tests, modes, found):
    """Cases that fail, and in which modes."""
    for test in tests:
        cases = {}
        for mode in modes:
            run = found.get((test.name, mode))
            for case, result in (run.cases if run else {}).items():
                if result == "FAIL":
                    detail = f" ({run.reason()})" if case == results.END else ""
                    cases.setdefault(results.readable(case) + detail, []).append(mode)
        for case, where in cases.items():
            yield f"{test.name}: {case}: {', '.join(where)}"


def skips(tests, modes, found):
    """Tests that did not run, with the reason."""
    for test in tests:
        reasons = {}
        for mode in modes:
            run = found.get((test.name, mode))
            if run and run.skipped:
                reasons.setdefault(run.skipped, []).append(mode)
        for reason, where in reasons.items():
            suffix = "" if len(where) == len(modes) else f" ({', '.join(where)})"
            yield f"{test.name}: {reason}{suffix}"


def condensed(lines):
    """Of lines that differ in a case's number or a hexadecimal one only: the first, and how many."""
    alike = {}
    for line in lines:
        alike.setdefault(re.sub(r" /\d+\b|(?<== )(#|[0-9a-f]+\b)", "", line), []).append(line)
    return [first if not more else f"{first} (and {len(more)} more like it)"
            for first, *more in alike.values()]


def section(title, lines):
    lines = condensed(lines)
    return ["", f"{title}:"] + [f"* {line}" for line in lines] if lines else []


def text(tests, modes, found, reference):
    """The whole report, and how many cases are worse than with the reference."""
    parts = table(tests, modes, found)
    different = list(differences(tests, modes, found, reference))
    titles = {"worse": f"Worse than {reference}", "better": f"Better than {reference}",
              "other": f"Other differences from {reference}"}
    for kind, title in titles.items():
        parts += section(title, (line for what, line in different if what == kind))
    parts += section("Failing", failing(tests, modes, found))
    parts += section("Not run", skips(tests, modes, found))
    worse = sum(1 for kind, _ in different if kind == "worse")
    failed = sum(run.count("FAIL") or run.end() == "FAIL" for run in found.values())
    ran = sum(1 for run in found.values() if not run.skipped)
    better = sum(1 for kind, _ in different if kind == "better")
    parts += ["", f"{ran} runs, {len(found) - ran} skipped, {failed} failing cases"
              + (f", {worse} worse and {better} better than {reference}"
                 if reference in modes and len(modes) > 1 else "")]
    return "\n".join(parts), worse, failed


def machine_readable(runs):
    """Tab-separated: test, mode, case, result, and for the end of a run its reason and seconds."""
    lines = []
    for run in runs:
        for case, result in run.cases.items():
            if case != results.END:
                lines.append("\t".join((run.test, run.mode, results.readable(case), result)))
        lines.append("\t".join((run.test, run.mode, results.END, run.end(), run.reason(),
                                str(run.seconds))))
    return "\n".join(lines) + "\n"
