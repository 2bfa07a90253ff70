"""Loops with three dependent MMAs, run in the simulator and compared with float64.

usage: chains.py OUT [--target CHIP] [--static] [--schedule KNOBS] --keys N,... [girih-sim options]

  two_outputs   p = (c q k^T)^2, then two sums: o = o + p v, r = r / 2 + p w
  chain         p = (c q k^T)^2, t = p v, o = o / 2 + t w
Each runs for every number of keys, which is a size of the launch, or, with --static, part of the
kernel. Prints "N runs agree", or where one does not.
"""
import argparse
import array
import pathlib
import shutil
import subprocess
import sys

D = 64  # head size, and rows of a tile of keys

KERNEL = """
!q = memref<?x64xbf16, strided<[?, 1]>>
!k = memref<{keys}x64xbf16, strided<[?, 1]>>
!o = memref<?x64xf32, strided<[?, 1]>>
!s = tensor<{rows}x64xf32>
!p = tensor<{rows}x64xbf16>
!t = tensor<64x64xbf16>
gpu.module @chains {{
  gpu.func @chains(%q: !q {{tile.name = "q", tile.sizes = ["m", "d"]}}, %k: !k {{tile.name = "k", tile.sizes = ["n", "d"]}},
                   %v: !k {{tile.name = "v", tile.sizes = ["n", "d"]}}, %w: !k {{tile.name = "w", tile.sizes = ["n", "d"]}},
                   %o: !o {{tile.name = "o", tile.sizes = ["m", "d"]}}, %r: !o {{tile.name = "r", tile.sizes = ["m", "d"]}})
      kernel attributes {{tile.work = [["m", {rows}]], tile.schedule = #tile.schedule<{knobs}>}} {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %rows = arith.constant {rows} : index
    %tile = arith.constant 64 : index
    %n = memref.dim %k, %c0 : !k
    %tiles = arith.ceildivui %n, %tile : index
    %item = gpu.block_id x
    %row = arith.muli %item, %rows : index
    %zero = arith.constant dense<0.0> : !s
    %half = arith.constant dense<0.5> : !s
    %eighth = arith.constant dense<0.125> : !s
    %tq = tile.load %q[%row, %c0] : !q -> !p
    %x:2 = scf.for %i = %c0 to %tiles step %c1 iter_args(%so = %zero, %sr = %zero) -> (!s, !s) {{
      %key = arith.muli %i, %tile : index
      %tk = tile.load %k[%key, %c0] : !k -> !t
      %s = tile.mma %tq, %tk transpose_b : !p, !t -> !s
      %scaled = arith.mulf %s, %eighth : !s
      %square = arith.mulf %scaled, %scaled : !s
      %p = arith.truncf %square : !s to !p
      %tv = tile.load %v[%key, %c0] : !k -> !t
      %tw = tile.load %w[%key, %c0] : !k -> !t
{body}
    }} {attributes}
{stores}
    gpu.return
  }}
}}
"""
BODIES = {
    "two_outputs": """
      %no = tile.mma %p, %tv, %so : !p, !t, !s -> !s
      %less = arith.mulf %sr, %half : !s
      %nr = tile.mma %p, %tw, %less : !p, !t, !s -> !s
      scf.yield %no, %nr : !s, !s""",
    "chain": """
      %t = tile.mma %p, %tv : !p, !t -> !s
      %st = arith.mulf %t, %eighth : !s
      %g = arith.truncf %st : !s to !p
      %less = arith.mulf %so, %half : !s
      %no = tile.mma %g, %tw, %less : !p, !t, !s -> !s
      scf.yield %no, %sr : !s, !s"""}
STORES = {"two_outputs": ("o", "r"), "chain": ("o",)}


def make_kernel(name, keys, rows, knobs):
    stores = "\n".join(f"    tile.store %x#{'or'.index(output)}, %{output}[%row, %c0] : !s, !o" for output in STORES[name])
    return KERNEL.format(keys=keys or "?", rows=rows, knobs=knobs, body=BODIES[name].strip("\n"), stores=stores,
                         attributes="" if keys else "{tile.non_empty}")


def load_bf16(path):
    words = array.array("H")
    words.frombytes(path.read_bytes())
    bits = array.array("I", [word << 16 for word in words])
    values = array.array("f")
    values.frombytes(bits.tobytes())
    return [list(values[i:i + D]) for i in range(0, len(values), D)]


def load_f32(path):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    return [list(values[i:i + D]) for i in range(0, len(values), D)]


def product(row, matrix):
    """A row times a matrix, and the same of their magnitudes, to which errors are relative."""
    columns = range(len(matrix[0]))
    return ([sum(x * line[c] for x, line in zip(row, matrix)) for c in columns],
            [sum(abs(x * line[c]) for x, line in zip(row, matrix)) for c in columns])


def reference(name, q, k, v, w):
    """Outputs of one row of q, each with the magnitudes of what was added up."""
    sums = {output: ([0.0] * D, [0.0] * D) for output in STORES[name]}

    def add(output, factor, term):
        old, old_size = sums[output]
        sums[output] = tuple([factor * x + y for x, y in zip(a, b)] for a, b in ((old, term[0]), (old_size, term[1])))

    for first in range(0, len(k), D):
        tiles = [matrix[first:first + D] for matrix in (k, v, w)]
        p = [(sum(x * y for x, y in zip(q, line)) / 8)**2 for line in tiles[0]]
        if name == "two_outputs":
            add("o", 1.0, product(p, tiles[1]))
            add("r", 0.5, product(p, tiles[2]))
        else:
            # The last tile of t has D columns whatever the number of keys, of w only the keys there are.
            t, size = product(p, tiles[1])
            count = len(tiles[2])
            value = product([x / 8 for x in t[:count]], tiles[2])[0]
            add("o", 0.5, (value, product([x / 8 for x in size[:count]], tiles[2])[1]))
    return sums


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def check(name, saved, rows):
    q, k, v, w = (load_bf16(saved / f"{tensor}.in") for tensor in "qkvw")
    outputs = {output: load_f32(saved / f"{output}.out") for output in STORES[name]}
    for row in range(0, len(q), 7):  # each place of a row in its fragment is seen
        for output, (wanted, sizes) in reference(name, q[row], k, v, w).items():
            for column, (x, size) in enumerate(zip(wanted, sizes)):
                y = outputs[output][row][column]
                if not abs(y - x) <= size / 64:  # p and t are rounded to 8 bits
                    sys.exit(f"{name}: {output}[{row}, {column}] is {y}, should be {x} ({len(k)} keys)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--knobs", default="workers = 2, stages = 2, load_registers = 24, compute_registers = 240, overlap = 1")
    parser.add_argument("--keys", required=True)
    options, simulator_options = parser.parse_known_args()
    shutil.rmtree(options.out, ignore_errors=True)
    count = 0
    for name in BODIES:
        for keys in map(int, options.keys.split(",")):
            out = options.out / f"{name}-{keys if options.static else 'n'}"
            if not out.exists():
                out.mkdir(parents=True)
                source = out / "chains.mlir"
                source.write_text(make_kernel(name, keys if options.static else None, options.rows, options.knobs))
                run(["girih-compile", "--quiet", "--target", options.target, "-o", out, source])
            saved = out / f"saved-{keys}"
            saved.mkdir()
            sizes = ["--size", "m=150"] + ([] if options.static else ["--size", f"n={keys}"])
            run(["girih-sim", out / "chains.json", *sizes, "--save", saved, *simulator_options])
            check(name, saved, options.rows)
            count += 1
    print(f"{count} runs agree")


main()
