"""Computes functions of f32 tiles in the simulator and compares them with the host's.

usage: functions.py OUT [--report]

Each row of TABLE names an op in a form, the numbers it is given, and the error it
may have: in units in the last place of f32 ("ulp"), relative, absolute, or "scaled",
which is relative to a result above 1 and absolute below. The form "polynomial" is afn
with tile.exp2_polynomial for all elements. Numbers come from a matrix
product of random operands, so that all bits of f32 occur.
Prints "N functions agree", or the rows that do not; --report prints every error.
docs/passes/convert-tile-to-nvvm.md has the table for users.
"""
import argparse
import array
import math
import pathlib
import shutil
import struct
import subprocess
import sys
from fractions import Fraction

# Numbers by name: made from %s, which is about normal with deviation 8.
NUMBERS = {
    "unit": "%unit = arith.mulf %s, %eighth : !f32",
    "wide": "%wide = arith.mulf %s, %four : !f32",
    "positive": "%absolute = math.absf %s : !f32\n%square = arith.mulf %absolute, %absolute : !f32\n"
                "%positive = arith.mulf %square, %absolute : !f32",
    "negative": "%size = math.absf %s : !f32\n%large = arith.mulf %size, %eight : !f32\n"
                "%negative = arith.negf %large : !f32",
    "near_one": "%tiny = arith.mulf %s, %fine : !f32\n%near_one = arith.addf %tiny, %one : !f32",
}


def to_f32(number, nearest=True):
    """The f32 number next to a fraction from 2^-126 up: the nearest, with the even one in a tie, or the one below."""
    if not number:
        return Fraction(0)
    exponent = math.floor(math.log2(abs(number)))
    exponent += (abs(number) >= Fraction(2)**(exponent + 1)) - (abs(number) < Fraction(2)**exponent)
    step = Fraction(2)**(exponent - 23)
    return (round(number / step) if nearest else math.floor(number / step)) * step


def exp2_polynomial(x):
    """The operations of lib/Target/Common/Exp2.cpp, each rounded to f32."""
    coefficients = [Fraction(struct.unpack("f", struct.pack("f", c))[0])
                    for c in (1.0, 0.695116786445, 0.227644991135, 0.0770670420721)]
    bias = 3 * 2**22 + 127
    x = max(Fraction(x), Fraction(-127))
    floor = to_f32(x + bias, nearest=False) - bias
    fraction = to_f32(x - floor)
    mantissa = coefficients[3]
    for coefficient in reversed(coefficients[:3]):
        mantissa = to_f32(fraction * mantissa + coefficient)
    return float(mantissa * Fraction(2)**floor) if floor > -127 else 0.0


TABLE = [  # op, form, numbers, reference, (kind of error, bound)
    ("exp2", "", "wide", lambda x: 2.0**x, ("ulp", 2)),
    ("exp2", "afn", "wide", lambda x: 2.0**x, ("ulp", 2)),
    ("exp2", "polynomial", "negative", lambda x: 2.0**x if x >= -126 else 0.0, ("relative", 8.8e-5)),
    ("exp2", "polynomial", "negative", exp2_polynomial, ("ulp", 0)),
    ("exp", "", "wide", math.exp, ("ulp", 2.5)),
    ("exp", "afn", "unit", math.exp, ("relative", 2**-20)),
    ("expm1", "", "unit", math.expm1, ("ulp", 2.5)),
    ("log", "", "positive", math.log, ("ulp", 2)),
    ("log", "", "near_one", math.log, ("ulp", 2)),
    ("log", "afn", "positive", math.log, ("scaled", 2**-22)),
    ("log2", "", "positive", math.log2, ("ulp", 2)),
    ("log2", "", "near_one", math.log2, ("ulp", 2)),
    ("log2", "afn", "positive", math.log2, ("scaled", 2**-22)),
    ("log10", "afn", "positive", math.log10, ("scaled", 2**-22)),
    ("log1p", "", "positive", math.log1p, ("ulp", 2)),
    ("sin", "afn", "unit", math.sin, ("absolute", 2**-20)),
    ("cos", "afn", "unit", math.cos, ("absolute", 2**-20)),
    ("tanh", "", "unit", math.tanh, ("ulp", 4)),
    ("tanh", "afn", "unit", math.tanh, ("relative", 2**-10)),
    ("erf", "", "unit", math.erf, ("ulp", 4)),
    ("rsqrt", "", "positive", lambda x: x**-0.5, ("ulp", 1.5)),
    ("rsqrt", "afn", "positive", lambda x: x**-0.5, ("ulp", 2)),
    ("sqrt", "", "positive", math.sqrt, ("ulp", 0.5)),
    ("sqrt", "afn", "positive", math.sqrt, ("ulp", 2)),
    ("divf", "", "positive", lambda x: 1 / x, ("ulp", 0.5)),
    ("divf", "afn", "positive", lambda x: 1 / x, ("ulp", 2)),
    ("floor", "", "wide", math.floor, ("ulp", 0)),
    ("ceil", "", "wide", math.ceil, ("ulp", 0)),
    ("trunc", "", "wide", math.trunc, ("ulp", 0)),
    ("roundeven", "", "wide", round, ("ulp", 0)),
    ("round", "", "wide", lambda x: math.copysign(math.floor(abs(x) + 0.5), x), ("ulp", 0)),
    ("absf", "", "wide", abs, ("ulp", 0)),
    ("fma", "", "unit", lambda x: x * x + 1, ("ulp", 0.51)),
]

