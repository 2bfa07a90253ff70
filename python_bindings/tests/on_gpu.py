"""PyTorch on a GPU: results beside float64, streams, graphs, torch.compile, and the operator's own checks.

Not run by default: python -m pytest python_bindings/tests/on_gpu.py
"""
import itertools
import threading

import pytest

import girih

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("no GPU", allow_module_level=True)

from test_fuzz import calls  # noqa: E402

from girih.torch import attention, flex_attention, scaled_dot_product_attention  # noqa: E402


def tensors(b=2, h=4, hkv=2, sq=250, skv=333, d=128, dtype=torch.bfloat16, seed=0):
    generator = torch.Generator("cuda").manual_seed(seed)
    make = lambda *shape: torch.randn(shape, generator=generator, device="cuda", dtype=torch.float32).to(dtype)
    return make(b, h, sq, d), make(b, hkv, skv, d), make(b, hkv, skv, d)


def reference(q, k, v, mask="none", scale=None, score=None):
    """o and lse in float64."""
    k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], 1) for x in (k, v))
    scores = q.double() @ k.double().transpose(2, 3) * (q.shape[3] ** -0.5 if scale is None else scale)
    if score:
        places = [torch.arange(size, device="cuda").view([-1 if dim == other else 1 for other in range(4)])
                  for dim, size in enumerate(scores.shape)]
        scores = score(scores, *places)
    if mask == "causal":
        hidden = torch.ones(scores.shape[2:], device="cuda", dtype=torch.bool).triu(1 + k.shape[2] - q.shape[2])
        scores = scores.masked_fill(hidden, -torch.inf)
    return scores.softmax(3).nan_to_num(0) @ v.double(), scores.logsumexp(3)


def close(o, expected, dtype=torch.bfloat16):
    # Rounding outputs and weights is relative to what they are, and a row of few keys has outputs of several.
    error = (o.double() - expected).abs() / expected.abs().clamp(min=1)
    return error.max().item() < (2e-2 if dtype == torch.bfloat16 else 3e-3)


@pytest.mark.parametrize("d, dtype, mask", itertools.product(
    (64, 128), (torch.bfloat16, torch.float16), ("none", "causal")))
def test_beside_float64(d, dtype, mask):
    for shape in ((2, 4, 2, 250, 333), (1, 8, 1, 1, 1), (1, 2, 2, 129, 128), (3, 6, 2, 40, 30), (1, 1, 1, 1, 4096)):
        q, k, v = tensors(*shape, d=d, dtype=dtype)
        o, lse = girih.attention(q, k, v, mask=mask, lse=True)
        expected = reference(q, k, v, mask)
        assert o.dtype == dtype and o.shape == q.shape and close(o, expected[0], dtype)
        torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=2e-3)
        assert torch.equal(girih.attention(q, k, v, mask=mask), o)


@pytest.mark.parametrize("dtype, mask", itertools.product((torch.float8_e4m3fn, torch.float8_e5m2), ("none", "causal")))
def test_float8(dtype, mask):
    for shape in ((2, 4, 2, 250, 333), (1, 2, 2, 129, 128), (1, 1, 1, 1, 4096)):
        q, k, v = (tensor.to(dtype) for tensor in tensors(*shape))
        o, lse = girih.attention(q, k, v, mask=mask, lse=True)
        expected = reference(q, k, v, mask)
        # Weights are rounded to 3 bits: each by 2^-4 at most, and most by less and not all one way.
        assert o.dtype == torch.bfloat16 and o.shape == q.shape
        assert (o.double() - expected[0]).norm() < 0.06 * expected[0].norm()
        torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=1e-2)


