"""torch.compile without a GPU: PyTorch's own compiler of graphs, with the operator in the simulator.

Not run by default, since PyTorch is large: python -m pytest python_bindings/tests/with_torch_compile.py
"""
import pytest
import torch
from conftest import TARGET
from functorch.compile import make_boxed_func
from torch._dynamo.backends.common import aot_autograd
from torch.nn.attention import flex_attention as flex
from with_torch import SLOPES, alibi, captured_slopes, documents, rules, window

import girih
from girih._beside import switches_of
from girih._cache import compiled as compiled_kernel
from girih._problem import schedule_of
from girih._torch import in_one_line
from girih._traced import traced
from girih.flash_attn import flash_attn_func, flash_attn_varlen_func
from girih.torch import attention, flex_attention, scaled_dot_product_attention

FACTOR = torch.tensor(0.5)
KINDS = torch.arange(40) % 3
TRUTHS = torch.ones(33, 40, dtype=torch.bool)


def simulated(q, k, v, mask, score, scale, lse, knobs, beside, arrays, numbers):
    """The operator on the CPU."""
    problem = girih.Problem(q.shape[3], dtype="f16", mask=traced(mask, "mask"), score=traced(score or None, "score"), scale=scale,
                            lse=lse, schedule={"columns": 64} | schedule_of(knobs),
                            **switches_of(tuple(beside.split(",")) if beside else ()))
    kernel = compiled_kernel(problem, TARGET)
    taken = [tensor["name"] for tensor in kernel.tensors if tensor["name"] not in ("q", "k", "v", "o", "lse")]
    captured = dict(zip(taken, arrays, strict=True))
    scalars = dict(zip([name for name, _ in kernel.scalars], [number.item() for number in numbers], strict=True))
    run = girih.simulate(kernel, {"q": q, "k": k, "v": v, **captured}, scalars=scalars, check=True).raise_for_verdicts()
    o = torch.empty_like(q).copy_(run.outputs["o"])  # in memory as the operator has it
    return o, run.outputs["lse"] if lse else q.new_empty(0, dtype=torch.float32)


def compiled(function, found, **options):
    """torch.compile with a backend that has the operator's nodes simulated, and adds them to a list."""
    def compile_graph(graph, _):
        for node in graph.graph.nodes:
            if node.target is torch.ops.girih.attention.default:
                found.append(node)
                node.target = simulated
        graph.recompile()
        return make_boxed_func(graph.forward)

    torch._dynamo.reset()
    return torch.compile(function, backend=aot_autograd(fw_compiler=compile_graph), fullgraph=True, **options)


def inputs(sq=33, skv=40):
    torch.manual_seed(0)
    return [torch.randn(1, heads, length, 64).half() for heads, length in ((2, sq), (1, skv), (1, skv))]


def on_whole_tensors(q, k, v, score=lambda s, *_: s, mask=lambda *_: torch.tensor(True)):
    """By the same functions, called with all indices at once."""
    index = [torch.arange(size).view([-1 if dim == other else 1 for other in range(4)])
             for dim, size in enumerate((*q.shape[:3], k.shape[2]))]
    s = torch.where(mask(*index), score(q.float() @ k.float().transpose(2, 3) / q.shape[3] ** 0.5, *index), -torch.inf)
    return s.softmax(3).nan_to_num(0) @ v.float()


def close(o, expected):
    return (o.float() - expected).abs().max() < 3e-3


def test_torch_compile_without_breaks():
    def block(q, k, v):
        return attention(q * 2, k, v, schedule={"workers": 1, "stages": 1}) + scaled_dot_product_attention(q, q, q, is_causal=True)

    nodes, (q, k, v) = [], inputs()
    k, v = (x.expand_as(q[:, :, :1].expand(1, 2, 40, 64)) for x in (k, v))
    o = compiled(block, nodes)(q, k, v)
    assert [node.args[7] for node in nodes] == ["stages=1,workers=1", ""]
    assert close(o, on_whole_tensors(q * 2, k, v) + on_whole_tensors(q, q, q, mask=lambda b, h, q, k: k <= q))


