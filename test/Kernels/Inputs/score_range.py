"""Runs attention in the simulator on scores of which some are too large.

usage: score_range.py OUT SPEC LARGEST

SPEC is one of --attention with static sizes, one batch and one head; LARGEST is the largest scaled
score that a row may have (docs/running.md). A row within it must have a finite output and the log-sum-exp
of float64; one beyond must be NaN in both. Prints how many rows of each sort there were, and how many were wrong.
"""
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys


def load(path, element):
    """The numbers of a buffer, in rows of the head size where that is not 1."""
    data = path.read_bytes()
    if element == "bf16":
        wide = b"".join(b"\0\0" + data[at:at + 2] for at in range(0, len(data), 2))
        return struct.unpack(f"<{len(data) // 2}f", wide)
    size, code = {"f16": (2, "e"), "f32": (4, "f")}[element]
    return struct.unpack(f"<{len(data) // size}{code}", data)


def rows(numbers, length):
    return [numbers[at:at + length] for at in range(0, len(numbers), length)]


def main():
    out, spec, largest = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    shutil.rmtree(out, ignore_errors=True)
    saved = out / "saved"
    saved.mkdir(parents=True)
    subprocess.run(["girih-compile", "--quiet", "--target", "sm_90a", "-o", out, "--attention", spec], check=True)
    path = next(out.glob("*.json"))
    subprocess.run(["girih-sim", path, "--quiet", "--save", saved], check=True)

    manifest = json.loads(path.read_text())
    scale = manifest["problem"]["scale"]
    element, head = manifest["tensors"][0]["dtype"], manifest["sizes"]["d"]
    q, k = (rows(load(saved / f"{name}.in", element), head) for name in "qk")
    o, lse = rows(load(saved / "o.out", element), head), load(saved / "lse.out", "f32")
    finite = unknown = wrong = 0
    for query, output, found in zip(q, o, lse, strict=True):
        products = [[scale * a * b for a, b in zip(query, key)] for key in k]
        maximum = max(map(math.fsum, products))
        # What 64 roundings to f32 may do to a score.
        rounding = 2.0**-20 * max(math.fsum(map(abs, terms)) for terms in products)
        if abs(abs(maximum) - largest) <= rounding:
            continue  # it decides
        if abs(maximum) < largest:
            finite += 1
            wrong += not all(map(math.isfinite, output)) or not abs(found - maximum) <= rounding + math.log(len(k))
        else:
            unknown += 1
            wrong += not all(map(math.isnan, output)) or not math.isnan(found)
    print(f"{finite} rows finite, {unknown} rows NaN, {wrong} wrong")


main()
