"""Compiles attention problems and tells what the assembler warns of.

usage: compile_all.py OUT SPEC...

A value of a SPEC may be several, as in d=64/128,mask=none/causal: every combination is
compiled. Prints "N kernels, no spill and no warning", or the warnings.
"""
import itertools
import json
import pathlib
import shutil
import subprocess
import sys


def combinations(spec):
    keys, values = zip(*(entry.split("=") for entry in spec.split(",")))
    for chosen in itertools.product(*(value.split("/") for value in values)):
        yield ",".join(f"{key}={value}" for key, value in zip(keys, chosen))


def main():
    out, count, complaints = pathlib.Path(sys.argv[1]), 0, []
    for spec in itertools.chain.from_iterable(map(combinations, sys.argv[2:])):
        shutil.rmtree(out, ignore_errors=True)
        run = subprocess.run(["girih-compile", "--quiet", "--target", "sm_90a", "-o", str(out), "--attention", spec],
                             capture_output=True, text=True)
        if run.returncode or run.stderr:
            complaints.append(f"{spec}: {run.stderr}")
            continue
        spilled = json.loads(next(out.glob("*.json")).read_text())["resources"]["spill_bytes"]
        if spilled:
            complaints.append(f"{spec}: {spilled} bytes spilled")
        count += 1
    print("\n".join(complaints) if complaints else f"{count} kernels, no spill and no warning")


main()