@pytest.mark.parametrize("d, dv", [(192, 128), (64, 128), (128, 64), (96, 40)])
def test_values_of_another_size(d, dv):
    q, k, v = tensors(hkv=4, d=d)[:2] + tensors(hkv=4, d=dv, seed=1)[2:]
    for q in (q, q.transpose(1, 2).contiguous().transpose(1, 2)):
        for _ in range(2):  # the second call goes the quick way
            o, lse = girih.attention(q, k, v, mask="causal", lse=True)
            expected = reference(q, k, v, "causal")
            assert o.shape == (*q.shape[:3], dv) and close(o, expected[0])
            assert (o.stride(1) < o.stride(2)) == (q.stride(1) < q.stride(2))
            torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=2e-3)
    torch.testing.assert_close(scaled_dot_product_attention(q, k, v), torch.nn.functional.scaled_dot_product_attention(q, k, v),
                               rtol=2e-2, atol=2e-2)
    assert torch.equal(torch.compile(attention, fullgraph=True, backend="aot_eager")(q, k, v, mask="causal"), o)


def test_scale_out_and_strides():
    q, k, v = tensors()
    assert close(attention(q, k, v, scale=0.3), reference(q, k, v, scale=0.3)[0])
    out = torch.empty_like(q)
    assert attention(q, k, v, out=out) is out and close(out, reference(q, k, v)[0])
    bshd = q.transpose(1, 2).contiguous().transpose(1, 2)
    o = attention(bshd, k, v)
    assert o.stride() == bshd.stride() and torch.equal(o, out)
    padded = torch.full((*k.shape[:3], 136), torch.nan, device="cuda", dtype=k.dtype)
    padded[..., :128] = k
    assert torch.equal(attention(q, padded[..., :128], v), out)
    assert torch.equal(attention(q, k[:, :1].expand_as(k), v), attention(q, k[:, :1].expand_as(k).contiguous(), v))


def test_schedule():
    q, k, v = tensors()
    for schedule in ({"workers": 1}, {"columns": 64, "stages": 3}):
        for mask in ("none", "causal"):
            assert close(attention(q, k, v, mask=mask, schedule=schedule), reference(q, k, v, mask)[0])
    with pytest.raises(girih.UnsupportedError, match="knob rows is 100 when"):
        attention(q, k, v, schedule={"rows": 100})


def alibi(score, b, h, q_idx, kv_idx):
    return score + torch.exp2(-(h + 1) * 2.0) * (kv_idx - q_idx)


@pytest.mark.parametrize("mask, score", [("none", alibi), ("causal", alibi), ("causal", "alibi"), ("none", "softcap(2)"), (
    "none", lambda s, b, h, q, k: torch.where((q - k) % 3 == 0, 2 * torch.tanh(s / 2), -float("inf")))])
def test_score_functions(mask, score):
    q, k, v = tensors()
    on_scores = {"alibi": alibi, "softcap(2)": lambda s, *_: 2 * torch.tanh(s / 2)}.get(score, score)
    for lse in (False, True):
        result = attention(q, k, v, mask=mask, score=score, lse=lse)
        expected = reference(q, k, v, mask, score=on_scores)
        assert close(result[0] if lse else result, expected[0])
        if lse:
            torch.testing.assert_close(result[1].double(), expected[1], rtol=0, atol=2e-3)


