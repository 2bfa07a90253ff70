#!/usr/bin/env python3
"""Runs FlashAttention-4's backward kernels in girih-sim and compares their gradients with float64.

usage: VENV/bin/python benchmarks/fa4_backward.py [OPTIONS]

  --kernel NAME      hopper-backward, hopper-backward-causal of sm_90a, backward of sm_100a by one CTA, backward-pair by two; all
                     four unless given
  --seq N            queries and keys (200); --heads N (2); --batch N (1)
  --schedule NAME    deterministic, late, early, random, as of girih-sim; --seed N for random
  --rules NAME       hardware (unless given) or isa, as of girih-sim
  --ignore VERDICT   as of girih-sim
  --out FOLDER       where PTX, the launch description, inputs and results go (a new folder under /tmp)
  --build FOLDER     the build whose girih-sim to use (build)

VENV is made as fa4_in_simulator.py says. Three kernels run one after another on one memory: what prepares the sums, what computes
the gradients, what rounds those of the queries. Forward results come from PyTorch. The exit code is 1 when there is a verdict or
when a gradient differs by more than 2 % of the largest.
"""
import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

from fa4_in_simulator import divisor, make_ptx, u32, words
from fa4_ptx import BACKWARD, HEAD, chip_of

SHARED_BYTES = 227 * 1024


def fetch(kernel, out):
    """One module of all three, and the names of the kernels in it."""
    files = make_ptx(kernel, out, __doc__)
    whole, names = "", []
    for part in ("preprocess", "backward", "postprocess"):
        [file] = [path for path in files if (part if part != "backward" else "flash_bwd_sm") in path.name]
        text = file.read_text()
        name = re.search(r"\.entry\s+(\w+)", text).group(1)
        names.append(f"fa4_{part}")
        text = text.replace(name, names[-1])
        if whole:
            text = re.sub(r"^\.(version|target|address_size).*\n", "", text, flags=re.M)
            if "__dynamic_shmem__0" in whole:
                text = re.sub(r"^\.extern .shared.*__dynamic_shmem__0.*\n", "", text, flags=re.M)
        whole += text
    (out / f"fa4_{kernel}.ptx").write_text(whole)
    return names


def tensor(buffer, sizes, strides):
    """A tensor of CuTe DSL whose innermost stride is 1 and so is not there."""
    padding = [u32(0)] if len(sizes) % 2 else []
    members = [{"kind": "pointer", "buffer": buffer}, *map(u32, sizes), *padding]
    return {"kind": "struct", "members": members + [{"kind": "scalar", "type": "u64", "value": value} for value in strides]}


def tensor_map(buffer, seq, heads, batch, rows):
    strides = [heads * HEAD * 2, HEAD * 2, seq * heads * HEAD * 2]
    return {"kind": "tensor_map", "buffer": buffer, "dtype": "bf16", "sizes": [HEAD, seq, heads, batch], "strides": strides,
            "box": [64, rows, 1, 1], "swizzle": 128}


