"""Transformers without a GPU: tiny models whose attention the simulator computes, beside Transformers' own.

Not run by default, since PyTorch is large: python -m pytest python_bindings/tests/with_torch_transformers.py
"""
import pytest
import torch
from with_torch import K, Q, on_fake_gpu
from with_torch_compile import compiled, simulated

import girih
from girih._beside import given, kinds_of
from girih._torch import operands_beside
from girih._trace import captures_of
from girih._traced import traced

transformers = pytest.importorskip("transformers")
from transformers import masking_utils  # noqa: E402

from girih import transformers as hook  # noqa: E402


def tiny_model(kind="Llama", **options):
    torch.manual_seed(0)
    return getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(
        hidden_size=128, num_attention_heads=4, num_key_value_heads=2, head_dim=32, intermediate_size=64,
        num_hidden_layers=2, vocab_size=99, pad_token_id=0, attn_implementation="girih", **options)).eval()


@pytest.fixture
def asked(monkeypatch):
    """The masks that layers ask for."""
    masks = []

    def stand_in(q, k, v, *, mask, score, scale, dropout_p, sinks):
        masks.append(mask if isinstance(mask, str) else "function")
        mask, score, beside = traced(mask, "mask"), traced(score, "score"), given({"dropout_p": dropout_p, "sinks": sinks})
        arrays, numbers = operands_beside(q, k, beside)
        for found in captures_of(mask, score):
            (numbers if found.is_number else arrays).append(found.value)
        o, _ = simulated(q.half(), k.half(), v.half(), str(mask), str(score or ""), scale, False, "", ",".join(kinds_of(beside)),
                         [array.contiguous() for array in arrays], numbers)
        return o.to(q.dtype)

    monkeypatch.setattr(hook, "attention", stand_in)
    return masks


def beside_own(model, run, own="sdpa"):
    """The results of both."""
    made = []
    for name in ("girih", own):
        model.set_attn_implementation(name)
        with torch.no_grad():
            made.append(run(model))
    return made


def close(ours, theirs, seen=slice(None)):
    torch.testing.assert_close(ours[seen], theirs[seen], rtol=0, atol=0.02 * theirs.std().item())


def generated(ids, **options):
    """Logits of tokens that are given, so that a tie decides nothing."""
    made = lambda model: torch.stack(model.generate(ids, max_new_tokens=3, do_sample=False, pad_token_id=0, output_logits=True,
                                                    return_dict_in_generate=True, **options).logits, 1)
    return made


def test_prefill_and_decoding(asked):
    ids = torch.randint(1, 99, (2, 7))
    close(*beside_own(tiny_model(), generated(ids)))
    assert asked == ["causal"] * 2 + ["none"] * 4


@pytest.mark.parametrize("left", [True, False])
def test_padding(asked, left):
    ids = torch.randint(1, 99, (2, 7))
    seen = torch.tensor([[0, 0, 1, 1, 1, 1, 1] if left else [1, 1, 1, 1, 1, 0, 0], [1] * 7])
    close(*beside_own(tiny_model(), lambda model: model(ids, attention_mask=seen).logits), seen.bool())
    if left:
        close(*beside_own(tiny_model(), generated(ids, attention_mask=seen)))
    assert set(asked) == {"function"}


def test_static_cache(asked):
    """Which has more places than are filled; where queries begin is in a tensor, and layers count on in it."""
    ids = torch.randint(1, 99, (2, 7))
    close(*beside_own(tiny_model(), generated(ids, cache_implementation="static", disable_compile=True)))
    assert set(asked) == {"function"}


def test_chunks_of_a_prefill(asked):
    ids = torch.randint(1, 99, (2, 9))

    def run(model):
        cache = transformers.DynamicCache()
        return torch.cat([model(part, past_key_values=cache).logits for part in ids.split([4, 4, 1], 1)], 1)

    close(*beside_own(tiny_model(), run))
    assert asked == ["causal"] * 4 + ["none"] * 2


@pytest.mark.parametrize("length, masks", [(5, {"causal", "none"}), (20, {"window(7,0)"})])
def test_windows(asked, length, masks):
    ids = torch.randint(1, 99, (2, length))
    close(*beside_own(tiny_model("Mistral", sliding_window=8), generated(ids)))
    assert set(asked) - {"none"} == masks - {"none"}


def test_windows_of_padded_sequences(asked):
    ids, seen = torch.randint(1, 99, (2, 20)), torch.tensor([[0] * 3 + [1] * 17, [1] * 20])
    close(*beside_own(tiny_model("Mistral", sliding_window=8), generated(ids, attention_mask=seen)))
    assert set(asked) == {"function"}


def test_sinks(asked):
    model = tiny_model("GptOss", sliding_window=8, num_local_experts=2, num_experts_per_tok=1)
    for layer in model.model.layers:
        layer.self_attn.sinks.data = torch.randn(4)
    close(*beside_own(model, generated(torch.randint(1, 99, (2, 12))), "eager"))
    assert set(asked) == {"causal", "window(7,0)", "none"}


def test_mask_tensors(asked):
    ids, seen = torch.randint(1, 99, (2, 7)), torch.rand(2, 1, 7, 7) < 0.7
    seen |= torch.eye(7, dtype=torch.bool)
    for mask in (seen, torch.zeros(2, 1, 7, 7).masked_fill(~seen, -1e9)):
        close(*beside_own(tiny_model(), lambda model: model(ids, attention_mask=mask).logits))
    assert set(asked) == {"function", "none"}


