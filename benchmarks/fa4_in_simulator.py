#!/usr/bin/env python3
"""Runs FlashAttention-4's forward kernels and ours in girih-sim, on the same inputs.

usage: VENV/bin/python benchmarks/fa4_in_simulator.py [OPTIONS]

  --kernel NAME      dense (one CTA), pair, causal of sm_100a, hopper, hopper-causal of sm_90a; all five unless given
  --seq N            queries and keys (300); --heads N (2); --batch N (1)
  --data-seed N      seed of the inputs (1)
  --schedule NAME    deterministic, late, early, random, as of girih-sim; --seed N for random
  --rules NAME       for FlashAttention's kernels: hardware (unless given) or isa, as of girih-sim
  --out FOLDER       where PTX, launch descriptions, inputs and results go (a new folder under /tmp)
  --build FOLDER     the build whose girih-compile and girih-sim to use (build)

Our kernel runs first and is compared with float64; its inputs are those of the other. FlashAttention's PTX is made by its own
compiler, which needs no GPU, from the wheels of PyPI. They go into an environment outside of the tree:

  python3 -m venv VENV && VENV/bin/pip install flash-attn-4==4.0.0b36 nvidia-cutlass-dsl==4.8.1 quack-kernels==0.6.5

Notes and verdicts on FlashAttention's kernels are printed; docs/performance.md says which to expect. The exit code is 1 when ours
has a verdict, or when outputs differ by more than their roundings.
"""
import argparse
import array
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

from fa4_ptx import HEAD, KERNELS, chip_of

# As in flash_attn/cute/flash_fwd_sm100.py and flash_fwd_sm90.py.
ROLES = {"sm_100a": [("softmax 0", 4), ("softmax 1", 4), ("correction", 4), ("mma", 1), ("epilogue", 1), ("load", 1), ("spare", 1)],
         "sm_90a": [("load", 4), ("compute", 8)]}
SHARED_BYTES = {"sm_100a": 227 * 1024, "sm_90a": 164864}


def make_ptx(kernel, out, usage):
    """The files that FlashAttention's compiler writes, in order; `usage` is said where it does not."""
    folder = out / f"fa4_{kernel}"
    if not list(folder.glob("*.ptx")):
        folder.mkdir(exist_ok=True)
        maker = pathlib.Path(__file__).with_name("fa4_ptx.py")
        result = subprocess.run([sys.executable, maker, kernel, folder], capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"FlashAttention's compiler wrote no PTX:\n{result.stderr[-2000:]}\n{usage}")
    return sorted(folder.glob("*.ptx"))


def fetch(kernel, out):
    """The PTX under a short name, and the name of the kernel in it."""
    files = make_ptx(kernel, out, __doc__)
    text = files[0].read_text()
    (out / f"fa4_{kernel}.ptx").write_text(text)
    return re.search(r"\.entry\s+(\w+)", text).group(1)


def u32(value):
    return {"kind": "scalar", "type": "u32", "value": value}


def words(*values):
    return {"kind": "struct", "members": list(map(u32, values))}