def describe(kernel, names, args, data):
    seq, heads, batch = args.seq, args.heads, args.batch
    is_hopper, is_pair = kernel.startswith("hopper"), kernel == "backward-pair"
    rows = 128 if not is_hopper else 64 if "causal" in kernel else 80
    blocks, rounded = -(-seq // rows), -(-seq // rows) * rows
    scale = HEAD**-0.5
    elements = batch * seq * heads * HEAD
    buffers = [{"name": name, "dtype": "bf16", "elements": elements, "access": "read", "fill": f"file:{data}/{name}.bin"}
               for name in ("q", "k", "v", "o", "do")]
    buffers.append({"name": "lse", "dtype": "f32", "elements": batch * heads * seq, "access": "read", "fill": f"file:{data}/lse.bin"})
    buffers += [{"name": name, "dtype": "f32", "elements": batch * heads * rounded * width, "fill": "ones"}
                for name, width in (("sums", 1), ("lse2", 1), ("dqf", HEAD))]
    buffers += [{"name": name, "dtype": "bf16", "elements": elements, "fill": "ones"} for name in ("dq", "dk", "dv")]
    columns = [heads * HEAD, HEAD, seq * heads * HEAD]
    sums, lse2 = (tensor(name, (rounded, heads, batch), (rounded, heads * rounded)) for name in ("sums", "lse2"))
    accumulator = tensor("dqf", (rounded * HEAD, heads, batch), (rounded * HEAD, heads * rounded * HEAD))
    f32 = [{"kind": "scalar", "type": "f32", "value": value} for value in (scale * math.log2(math.e), scale)]

    def scheduler(blocks):
        return [*map(u32, (blocks, heads, batch)), divisor(1), u32(1)]

    prepare = [*(tensor(name, (seq, HEAD, heads, batch), columns) for name in ("o", "do")), sums,
               tensor("lse", (seq, heads, batch), (seq, heads * seq)), lse2, accumulator, f32[0], *scheduler(blocks)]
    shape, turned = words(seq, HEAD, heads, batch), words(HEAD, seq, heads, batch)
    atom = {"kind": "struct", "bytes": 1 if is_hopper else 64 if is_pair else 32}
    maps = {name: tensor_map(name, seq, heads, batch, size) for name, size in
            (("q", rows), ("k", 128), ("v", 128), ("do", rows), ("dk", 128), ("dv", 128))}
    keys = -(-seq // 256) * 2 if is_pair else -(-seq // 128)
    if is_hopper:
        main = [*[shape] * 6, *maps.values(), lse2, sums, accumulator, *[atom] * 4, *f32, *scheduler(keys)]
    elif kernel == "backward-pair":
        gradients = [tensor(name, (seq, HEAD, heads, batch), columns) for name in ("dv", "dk")]
        # What the pair shares is halved, by queries or by columns.
        halves = [tensor_map(name, seq, heads, batch, size) for name, size in
                  (("q", 64), ("q", 128), ("k", 128), ("k", 256), ("v", 128), ("do", 128), ("do", 64), ("dv", 128), ("dk", 128))]
        main = [shape, turned, shape, turned, shape, lse2, sums, turned, shape, *gradients, accumulator, shape, shape, *halves,
                *[atom] * 5, *reversed(f32), *scheduler(keys)]
    else:
        gradients = [tensor(name, (seq, HEAD, heads, batch), columns) for name in ("dv", "dk")]
        main = [*[shape] * 3, lse2, sums, turned, *gradients, accumulator, shape, shape,
                *(maps[name] for name in ("q", "k", "v", "do", "dv", "dk")), *[atom] * 5, *reversed(f32), *scheduler(keys)]
    untransposed = tensor("dqf", (batch, heads, rounded * HEAD), (heads * rounded * HEAD, rounded * HEAD))
    finish = [untransposed, tensor("dq", (batch, seq, heads, HEAD), [columns[2], *columns[:2]]), f32[1],
              {"kind": "struct", "bytes": 1 if is_hopper else 32}, *scheduler(blocks)]
    chip, multiprocessors = chip_of(kernel)
    common = {"cluster": 1, "shared_bytes": SHARED_BYTES}
    launches = [{**common, "kernel": names[0], "grid": [blocks, heads, batch], "block": 256, "shared_bytes": 0, "arguments": prepare},
                {**common, "kernel": names[1], "cluster": 2 if is_pair else 1, "grid": [keys, heads, batch], "block": 384 if is_hopper else 512, "arguments": main},
                {**common, "kernel": names[2], "grid": [blocks, heads, batch], "block": 256 if is_hopper else 128,
                 "arguments": finish}]
    expect = [{"kind": "file", "buffer": name, "path": f"{data}/{name}.bin", "absolute": args.tolerances[name], "relative": 0}
              for name in ("dq", "dk", "dv")]
    return {"girih_launch": 1, "ptx": f"fa4_{kernel}.ptx", "multiprocessors": multiprocessors, "buffers": buffers,
            "launches": launches, "expect": expect}


def make_data(args, causal, folder):
    """Inputs, the forward pass and the gradients, in [B, S, H, D]."""
    import torch
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    q, k, v, do = (torch.randn(args.batch, args.seq, args.heads, HEAD).bfloat16() for _ in range(4))
    exact = [each.double().transpose(1, 2).requires_grad_() for each in (q, k, v)]
    scores = exact[0] @ exact[1].transpose(2, 3) * HEAD**-0.5
    if causal:
        scores = scores.masked_fill(torch.ones(args.seq, args.seq).triu(1).bool(), -math.inf)
    out = scores.softmax(-1) @ exact[2]
    gradients = torch.autograd.grad(out, exact, do.double().transpose(1, 2))
    arrays = {"q": q, "k": k, "v": v, "do": do, "o": out.transpose(1, 2), "lse": scores.logsumexp(-1).float()}
    arrays.update({name: each.transpose(1, 2) for name, each in zip(("dq", "dk", "dv"), gradients)})
    args.tolerances = {name: 0.02 * float(arrays[name].abs().max()) for name in ("dq", "dk", "dv")}
    for name, array in arrays.items():
        array = array.detach().contiguous()
        raw = array.view(torch.int32) if name == "lse" else array.bfloat16().view(torch.int16)
        (folder / f"{name}.bin").write_bytes(raw.numpy().tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("--kernel", choices=BACKWARD)
    for name, value in (("--seq", 200), ("--heads", 2), ("--batch", 1), ("--seed", None)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--schedule", default="deterministic")
    parser.add_argument("--rules", choices=["hardware", "isa"], default="hardware")
    parser.add_argument("--ignore", action="append", default=[])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "build")
    args = parser.parse_args()
    out = (args.out or pathlib.Path(tempfile.mkdtemp(prefix="fa4-"))).resolve()
    out.mkdir(parents=True, exist_ok=True)
    options = ["--check", "--rules", args.rules, "--schedule", args.schedule]
    options += [word for each in args.ignore for word in ("--ignore", each)]
    options += ["--seed", str(args.seed)] if args.seed is not None else []
    is_right = True
    for kernel in [args.kernel] if args.kernel else BACKWARD:
        names = fetch(kernel, out)
        data = out / ("causal" if "causal" in kernel else "full")
        make_data(args, "causal" in kernel, data)
        path = out / f"fa4_{kernel}.json"
        path.write_text(json.dumps(describe(kernel, names, args, data.name), indent=1) + "\n")
        print(f"{kernel}:", flush=True)
        is_right &= subprocess.run([args.build / "bin/girih-sim", path, *options], check=False).returncode == 0
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
