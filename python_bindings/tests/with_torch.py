"""PyTorch without a GPU: the operator under tracing, refusals, and arrays for the simulator.

Not run by default, since PyTorch is large: python -m pytest python_bindings/tests/with_torch.py
"""
import os

import pytest
import torch
from conftest import TARGET, attention as reference, run_python
from test_fuzz import calls
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

import girih
import girih.torch
from girih.torch import attention, scaled_dot_product_attention


NEEDS_DRIVER = pytest.mark.skipif("GIRIH_FAKE_CUDA" not in os.environ, reason="GIRIH_FAKE_CUDA names no folder with a driver")


def on_fake_gpu(function, *shapes, dtype=torch.bfloat16):
    with FakeTensorMode():
        return function(*(torch.empty(shape, dtype=dtype, device="cuda") for shape in shapes))


Q, K = (2, 4, 33, 128), (2, 2, 40, 128)


def test_fake_kernel():
    for lse in (False, True):
        o, l = on_fake_gpu(lambda q, k, v: torch.ops.girih.attention(q, k, v, "causal", "", None, lse, "", "", [], []), Q, K, K)
        assert o.shape == Q and o.dtype == torch.bfloat16 and o.device.type == "cuda"
        assert l.dtype == torch.float32 and l.shape == (Q[:3] if lse else (0,))
    bshd = on_fake_gpu(lambda q: torch.ops.girih.attention(*[q.transpose(1, 2)] * 3, "none", "", None, False, "", "", [], [])[0],
                       (2, 33, 4, 128))
    assert bshd.stride() == (33 * 4 * 128, 128, 4 * 128, 1)


def test_tracing_gives_the_operator():
    graph = on_fake_gpu(make_fx(lambda q, k, v: attention(q, k, v, mask="causal", lse=True)), Q, K, K)
    assert "torch.ops.girih.attention.default" in graph.code


def test_no_backward():
    """Whatever asks for a gradient, what functions capture included."""
    def node(q, **options):
        return type(attention(q, q, q, **options).grad_fn).__name__

    assert "girih_attention" in on_fake_gpu(lambda q: node(q.requires_grad_()), Q)
    assert "girih_attention" in on_fake_gpu(lambda q, x: node(q, sinks=x.requires_grad_()), Q, (4,))
    assert "girih_attention" in on_fake_gpu(lambda q, x: node(q, score=lambda s, b, h, q, k: s + x.requires_grad_()[h]), Q, (4,))
    assert on_fake_gpu(lambda q, x: node(q, sinks=x), Q, (4,)) == "NoneType"
    with pytest.raises(NotImplementedError, match="no backward"):
        on_fake_gpu(lambda q: attention(q.requires_grad_(), q, q, out=q), Q)
    # Autograd's engine would want the GPU, so what it would call is called.
    with pytest.raises(NotImplementedError, match="girih.attention has no backward"):
        girih._torch._no_backward(None, None, None)


def test_refusals():
    q = torch.zeros(Q, dtype=torch.bfloat16)
    for call in (attention, girih.attention):
        with pytest.raises(ValueError, match="q is on cpu: girih.attention runs on a GPU; girih.simulate executes"):
            call(q, q, q)
        with pytest.raises(TypeError, match="q is torch.float32 when it should be torch.bfloat16 or torch.float16"):
            call(q.float(), q, q)
        with pytest.raises(ValueError, match="k has 3 dimensions when it should have 4"):
            on_fake_gpu(lambda q, k: call(q, k, k), Q, K[1:])
        with pytest.raises(TypeError, match="v is a int when it should be a tensor of PyTorch"):
            on_fake_gpu(lambda q: call(q, q, 3), Q)


@pytest.mark.parametrize("options, kind, message", [
    ({"attn_mask": torch.ones(3)}, ValueError, r"attn_mask has shape \[3\] when it should be \[2, 4, 33, 40\], or repeat"),
    ({"attn_mask": torch.ones(1, 1, 1, 1, 1)}, ValueError, r"attn_mask has shape \[1, 1, 1, 1, 1\] when"),
    ({"attn_mask": torch.ones(40), "is_causal": True}, ValueError, "attn_mask is given when is_causal is set"),
    ({"dropout_p": -0.5}, ValueError, "dropout_p is -0.5 when it should be from 0 to below 1"),
])
def test_what_sdpa_does_not_take(options, kind, message):
    with pytest.raises(kind, match=message):
        on_fake_gpu(lambda q, k: scaled_dot_product_attention(q, k, k, **options), Q, (2, 4, 40, 128))
    with pytest.raises(girih.UnsupportedError, match="an array of float64 in a traced function: bfloat16, "):
        on_fake_gpu(lambda q, k, m: scaled_dot_product_attention(q, k, k, m.double()), Q, (2, 4, 40, 128), (33, 40))


