"""Compiles a kernel with inputs of 8 bits, breaks in its PTX what only such kernels have, one place at a time, and asks
girih-sim: the allowed error is wide, and must not hide a fault.

usage: byte_mutants.py OUT --attention SPEC --sizes NAME=N,...

Prints "N mutants caught, 0 missed", and what was missed. A place where a trap changes nothing is never reached.
"""
import argparse
import pathlib
import re
import shutil
import subprocess

PLACES = 3  # of each fault, spread over the kernel
FAULTS = [
    ("halves of a conversion exchanged", r"(cvt\.rn\.satfinite\.e4m3x2\.f32\s+%\w+), (%\w+), (%\w+);", r"\1, \3, \2;"),
    ("bytes put together in another order", r"(prmt\.b32\s+%\w+), (%\w+), (%\w+),", r"\1, \3, \2,"),
    ("a register of the own lane", r"shfl\.sync\.idx\.b32\s+(%\w+), (%\w+), %\w+, 7199, -1;", r"mov.b32 \1, \2;"),
    ("a matrix not transposed", r"ldmatrix(\S*)\.trans", r"ldmatrix\1"),
    ("a matrix read elsewhere", r"(ldmatrix[^;]*\[%rd\d+)(\+\d+)?\]", r"\1+1024]"),
    ("a matrix written elsewhere", r"(stmatrix\.sync\.aligned\.m8n8\.x4\.shared\.b16 \[%rd\d+)(\+\d+)?\]", r"\1+1024]"),
    ("what is transposed not published", r"fence\.proxy\.async\S*;", ""),
    ("an operand 32 bytes further", r"add\.s64 b, (%rd\d+), (\d+);", lambda m: f"add.s64 b, {m[1]}, {int(m[2]) ^ 2};"),
    ("values of the other format", r"(k32\.f32\.e4m3)\.e4m3", r"\1.e5m2"),
    ("a tile copied from elsewhere", r"(cp\.async\.bulk\.tensor\S* \[\S+\], \[\S+, \{)(%r\d+),([^;]*;)",
     r"{ .reg .b32 x; add.u32 x, \2, 16; \1x,\3 }"),
]


def places(pattern, text):
    found = list(re.finditer(pattern, text))
    return [found[i] for i in sorted({n * (len(found) - 1) // (PLACES - 1) for n in range(PLACES)})] if found else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--attention", required=True)
    parser.add_argument("--sizes", required=True)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    subprocess.run(["girih-compile", "--quiet", "--target", "sm_90a", "-o", str(options.out), "--attention",
                    options.attention], check=True)
    manifest = next(options.out.glob("*.json"))
    text = manifest.with_suffix(".ptx").read_text()
    sizes = [word for size in options.sizes.split(",") for word in ("--size", size)]
    caught, missed = 0, 0

    def simulate(ptx):
        path = options.out / "mutant.ptx"
        path.write_text(ptx)
        return subprocess.run(["girih-sim", str(manifest), "--ptx", str(path), "--check", "--quiet", "--multiprocessors", "1",
                               "--schedule", "late", *sizes], capture_output=True, text=True)

    for fault, pattern, by in FAULTS:
        for m in places(pattern, text):
            changed = m.expand(by) if isinstance(by, str) else by(m)
            run = simulate(text[:m.start()] + changed + text[m.end():])
            caught += run.returncode != 0
            line = text.rfind("\n", 0, m.start()) + 1
            if run.returncode == 0 and simulate(text[:line] + "trap;\n" + text[line:]).returncode != 0:
                missed += 1
                print(f"missed: {fault}, line {text.count(chr(10), 0, m.start()) + 1}: {m[0][:80]}")
            elif re.search(r"\b(syntax|unsupported|error):", run.stderr):
                raise SystemExit(f"{fault}: no PTX: {run.stderr}")
    print(f"{caught} mutants caught, {missed} missed")


main()