KERNEL = """
!in = memref<?x64xbf16, strided<[?, 1]>>
!out = memref<?x64xf32, strided<[?, 1]>>
!f32 = tensor<64x64xf32>
gpu.module @functions {{
  gpu.func @functions(%a: !in {{tile.name = "a", tile.sizes = ["m", "k"]}},
                      %b: !in {{tile.name = "b", tile.sizes = ["n", "k"]}},
{arguments}) kernel
      attributes {{tile.work = [["m", 64]], tile.schedule = #tile.schedule<workers = 1, stages = 1,
                   load_registers = 24, compute_registers = 240, persistent = 0>}} {{
    %c0 = arith.constant 0 : index
    %rows = arith.constant 64 : index
    %block = gpu.block_id x
    %row = arith.muli %block, %rows : index
    %eighth = arith.constant dense<0.125> : !f32
    %eight = arith.constant dense<8.0> : !f32
    %four = arith.constant dense<4.0> : !f32
    %fine = arith.constant dense<0.001> : !f32
    %one = arith.constant dense<1.0> : !f32
    %ta = tile.load %a[%row, %c0] : !in -> tensor<64x64xbf16>
    %tb = tile.load %b[%c0, %c0] : !in -> tensor<64x64xbf16>
    %s = tile.mma %ta, %tb transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !f32
{body}
    gpu.return
  }}
}}
"""


def line(op, form, numbers, result):
    operands = {"divf": f"%one, %{numbers}", "fma": f"%{numbers}, %{numbers}, %one"}.get(op, f"%{numbers}")
    dialect = "arith" if op == "divf" else "math"
    flags = f" fastmath<{form}>" if form else ""
    if form == "polynomial":
        flags = " fastmath<afn> {tile.exp2_polynomial = 16}"
    return f"{result} = {dialect}.{op} {operands}{flags} : !f32"


def make_kernel(rows):
    numbers = list(dict.fromkeys(row[2] for row in rows))
    outputs = numbers + [f"y{i}" for i in range(len(rows))]
    body = []
    for name in numbers:  # one after another, so that few tiles live at a time
        body += [NUMBERS[name], store(name)]
        for i, (op, form, given, _, _) in enumerate(rows):
            if given == name:
                body += [line(op, form, name, f"%y{i}"), store(f"y{i}")]
    arguments = [f'%out_{name}: !out {{tile.name = "{name}", tile.sizes = ["m", "n"]}}' for name in outputs]
    return KERNEL.format(arguments=",\n".join(arguments), body="\n".join(body))


def store(name):
    return f"tile.store %{name}, %out_{name}[%row, %c0] : !f32, !out"


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def ulp(value):
    """The distance of f32 numbers around it."""
    exponent = max(math.frexp(value)[1], -125)
    return 2.0**(exponent - 24)


def error(kind, actual, wanted):
    if math.isnan(wanted) or math.isinf(actual) or math.isnan(actual):
        return math.inf
    difference = abs(actual - wanted)
    return difference / {"ulp": ulp(wanted), "relative": abs(wanted) or 1, "scaled": max(1, abs(wanted)), "absolute": 1}[kind]


def load(path):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    return values


def evaluate(out, rows):
    """The largest error of each row, and where it was."""
    shutil.rmtree(out, ignore_errors=True)
    saved = out / "saved"
    saved.mkdir(parents=True)
    (out / "functions.mlir").write_text(make_kernel(rows))
    run(["girih-compile", "--quiet", "--target", "sm_90a", "-o", str(out), str(out / "functions.mlir")])
    run(["girih-sim", str(out / "functions.json"), "--size", "m=128", "--save", str(saved)])
    for i, (op, form, numbers, reference, (kind, bound)) in enumerate(rows):
        worst = (0.0, 0.0)
        for x, y in zip(load(saved / f"{numbers}.out"), load(saved / f"y{i}.out")):
            try:
                wanted = reference(x)
            except (OverflowError, ZeroDivisionError):
                continue
            if abs(wanted) < 2.0**-126 or abs(wanted) >= 2.0**128:
                if wanted:
                    continue  # subnormal or too large
            worst = max(worst, (error(kind, y, wanted), x))
        yield op, form, numbers, kind, bound, *worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    failures = 0
    for first in range(0, len(TABLE), 8):
        for op, form, numbers, kind, bound, worst, at in evaluate(options.out, TABLE[first:first + 8]):
            failures += worst > bound
            if options.report or worst > bound:
                print(f"{op:10} {form:4} {numbers:9} {kind:9} {worst:.4g} at {at!r}, allowed {bound:.4g}")
    print(f"{len(TABLE) - failures} functions agree")


main()
