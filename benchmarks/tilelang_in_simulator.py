#!/usr/bin/env python3
"""Compiles examples of TileLang with its own compiler, without a GPU, and judges their PTX in girih-sim.

usage: VENV/bin/python benchmarks/tilelang_in_simulator.py [OPTIONS] [NAME...]

  NAME               examples of the table below, by a part of their names; all unless given
  --rules NAME       hardware (unless given) or isa, as of girih-sim
  --schedules N      random schedules after the deterministic one (0)
  --sources FOLDER   where the checkout of TileLang is or comes (a new folder under /tmp)
  --out FOLDER       where PTX, launch descriptions and data go (--sources)
  --build FOLDER     the build whose girih-sim to use (build)

The examples come by git from GitHub; nothing of them is here. nvcc has to be on PATH. VENV lies outside of the tree:

  python3 -m venv VENV && VENV/bin/pip install tilelang==0.1.15 torch

Results are compared with PyTorch in float64. The exit code is 1 when one is wrong or has a verdict.
"""
import argparse
import dataclasses
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import tilelang
import tilelang.engine.lower
import torch
from tilelang import tvm
from tilelang.env import CUTLASS_INCLUDE_DIR, TILELANG_TEMPLATE_PATH

from foreign import fetch, judge_launch

ROOT = pathlib.Path(__file__).resolve().parent.parent
DTYPES = {"float16": ("f16", torch.float16), "bfloat16": ("bf16", torch.bfloat16), "float32": ("f32", torch.float32)}
# CUtensorMapDataType and CUtensorMapSwizzle.
MAP_DTYPES = {6: "f16", 7: "f32", 9: "bf16"}
SWIZZLES = [0, 32, 64, 128]


@dataclasses.dataclass
class Example:
    name: str
    chip: str
    path: str
    function: str
    arguments: list
    named: dict = dataclasses.field(default_factory=dict)
    causal: bool = False


def product(name, chip, path, function, *arguments, **named):
    """The two matrices are the function's first parameters; their sizes are given by name."""
    return Example(name, chip, path, function, [None, None, *arguments], {"M": 256, "N": 256, "K": 320, **named})


def attention(name, chip, path, function, causal, *arguments, length=256):
    return Example(name, chip, path, function, [1, 2, length, 128, causal, *arguments], causal=causal)


HALF, BRAIN, SINGLE = "float16", "bfloat16", "float32"
TCGEN05 = "gemm_tcgen05/gemm_tcgen5mma"
EXAMPLES = [
    product("matmul", "sm_90a", "gemm/example_gemm", "matmul", 128, 128, 64),
    attention("attention", "sm_90a", "flash_attention/example_mha_fwd_bshd", "flashattn", False, 128, 128, 2, 256, length=200),
    attention("attention, causal", "sm_90a", "flash_attention/example_mha_fwd_bshd", "flashattn", True, 128, 128, 2, 256),
    product("matmul with specialised warps", "sm_100a", TCGEN05 + "_ws", "gemm", 128, 128, 64, BRAIN, BRAIN, SINGLE, 3),
    product("matmul by pairs of CTAs", "sm_100a", TCGEN05 + "_ws", "gemm_2cta", 128, 256, 64, BRAIN, BRAIN, SINGLE, 3),
    attention("attention", "sm_100a", "flash_attention_sm100/mha_fwd_bshd", "flashattn", False, 128, 128, "ss"),
    attention("attention, weights in tensor memory", "sm_100a", "flash_attention_sm100/mha_fwd_bshd", "flashattn", True, 128, 128,
              "ts"),
    attention("attention with specialised warps", "sm_100a", "flash_attention_sm100/mha_fwd_bshd", "flashattn_wasp", False, 128,
              128),
]


