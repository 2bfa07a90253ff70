#!/usr/bin/env python3
"""Random inputs for every tool, by seed: the same seed makes the same inputs in the same order.

  test/Fuzz/fuzz.py                               every fuzzer, as many cases as CI runs
  test/Fuzz/fuzz.py ir pairs --seed 7 --seconds 3600  some of them, for as long, with other cases
  test/Fuzz/fuzz.py ir --count 20000              this many
  test/Fuzz/fuzz.py pairs --first 17 --count 1    one case again

Fuzzers: ir (mutants of kernels at every phase through all passes), specs (the text of
--attention), pairs (problems with schedules, simulated), files (manifests and launch
descriptions). A fault is a crash, a hang, an output that is not whole, an error without
its place, or a kernel that was accepted and is wrong. Each is printed with the command
that shows it again. docs/testing.md says more.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import sys
import time
import xml.etree.ElementTree as ElementTree

import files
import ir
import pairs
import specs
from common import ROOT, Fault, Tools

FUZZERS = {"ir": ir, "specs": specs, "pairs": pairs, "files": files}


def run_one(fuzzer, tools, options, index):
    """All outcomes of one index; a Fault that is raised is one of them."""
    outcomes = []
    try:
        outcomes.extend(fuzzer.run(tools, options, options.seed, index))
    except Fault as fault:
        outcomes.append((index, fault))
    return outcomes


def fuzz(name, tools, options):
    """Runs one fuzzer until its budget is spent, and returns its faults."""
    fuzzer, counts, faults = FUZZERS[name], collections.Counter(), []
    size = getattr(fuzzer, "BATCH", 1)
    first = options.first // size
    end = options.seconds and time.monotonic() + options.seconds
    last = None if end else first + -(-(options.count or fuzzer.COUNT) // size)
    pending, kinds, index, start = set(), set(), first, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        while True:
            while len(pending) < 2 * options.jobs and index != last and (end is None or time.monotonic() < end):
                pending.add(pool.submit(run_one, fuzzer, tools, options, index))
                index += 1
            if not pending:
                break
            done, pending = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED)
            for case, outcome in (pair for future in done for pair in future.result()):
                counts["fault" if isinstance(outcome, Fault) else outcome] += 1
                if isinstance(outcome, Fault):
                    faults.append(outcome)
                    # One of a kind is enough to read: they differ in names and numbers.
                    kind = re.sub(r"'[^']*'|\S*/\S+|\d+", "", outcome.what)
                    if options.verbose or kind not in kinds:
                        print(f"FAULT {name} {case}: {outcome.what}\n  {outcome.command}", flush=True)
                    kinds.add(kind)
    parts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    total = sum(counts.values()) - counts["simulated"] * (name == "ir")
    print(f"{name}: {total} cases in {time.monotonic() - start:.0f} s with seed {options.seed}: {parts}", flush=True)
    return faults


def write_results(path, results):
    """As JUnit does, a test a fuzzer."""
    suite = ElementTree.Element("testsuite", name="fuzz")
    for name, faults in results.items():
        case = ElementTree.SubElement(suite, "testcase", name=name, classname="fuzz")
        for fault in faults:
            ElementTree.SubElement(case, "failure", message=fault.what).text = fault.command
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fuzzers", nargs="*", choices=[*FUZZERS, []], help="which; all without")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="the build folder (build)")
    parser.add_argument("--seed", type=int, default=1, help="of all choices (1)")
    parser.add_argument("--first", type=int, default=0, help="index of the first case (0)")
    parser.add_argument("--count", type=int, help="how many cases of each fuzzer")
    parser.add_argument("--seconds", type=float, help="for each fuzzer, instead of a count")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at once (one a core)")
    parser.add_argument("--simulate-one-in", type=int, default=20, help="which share of accepted IR is simulated (20)")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the files of faults")
    parser.add_argument("--verbose", action="store_true", help="print every fault, not one of each kind")
    parser.add_argument("--junit", type=pathlib.Path, help="write the results to this file")
    options = parser.parse_args()
    tools = Tools(options.build)
    results = {name: fuzz(name, tools, options) for name in options.fuzzers or FUZZERS}
    if options.junit:
        write_results(options.junit, results)
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
