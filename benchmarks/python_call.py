#!/usr/bin/env python3
"""girih.attention from PyTorch: what a call costs before the launch, and kernels beside PyTorch's own.

Needs a GPU, PyTorch and the package (docs/python.md). Prints a table; times are medians in random order.
"""
import random
import statistics
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

import girih
from girih import torch as girih_torch
from girih._errors import value_of

SHAPES = [(2, 32, 1024, 128), (4, 32, 2048, 128), (4, 32, 4096, 128), (8, 32, 2048, 128)]


def call_costs(calls, rounds=40, count=50):
    """Microseconds of the CPU for each of the calls, of kernels too short to fill the queue, which take turns in random order."""
    samples = {name: [] for name in calls}
    for name, call in calls.items():
        for _ in range(count):
            call()
    torch.cuda.synchronize()
    for _ in range(rounds):
        for name in random.sample(list(calls), len(calls)):
            begin = time.perf_counter()
            for _ in range(count):
                calls[name]()
            samples[name].append((time.perf_counter() - begin) / count * 1e6)
            torch.cuda.synchronize()
    return {name: statistics.median(found) for name, found in samples.items()}


def milliseconds(calls, rounds=15):
    """Of the GPU, for each of the calls, which take turns in random order."""
    times = {}
    for name, call in calls.items():
        try:
            call()
            times[name] = []
        except RuntimeError:  # a backend that this PyTorch or this GPU has not
            pass
    for _ in range(rounds):
        for name in random.sample(list(times), len(times)):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            for _ in range(20):
                calls[name]()
            end.record()
            torch.cuda.synchronize()
            times[name].append(begin.elapsed_time(end) / 20)
    return {name: statistics.median(samples) for name, samples in times.items()}


def sdpa(q, k, v, causal, backend=None):
    if backend is None:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    with sdpa_kernel(backend):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)


def main():
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, girih {girih.__version__}")
    small = [torch.randn(1, 4, 64, 128, device="cuda", dtype=torch.bfloat16) for _ in range(3)]
    begin = time.perf_counter()
    girih_torch.attention(*small)
    print(f"first call {time.perf_counter() - begin:.2f} s (compiled or from disk)")
    cap = lambda s, b, h, q, k: 30 * girih.math.tanh(s / 30)
    slopes = torch.ones(4, device="cuda")
    alibi = lambda s, b, h, q, k: s + slopes[h] * (k - q)
    out = torch.empty_like(small[0])
    calls = {
        "girih": lambda: girih_torch.attention(*small),
        "girih, causal": lambda: girih_torch.attention(*small, mask="causal"),
        "girih, a score function": lambda: girih_torch.attention(*small, score=cap),
        "girih, one that captures a tensor": lambda: girih_torch.attention(*small, score=alibi),
        "girih.attention": lambda: girih.attention(*small),
        "PyTorch's SDPA": lambda: sdpa(*small, False),
        "the output's memory": lambda: torch.empty_like(small[0]),
    }
    for mask in ("none", "causal"):
        loaded = girih._attention.kernels_of(0, (128, 128), None, mask, None, None, False, "", 0).loaded_for(small[0].shape, small[1].shape)
        calls[f"the launch and its checks, {mask}"] = lambda loaded=loaded: loaded.launch_tensors(*small, out, stream=None)
    with torch.no_grad():
        print("a call, us: " + ", ".join(f"{name} {cost:.1f}" for name, cost in call_costs(calls).items()))
    print("| shape | girih ms | one size ms | flash ms | cuDNN ms |\n|---|---|---|---|---|")
    for causal in (False, True):
        for b, h, s, d in SHAPES:
            q, k, v = (torch.randn(b, h, s, d, device="cuda", dtype=torch.bfloat16) for _ in range(3))
            mask = "causal" if causal else "none"
            fixed = girih.compile(girih.Problem(d, b=b, h=h, sq=s, mask=mask))
            loaded = value_of(*girih._girih.load(fixed._handle, 0))
            o = torch.empty_like(q)
            described = [(t.data_ptr(), 0, t.shape, t.stride()) for t in (q, k, v, o)]
            calls = {
                "girih": lambda: girih_torch.attention(q, k, v, mask=mask),
                "fixed": lambda: loaded.launch(*described, stream=torch.cuda.current_stream().cuda_stream),
                "flash": lambda: sdpa(q, k, v, causal, SDPBackend.FLASH_ATTENTION),
                "cudnn": lambda: sdpa(q, k, v, causal, SDPBackend.CUDNN_ATTENTION),
            }
            times = milliseconds(calls)
            print(f"| [{b}, {h}, {s}, {d}]{' causal' * causal} | " + " | ".join(f"{times[name]:.4f}" if name in times else "-" for name in calls) + " |")


if __name__ == "__main__":
    main()
