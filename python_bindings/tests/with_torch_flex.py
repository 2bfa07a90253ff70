"""FlexAttention's functions without a GPU: what they become, beside the same functions on whole tensors.

Not run by default, since PyTorch is large: python -m pytest python_bindings/tests/with_torch_flex.py
"""
import pytest
import torch
from conftest import TARGET
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import flex_attention as flex
from with_torch import K, Q, on_fake_gpu

import girih
from girih import _traced
from girih._traced import traced
from girih.torch import attention, flex_attention


SLOPES = torch.tensor([0.5, 0.25])


def alibi(score, b, h, q_idx, kv_idx):
    return score + torch.exp2(-((h + 1) * 8.0 / 4)) * (kv_idx - q_idx)


def rules(score, batch, head, q_idx, kv_idx):
    """What FlexAttention's examples are made of."""
    same = torch.div(q_idx, 64, rounding_mode="floor") == kv_idx // 64
    near = torch.logical_and((q_idx - kv_idx).abs() <= 32, ~(head == 1)) | same
    bias = torch.clamp(torch.abs(q_idx - kv_idx), max=8).to(score.dtype) * torch.tensor(0.25)
    return torch.where(near, torch.minimum(score.tanh(), score) - bias + torch.sigmoid(score), -float("inf"))


@pytest.mark.parametrize("score_mod", [alibi, rules, lambda s, b, h, q, k: 20 * torch.tanh(s / 20)])
def test_score_mods_of_flex_attention(score_mod):
    """Beside the same function on whole tensors."""
    kernel = girih.compile(girih.Problem(64, h=2, hkv=1, dtype="f16", score=score_mod, schedule={"columns": 64}),
                           target=TARGET)
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, length, 64).half() for heads, length in ((2, 70), (1, 90), (1, 90)))
    o = girih.simulate(kernel, {"q": q, "k": k, "v": v}, check=True).raise_for_verdicts().outputs["o"]
    index = [torch.arange(size).view([-1 if dim == other else 1 for other in range(4)])
             for dim, size in enumerate((1, 2, 70, 90))]
    scores = score_mod(q.float() @ k.float().transpose(2, 3) / 8, *index)
    expected = (scores.softmax(3).nan_to_num(0) @ v.float())
    assert (o.float() - expected).abs().max() < 3e-3


def test_traces_that_are_kept_see_other_tensors(monkeypatch):
    """The quick look at a function that was traced finds what has changed."""
    calls = []
    monkeypatch.setattr(_traced, "trace", lambda *arguments: calls.append(arguments) or girih.trace(*arguments))

    def made(first, second, width):
        return lambda s, b, h, q, k: girih.where(q < width, s + first[h], s - second[h])

    first, second = torch.zeros(4), torch.ones(4)
    for _ in range(3):
        known = traced(made(first, second, 3), "score")
        assert [found.value is array for found, array in zip(known.captures, (first, second))] == [True, True]
    assert len(calls) == 1 and traced(made(second, first, 3), "score").captures[0].value is second and len(calls) == 1
    same = traced(made(first, first, 3), "score")
    assert len(same.captures) == 1 and len(calls) == 2
    for changed in (made(first.half(), second, 3), made(torch.zeros(4, 2)[:, 0], second.int(), 3), made(first, second, 4)):
        assert str(traced(changed, "score")) == str(girih.trace(changed))
    assert "f16" in str(traced(made(first.half(), second, 3), "score"))
    assert len(traced(made(first, second, 3), "score").captures) == 2
    with pytest.raises(girih.UnsupportedError, match="float64"):
        traced(made(first, second.double(), 3), "score")


@pytest.mark.parametrize("message, score_mod", [
    (r"array of shape \(2,\) beside a traced value", lambda s, b, h, q, k: s + SLOPES),
    ("torch.special_i0 cannot be traced; abs, ", lambda s, b, h, q, k: torch.special.i0(s)),
])
def test_what_score_mods_cannot_be(message, score_mod):
    with pytest.raises(girih.UnsupportedError, match=message):
        girih.trace(score_mod)


DOCUMENTS = torch.repeat_interleave(torch.arange(4), torch.tensor([10, 1, 29, 50]))


def captured_slopes(score, b, h, q_idx, kv_idx):
    return score + SLOPES[h] * (kv_idx - q_idx)


def documents(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (DOCUMENTS[q_idx] == DOCUMENTS[kv_idx])


def test_captured_tensors():
    """Functions of FlexAttention's tutorials, as they are."""
    block = flex.create_block_mask(documents, None, None, 90, 90, device="cpu")
    problem = girih.Problem(64, h=2, hkv=1, dtype="f16", score=captured_slopes, mask=block.mask_mod)
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, 90, 64).half() for heads in (2, 1, 1))
    arrays = {name: array for function in problem.functions for name, array in function.arrays.items()}
    assert list(arrays) == ["mask0", "score0"] and arrays["mask0"] is DOCUMENTS
    run = girih.simulate(girih.compile(problem, target=TARGET), {"q": q, "k": k, "v": v, **arrays}, check=True)
    index = [torch.arange(size).view([-1 if dim == other else 1 for other in range(4)])
             for dim, size in enumerate((1, 2, 90, 90))]
    scores = captured_slopes(q.float() @ k.float().transpose(2, 3) / 8, *index)
    scores = torch.where(documents(*index), scores, -torch.inf)
    assert (run.raise_for_verdicts().outputs["o"].float() - scores.softmax(3) @ v.float()).abs().max() < 3e-3
    with pytest.raises(ValueError, match="off a GPU|is on"):
        attention(q, k, v, score=captured_slopes)


def window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx <= 16)