def divisor(d):
    """cutlass's FastDivmodDivisor: what turns a division by d into a multiplication and two shifts."""
    log = math.ceil(math.log2(d))
    shifts = [{"kind": "scalar", "type": "u8", "value": value} for value in (min(log, 1), max(log - 1, 0))]
    members = [u32(d), u32((2**32 * (2**log - d) // d + 1) % 2**32), *shifts]
    return {"kind": "struct", "bytes": 12, "members": members}


def scheduler(kernel, seq, heads, batch):
    """The scheduler's parameters and the grid."""
    chip, multiprocessors = chip_of(kernel)
    is_hopper = chip == "sm_90a"
    tiles = -(-seq // (128 if is_hopper else 256))
    if kernel == "hopper":
        return [*map(u32, (tiles, heads, batch)), divisor(1), u32(1)], [tiles, heads, batch]
    if "causal" not in kernel:
        units = -(-tiles // 2) if kernel == "pair" else tiles
        total = units * heads * batch
        ctas = 2 if kernel == "pair" else 1
        return [divisor(units), u32(units), divisor(heads), u32(heads), u32(total), u32(total)], \
            min(multiprocessors // ctas, total) * ctas
    # Heads whose keys and values share the L2 cache, 50 MiB; the longest rows first.
    fits = 50 * 2**20 // (4 * seq * HEAD)
    swizzle = 1 << (fits.bit_length() - 1) if fits else 1
    rest = max(heads * batch % swizzle, 1)
    total = tiles * heads * batch
    numbers = [u32(value) for value in (total, *([] if is_hopper else [1]), tiles, heads, batch, swizzle)]
    for value in (heads, swizzle, swizzle * tiles, rest):
        numbers += [divisor(value), u32(value)]
    return numbers + [u32(heads * batch // swizzle), divisor(1), u32(1), *([] if is_hopper else [u32(1)])], total


def tensor_map(name, seq, heads, batch, rows):
    strides = [HEAD * 2, HEAD * seq * 2, HEAD * seq * heads * 2]  # ours are [B, H, S, D]; its box is one head's rows
    return {"kind": "tensor_map", "buffer": name, "dtype": "bf16", "sizes": [HEAD, seq, heads, batch], "strides": strides,
            "box": [64, rows, 1, 1], "swizzle": 128}


def describe(kernel, entry, args, inputs):
    """A launch; `args` may have another number of keys than of queries. Without inputs they are ones."""
    seq, heads, batch = args.seq, args.heads, args.batch
    keys = getattr(args, "keys", None) or seq
    rows = batch * heads * seq
    buffers = [{"name": name, "dtype": "bf16", "elements": batch * heads * length * HEAD, "access": "read",
                "fill": f"file:{inputs}/{name}.in" if inputs else "ones"} for name, length in zip("qkv", (seq, keys, keys))]
    buffers += [{"name": "o", "dtype": "bf16", "elements": rows * HEAD, "fill": "ones"},
                {"name": "lse", "dtype": "f32", "elements": rows, "fill": "ones"}]
    u64 = [{"kind": "scalar", "type": "u64", "value": value} for value in (seq, heads * seq)]
    lse = [{"kind": "pointer", "buffer": "lse"}, *map(u32, (seq, heads, batch, 0)), *u64]
    numbers, grid = scheduler(kernel, seq, heads, batch)
    atom = {"kind": "struct", "bytes": 1 if kernel.startswith("hopper") else 64 if kernel == "pair" else 32}
    chip, multiprocessors = chip_of(kernel)
    shape, shape_of_keys = words(seq, HEAD, heads, batch), words(keys, HEAD, heads, batch)
    turned = words(HEAD, keys, heads, batch) if chip == "sm_100a" else shape_of_keys
    arguments = [shape, shape_of_keys, turned, shape, {"kind": "struct", "members": lse},
                 *(tensor_map(name, keys if name in "kv" else seq, heads, batch, 64 if (kernel, name) == ("pair", "k") else 128)
                   for name in "qkvo"),
                 {"kind": "scalar", "type": "f32", "value": HEAD**-0.5 * math.log2(math.e)}, atom, atom, *numbers]
    return {"girih_launch": 1, "ptx": f"fa4_{kernel}.ptx", "kernel": entry, "grid": grid,
            "block": 32 * sum(warps for _, warps in ROLES[chip]),
            "cluster": 2 if kernel == "pair" else 1, "shared_bytes": SHARED_BYTES[chip], "multiprocessors": multiprocessors,
            "roles": [{"name": name, "warps": warps} for name, warps in ROLES[chip]], "buffers": buffers,
            "arguments": arguments}


def simulate(tool, path, options, saved):
    """Runs and reports; whether nothing was found."""
    saved.mkdir(exist_ok=True)
    result = subprocess.run([tool, path, "--save", saved, *options], capture_output=True, text=True)
    for line in (result.stdout + result.stderr).strip().splitlines():
        print("  " + line.replace(str(path.parent) + "/", ""))
    return result.returncode == 0


def read_floats(path, bits):
    values = array.array("H" if bits == 16 else "I", path.read_bytes())
    return array.array("f", array.array("I", (value << (32 - bits) for value in values)).tobytes())


def differences(kernel, ours, theirs):
    """Prints the largest differences; whether they are those of roundings."""
    ok = True
    for name, bits, unit in (("o", 16, 2**-8), ("lse", 32, 2**-20)):
        a, b = (read_floats(folder / f"{name}.out", bits) for folder in (ours, theirs))
        largest = max(abs(x - y) if math.isfinite(x - y) else math.inf for x, y in zip(a, b, strict=True))
        magnitude = max(map(abs, a))
        equal = sum(x == y for x, y in zip(a, b))
        print(f"{kernel}: {name}: largest difference {largest:.3g}, largest value {magnitude:.3g}, "
              f"{equal} of {len(a)} elements are the same")
        ok &= largest <= 4 * magnitude * unit
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("--kernel", choices=KERNELS)
    for name, value in (("--seq", 300), ("--heads", 2), ("--batch", 1), ("--data-seed", 1), ("--seed", None)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--schedule", default="deterministic")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--rules", choices=["hardware", "isa"], default="hardware")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build")
    args = parser.parse_args()
    out = (args.out or pathlib.Path(tempfile.mkdtemp(prefix="fa4-"))).resolve()
    out.mkdir(parents=True, exist_ok=True)
    schedule = ["--schedule", args.schedule] + (["--seed", str(args.seed)] if args.seed is not None else [])
    data = ["--check", "--data-seed", str(args.data_seed)]
    bin = args.build / "bin"
    ok = True
    for kernel in [args.kernel] if args.kernel else KERNELS:
        mask, chip = "causal" if "causal" in kernel else "none", chip_of(kernel)[0]
        text = f"b={args.batch},h={args.heads},sq={args.seq},d={HEAD},lse=1,mask={mask}"
        subprocess.run([bin / "girih-compile", "--quiet", "--target", chip, "-o", out, "--name", f"ours_{chip}_{mask}",
                        "--attention", text], check=True)
        ours, theirs = out / f"saved_ours_{chip}_{mask}", out / f"saved_fa4_{kernel}"
        description = describe(kernel, fetch(kernel, out), args, ours.name)
        path = out / f"fa4_{kernel}.json"
        path.write_text(json.dumps(description, indent=1) + "\n")
        print(f"{kernel}: ours")
        ok &= simulate(bin / "girih-sim", out / f"ours_{chip}_{mask}.json", [*data, *schedule], ours)
        print(f"{kernel}: FlashAttention-4's")
        simulate(bin / "girih-sim", path, [*schedule, "--rules", args.rules], theirs)
        ok &= differences(kernel, ours, theirs)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
