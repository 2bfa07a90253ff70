"""Compiles one kernel and runs it in the simulator at many sizes.

usage: simulate.py OUT (--attention SPEC | --file KERNEL) [--target CHIP] --sizes NAME=N,... [--sizes ...]
                   [girih-sim options]

Prints "N sizes agree with the reference" or the simulator's verdict on the first
size that fails. Schedules of the asynchronous units alternate between the sizes, or
each size runs under `--schedules N` random ones.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

SCHEDULES = ["deterministic", "late", "early", "random"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--attention")
    source.add_argument("--file")
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("--sizes", action="append", default=[])
    options, simulator_options = parser.parse_known_args()

    shutil.rmtree(options.out, ignore_errors=True)
    kernel = ["--attention", options.attention] if options.attention else [options.file]
    subprocess.run(["girih-compile", "--quiet", "--target", options.target, "-o", str(options.out)] + kernel, check=True)
    manifest = next(options.out.glob("*.json"))
    spilled = json.loads(manifest.read_text())["resources"]["spill_bytes"]
    if spilled:
        sys.exit(f"{manifest.name} spills {spilled} bytes")
    for count, sizes in enumerate(options.sizes):
        command = ["girih-sim", str(manifest), "--check", "--multiprocessors", "2"] + simulator_options
        if "--schedules" not in simulator_options:
            command += ["--schedule", SCHEDULES[count % len(SCHEDULES)]]
        for size in sizes.split(","):
            command += ["--size", size]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{' '.join(command)}\n{run.stdout}{run.stderr}")
    print(f"{len(options.sizes)} sizes agree with the reference")


main()
