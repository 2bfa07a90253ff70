"""Transformers: importing this registers ``attn_implementation="girih"``.

    import girih.transformers

    model = AutoModelForCausalLM.from_pretrained(..., attn_implementation="girih", dtype=torch.bfloat16)
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import (bidirectional_mask_function, causal_mask_function,
                                        sliding_window_causal_mask_function)

from girih._errors import UnsupportedError
from girih._trace import trace
from girih.torch import attention


def _refusal(what: str) -> UnsupportedError:
    return UnsupportedError(f"{what} not supported by attn_implementation='girih'", ())


class Window:
    """In a mask tensor's place: how many keys a query sees, its own included."""

    def __init__(self, size: int):
        self.size = size


def _is_window(function: Any, size: int) -> bool:
    """Whether a mask function is the causal window of a size: both are traced."""
    try:
        return trace(function, "mask") == trace(sliding_window_causal_mask_function(size), "mask")
    except (TypeError, UnsupportedError):
        return False


def attention_mask(batch_size: int, q_length: int, kv_length: int, q_offset: Any = 0, kv_offset: int = 0,
                   mask_function: Any = causal_mask_function, attention_mask: Tensor | None = None,
                   local_size: int | None = None, **_: Any) -> Window | None:
    """No tensor: a kernel knows its mask. Raises UnsupportedError for one that it does not know."""
    window = None
    if mask_function not in (causal_mask_function, bidirectional_mask_function):
        if local_size is None or kv_length >= local_size and not _is_window(mask_function, local_size):
            raise _refusal(f"mask {getattr(mask_function, '__name__', mask_function)} is")
        window = Window(local_size) if kv_length >= local_size else None
    if attention_mask is not None:
        seen = attention_mask[:, -kv_length:]
        if seen.shape[1] != kv_length or not bool(seen.all()):
            raise _refusal("padding is")
    is_causal = mask_function is not bidirectional_mask_function
    if is_causal and q_length > 1 and int(q_offset) + q_length != kv_length + kv_offset:
        raise _refusal(f"a cache of {kv_length} places, of which {int(q_offset) + q_length - kv_offset} are filled, is")
    return window


def attention_forward(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any,
                      dropout: float = 0.0, scaling: float | None = None, is_causal: bool | None = None,
                      softcap: float | None = None, **others: Any) -> tuple[Tensor, None]:
    """As Transformers calls it: [b, h, s, d] in, [b, s, h, d] out."""
    if not isinstance(attention_mask, (Window, type(None))):
        raise _refusal("a mask tensor is")
    for name in ("position_bias", "s_aux", "head_mask"):
        if others.get(name) is not None:
            raise _refusal(f"{name} is")
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    mask = "causal" if is_causal and query.shape[2] > 1 else "none"
    if attention_mask is not None:
        mask = f"window({attention_mask.size - 1},0)"
    elif (window := others.get("sliding_window")) is not None and key.shape[2] > window:
        raise _refusal(f"a window of {window} in {key.shape[2]} keys without a mask is")
    o = attention(query, key, value, mask=mask, score=None if softcap is None else f"softcap({softcap})",
                  scale=scaling, dropout_p=dropout)
    return o.transpose(1, 2).contiguous(), None


AttentionInterface.register("girih", attention_forward)
AttentionMaskInterface.register("girih", attention_mask)
