"""What functions capture, in PyTorch on a GPU: under torch.compile, in CUDA graphs, and by the operator's own checks.

Not run by default: python -m pytest python_bindings/tests/on_gpu_captures.py
"""
import pytest

import girih

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("no GPU", allow_module_level=True)

from on_gpu import close, reference, tensors  # noqa: E402

from girih.flash_attn import flash_attn_func, flash_attn_varlen_func  # noqa: E402
from girih.torch import attention, scaled_dot_product_attention  # noqa: E402


class Biased(torch.nn.Module):
    """What FlexAttention's users write: functions inside of a module, of its buffers, of numbers and of sizes."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator("cuda").manual_seed(7)
        self.register_buffer("bias", torch.randn(4, 700, device="cuda", generator=generator))
        self.register_buffer("documents", torch.arange(700, device="cuda") // 90)
        self.factor = torch.tensor(0.5)

    def functions(self, offset):
        score = lambda s, b, h, q, k: s * self.factor + self.bias[h, k - q + 350]  # from 101 to 682
        mask = lambda b, h, q, k: (q + offset >= k) & ((self.documents[q + offset] == self.documents[k]) | (k < 3))
        return score, mask

    def forward(self, q, k, v):
        score, mask = self.functions(k.shape[2] - q.shape[2])
        return attention(q * 2, k, v, mask=mask, score=score)


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_captured_tensors_under_torch_compile(backend):
    model = Biased()
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend=backend)
    for sq, skv in ((250, 333), (129, 129), (250, 333)):
        q, k, v = tensors(sq=sq, skv=skv)
        score, mask = model.functions(skv - sq)
        on_scores = lambda s, b, h, i, j: score(s, b, h, i, j).masked_fill(~mask(b, h, i, j), -torch.inf)
        o = compiled(q, k, v)
        assert torch.equal(o, model(q, k, v)) and close(o, reference(q * 2, k, v, score=on_scores)[0])
        model.bias.mul_(-1)  # the graph is of any values
        assert torch.equal(compiled(q, k, v), model(q, k, v))


def test_captured_tensors_in_a_cuda_graph():
    """Are read when the graph is replayed."""
    q, k, v = tensors(sq=256, skv=256)
    bias = torch.zeros(4, device="cuda")
    score = lambda s, b, h, q, k: s + bias[h] * (k - q)
    attention(q, k, v, score=score)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        o = attention(q, k, v, score=score)
    for slope in (0.0, 0.25):
        bias.fill_(slope)
        graph.replay()
        assert torch.equal(o, attention(q, k, v, score=score)) and close(o, reference(q, k, v, score=score)[0])


def test_operator_of_captured_tensors_by_its_own_checks():
    q, k, v = tensors(sq=64, skv=64)
    bias, factor = torch.randn(4, device="cuda"), torch.tensor(0.5)
    score = str(girih.trace(lambda s, b, h, q, k: s * factor + bias[h]))
    torch.library.opcheck(torch.ops.girih.attention.default, (q, k, v, "none", score, None, True, "", "", [bias], [factor]))
    for bias, message in ((bias.cpu(), "a captured tensor is on cpu when q is on cuda:0"), (bias[None], "score1")):
        with pytest.raises(ValueError, match=message):
            torch.ops.girih.attention(q, k, v, "none", score, None, False, "", "", [bias], [factor])


def test_flash_attn():
    q, k, v = tensors()
    slopes = torch.tensor([[0.5, 0.25, 0.1, 0.0], [1.0, 0.0, 0.5, 0.2]], device="cuda")
    bias = lambda s, b, h, i, j: s - slopes[b, h] * (i + 83 - j).abs()
    given = [x.transpose(1, 2).contiguous() for x in (q, k, v)]
    o, lse, probabilities = flash_attn_func(*given, causal=True, alibi_slopes=slopes, return_attn_probs=True)
    expected = reference(q, k, v, "causal", score=bias)
    assert probabilities is None and o.is_contiguous() and close(o.transpose(1, 2), expected[0])
    torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=2e-3)
    assert close(flash_attn_func(*given, window_size=(20, 0)).transpose(1, 2), reference(
        q, k, v, score=lambda s, b, h, i, j: s.masked_fill((j > i + 83) | (j < i + 63), -torch.inf))[0])


def test_sinks_of_flash_attn():
    q, k, v = tensors()
    sinks = torch.tensor([0.5, -1, 2, 0], device="cuda", dtype=torch.bfloat16)
    given = [x.transpose(1, 2).contiguous() for x in (q, k, v)]
    o, lse, _ = flash_attn_func(*given, causal=True, sinks=sinks, return_attn_probs=True)
    expected, plain = reference(q, k, v, "causal")
    joined = torch.logaddexp(plain, sinks[:, None].double())
    torch.testing.assert_close(lse.double(), joined, rtol=0, atol=2e-3)
    assert close(o.transpose(1, 2), expected * (plain - joined).exp()[..., None])


def test_packed_sequences():
    queries, keys = (torch.tensor(starts, dtype=torch.int32, device="cuda") for starts in ([0, 70, 70, 203, 300], [0, 90, 130, 300, 430]))
    q, k, v = (torch.randn(total, heads, 64, device="cuda", dtype=torch.bfloat16) for total, heads in ((300, 4), (430, 2), (430, 2)))
    o, lse, _ = flash_attn_varlen_func(q, k, v, queries, keys, causal=True, return_attn_probs=True)
    slopes = torch.tensor([0.5, 0.25, 0.1, 0.0], device="cuda")
    with_slopes = flash_attn_varlen_func(q, k, v, queries, keys, causal=True, alibi_slopes=slopes)
    for n in (0, 2, 3):
        rows, columns = slice(*queries[n:n + 2].tolist()), slice(*keys[n:n + 2].tolist())
        parts = [x.transpose(0, 1)[None] for x in (q[rows], k[columns], v[columns])]
        expected = reference(*parts, "causal")
        assert close(o[rows].transpose(0, 1)[None], expected[0])
        torch.testing.assert_close(lse[:, rows].double()[None], expected[1], rtol=0, atol=2e-3)
        ahead = parts[1].shape[2] - parts[0].shape[2]
        biased = reference(*parts, "causal", score=lambda s, b, h, i, j: s - slopes[h] * (i + ahead - j).abs())
        assert close(with_slopes[rows].transpose(0, 1)[None], biased[0])


def test_descales():
    q, k, v = (x.to(torch.float8_e4m3fn) for x in tensors())
    heads = (q.shape[0], k.shape[1])
    of_keys, of_values = (torch.rand(heads, device="cuda") + 0.5 for _ in range(2))
    whole = torch.tensor([0.75], device="cuda")  # of one element, for all heads
    o, lse = attention(q, k, v, lse=True, q_descale=0.5, k_descale=of_keys, v_descale=of_values)
    expected = reference(q.float() * 0.5, k.float() * of_keys[..., None, None], v.float() * of_values[..., None, None])
    torch.testing.assert_close(lse.double(), expected[1], rtol=0, atol=2e-2)
    assert (o.double() - expected[0]).abs().max() < 0.1
    same = attention(q, k, v, q_descale=whole, k_descale=whole.bfloat16())
    assert (same.double() - attention(q, k, v, q_descale=0.75, k_descale=0.75).double()).abs().max() < 1e-2
    with pytest.raises(ValueError, match="v_descale is 0 when it should be positive and finite"):
        attention(q, k, v, v_descale=0)


def test_dropout():
    """The same weights for a state, and those of the reference's formula; others for another one."""
    q, k = tensors()[:2]
    v = torch.eye(k.shape[2], q.shape[3], dtype=q.dtype, device="cuda").expand(*k.shape[:2], -1, -1).contiguous()
    state = torch.tensor([11, 1 << 40], device="cuda")
    o, lse = attention(q, k, v, lse=True, dropout_p=0.5, dropout_state=state)
    assert torch.equal(o, attention(q, k, v, dropout_p=0.5, dropout_state=(11, 1 << 40), mask="window(-1,-1)"))
    torch.testing.assert_close(lse, attention(q, k, v, lse=True)[1], rtol=0, atol=1e-4)  # which may have other tiles
    whole = attention(q, k, v)
    left = o != 0
    assert close(o[left], 2 * whole[left].double()) and 0.45 < left[whole != 0].double().mean() < 0.55
    torch.manual_seed(3)
    first, second = (attention(q, k, v, dropout_p=0.5) for _ in range(2))
    torch.manual_seed(3)
    assert torch.equal(first, scaled_dot_product_attention(q, k, v, dropout_p=0.5, enable_gqa=True)) and not torch.equal(first, second)