def test_shapes_of_sdpa():
    for leading in ((), (3,), (3, 4), (2, 3, 4), (1, 2, 3, 4)):
        mask = (33, 40)
        call = lambda q, k, m: torch.compile(scaled_dot_product_attention, backend="eager", fullgraph=True)(q, k, k, m)
        assert on_fake_gpu(call, (*leading, 33, 64), (*leading, 40, 64), mask).shape == (*leading, 33, 64)


@pytest.mark.parametrize("count", [300, pytest.param(2000, marks=NEEDS_DRIVER)])
def test_calls_by_chance(count):
    """On no GPU, and on a driver that runs on the CPU with kernels that are known."""
    calls("fuzz_torch.py", count, LD_LIBRARY_PATH=os.environ["GIRIH_FAKE_CUDA"] if count > 300 else "")


def test_heads_of_sdpa():
    with pytest.raises(ValueError, match="query has 4 heads and key 2: set enable_gqa"):
        on_fake_gpu(lambda q, k: scaled_dot_product_attention(q, k, k), Q, K)
    with_groups = lambda q, k: scaled_dot_product_attention(q, k, k, enable_gqa=True)
    assert on_fake_gpu(make_fx(with_groups), Q, K)
    three = lambda q, k: torch.compile(scaled_dot_product_attention, backend="eager", fullgraph=True)(q, k, k)
    assert on_fake_gpu(three, (4, 33, 128), (4, 40, 128)).shape == (4, 33, 128)


def test_simulated_bf16():
    kernel = girih.compile(girih.Problem(64), target=TARGET)
    q, k, v = (torch.randn(1, 2, length, 64).to(torch.bfloat16) for length in (70, 90, 90))
    o = girih.simulate(kernel, {"q": q, "k": k, "v": v}, check=True).raise_for_verdicts().outputs["o"]
    assert isinstance(o, torch.Tensor) and o.dtype == torch.bfloat16
    expected = reference(*(x.double().numpy() for x in (q, k, v)))[0]
    assert abs(o.double().numpy() - expected).max() < 2e-2


FAKE_GPU = """
import time
import fake_gpu, girih.torch, torch
from girih import _girih
kernel = fake_gpu.fake_kernel()
loaded, _ = _girih.load(kernel._handle, 0)
empty, _ = _girih.load(fake_gpu.fake_kernel("nothing")._handle, 0)
q, k, v = (torch.from_numpy(array.array).view(torch.bfloat16) for array in fake_gpu.inputs())
o, lse = torch.zeros_like(q), torch.zeros(q.shape[:3])
expected = fake_gpu.attention(*(x.double().numpy() for x in (q, k, v)))[0]
bshd = q.transpose(1, 2).contiguous().transpose(1, 2)
for inputs in ((q, k, v), (bshd, k, v), (torch.nn.Parameter(q), k, v)):
    assert loaded.launch_tensors(*inputs, o.zero_(), lse, stream=0) is None
    assert abs(o.double().numpy() - expected).max() < 1e-2
print(girih._errors.text_of(loaded.launch_tensors(q, k, v[:, :, :7], o, lse, stream=0)))
for wrong in ((q, k, v, o, 3), (q, k, v, o.short(), lse)):
    try:
        loaded.launch_tensors(*wrong, stream=0)
    except TypeError as error:
        print(type(error).__name__)
kernels = girih._torch._new_kernels(needs_heads=False, device_type=1)
print(kernels.launch(q, k, v, o, lse, [], [], 0))
rule, _ = _girih.schedule_rule(str(girih.Problem(128, lse=True)), "", "sm_90a")
kernels.add(q, k, v, loaded, rule)
many = [x[:, :, :1].expand(-1, -1, 4096, -1) for x in (q, k, v, o)]
assert kernels.launch(*many, lse[:, :, :1].expand(-1, -1, 4096), [], [], 0) is True
assert kernels.launch(q, k, v, o.zero_(), lse, [], [], 0) is None and abs(o.double().numpy() - expected).max() < 1e-2
print(kernels.launch(q.half(), k, v, o, lse, [], [], 0), kernels.launch(q, k, v[0], o, lse, [], [], 0), kernels.launch(q, k, 3, o, lse, [], [], 0),
      kernels.launch(q[..., :64], k, v, o, lse, [], [], 0), kernels.launch(q[:, :, :0], k, v, o, lse, [], [], 0),
      kernels.launch(q, k, v, o, None, [], [], 0) is None)
print(girih._errors.text_of(kernels.launch(q, k, v[:, :, :7], o, lse, [], [], 0)))
girih._torch._kernels["none", None, None, True, "", ()] = kernels
bfloat = lambda arrays: [torch.from_numpy(array.array).view(torch.bfloat16) for array in arrays]
for sizes in ((33, 40), (20, 50), (33, 40), (1, 7)):  # others each time, in memory that may be that of the last
    inputs = bfloat(fake_gpu.inputs(*sizes))
    wanted = fake_gpu.attention(*(x.double().numpy() for x in inputs))
    for attention, stream in ((girih.torch.attention, 0), (girih.attention, 77)):
        made = attention(*inputs, lse=True, stream=stream)
        assert all(abs(x.double().numpy() - y).max() < 1e-2 for x, y in zip(made, wanted)), sizes
made = girih.attention(bshd, k, v, lse=True, stream=0)
assert made[0].stride() == bshd.stride() and abs(made[0].double().numpy() - expected).max() < 1e-2
mixed = torch.nn.Parameter(q), k, v
with torch.no_grad():
    assert type(girih.attention(*mixed, lse=True, stream=0)[0]) is torch.Tensor
for wrong in (mixed, (q, k, v[:, :, :7]), (q, k.half(), v), (q[0], k, v), (q, k.to("meta"), v)):  # no quick way, which says so, or the usual one does
    try:
        girih.attention(*wrong, lse=True, stream=0)
        assert False
    except ValueError:
        pass
by_heads = girih._torch._new_kernels(needs_heads=True, device_type=1)
by_heads.add(q, k, v, loaded, rule)
print(by_heads.launch(q, k, v, o, lse, [], [], 0), by_heads.launch(q[:, :2], k, v, o, lse, [], [], 0))
small = q[:, :, :1], k[:, :, :1], v[:, :, :1], o[:, :, :1], lse[:, :, :1]
begin = time.perf_counter()
for _ in range(1000):
    empty.launch_tensors(*small, stream=0)
print((time.perf_counter() - begin) * 1e3, "us a launch")
nothing = girih._torch._kernels["none", None, None, True, "", ()] = girih._torch._new_kernels(needs_heads=False, device_type=1)
nothing.add(q, k, v, empty, rule)
best = float("inf")
for _ in range(20):
    begin = time.perf_counter()
    for _ in range(200):
        girih.attention(*small[:3], lse=True, stream=0)
    best = min(best, (time.perf_counter() - begin) * 5e3)
print(best, "us a call with two outputs")
"""


