"""Transformers: importing this registers ``attn_implementation="girih"``.

    import girih.transformers

    model = AutoModelForCausalLM.from_pretrained(..., attn_implementation="girih", dtype=torch.bfloat16)
"""
from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import (bidirectional_mask_function, causal_mask_function, prepare_padding_mask,
                                        sliding_window_causal_mask_function)

from girih._attention import Mask
from girih._errors import UnsupportedError
from girih._trace import Function, trace
from girih.torch import attention, biased, given_at_launch, of_mask_tensor, spread


@dataclasses.dataclass(frozen=True)
class KernelMask:
    """In a mask tensor's place: a mask by its name, or its function, for the kernel. One that ``generate`` has made comes
    back as the attention mask of the model, where tensors of four dimensions are taken for done."""

    mask: Mask
    shape: tuple[int, ...]  #: [b, 1, sq, skv]
    ndim: int = 4


def _is_window(function: Function, size: int | None) -> bool:
    return size is not None and function == trace(sliding_window_causal_mask_function(size), "mask")


def _pads(attention_mask: Tensor | None, keys: int) -> bool:
    """Whether it hides keys. Graphs cannot ask, so that there it may."""
    if attention_mask is None:
        return False
    return torch.compiler.is_compiling() or attention_mask.shape[1] < keys or not bool(attention_mask.all())


def attention_mask(batch_size: int, q_length: int, kv_length: int, q_offset: Any = 0, kv_offset: int = 0,
                   mask_function: Any = causal_mask_function, attention_mask: Tensor | KernelMask | None = None,
                   local_size: int | None = None, **_: Any) -> KernelMask | None:
    """No tensor: a kernel knows its mask. None where ``attention_forward`` knows which.

    Args:
        q_offset, kv_offset: the places of the first query and of the first key; that of the query may be a tensor, of a static cache.
        mask_function: of (b, h, q, k), places.
        attention_mask: bool [b, places]: what of a sequence is no padding; or what was made here before.
        local_size: of windows and chunks, in keys.
    """
    if isinstance(attention_mask, KernelMask):
        return attention_mask
    shape = batch_size, 1, q_length, kv_length
    pads = _pads(attention_mask, kv_length + kv_offset)
    is_known = mask_function in (causal_mask_function, bidirectional_mask_function)
    ends_together = not isinstance(q_offset, Tensor) and q_offset + q_length == kv_length + kv_offset
    if is_known and not pads and (ends_together or mask_function is bidirectional_mask_function):
        return None
    if not torch.compiler.is_compiling() and not is_known and not pads and ends_together:
        if _is_window(trace(mask_function, "mask"), local_size):
            return KernelMask(f"window({local_size - 1},0)" if local_size and kv_length >= local_size else "causal", shape)
    padding = prepare_padding_mask(attention_mask, kv_length, kv_offset) if pads else None
    mask = _of_places(mask_function, padding, q_offset, kv_offset)
    # Traced once for all layers. Dynamo follows the function in each.
    return KernelMask(mask if torch.compiler.is_compiling() else trace(mask, "mask"), shape)


def _of_places(function: Any, padding: Tensor | None, q_offset: Any, kv_offset: Any) -> Any:
    """A mask function of the numbers of queries and keys, of one of their places. One kernel serves all offsets."""
    # A static cache counts on in the tensor itself before layers attend.
    q_offset = q_offset.reshape(()).clone() if isinstance(q_offset, Tensor) else given_at_launch(q_offset) if q_offset else 0
    kv_offset = given_at_launch(kv_offset) if kv_offset else 0

    def mask(b: Any, h: Any, q: Any, k: Any) -> Any:
        sees = function(b, h, q + q_offset, k + kv_offset)
        return sees if padding is None else sees & padding[b, k + kv_offset]

    return mask


def attention_forward(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any,
                      dropout: float = 0.0, scaling: float | None = None, is_causal: bool | None = None,
                      softcap: float | None = None, s_aux: Tensor | None = None, position_bias: Tensor | None = None,
                      sliding_window: int | None = None, **others: Any) -> tuple[Tensor, None]:
    """As Transformers calls it: [b, h, s, d] in, [b, s, h, d] out. s_aux are sinks, float [h]."""
    if others.get("head_mask") is not None:
        raise UnsupportedError("head_mask is not supported by attn_implementation='girih'", ())
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    mask, score, bias = "causal" if is_causal and query.shape[2] > 1 else "none", None, position_bias
    scores = *query.shape[:3], key.shape[2]
    if isinstance(attention_mask, KernelMask):
        mask = attention_mask.mask
    elif isinstance(attention_mask, Tensor):
        whole = spread("attention_mask", attention_mask[..., :key.shape[2]], scores)
        if whole.dtype == torch.bool:
            mask = of_mask_tensor(whole)[0]
        else:
            mask, bias = "none", whole if bias is None else whole + bias
    elif attention_mask is not None:
        raise TypeError(f"attention_mask is a {type(attention_mask).__name__} when it should be a tensor, or what girih.transformers makes")
    elif sliding_window is not None and key.shape[2] > sliding_window:
        raise UnsupportedError(f"a window of {sliding_window} in {key.shape[2]} keys without a mask is not supported by "
                               "attn_implementation='girih'", ())
    if bias is not None:
        score = biased(spread("position_bias", bias, scores), softcap)
    elif softcap is not None:
        score = f"softcap({softcap})"
    o = attention(query, key, value, mask=mask, score=score, scale=scaling, dropout_p=dropout, sinks=s_aux)
    return o.transpose(1, 2).contiguous(), None


AttentionInterface.register("girih", attention_forward)
AttentionMaskInterface.register("girih", attention_mask)
