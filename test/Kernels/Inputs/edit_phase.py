"""Changes the IR of a kernel after one of its phases, compiles it from there and runs it in the simulator.

usage: edit_phase.py OUT --attention SPEC --phase NAME --edit REGEX TEXT [--edit ...] [--unproved] --sizes NAME=N,...
                     [girih-sim options]

Every edit must change something; in TEXT, `%n` counts its matches from 0. With `--unproved`, what tile-verify-barriers says
of the kernel is printed, and it is compiled all the same: by the passes that follow, as IR of the LLVM dialect. Prints the
simulator's verdict, "ok" or its first line.
"""
import argparse
import itertools
import pathlib
import re
import shutil
import subprocess
import sys

BIND = "builtin.module(gpu.module(gpu.func(tile-bind-arguments,canonicalize,cse)))"


def run(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def check(done):
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--attention", required=True)
    parser.add_argument("--phase", required=True)
    parser.add_argument("--edit", nargs=2, action="append", default=[])
    parser.add_argument("--unproved", action="store_true")
    parser.add_argument("--sizes", required=True)
    options, simulator_options = parser.parse_known_args()

    out, target = options.out, ["--target", "sm_100a", "--quiet"]
    shutil.rmtree(out, ignore_errors=True)
    check(run(["girih-compile", *target, "-o", out, "--save-phases", "--name", "whole", "--attention", options.attention]))
    [phase] = out.glob(f"whole.mlir.*-{options.phase}")
    text = phase.read_text()
    for pattern, replacement in options.edit:
        count = itertools.count()
        text, changes = re.subn(pattern, lambda m: m.expand(replacement).replace("%n", str(next(count))), text)
        if not changes:
            sys.exit(f"nothing in {phase.name} matches {pattern}")
    edited = out / "edited.mlir"
    edited.write_text(text)
    if options.unproved:
        proof = run(["girih-opt", edited, "--pass-pipeline=builtin.module(gpu.module(gpu.func(tile-verify-barriers)))"])
        print("proof:", *re.findall(r"error: (.*)", proof.stderr) or ["accepted"])
        edited.write_text(check(run(["girih-opt", edited, f"--pass-pipeline={BIND}"])))
        edited.write_text(check(run(["girih-opt", edited, "--tile-to-llvm"])))
    check(run(["girih-compile", *target, "-o", out, "--name", "edited", edited]))
    sizes = itertools.chain(*(["--size", size] for size in options.sizes.split(",")))
    done = run(["girih-sim", out / "edited.json", "--check", *sizes, *simulator_options])
    if done.returncode == 0:
        print("simulator: ok")
    else:
        print("simulator:", next(line for line in done.stderr.splitlines() if "note:" not in line and line[0] != " "))


main()