@pytest.mark.parametrize("mask_mod, name", [
    (lambda b, h, q, k: k <= q, "causal_top_left"), (lambda b, h, q, k: (k <= q + 83) & (k >= q + 20), "window(63,0)"),
    (lambda b, h, q, k: (q // 64 == k // 64) | (h == 1) & (k % 3 != 0), None), (lambda b, h, q, k: k < 100, "prefix(100)")])
def test_mask_functions(mask_mod, name):
    q, k, v = tensors()
    seen = mask_mod(*(torch.arange(size, device="cuda").view([-1 if dim == other else 1 for other in range(4)])
                      for dim, size in enumerate((2, 4, 250, 333)))).expand(2, 4, 250, 333)
    expected = reference(q, k, v, score=lambda s, *_: s.masked_fill(~seen, -torch.inf))
    o, lse = attention(q, k, v, mask=mask_mod, lse=True)
    assert close(o, expected[0])
    torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=2e-3)
    if name:
        assert torch.equal(attention(q, k, v, mask=name), o)


def test_block_mask():
    from torch.nn.attention.flex_attention import create_block_mask

    q, k, v = tensors(h=4, hkv=4, sq=300, skv=300)
    mask_mod = lambda b, h, q, k: (q >= k) & (q - k < 100)
    block = create_block_mask(mask_mod, None, None, 300, 300, device="cuda")
    by_name = attention(q, k, v, mask="window(99,0)")
    assert torch.equal(flex_attention(q, k, v, block_mask=block), by_name)
    assert close(flex_attention(q, k, v, block_mask=block, use_lists=True), by_name.double())


def test_score_functions_under_torch_compile():
    q, k, v = tensors(sq=256, skv=256)
    compiled = torch.compile(lambda *x: flex_attention(*x, score_mod=alibi, enable_gqa=True), fullgraph=True, backend="aot_eager")
    assert close(compiled(q, k, v), reference(q, k, v, score=alibi)[0])


def test_score_function_that_cannot_be_compiled():
    with pytest.raises(girih.UnsupportedError, match="math.floor"):
        attention(*tensors(), score=lambda s, b, h, q, k: torch.floor(s))
    with pytest.raises(TypeError, match="write girih.where"):
        attention(*tensors(), score=lambda s, b, h, q, k: s if q > k else 0)


def test_empty():
    q, k, v = tensors()
    assert attention(q[:, :, :0], k, v).shape == (2, 4, 0, 128)
    assert attention(q[:0], k[:0], v[:0]).shape == (0, 4, 250, 128)
    o, lse = attention(q, k[:, :, :0], v[:, :, :0], lse=True)
    assert (o == 0).all() and (lse == -torch.inf).all()


def test_current_stream():
    """A side stream is held up; a launch elsewhere would read what has not been copied yet."""
    q, k, v = tensors(sq=2048, skv=2048)
    expected = attention(q, k, v)
    late = torch.zeros_like(q)
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        late.copy_(q)
        o = attention(late, k, v)
    assert not stream.query()  # nothing was waited for
    stream.synchronize()
    assert torch.equal(o, expected)


def test_streams_and_threads_at_the_same_time():
    """The causal kernel counts its work in a workspace: each stream has its own."""
    problems = [tensors(sq=700 + 100 * i, skv=700 + 100 * i, seed=i) for i in range(8)]
    expected = [attention(*problem, mask="causal") for problem in problems]
    torch.cuda.synchronize()
    wrong = []

    def work(i):
        with torch.cuda.stream(torch.cuda.Stream()):
            for _ in range(50):
                o = attention(*problems[i], mask="causal")
            torch.cuda.current_stream().synchronize()
            if not torch.equal(o, expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_cuda_graph_beside_eager_launches():
    q, k, v = tensors(sq=1024, skv=1024)
    expected = attention(q, k, v, mask="causal")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        o = attention(q, k, v, mask="causal")
        again = attention(o, k, v, mask="causal")
    side = torch.cuda.Stream()
    for _ in range(20):
        graph.replay()
        with torch.cuda.stream(side):
            eager = attention(q, k, v, mask="causal")
    torch.cuda.synchronize()
    assert torch.equal(o, expected) and torch.equal(eager, expected)
    assert torch.equal(again, attention(expected, k, v, mask="causal"))


def test_torch_compile_without_breaks():
    def block(q, k, v):
        o, lse = attention(q * 0.5, k, v, mask="causal", lse=True)
        return o * 2, lse + scaled_dot_product_attention(q, q, q, is_causal=True).float().sum(3)

    q, k, v = tensors(sq=256, skv=256)
    compiled = torch.compile(block, fullgraph=True, dynamic=True, backend="aot_eager")
    for length in (256, 100):
        given = q[:, :, :length], k, v
        for found, expected in zip(compiled(*given), block(*given)):
            torch.testing.assert_close(found, expected, rtol=2e-2, atol=2e-2)


def test_operator_by_its_own_checks():
    q, k, v = tensors(sq=64, skv=64)
    for lse in (False, True):
        torch.library.opcheck(torch.ops.girih.attention.default, (q, k, v, "causal", "softcap(20)", None, lse, "", "", [], []))
    sinks = torch.randn(q.shape[1], device="cuda")
    torch.library.opcheck(torch.ops.girih.attention.default, (q, k, v, "none", "", 0.1, True, "workers=1", "sinks", [sinks], []))
    # With a gradient, which there is none of, all but a backward.
    torch.library.opcheck(torch.ops.girih.attention.default, (q.requires_grad_(), k, v, "none", "", None, True, "", "", [], []),
                          test_utils=("test_schema", "test_autograd_registration", "test_faketensor"))


def test_no_backward():
    q, k, v = tensors()
    o = attention(q.requires_grad_(), k, v)
    assert o.requires_grad
    with pytest.raises(NotImplementedError, match="girih.attention has no backward"):
        o.sum().backward()
    with torch.no_grad():
        assert not attention(q, k, v).requires_grad
    sinks = torch.nn.Parameter(torch.zeros(q.shape[1], device="cuda"))
    for options in ({"sinks": sinks}, {"score": lambda s, b, h, q, k: s + sinks[h]}):
        for _ in range(2):  # the second call finds a kernel
            with pytest.raises(NotImplementedError, match="girih.attention has no backward"):
                attention(q.detach(), k, v, **options).sum().backward()


def test_beside_torch():
    q, k, v = tensors(h=8, hkv=8, sq=512, skv=512)
    for causal in (False, True):
        ours, theirs = (f(q, k, v, is_causal=causal) for f in (
            scaled_dot_product_attention, torch.nn.functional.scaled_dot_product_attention))
        torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)
    longer = q, *(torch.cat([x, x], 2) for x in (k, v))  # PyTorch aligns the mask at the start
    ours, theirs = (f(*longer, is_causal=True) for f in (
        scaled_dot_product_attention, torch.nn.functional.scaled_dot_product_attention))
    torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)
    three = q[0], k[0], v[0]
    torch.testing.assert_close(scaled_dot_product_attention(*three),
                               torch.nn.functional.scaled_dot_product_attention(*three), rtol=2e-2, atol=2e-2)
    swapped = q.transpose(2, 3).contiguous().transpose(2, 3)  # the last stride is not 1
    assert torch.equal(scaled_dot_product_attention(swapped, k, v), scaled_dot_product_attention(q, k, v))


def freed(tensor):
    """Its memory was given back, as FSDP does."""
    tensor.untyped_storage().resize_(0)
    return tensor


@pytest.mark.parametrize("change, kind, message", [
    (lambda q, k, v: (q.cpu(), k, v), ValueError, "q is on cpu: girih.attention runs on a GPU"),
    (lambda q, k, v: (q, k.cpu(), v), ValueError, "k is on cpu"),
    (lambda q, k, v: (q.float(), k, v), TypeError, "q is torch.float32 when it should be"),
    (lambda q, k, v: (q, k.half(), v), ValueError, "'k' is f16 when it should be bf16"),
    (lambda q, k, v: (q[0], k, v), ValueError, "q has 3 dimensions"),
    (lambda q, k, v: (q, k, v[:, :, :7]), ValueError, "dimension 2 of 'v' is 7 when skv is 333"),
    (lambda q, k, v: (q[:, :3], k, v), ValueError, "size 'h' is 3 when it should be a multiple of hkv, which is 2"),
    (lambda q, k, v: (q[..., :84], k[..., :84], v[..., :84]), girih.UnsupportedError, "head size 84 is not supported"),
    (lambda q, k, v: (q, k.transpose(2, 3).contiguous().transpose(2, 3), v), ValueError, "the last stride of 'k' is"),
    (lambda q, k, v: (q[..., 1:65], k[..., :64], v[..., :64]), ValueError, "the address of 'q'"),
    (lambda q, k, v: (q, k, 3), TypeError, "v is a int"),
    (lambda q, k, v: (q, k, freed(v)), ValueError, "'v' has no address"),
])
def test_refusals(change, kind, message):
    with pytest.raises(kind) as caught:
        attention(*change(*tensors()))
    assert message in str(caught.value)
    assert attention(*tensors()).isfinite().all()  # the context is whole


def test_calls_by_chance():
    """Wrong types, devices, shapes, strides, freed and empty tensors: an error or a result, and a context that is whole."""
    calls("fuzz_torch.py", 400)


def test_outputs_that_do_not_fit():
    q, k, v = tensors()
    for out, kind, message in ((q.cpu(), ValueError, "out is on cpu when q is on cuda:0"),
                               (q.float(), TypeError, "out is torch.float32 when it should be torch.bfloat16"),
                               (3, TypeError, "out is a int"), (q[:, :, :5], ValueError, "dimension 2 of 'o' is 5"),
                               (q[:, :1].expand_as(q), ValueError, "stride 1 of 'o' is 0")):
        with pytest.raises(kind) as caught:
            attention(q, k, v, out=out)
        assert message in str(caught.value)


@pytest.mark.parametrize("make", [lambda *shape: torch.rand(shape, device="cuda") < 0.7,
                                  lambda *shape: torch.randn(shape, device="cuda", dtype=torch.bfloat16)])
def test_mask_tensors_of_sdpa(make):
    """Beside the definition: PyTorch's faster backends want aligned masks."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    q, k, v = tensors(h=4, hkv=4)
    for shape in ((250, 333), (2, 1, 250, 333), (2, 4, 250, 333), (2, 1, 1, 333), (1, 4, 250, 1)):
        mask = make(*shape)
        ours = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        torch.cuda.synchronize()
        with sdpa_kernel(SDPBackend.MATH):
            theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        torch.testing.assert_close(ours, theirs.nan_to_num(0), rtol=2e-2, atol=2e-2)
    with pytest.raises(ValueError, match="a captured tensor is on cpu when q is on cuda:0"):
        scaled_dot_product_attention(q, k, v, attn_mask=mask.cpu())


def test_what_is_beside_under_torch_compile():
    """In one graph, also of inductor: sinks, lengths and dropout, other random numbers in each call."""
    q, k, v = tensors()
    sinks, lengths = torch.randn(4, device="cuda"), torch.tensor([100, 333], device="cuda", dtype=torch.int32)
    function = lambda q, n: attention(q * 2, k, v, key_lengths=n, sinks=sinks, lse=True)
    compiled = torch.compile(function, fullgraph=True)
    for _ in range(2):
        for found, expected in zip(compiled(q, lengths), function(q, lengths)):
            assert torch.equal(found, expected)
        lengths -= 50
    drop = torch.compile(lambda q: attention(q, k, v, dropout_p=0.5), fullgraph=True)
    assert not torch.equal(drop(q), drop(q))


def test_dlpack_from_another_framework():
    """A tensor that is not PyTorch's by its type, into outputs that are given."""
    class Other:
        def __init__(self, tensor):
            self.tensor = tensor

        def __dlpack__(self, stream=None, **_):
            return self.tensor.__dlpack__(stream=stream)

        def __dlpack_device__(self):
            return self.tensor.__dlpack_device__()

    q, k, v = tensors()
    o = torch.empty_like(q)
    girih.attention(Other(q), Other(k), Other(v), out=Other(o), stream=torch.cuda.current_stream().cuda_stream)
    assert torch.equal(o, attention(q, k, v))


def test_several_gpus():
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU")
    q, k, v = tensors()
    expected = attention(q, k, v)
    there = attention(*(x.to("cuda:1") for x in (q, k, v)))
    assert there.device.index == 1 and torch.equal(there.cpu(), expected.cpu())
    assert torch.cuda.current_device() == 0
    with pytest.raises(ValueError, match="k is on cuda:1 when q is on cuda:0"):
        attention(q, k.to("cuda:1"), v)