@pytest.mark.parametrize("joined", [lambda *masks: masks[0], flex.and_masks, flex.or_masks])
def test_mask_mods_of_flex_attention(joined):
    mask_mod = joined(window, lambda b, h, q, k: torch.logical_or(k < 4, h == 0))
    kernel = girih.compile(girih.Problem(64, h=2, hkv=1, dtype="f16", mask=mask_mod), target=TARGET)
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, length, 64).half() for heads, length in ((2, 70), (1, 90), (1, 90)))
    o = girih.simulate(kernel, {"q": q, "k": k, "v": v}, check=True).raise_for_verdicts().outputs["o"]
    seen = mask_mod(torch.zeros(1, 1, 1, 1, dtype=torch.int), torch.arange(2).view(1, 2, 1, 1),
                    torch.arange(70).view(1, 1, 70, 1), torch.arange(90).view(1, 1, 1, 90))
    scores = torch.where(seen, q.float() @ k.float().transpose(2, 3) / 8, -torch.inf)
    assert (o.float() - scores.softmax(3).nan_to_num(0) @ v.float()).abs().max() < 3e-3


def test_lists_of_flex_attention():
    """As they are, beside the same pairs on whole tensors: with the mask_mod, and where there is none."""
    nearby = lambda b, h, q, k: (q // 100 == k // 100 + h) | (k < 3)
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, length, 64).half() for heads, length in ((2, 300), (1, 260), (1, 260)))
    masked = flex.create_block_mask(nearby, None, 2, 300, 260, device="cpu", BLOCK_SIZE=(128, 64))
    shown = [torch.arange(size).view([-1 if dim == other else 1 for other in range(4)]) for dim, size in enumerate((1, 2, 300, 260))]
    alone = flex.BlockMask.from_kv_blocks(masked.kv_num_blocks, masked.kv_indices, BLOCK_SIZE=(128, 64), seq_lengths=(300, 260))
    blocks = alone.to_dense().bool().repeat_interleave(128, 2).repeat_interleave(64, 3)[:, :, :300, :260]
    for block, seen in ((masked, nearby(*shown)), (alone, blocks)):
        mask, lists = girih.torch._mask_of(block, q, use_lists=True)
        rows, columns = lists.pop("block_size")
        problem = girih.Problem(64, h=2, hkv=1, dtype="f16", mask=mask, blocks=f"{rows}x{columns}", full_blocks=len(lists) == 4)
        run = girih.simulate(girih.compile(problem, target=TARGET), {"q": q, "k": k, "v": v} | lists, check=True)
        scores = torch.where(seen, q.float() @ k.float().transpose(2, 3) / 8, -torch.inf)
        assert (run.raise_for_verdicts().outputs["o"].float() - scores.softmax(3).nan_to_num(0) @ v.float()).abs().max() < 3e-3
    assert girih.torch._mask_of(masked, q, use_lists=False) == (nearby, {})
    ones = lambda shape: torch.ones(shape, dtype=torch.int32, device="cuda")
    listed = lambda q: flex_attention(q, q, q, block_mask=flex.BlockMask.from_kv_blocks(ones((1, 1, 1)), ones((1, 1, 1, 1))))
    assert "block_size=128x128" in on_fake_gpu(make_fx(listed), Q).code
    with pytest.raises(ValueError, match="block_mask has 3 blocks of 128 queries when query has 385"):
        girih.torch._mask_of(masked, torch.empty(1, 2, 385, 64), use_lists=True)


@pytest.mark.parametrize("options, kind, message", [
    ({"kv_num_blocks": 1}, TypeError, "kv_num_blocks and kv_indices are given together or not at all"),
    ({"full_kv_num_blocks": 1, "full_kv_indices": 1}, TypeError, "full_kv_num_blocks is given without kv_num_blocks"),
    ({"block_size": 64}, TypeError, "block_size is given without kv_num_blocks"),
    ({"kv_num_blocks": 1, "kv_indices": 1, "block_size": (64, 0)}, ValueError, r"block_size is \(64, 0\) when it should be a number"),
])
def test_lists_that_are_not_whole(options, kind, message):
    with pytest.raises(kind, match=message):
        on_fake_gpu(lambda q: attention(q, q, q, **options), Q)


def test_no_block_mask():
    no_block = flex.create_block_mask(flex.noop_mask, 1, 1, 128, 128, device="cpu")
    assert "arith.constant true" in str(girih.trace(no_block.mask_mod, "mask"))


def test_arguments_of_flex_attention():
    o, lse = on_fake_gpu(lambda q, k: torch.compile(flex_attention, backend="eager", fullgraph=True)(
        q, k, k, alibi, None, 0.1, True, True), Q, K)
    assert o.shape == Q and lse.shape == Q[:3]
    with pytest.raises(ValueError, match="set enable_gqa"):
        on_fake_gpu(lambda q, k: flex_attention(q, k, k), Q, K)
    with pytest.raises(TypeError, match="block_mask is a int, which has no mask_mod"):
        on_fake_gpu(lambda q: flex_attention(q, q, q, block_mask=3), Q)


def test_what_flex_attention_returns():
    o, aux = on_fake_gpu(lambda q: flex_attention(q, q, q, kernel_options={"BLOCK_M": 64}, return_aux=flex.AuxRequest(lse=True)), Q)
    assert o.shape == Q and aux.lse.shape == Q[:3] and aux.max_scores is None
    assert on_fake_gpu(lambda q: flex_attention(q, q, q, return_aux=flex.AuxRequest()), Q)[1] == flex.AuxOutput()
    with pytest.raises(girih.UnsupportedError, match="max_scores are not supported"):
        on_fake_gpu(lambda q: flex_attention(q, q, q, return_aux=flex.AuxRequest(max_scores=True)), Q)
