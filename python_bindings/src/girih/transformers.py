"""Transformers: importing this registers ``attn_implementation="girih"``.

    import girih.transformers

    model = AutoModelForCausalLM.from_pretrained(..., attn_implementation="girih", dtype=torch.bfloat16)
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import bidirectional_mask_function, causal_mask_function

from girih._errors import UnsupportedError
from girih.torch import attention


def _refuse(what: str) -> None:
    raise UnsupportedError(f"{what} not supported by attn_implementation='girih'", ())


def attention_mask(batch_size: int, q_length: int, kv_length: int, q_offset: Any = 0, kv_offset: int = 0,
                   mask_function: Any = causal_mask_function, attention_mask: Tensor | None = None,
                   local_size: int | None = None, **_: Any) -> None:
    """No tensor: a kernel knows its mask. Raises UnsupportedError for one that it does not know."""
    if mask_function not in (causal_mask_function, bidirectional_mask_function) and not (
            local_size is not None and kv_length < local_size):
        _refuse(f"mask {getattr(mask_function, '__name__', mask_function)} is")
    if attention_mask is not None:
        seen = attention_mask[:, -kv_length:]
        if seen.shape[1] != kv_length or not bool(seen.all()):
            _refuse("padding is")
    is_causal = mask_function is not bidirectional_mask_function
    if is_causal and q_length > 1 and int(q_offset) + q_length != kv_length + kv_offset:
        _refuse(f"a cache of {kv_length} places, of which {int(q_offset) + q_length - kv_offset} are filled, is")


def attention_forward(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any,
                      dropout: float = 0.0, scaling: float | None = None, is_causal: bool | None = None,
                      softcap: float | None = None, **others: Any) -> tuple[Tensor, None]:
    """As Transformers calls it: [b, h, s, d] in, [b, s, h, d] out."""
    if attention_mask is not None:
        _refuse("a mask tensor is")
    if dropout:
        _refuse(f"dropout of {dropout} is")
    for name in ("position_bias", "s_aux", "head_mask"):
        if others.get(name) is not None:
            _refuse(f"{name} is")
    window = others.get("sliding_window")
    if window is not None and key.shape[2] > window:
        _refuse(f"a window of {window} in {key.shape[2]} keys is")
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    o = attention(query, key, value, mask="causal" if is_causal and query.shape[2] > 1 else "none",
                  score=None if softcap is None else f"softcap({softcap})", scale=scaling)
    return o.transpose(1, 2).contiguous(), None


AttentionInterface.register("girih", attention_forward)
AttentionMaskInterface.register("girih", attention_mask)
