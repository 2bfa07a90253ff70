"""Transformers on a GPU: tokens of tiny random models beside Transformers' own attention.

Not run by default: python -m pytest python_bindings/tests/on_gpu_transformers.py
"""
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
if not torch.cuda.is_available():
    pytest.skip("no GPU", allow_module_level=True)

import girih.transformers  # noqa: E402, F401


def tiny_model(kind="Llama", **options):
    torch.manual_seed(0)
    return getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(
        hidden_size=512, num_attention_heads=8, num_key_value_heads=2, head_dim=64, intermediate_size=512, pad_token_id=0,
        num_hidden_layers=2, vocab_size=999, **options)).eval().to("cuda", torch.bfloat16)


def check_tokens(model, own, **options):
    """As long as the model decides: the two best tokens of a random model are at times closer than bf16 tells apart."""
    ids = torch.randint(1, 999, (2, 150), device="cuda")
    runs = {}
    for name in ("girih", own):
        model.set_attn_implementation(name)
        runs[name] = model.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=0, output_logits=True,
                                    return_dict_in_generate=True, **options)
    logits = torch.stack(runs[own].logits, 1).float()  # [sequence, step, token]
    best = logits.topk(2, dim=2).values
    decided = (best[..., 0] - best[..., 1] > 0.02 * logits.std()).long().cumprod(1)
    same = runs["girih"].sequences[:, 150:] == runs[own].sequences[:, 150:]
    assert decided.sum() >= 2 and (same | (decided == 0)).all()
    steps = torch.stack(runs["girih"].logits, 1).float()
    torch.testing.assert_close(steps[:, 0], logits[:, 0], rtol=0, atol=0.1 * logits.std().item())


PADDED = torch.ones(2, 150, dtype=torch.int64)
PADDED[0, :40] = 0


@pytest.mark.parametrize("options", [{}, {"attention_mask": PADDED.cuda()}, {"cache_implementation": "static", "disable_compile": True},
                                     {"cache_implementation": "static", "attention_mask": PADDED.cuda()}])
def test_transformers_gives_the_tokens_of_sdpa(options):
    """The last one compiles its decoding with CUDA graphs, as ``generate`` does by itself."""
    check_tokens(tiny_model(), "sdpa", **options)


def test_sinks_of_transformers():
    model = tiny_model("GptOss", sliding_window=64, num_local_experts=2, num_experts_per_tok=1)
    for layer in model.model.layers:
        layer.self_attn.sinks.data = torch.randn(8, device="cuda", dtype=torch.bfloat16)
    check_tokens(model, "eager")
