"""Saves every phase of a kernel, gives each back to girih-compile and compares the PTX.

usage: phases.py OUT girih-compile arguments
"""
import pathlib
import shutil
import subprocess
import sys


def compile_to(folder, arguments):
    run = subprocess.run(["girih-compile", "--quiet", "--target", "sm_90a", "--name", "kernel", "-o", str(folder)] +
                         arguments, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{arguments}: {run.stderr}")
    return (folder / "kernel.ptx").read_text()


out = pathlib.Path(sys.argv[1])
shutil.rmtree(out, ignore_errors=True)
wanted = compile_to(out, sys.argv[2:] + ["--save-phases"])
phases = sorted(out.glob("*.mlir.*"))
for phase in phases:
    if compile_to(out / "again", [str(phase)]) != wanted:
        sys.exit(f"{phase.name} gives other PTX")
print(f"{len(phases)} phases give the same PTX")