def test_score_under_torch_compile():
    def block(q, k, v):
        return attention(q * 2, k, v, score=alibi) + attention(q, k, v, score="softcap(30)")

    (q, k, v), nodes = inputs(), []
    capped = on_whole_tensors(q, k, v, lambda s, *_: 30 * torch.tanh(s / 30))
    assert close(compiled(block, nodes)(q, k, v), on_whole_tensors(q * 2, k, v, alibi) + capped)
    assert "\n" not in nodes[0].args[4]  # inductor would write it into a comment
    assert "math.exp2" in nodes[0].args[4] and nodes[1].args[4] == "softcap(30)"


def test_captured_tensors_under_torch_compile():
    """They are inputs of the graph, whether they come from outside or from the graph itself."""
    near = girih.capture(torch.arange(33) // 2, is_sorted=True)
    bias = torch.randn(2, 33, 40)

    def functions(bias):
        def score(s, b, h, q, k):
            return captured_slopes(s, b, h, q, k) + bias[h, q, k] * FACTOR + bias[0][q, -1]

        return score, lambda b, h, q, k: documents(b, h, q, k) | (near[q] == near[k % 33])

    def block(q, k, v, bias):
        score, mask = functions(bias * 2)
        return attention(q, k, v, score=score, mask=mask)

    nodes, given = [], inputs()
    call = compiled(block, nodes)
    score, mask = functions(bias * 2)
    for _ in range(2):
        assert close(call(*given, bias), on_whole_tensors(*given, score, mask))
        bias += 1  # the graph is of any values
    assert len(nodes) == 1 and nodes[0].args[4] == in_one_line(str(girih.trace(score)))
    assert nodes[0].args[3] == in_one_line(str(girih.trace(mask, "mask")))


class Model(torch.nn.Module):
    """FlexAttention's usual place: a function inside of a module, of its parameters."""

    def __init__(self):
        super().__init__()
        self.register_buffer("bias", torch.randn(2, 80))
        self.factor = 0.5

    def forward(self, q, k, v):
        offset = k.shape[2] - q.shape[2]

        def relative(score, b, h, q_idx, kv_idx):
            return score + self.bias[h, q_idx - kv_idx + offset + 33] * self.factor

        return flex_attention(q, k, v, score_mod=relative, enable_gqa=True)


def test_symbolic_sizes_under_torch_compile():
    """Are numbers that are given at launch: one graph for all sizes."""
    nodes, model = [], Model()
    call = compiled(model, nodes, dynamic=True)
    for sq, skv in ((33, 40), (20, 45)):
        q, k, v = inputs(sq, skv)
        relative = lambda s, b, h, i, j: s + model.bias[h, i - j + (skv - sq) + 33] * 0.5
        assert close(call(q, k, v), on_whole_tensors(q, k, v, relative))
    assert len(nodes) == 1 and len(nodes[0].args[10]) > 0


@pytest.mark.parametrize("score_mod", [
    alibi, rules, captured_slopes,
    lambda s, b, h, q, k: torch.where((q % 3 == 0) & ~TRUTHS[q, k], s**2 - FACTOR, s / SLOPES[h].clamp(min=0.1).to(s.dtype)),
    lambda s, b, h, q, k: girih.where(k > girih.math.maximum(q, 3), girih.math.tanh(s), girih.math.clamp(s, -1, 1) * KINDS[k]),
])
def test_traces_under_torch_compile(score_mod):
    """Are those of eager calls."""
    nodes, (q, k, v) = [], inputs()
    assert close(compiled(lambda *x: girih.attention(*x, score=score_mod), nodes)(q, k, v), on_whole_tensors(
        q, k, v, score_mod if score_mod.__code__.co_names[0] != "girih" else lambda s, b, h, i, j: torch.where(
            j > i.clamp(min=3), s.tanh(), s.clamp(-1, 1) * KINDS[j])))
    if score_mod is not rules:  # which makes a number itself: one of the graph's
        assert nodes[0].args[4] == in_one_line(str(girih.trace(score_mod)))


def test_numbers_that_change_under_torch_compile():
    nodes, (q, k, v) = [], inputs()

    def block(q, k, v, factor, width):
        return attention(q, k, v, score=lambda s, b, h, q, k: s * factor, mask=lambda b, h, q, k: q - k < width)

    call = compiled(block, nodes)
    for factor, width in ((0.5, 4), (2.0, 16), (3.0, 24)):
        expected = on_whole_tensors(q, k, v, lambda s, *_: s * factor, lambda b, h, i, j: i - j < width)
        assert close(call(q, k, v, factor, width), expected)
    assert nodes[0].args[10] == [] and len(nodes) < 4


def test_what_torch_compile_leaves_out():
    """Is an error, with fullgraph; without, the call breaks the graph and has its own error."""
    branch = lambda s, b, h, q, k: s if q > k else -s
    with pytest.raises(torch._dynamo.exc.Unsupported, match="Data-dependent branching"):
        compiled(lambda *x: attention(*x, score=branch), [])(*inputs())
    with pytest.raises(TypeError, match="write girih.where"):
        torch.compile(lambda *x: attention(*x, score=branch), backend="eager")(*inputs())
    with pytest.raises(Exception, match="girih.math.exp of a tensor: PyTorch's function should be there"):
        compiled(lambda *x: attention(*x, score=lambda s, b, h, q, k: s * girih.math.exp(SLOPES[0])), [])(*inputs())
    with pytest.raises(Exception, match="the score function returned a condition when it should be a number"):
        compiled(lambda *x: attention(*x, score=lambda s, b, h, q, k: q > k), [])(*inputs())


def test_block_masks():
    """Only their function is read."""
    block, nodes, (q, k, v) = flex.create_block_mask(window, 1, 1, 128, 128, device="cpu"), [], inputs(128, 128)
    o = compiled(lambda *x: flex_attention(*x, block_mask=block, enable_gqa=True), nodes)(q, k, v)
    assert "func.func @mask" in nodes[0].args[3] and close(o, on_whole_tensors(q, k, v, mask=window))


@pytest.mark.parametrize("options, score, mask", [
    ({}, lambda s, *_: s, lambda *_: torch.tensor(True)),
    ({"causal": True, "softmax_scale": 0.25}, lambda s, *_: s * 2, lambda b, h, i, j: j <= i + 7),
    ({"window_size": (9, 3), "softcap": 5.0}, lambda s, *_: 5 * torch.tanh(s / 5), lambda b, h, i, j: (j <= i + 10) & (j >= i - 2)),
    ({"causal": True, "window_size": (9, -1)}, lambda s, *_: s, lambda b, h, i, j: (j <= i + 7) & (j >= i - 2)),
    ({"alibi_slopes": SLOPES, "softcap": 5.0}, lambda s, b, h, i, j: 5 * torch.tanh(s / 5) - SLOPES[h] * (i + 7 - j).abs(),
     lambda *_: torch.tensor(True)),
    ({"alibi_slopes": SLOPES[None], "causal": True}, lambda s, b, h, i, j: s - SLOPES[h] * (i + 7 - j).abs(),
     lambda b, h, i, j: j <= i + 7),
])
def test_flash_attn(options, score, mask):
    (q, k, v), nodes = inputs(), []
    o = compiled(lambda *x: flash_attn_func(*(y.transpose(1, 2) for y in x), **options), nodes)(q, k, v)
    assert o.shape == (1, 33, 2, 64) and close(o.transpose(1, 2), on_whole_tensors(q, k, v, score, mask))


SINKS = torch.tensor([1.0, -0.5])


def with_sinks(s):
    """Weights without the sinks', which is one more key to the softmax."""
    return torch.cat([s, SINKS.view(1, 2, 1, 1).expand(*s.shape[:3], 1)], 3).softmax(3)[..., :-1]


def test_sinks_of_flash_attn():
    (q, k, v), nodes = inputs(), []
    o = compiled(lambda *x: flash_attn_func(*(y.transpose(1, 2) for y in x), sinks=SINKS.half()), nodes)(q, k, v)
    expected = with_sinks(q.float() @ k.float().transpose(2, 3) / 8) @ v.float()
    assert nodes[0].args[8] == "sinks" and close(o.transpose(1, 2), expected)


def test_packed_sequences_of_flash_attn():
    (q, k, v), nodes = inputs(50, 70), []
    queries, keys = torch.tensor([0, 20, 50], dtype=torch.int32), torch.tensor([0, 40, 70], dtype=torch.int32)
    call = compiled(lambda *x: flash_attn_varlen_func(*x, queries, keys, causal=True, alibi_slopes=SLOPES, sinks=SINKS), nodes)
    o = call(*(x[0].transpose(0, 1) for x in (q, k, v)))
    for n, ahead in enumerate((20, 0)):
        rows, columns = slice(*queries[n:n + 2]), slice(*keys[n:n + 2])
        of_keys = k[:, :, columns], v[:, :, columns]
        i, j = torch.arange(q[:, :, rows].shape[2])[:, None] + ahead, torch.arange(of_keys[0].shape[2])
        s = q[:, :, rows].float() @ of_keys[0].float().transpose(2, 3) / 8 - SLOPES.view(1, 2, 1, 1) * (i - j).abs()
        expected = with_sinks(s.masked_fill(j > i, -torch.inf)) @ of_keys[1].float()
        assert close(o[rows].transpose(0, 1)[None], expected)


def test_what_is_beside_under_torch_compile():
    """Without a graph break: arrays are inputs, a probability and the kinds are constants of the operator."""
    (q, k, v), nodes = inputs(), []
    lengths = torch.tensor([20], dtype=torch.int32)
    call = compiled(lambda q, k, v, n: attention(q, k, v, key_lengths=n + 1, sinks=SINKS, v_descale=2.0, lse=True), nodes)
    for n in (20, 30):
        o, _ = call(q, k, v, lengths.fill_(n))
        s = q.float() @ k[:, :, :n + 1].float().transpose(2, 3) / 8
        assert close(o, 2 * with_sinks(s) @ v[:, :, :n + 1].float())
    assert [node.args[8] for node in nodes] == ["key_lengths,sinks,v_descale=tensor"]
    state = torch.tensor([3, 4])
    drop = lambda q, k, v: scaled_dot_product_attention(q, k, v, dropout_p=0.5, enable_gqa=True)
    assert compiled(drop, nodes)(q, k, v).shape == q.shape and nodes[1].args[8] == "dropout_p=0.5"
    given = [compiled(lambda *x: attention(*x, dropout_p=0.5, dropout_state=state), [])(q, k, v) for _ in range(2)]
    assert torch.equal(*given) and not torch.equal(given[0], compiled(drop, [])(q, k, v))


@pytest.mark.parametrize("shape", [(33, 40), (1, 2, 33, 40), (1, 1, 33, 40), (2, 1, 40), (1, 1, 33, 1)])
@pytest.mark.parametrize("is_bool", [True, False])
def test_mask_tensors_of_sdpa(shape, is_bool):
    torch.manual_seed(1)
    mask = torch.rand(shape) < 0.7 if is_bool else torch.randn(shape).half()
    q, k, v = inputs()
    k, v = (x.expand(1, 2, 40, 64) for x in (k, v))
    o = compiled(lambda *x: scaled_dot_product_attention(*x[:3], attn_mask=x[3]), [])(q, k, v, mask)
    expected = torch.nn.functional.scaled_dot_product_attention(*(x.float() for x in (q, k, v)), attn_mask=mask if is_bool else mask.float())
    assert close(o, expected.nan_to_num(0))


def test_blocks_without_a_function():
    """Are all that such a block mask has."""
    q, k, v = inputs(256, 256)
    block = flex.BlockMask.from_kv_blocks(torch.tensor([[[1, 2]]], dtype=torch.int32), torch.tensor([[[[1, 0], [0, 1]]]], dtype=torch.int32))
    o = compiled(lambda *x: flex_attention(*x, block_mask=block, enable_gqa=True), [])(q, k, v)
    assert close(o, on_whole_tensors(q, k, v, mask=lambda b, h, i, j: (i >= 128) | (j >= 128)))


def test_what_flash_attn_does_not_take():
    with pytest.raises(ValueError, match="dropout_p is 1.5 when it should be from 0 to below 1"):
        flash_attn_func(*(x.transpose(1, 2) for x in inputs()), dropout_p=1.5)