def test_lengths_and_sinks():
    q, k, v = tensors()
    queries, keys = (torch.tensor(lengths, dtype=torch.int32, device="cuda") for lengths in ([50, 7], [60, 83]))
    sinks = torch.tensor([0.5, -1, 2, 0], device="cuda")
    o, lse = attention(q, k, v, lse=True, query_lengths=queries, key_lengths=keys, sinks=sinks[:q.shape[1]])
    for b in range(2):
        m, n = int(queries[b]), int(keys[b])
        expected, plain = reference(q[b:b + 1, :, :m], k[b:b + 1, :, :n], v[b:b + 1, :, :n])
        joined = torch.logaddexp(plain, sinks[:q.shape[1], None].double())
        torch.testing.assert_close(lse[b:b + 1, :, :m].double(), joined, rtol=0, atol=2e-3)
        assert close(o[b:b + 1, :, :m], expected * (plain - joined).exp()[..., None])


def test_keys_in_parts():
    """Attention to the first keys goes into that to the others, also in a graph of torch.compile."""
    q, k, v = tensors()
    parts = [[x[:, :, part] for x in (k, v)] for part in (slice(100), slice(100, None))]
    expected = reference(q, k, v)
    first = attention(q, *parts[0], lse=True)
    call = lambda o, l: attention(q, *parts[1], lse=True, partial_o=o, partial_lse=l)
    for made in (call(*first), torch.compile(call, fullgraph=True, backend="aot_eager")(*first)):
        assert close(made[0], expected[0])
        torch.testing.assert_close(made[1].double(), expected[1], rtol=0, atol=2e-3)
    with pytest.raises(TypeError, match="partial_o and partial_lse are given together"):
        attention(q, k, v, partial_o=first[0])