@NEEDS_DRIVER
@pytest.mark.skipif(not girih._torch._HAS_EXCHANGE, reason="this PyTorch has no exchange API")
def test_launches_on_a_driver_that_runs_on_the_cpu():
    """Whose memory is the host's, so that tensors on the CPU will do."""
    output = run_python(FAKE_GPU, LD_LIBRARY_PATH=os.environ["GIRIH_FAKE_CUDA"])
    print(output)
    refusal = "dimension 2 of 'v' is 7 when skv is 40 by dimension 2 of 'k'"
    assert output.startswith(f"{refusal}\nTypeError\nTypeError\nTrue\nTrue True True True True False\n{refusal}\nNone True\n")


@pytest.mark.parametrize("imports", ["import girih, torch", "import torch, girih"])
def test_in_one_process(imports):
    code = f"{imports}\nprint(girih.compile('b=1,h=1,sq=128,d=64', target='sm_90a').name)\n" \
           "print(torch.jit.trace(lambda x: x * 2 + x, torch.ones(3))(torch.ones(3)).tolist())"
    assert run_python(code) == "attention_1x1x128x64_bf16_none\n[3.0, 3.0, 3.0]\n"


TRITON = """
import {first}
import {second}
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

@triton.jit
def add(x, y, n, size: tl.constexpr):
    at = tl.program_id(0) * size + tl.arange(0, size)
    tl.store(y + at, tl.load(x + at, at < n) + 1, at < n)

def by_triton():
    source = ASTSource(add, {{"x": "*fp32", "y": "*fp32", "n": "i32", "size": "constexpr"}}, {{"size": 128}})
    return "ld.global" in triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]

def by_girih():
    return girih.compile("b=1,h=1,sq=128,d=64", target="sm_90a").name == "attention_1x1x128x64_bf16_none"

print(by_triton(), by_girih(), by_triton()) if "{first}" == "triton" else print(by_girih(), by_triton(), by_girih())
"""


@pytest.mark.parametrize("first, second", [("girih", "triton"), ("triton", "girih")])
def test_with_triton(first, second, tmp_path):
    """Which brings an LLVM and an MLIR of its own: both compile for a GPU, in turns."""
    pytest.importorskip("triton")
    script = tmp_path / "both.py"  # Triton reads a kernel's source
    script.write_text(TRITON.format(first=first, second=second))
    code = f"import runpy; runpy.run_path({str(script)!r})"
    assert run_python(code, TRITON_CACHE_DIR=str(tmp_path)) == "True True True\n"
