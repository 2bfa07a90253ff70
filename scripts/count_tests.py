#!/usr/bin/env python3
"""Counts the tests in a folder of results and prints one line.

Reads every *.xml in JUnit's format. Those of ctest.xml (ctest --output-junit) may have
gtest/NAME.xml (GTEST_OUTPUT) beside them: a test program that wrote gtest results counts
as its cases; one that crashed wrote none, and counts as one failure.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    skipped = case.find("skipped") is not None or case.get("result") == "skipped"
    return "skipped" if skipped or case.get("status") in ("disabled", "notrun") else "passed"


def cases(path):
    return ElementTree.parse(path).iter("testcase")


def main(folder):
    suites = [path for path in sorted(folder.glob("*.xml")) if path.name != "ctest.xml"]
    results = [outcome(case) for path in suites for case in cases(path)]
    for test in cases(folder / "ctest.xml"):
        program = folder / "gtest" / f"{test.get('name')}.xml"
        inner = [outcome(case) for case in cases(program)] if program.exists() else []
        # A program can fail after its last case, in a destructor or a leak check.
        if outcome(test) == "failed" and "failed" not in inner:
            inner.append("failed")
        results += inner or [outcome(test)]
    passed, failed, skipped = (results.count(kind) for kind in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