def test_position_bias_and_soft_caps(asked):
    torch.manual_seed(0)
    q, k, v, bias = torch.randn(2, 4, 9, 32), torch.randn(2, 2, 12, 32), torch.randn(2, 2, 12, 32), torch.randn(1, 4, 9, 12)
    o, _ = hook.attention_forward(torch.nn.Module(), q, k, v, None, scaling=0.2, is_causal=False, softcap=3.0, position_bias=bias)
    s = 3 * torch.tanh(q @ k.repeat_interleave(2, 1).transpose(2, 3) * 0.2 / 3) + bias
    torch.testing.assert_close(o.transpose(1, 2), s.softmax(3) @ v.repeat_interleave(2, 1), rtol=0, atol=5e-3)


@pytest.mark.parametrize("function, local_size, known", [
    (masking_utils.sliding_window_causal_mask_function(8), 8, "window(7,0)"),
    (masking_utils.chunked_causal_mask_function(8, torch.tensor([0, 3])), 8, None),
    (masking_utils.or_masks(masking_utils.causal_mask_function, lambda b, h, q, k: k < 4), None, None),
    (masking_utils.or_masks(masking_utils.sliding_window_causal_mask_function(8), lambda b, h, q, k: k < 4), 8, None),
    (masking_utils.sliding_window_bidirectional_mask_function(8), 8, None),
])
def test_other_mask_functions(function, local_size, known):
    """As they are, in whole sequences and at places of a cache."""
    padding = torch.rand(2, 20) < 0.8
    for sq, q_offset, pads in ((20, 0, False), (20, 0, True), (5, 15, False), (5, torch.tensor(9), True)):
        made = hook.attention_mask(2, sq, 20, q_offset, 0, function, padding if pads else None, local_size).mask
        assert (made == known) == (known is not None and not pads)
        if made == known:
            continue
        q, k, v = torch.randn(2, 1, sq, 32).half(), torch.randn(2, 1, 20, 32).half(), torch.randn(2, 1, 20, 32).half()
        captures = captures_of(made)
        o, _ = simulated(q, k, v, str(made), "", None, False, "", "", [x.value for x in captures if not x.is_number],
                         [x.value for x in captures if x.is_number])
        at = torch.arange(2).view(2, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.int), torch.arange(sq).view(-1, 1) + q_offset, torch.arange(20)
        seen = function(*at) & (padding[:, None, None] if pads else torch.tensor(True))
        s = (q.float() @ k.float().transpose(2, 3) / 32**0.5).masked_fill(~seen, -torch.inf)
        assert (o.float() - s.softmax(3).nan_to_num(0) @ v.float()).abs().max() < 3e-3


@pytest.mark.parametrize("options", [{}, {"attention_mask": torch.tensor([[0, 0, 1, 1, 1, 1, 1], [1] * 7])}])
def test_under_torch_compile(options):
    """A whole model without a graph break."""
    model, ids, nodes = tiny_model().half(), torch.randint(1, 99, (2, 7)), []
    with torch.no_grad():
        ours = compiled(lambda ids: model(ids, use_cache=False, **options).logits, nodes)(ids)
        model.set_attn_implementation("sdpa")
        close(ours.float(), model(ids, **options).logits.float(), options.get("attention_mask", torch.ones(2, 7)).bool())
    assert len(nodes) == 2


def test_masks_made_outside_of_a_graph():
    """As ``generate`` gives them to a decoding that is compiled: one graph for all steps."""
    nodes, padding = [], torch.tensor([[0, 0] + [1] * 10, [1] * 12]).bool()
    call = compiled(lambda q, k, mask: hook.attention_forward(torch.nn.Module(), q, k, k, mask)[0], nodes)
    for step in (7, 8, 9):
        q, k = torch.randn(2, 4, 1, 32).half(), torch.randn(2, 2, 12, 32).half()
        mask = hook.attention_mask(2, 1, 12, torch.tensor(step), 0, masking_utils.causal_mask_function, padding)
        seen = (torch.arange(12) <= step) & padding[:, None, None]
        s = (q.float() @ k.repeat_interleave(2, 1).float().transpose(2, 3) / 32**0.5).masked_fill(~seen, -torch.inf)
        expected = s.softmax(3) @ k.repeat_interleave(2, 1).float()
        assert (call(q, k, mask).transpose(1, 2).float() - expected).abs().max() < 3e-3
    assert len(nodes) == 1


@pytest.mark.parametrize("kind, message, options", [
    (girih.UnsupportedError, "head_mask is not supported", {"head_mask": torch.ones(4)}),
    (girih.UnsupportedError, "a window of 8 in 40 keys without a mask is", {"sliding_window": 8}),
    (ValueError, r"position_bias has shape \[3\] when it should be \[2, 4, 33, 40\]", {"position_bias": torch.ones(3)}),
    (TypeError, "attention_mask is a int when it should be a tensor", {"attention_mask": 3}),
])
def test_what_may_not_be_asked_for(kind, message, options):
    with pytest.raises(kind, match=message):
        on_fake_gpu(lambda q, k: hook.attention_forward(torch.nn.Module(), q, k, k, **{"attention_mask": None} | options), Q, K)
    o = on_fake_gpu(lambda q, k: torch.compile(hook.attention_forward, backend="eager", fullgraph=True)(
        torch.nn.Module(), q, k, k, None, softcap=30.0, scaling=0.1)[0], Q, K)
    assert o.shape == (2, 33, 4, 128) and o.is_contiguous()
