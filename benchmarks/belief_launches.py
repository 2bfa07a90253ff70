#!/usr/bin/env python3
"""Writes the suite `foreign` of benchmarks/belief: launches of kernels that girih-compile did not make.

usage: benchmarks/belief_launches.py [--fa4 FOLDER] [--build FOLDER]

The nvcc kernels of test/Simulator/Kernels at sizes that fill a GPU, and, where --fa4 has fa4_hopper.ptx and fa4_hopper-causal.ptx
(fa4_in_simulator.py --out FOLDER writes them), FlashAttention-4's sm_90a kernels. ptxas assembles each; PTX of a newer version than it knows is
taken for the one that it does.
"""
import argparse
import json
import pathlib
import re
import subprocess
import types

from fa4_in_simulator import describe

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ROOT / "test" / "Simulator" / "Kernels"
PTX_VERSION = "9.0"  # of CUDA 13.0's ptxas


class Suite:
    def __init__(self, out):
        self.out, self.launches, self.registers = out, [], {}

    def assemble(self, source):
        text = re.sub(r"^\.version \d+\.\d+", f".version {PTX_VERSION}", source.read_text(), count=1, flags=re.M)
        path = self.out / source.name
        path.write_text(text)
        done = subprocess.run(["ptxas", "-v", "-arch=sm_90a", str(path), "-o", str(path.with_suffix(".cubin"))], check=True, capture_output=True, text=True)
        self.registers[path.name] = int(re.search(r"Used (\d+) registers", done.stderr)[1])
        return text

    def add(self, name, launch, shape):
        for seed, buffer in enumerate(launch["buffers"]):
            if buffer.get("access") == "read":
                buffer.update(fill="random", seed=seed + 1)
        launch.pop("expect", None)
        launch["registers"] = self.registers[launch["ptx"]]  # which say how many CTAs a multiprocessor has
        (self.out / f"{name}.json").write_text(json.dumps(launch))
        self.launches.append({"name": name, "launch": f"{name}.json", "cubin": str(pathlib.Path(launch["ptx"]).with_suffix(".cubin")), "shape": shape})

    def add_flash_attention(self, folder, kernel):
        entry = re.search(r"\.entry\s+(\w+)", self.assemble(folder / f"fa4_{kernel}.ptx")).group(1)
        mask = "causal" if "causal" in kernel else "none"
        for batch, heads, seq in ((2, 16, 1024), (1, 16, 4096), (2, 16, 2048), (1, 32, 512), (2, 32, 2048), (1, 8, 8192)):
            launch = describe(kernel, entry, types.SimpleNamespace(seq=seq, heads=heads, batch=batch), None)
            self.add(f"fa4_{mask}_{batch}x{heads}x{seq}", launch, f"[{batch}, {heads}, {seq}, 128] {mask} lse")

    def add_matrix_product(self, cluster, m, n, k):
        launch = json.loads((KERNELS / f"gemm_sm90_cluster{cluster}.json").read_text())
        launch["grid"] = [m // 128, n // 128]
        for buffer, elements in zip(launch["buffers"], (m * k, n * k, m * n)):
            buffer["elements"] = elements
        for argument, sizes in zip(launch["arguments"], ([k, m], [k, n], [n, m])):
            argument["sizes"] = sizes
        launch["arguments"][3]["value"] = k // 64
        self.add(f"nvcc_gemm_c{cluster}_{m}x{n}x{k}", launch, f"gemm {m}x{n}x{k}")

    def add_attention(self, mask, heads, seq):
        launch = json.loads((KERNELS / f"attention_sm90{mask}_512.json").read_text())
        launch["grid"] = [seq // 128, heads]
        for buffer in launch["buffers"]:
            buffer["elements"] = heads * seq * 128
        for argument in launch["arguments"][:4]:
            argument["sizes"] = [128, seq, heads]
        launch["arguments"][4]["value"] = seq
        self.add(f"nvcc_attention{mask}_{heads}x{seq}", launch, f"[1, {heads}, {seq}, 128]{mask}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument("--fa4", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    args = parser.parse_args()
    out = args.build / "suites" / "foreign"
    out.mkdir(parents=True, exist_ok=True)
    suite = Suite(out)
    if args.fa4:
        for kernel in ("hopper", "hopper-causal"):
            suite.add_flash_attention(args.fa4, kernel)
    for cluster in (1, 2):
        suite.assemble(KERNELS / f"gemm_sm90_cluster{cluster}.ptx")
        for m, n, k in ((4096, 4096, 4096), (2048, 2048, 2048), (1024, 1024, 8192), (8192, 4096, 1024)):
            suite.add_matrix_product(cluster, m, n, k)
    for mask in ("", "_causal"):
        suite.assemble(KERNELS / f"attention_sm90{mask}.ptx")
        for heads, seq in ((32, 1024), (16, 4096), (64, 2048)):
            suite.add_attention(mask, heads, seq)
    (out / "suite.json").write_text(json.dumps({"suite": "foreign", "launches": suite.launches}, indent=2) + "\n")


if __name__ == "__main__":
    main()
