#!/usr/bin/env python3
"""Compiles kernels with Triton and Gluon, without a GPU, and judges their PTX in girih-sim.

usage: VENV/bin/python benchmarks/triton_in_simulator.py [OPTIONS] [NAME...]

  NAME               kernels, by a part of their names; all unless given
  --chip NAME        sm_90a, sm_100a; both unless given
  --rules NAME       hardware (unless given) or isa, as of girih-sim
  --schedules N      random schedules after the deterministic one (0)
  --out FOLDER       where PTX, launch descriptions and data go (a new folder under /tmp)
  --build FOLDER     the build whose girih-sim to use (build)

The kernels are here; what is judged is what the compilers make of them. VENV lies outside of the tree:

  python3 -m venv VENV && VENV/bin/pip install triton==3.9.0 numpy

Results are compared with numpy in float64. The exit code is 1 when one is wrong or has a verdict.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon._runtime import GluonASTSource
from triton.experimental.gluon.language.nvidia import blackwell, hopper
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma

from foreign import judge_launch

ROOT = pathlib.Path(__file__).resolve().parent.parent


@triton.jit
def softmax(x, y, columns: tl.constexpr):
    row = tl.program_id(0)
    at = row * columns + tl.arange(0, columns)
    values = tl.load(x + at)
    weights = tl.exp(values - tl.max(values, 0))
    tl.store(y + at, weights / tl.sum(weights, 0))


@triton.jit
def matmul(a, b, c, m, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    columns = tl.program_id(1) * BN + tl.arange(0, BN)
    inner = tl.arange(0, BK)
    total = tl.zeros((BM, BN), tl.float32)
    for begin in range(0, k, BK):
        left = tl.load(a + rows[:, None] * k + begin + inner[None, :], mask=begin + inner[None, :] < k, other=0.0)
        right = tl.load(b + (begin + inner[:, None]) * n + columns[None, :], mask=begin + inner[:, None] < k, other=0.0)
        total = tl.dot(left, right, total)
    tl.store(c + rows[:, None] * n + columns[None, :], total, mask=(rows[:, None] < m) & (columns[None, :] < n))


@triton.jit
def persistent(a, b, c, m, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, WS: tl.constexpr):
    """The product by tensor descriptors that the kernel makes itself; each program goes through several tiles."""
    left = tl.make_tensor_descriptor(a, [m, k], [k, 1], [BM, BK])
    right = tl.make_tensor_descriptor(b, [k, n], [n, 1], [BK, BN])
    out = tl.make_tensor_descriptor(c, [m, n], [n, 1], [BM, BN])
    tiles = tl.cdiv(m, BM) * tl.cdiv(n, BN)
    for tile in tl.range(tl.program_id(0), tiles, tl.num_programs(0), flatten=not WS, warp_specialize=WS):
        row = tile // tl.cdiv(n, BN) * BM
        column = tile % tl.cdiv(n, BN) * BN
        total = tl.zeros((BM, BN), tl.float32)
        for begin in range(0, k, BK):
            total = tl.dot(left.load([row, begin]), right.load([begin, column]), total)
        out.store([row, column], total)


@triton.jit
def attention(q, k, v, o, length, scale, BM: tl.constexpr, BN: tl.constexpr, D: tl.constexpr, CAUSAL: tl.constexpr):
    first = tl.program_id(0) * BM
    rows = first + tl.arange(0, BM)
    inner = tl.arange(0, D)
    queries = tl.load(q + rows[:, None] * D + inner[None, :])
    top = tl.full((BM,), float("-inf"), tl.float32)
    mass = tl.zeros((BM,), tl.float32)
    total = tl.zeros((BM, D), tl.float32)
    end = first + BM if CAUSAL else length
    for begin in range(0, end, BN):
        columns = begin + tl.arange(0, BN)
        keys = tl.load(k + columns[None, :] * D + inner[:, None])
        scores = tl.dot(queries, keys) * (scale * 1.44269504)
        if CAUSAL:
            scores = tl.where(rows[:, None] >= columns[None, :], scores, float("-inf"))
        new = tl.maximum(top, tl.max(scores, 1))
        weights = tl.exp2(scores - new[:, None])
        shrink = tl.exp2(top - new)
        mass = mass * shrink + tl.sum(weights, 1)
        values = tl.load(v + columns[:, None] * D + inner[None, :])
        total = tl.dot(weights.to(tl.float16), values, total * shrink[:, None])
        top = new
    tl.store(o + rows[:, None] * D + inner[None, :], total / mass[:, None])


@gluon.jit
def load_tiles(left, right, row, column, begin, bar, a_tile, b_tile):
    mbarrier.expect(bar, left.block_type.nbytes + right.block_type.nbytes)
    tma.async_load(left, [row, begin], bar, a_tile)
    tma.async_load(right, [begin, column], bar, b_tile)


@gluon.jit
def gluon_hopper(a, b, c, m, n, k, BM: gl.constexpr, BN: gl.constexpr, BK: gl.constexpr, STAGES: gl.constexpr):
    """wgmma on a ring of stages that one thread fills by tensor copies ahead of it."""
    layout: gl.constexpr = gl.NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=2)
    left = tma.make_tensor_descriptor(a, [m, k], [k, 1], [BM, BK], layout)
    right = tma.make_tensor_descriptor(b, [k, n], [n, 1], [BK, BN], layout)
    a_tiles = gl.allocate_shared_memory(gl.float16, [STAGES, BM, BK], layout)
    b_tiles = gl.allocate_shared_memory(gl.float16, [STAGES, BK, BN], layout)
    bars = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for stage in gl.static_range(STAGES):
        mbarrier.init(bars.index(stage), count=1)
    hopper.fence_async_shared()
    row = gl.program_id(0) * BM
    column = gl.program_id(1) * BN
    for stage in gl.static_range(STAGES - 1):
        load_tiles(left, right, row, column, stage * BK, bars.index(stage), a_tiles.index(stage), b_tiles.index(stage))
    sums: gl.constexpr = gl.NVMMADistributedLayout(version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, BN, 16])
    total = gl.zeros((BM, BN), dtype=gl.float32, layout=sums)
    for step in range(gl.cdiv(k, BK)):
        mbarrier.wait(bars.index(step % STAGES), step // STAGES & 1)
        total = hopper.warpgroup_mma(a_tiles.index(step % STAGES), b_tiles.index(step % STAGES), total, is_async=True)
        total = hopper.warpgroup_mma_wait(0, deps=[total])
        ahead = step + STAGES - 1
        if ahead < gl.cdiv(k, BK):
            load_tiles(left, right, row, column, ahead * BK, bars.index(ahead % STAGES), a_tiles.index(ahead % STAGES),
                       b_tiles.index(ahead % STAGES))
    rows = row + gl.arange(0, BM, layout=gl.SliceLayout(1, sums))
    columns = column + gl.arange(0, BN, layout=gl.SliceLayout(0, sums))
    gl.store(c + rows[:, None] * n + columns[None, :], total)


@gluon.jit
def gluon_blackwell(a, b, c, m, n, k, BM: gl.constexpr, BN: gl.constexpr, BK: gl.constexpr, STAGES: gl.constexpr):
    """The same by tcgen05.mma into tensor memory."""
    layout: gl.constexpr = gl.NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=2)
    left = tma.make_tensor_descriptor(a, [m, k], [k, 1], [BM, BK], layout)
    right = tma.make_tensor_descriptor(b, [k, n], [n, 1], [BK, BN], layout)
    a_tiles = gl.allocate_shared_memory(gl.float16, [STAGES, BM, BK], layout)
    b_tiles = gl.allocate_shared_memory(gl.float16, [STAGES, BK, BN], layout)
    bars = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    done = gl.allocate_shared_memory(gl.int64, [1], mbarrier.MBarrierLayout())
    for stage in gl.static_range(STAGES):
        mbarrier.init(bars.index(stage), count=1)
    mbarrier.init(done, count=1)
    hopper.fence_async_shared()
    row = gl.program_id(0) * BM
    column = gl.program_id(1) * BN
    for stage in gl.static_range(STAGES - 1):
        load_tiles(left, right, row, column, stage * BK, bars.index(stage), a_tiles.index(stage), b_tiles.index(stage))
    sums: gl.constexpr = blackwell.TensorMemoryLayout([BM, BN], col_stride=1)
    total = blackwell.allocate_tensor_memory(gl.float32, [BM, BN], sums)
    for step in range(gl.cdiv(k, BK)):
        mbarrier.wait(bars.index(step % STAGES), step // STAGES & 1)
        blackwell.tcgen05_mma(a_tiles.index(step % STAGES), b_tiles.index(step % STAGES), total, use_acc=step > 0)
        blackwell.tcgen05_commit(done)
        mbarrier.wait(done, step & 1)
        ahead = step + STAGES - 1
        if ahead < gl.cdiv(k, BK):
            load_tiles(left, right, row, column, ahead * BK, bars.index(ahead % STAGES), a_tiles.index(ahead % STAGES),
                       b_tiles.index(ahead % STAGES))
    values = total.load()
    rows = row + gl.arange(0, BM, layout=gl.SliceLayout(1, values.type.layout))
    columns = column + gl.arange(0, BN, layout=gl.SliceLayout(0, values.type.layout))
    gl.store(c + rows[:, None] * n + columns[None, :], values)


@dataclasses.dataclass
class Case:
    name: str
    kernel: object
    inputs: dict  # name: array
    output: str
    expected: object
    scalars: dict
    constants: dict
    grid: list
    warps: int = 4
    stages: int = 3
    dtype: str = "f32"
    tolerance: float = 2e-3
    # Kernels in place of this one, by chip.
    others: dict = dataclasses.field(default_factory=dict)
    source: object = triton.compiler.ASTSource


def halves(seed, *shape):
    return (np.random.default_rng(seed).standard_normal(shape) / 2).astype(np.float16)


def product(name, kernel, m, n, k, grid, **constants):
    a, b = halves(1, m, k), halves(2, k, n)
    return Case(name, kernel, {"a": a, "b": b}, "c", a.astype(np.float64) @ b.astype(np.float64), {"m": m, "n": n, "k": k},
                {"BM": 128, "BN": 128, "BK": 64, **constants}, grid, warps=4 if constants.get("WS") else 8)


def attend(causal):
    q, k, v = (halves(seed, 256, 64) for seed in (3, 4, 5))
    scores = q.astype(np.float64) @ k.astype(np.float64).T / 8
    if causal:
        scores[np.triu_indices(256, 1)] = -np.inf
    weights = np.exp(scores - scores.max(1, keepdims=True))
    expected = weights / weights.sum(1, keepdims=True) @ v.astype(np.float64)
    return Case("attention causal" if causal else "attention", attention, {"q": q, "k": k, "v": v}, "o", expected,
                {"length": 256, "scale": 0.125}, {"BM": 128, "BN": 64, "D": 64, "CAUSAL": causal}, [2])


def cases():
    x = np.random.default_rng(0).standard_normal((4, 1024)).astype(np.float32)
    weights = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    yield Case("softmax", softmax, {"x": x}, "y", weights / weights.sum(1, keepdims=True), {}, {"columns": 1024}, [4])
    yield product("matmul", matmul, 256, 256, 200, [2, 2])
    yield product("persistent", persistent, 256, 384, 256, [3], WS=False)
    yield product("persistent, specialised", persistent, 256, 384, 256, [3], WS=True)
    yield attend(False)
    yield attend(True)
    # Steps of k that go round the ring.
    made = product("Gluon matmul", gluon_hopper, 256, 256, 320, [2, 2], STAGES=3)
    yield dataclasses.replace(made, others={"sm_100a": gluon_blackwell}, warps=4, source=GluonASTSource)


def build(case, chip):
    types = {name: "*fp16" if array.dtype == np.float16 else "*fp32" for name, array in case.inputs.items()}
    types[case.output] = "*fp32"
    types |= {name: "fp32" if isinstance(value, float) else "i32" for name, value in case.scalars.items()}
    types |= dict.fromkeys(case.constants, "constexpr")
    # Pointers and sizes are multiples of 16, as Triton finds out at a call.
    kernel = case.others.get(chip, case.kernel)
    names = kernel.arg_names
    aligned = {(names.index(name),): [["tt.divisibility", 16]] for name in names
               if types[name].startswith("*") or case.scalars.get(name, 1) in range(0, 1 << 31, 16)}
    source = case.source(kernel, {name: types[name] for name in names}, case.constants, aligned)
    target = GPUTarget("cuda", int(re.search(r"\d+", chip)[0]), 32)
    return triton.compile(source, target=target, options={"num_warps": case.warps, "num_stages": case.stages})


def describe(case, made, folder):
    """The launch description: arguments in the kernel's order, then the two scratch memories of Triton."""
    (folder / "kernel.ptx").write_text(made.asm["ptx"])
    buffers, arguments = [], []

    def pointer(name, **more):
        buffers.append({"name": name, **more})
        arguments.append({"kind": "pointer", "buffer": name})

    for name in case.kernel.arg_names:
        if name in case.inputs:
            case.inputs[name].tofile(folder / f"{name}.bin")
            pointer(name, dtype="f16" if case.inputs[name].dtype == np.float16 else "f32", elements=case.inputs[name].size,
                    fill=f"file:{name}.bin", access="read")
        elif name == case.output:
            pointer(name, dtype="f32", elements=case.expected.size)
        elif name in case.scalars:
            value = case.scalars[name]
            arguments.append({"kind": "scalar", "type": "f32" if isinstance(value, float) else "s32", "value": value})
    programs = int(np.prod(case.grid))
    for name, size in (("scratch", made.metadata.global_scratch_size), ("profile", made.metadata.profile_scratch_size)):
        pointer(name, elements=max(16, size * programs))
    case.expected.astype(np.float32).tofile(folder / "expected.bin")
    launch = {"girih_launch": 1, "ptx": "kernel.ptx", "kernel": made.metadata.name, "grid": case.grid,
              "block": int(re.search(r"\.reqntid\s+(\d+)", made.asm["ptx"])[1]), "shared_bytes": made.metadata.shared,
              "buffers": buffers, "arguments": arguments,
              "expect": {"kind": "file", "buffer": case.output, "path": "expected.bin", "absolute": case.tolerance,
                         "relative": case.tolerance}}
    (folder / "launch.json").write_text(json.dumps(launch, indent=1))


def judge(case, chip, options):
    folder = options.out / re.sub(r"\W+", "_", f"{case.name} {chip}")
    folder.mkdir(parents=True, exist_ok=True)
    describe(case, build(case, chip), folder)
    return judge_launch(f"triton {case.name}", chip, folder, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--chip", choices=("sm_90a", "sm_100a"))
    parser.add_argument("--rules", choices=("hardware", "isa"), default="hardware")
    parser.add_argument("--schedules", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options = parser.parse_args()
    options.out = (options.out or pathlib.Path(tempfile.mkdtemp(prefix="girih-triton-"))).resolve()
    print("| program | chip | result | launches | warp instructions | time | verdicts |")
    print("|---|---|---|---|---|---|---|")
    outcomes = [judge(case, chip, options) for case in cases() for chip in ([options.chip] if options.chip else ["sm_90a", "sm_100a"])
                if not options.names or any(name in case.name for name in options.names)]
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