def load(path):
    """The module of an example; it may import its neighbours."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("_".join(path.parts[-2:]).removesuffix(".py"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.pop(0)
    return module


def lower(example, sources):
    """The function on tiles, the source of the kernel, and the modules of host and device as text and IR."""
    function = getattr(load(sources / f"tilelang/examples/{example.path}.py"), example.function)
    function = getattr(function, "jit_impl", function)
    tiles = function.get_tir(*example.arguments, **example.named)
    target = tvm.target.Target({"kind": "cuda", "arch": example.chip})
    kept = []
    module = sys.modules["tilelang.engine.lower"]
    split = module.lower_to_host_device_ir
    # The host's part says what the kernel's arguments are, and is compiled away otherwise.
    module.lower_to_host_device_ir = lambda *args, **more: kept.append(split(*args, **more)) or kept[-1]
    try:
        with target, tvm.transform.PassContext(config=function.pass_configs or {}):
            source = tilelang.lower(tiles, target=target).kernel_source
    finally:
        module.lower_to_host_device_ir = split
    fast = (function.pass_configs or {}).get(tilelang.PassConfigKey.TL_ENABLE_FAST_MATH, False)
    return tiles, source, str(kept[0][0]), kept[0][1], fast


def tensor_map(text):
    """What the host gives to cuTensorMapEncodeTiled, innermost dimension first."""
    values = [value.strip() for value in text.split(",")]
    dtype, rank, buffer = int(values[1]), int(values[2]), values[3]
    numbers = list(map(int, values[4:]))
    sizes, strides, box, steps = (numbers[i * rank:(i + 1) * rank] for i in range(4))
    interleave, swizzle, _, fill = numbers[4 * rank:]
    if interleave or fill:
        sys.exit(f"a tensor map with interleave {interleave} and fill {fill}")
    return {"kind": "tensor_map", "buffer": buffer, "dtype": MAP_DTYPES[dtype], "sizes": sizes, "strides": strides[1:], "box": box,
            "element_strides": steps, "swizzle": SWIZZLES[swizzle]}


def describe(example, options, folder):
    tiles, source, host, device, fast = lower(example, options.sources)
    (folder / "kernel.cu").write_text(source)
    arch = example.chip.replace("sm_", "compute_")
    command = ["nvcc", "-ptx", "-std=c++20", f"-arch={arch}", "-lineinfo", f"-I{TILELANG_TEMPLATE_PATH}", f"-I{CUTLASS_INCLUDE_DIR}",
               *(["--use_fast_math"] if fast else []), "-o", folder / "kernel.ptx", folder / "kernel.cu"]
    subprocess.run(command, check=True, capture_output=not options.verbose)
    buffers, data = [], {}
    torch.manual_seed(1)
    *inputs, output = [tiles.buffer_map[parameter] for parameter in tiles.params]
    for buffer in inputs:
        dtype, kind = DTYPES[str(buffer.dtype)]
        data[buffer.name] = torch.randn([int(size) for size in buffer.shape]).to(kind)
        (folder / f"{buffer.name}.bin").write_bytes(data[buffer.name].view(torch.int16).numpy().tobytes())
        buffers.append({"name": buffer.name, "dtype": dtype, "elements": data[buffer.name].numel(), "access": "read",
                        "fill": f"file:{buffer.name}.bin"})
    expected = reference(example, [each.double() for each in data.values()])
    dtype, kind = DTYPES[str(output.dtype)]
    written = expected.to(kind)
    (folder / "expected.bin").write_bytes(written.contiguous().view(torch.int16).numpy().tobytes())
    buffers.append({"name": output.name, "dtype": dtype, "elements": expected.numel(), "fill": "ones"})
    maps = {name: tensor_map(f"{name}, {text}") for name, text in
            re.findall(r'call_packed\("__tvm_tensormap_create_tiled", (\w+), (.*)\)', host)}
    [(_, kernel)] = device.functions.items()
    name = str(kernel.attrs["global_symbol"])
    extents = {str(key): int(value) for key, value in kernel.attrs["thread_extent"].items()}
    passed = re.search(rf'call_packed\("{name}", (.*)\)', host)[1].split(", ")
    arguments = []
    for value in passed[:len(kernel.params)]:
        arguments.append(maps.get(value) or {"kind": "pointer", "buffer": value})
    launch = {"girih_launch": 1, "ptx": "kernel.ptx", "kernel": name, "grid": [extents.get(f"blockIdx.{axis}", 1) for axis in "xyz"],
              "block": [extents.get(f"threadIdx.{axis}", 1) for axis in "xyz"],
              "shared_bytes": int(kernel.attrs.get("dyn_shared_memory_buf", 0)), "buffers": buffers, "arguments": arguments,
              "expect": {"kind": "file", "buffer": output.name, "path": "expected.bin",
                         "absolute": 0.01 * float(expected.abs().max()), "relative": 0}}
    cluster = kernel.attrs.get("cluster_dims")
    if cluster is not None:
        launch["cluster"] = [int(size) for size in cluster]
    (folder / "launch.json").write_text(json.dumps(launch, indent=1))


def reference(example, inputs):
    if len(inputs) == 2:
        a, b = inputs
        return a @ (b if a.shape[1] == b.shape[0] else b.T)
    q, k, v = (each.transpose(1, 2) for each in inputs)
    scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5
    if example.causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2)


def judge(example, options):
    folder = options.out / re.sub(r"\W+", "_", f"tilelang {example.name} {example.chip}")
    folder.mkdir(parents=True, exist_ok=True)
    describe(example, options, folder)
    return judge_launch(f"TileLang {example.name}", example.chip, folder, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rules", choices=("hardware", "isa"), default="hardware")
    parser.add_argument("--schedules", type=int, default=0)
    parser.add_argument("--sources", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options = parser.parse_args()
    options.sources = (options.sources or pathlib.Path(tempfile.mkdtemp(prefix="girih-tilelang-"))).resolve()
    options.out = (options.out or options.sources).resolve()
    options.sources.mkdir(parents=True, exist_ok=True)
    fetch("tilelang", options.sources)
    print("| program | chip | result | launches | warp instructions | time | verdicts |")
    print("|---|---|---|---|---|---|---|")
    outcomes = [judge(each, options) for each in EXAMPLES
                if not options.names or any(name in f"{each.name} {each.chip}" for name in options.names)]
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
