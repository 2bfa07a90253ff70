"""The functions of the package flash-attn by Girih kernels.

    from girih.flash_attn import flash_attn_func, flash_attn_varlen_func
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from girih import math
from girih._errors import UnsupportedError
from girih.torch import attention, given_at_launch, need_tensors


def flash_attn_func(q: Tensor, k: Tensor, v: Tensor, dropout_p: float = 0.0, softmax_scale: float | None = None,
                    causal: bool = False, window_size: tuple[int, int] = (-1, -1), softcap: float = 0.0,
                    alibi_slopes: Tensor | None = None, deterministic: bool = False, return_attn_probs: bool = False, *,
                    sinks: Tensor | None = None) -> Any:
    """flash_attn.flash_attn_func: the same arguments, shapes and meaning, and sinks.

    Args:
        q: [b, sq, h, d]; k, v: [b, skv, hkv, d].
        window_size: a query sees keys from that many before its place to that many after it; -1 is no limit. Places are
            aligned at the end.
        softcap: scores s become softcap tanh(s / softcap), unless it is 0.
        alibi_slopes: float32 [h] or [b, h]: scores become s - slope |place of the query - place of the key|.
        deterministic: of the backward, which there is not.
        return_attn_probs: whether the log of the sum of exponentials [b, h, sq] is returned too, and None for the
            probabilities, which a kernel does not write.
        dropout_p: by random numbers of the default generator of the device, but not those of flash-attn.
        sinks: floats [h], a score that each row of a head has beside those of its keys; FlashAttention-4's learnable_sink.

    Returns:
        o [b, sq, h, d], or (o, lse, None).
    """
    need_tensors(4, q=q, k=k, v=v)
    mask = _mask_of(causal, window_size)
    score: Any = f"softcap({softcap})" if softcap else None
    if alibi_slopes is not None:
        score = _with_slopes(alibi_slopes, given_at_launch(k.shape[1] - q.shape[1]), softcap)
    o = attention(*(tensor.transpose(1, 2) for tensor in (q, k, v)), mask=mask, score=score, scale=softmax_scale,
                  lse=return_attn_probs, dropout_p=dropout_p, sinks=sinks)
    return (o[0].transpose(1, 2), o[1], None) if return_attn_probs else o.transpose(1, 2)


def flash_attn_varlen_func(q: Tensor, k: Tensor, v: Tensor, cu_seqlens_q: Tensor, cu_seqlens_k: Tensor,
                           max_seqlen_q: int | None = None, max_seqlen_k: int | None = None, dropout_p: float = 0.0,
                           softmax_scale: float | None = None, causal: bool = False,
                           window_size: tuple[int, int] = (-1, -1), softcap: float = 0.0,
                           alibi_slopes: Tensor | None = None, deterministic: bool = False,
                           return_attn_probs: bool = False, block_table: Tensor | None = None, *,
                           sinks: Tensor | None = None) -> Any:
    """flash_attn.flash_attn_varlen_func: sequences that are packed one after another.

    Args:
        q: [total of queries, h, d]; k, v: [total of keys, hkv, d].
        cu_seqlens_q, cu_seqlens_k: int32 [n + 1]: where each sequence begins, and where the last ends.
        max_seqlen_q, max_seqlen_k: not needed.

    The others are those of ``flash_attn_func``; alibi_slopes may be [n, h]. Returns o like q, or (o, lse [h, total of queries],
    None).

    Raises UnsupportedError for tables of blocks.
    """
    if block_table is not None:
        raise UnsupportedError("block_table is not supported: keys and values should be packed", ())
    need_tensors(3, q=q, k=k, v=v)
    score: Any = f"softcap({softcap})" if softcap else None
    if alibi_slopes is not None:
        score = _with_slopes(alibi_slopes, cu_seqlens_k.diff() - cu_seqlens_q.diff(), softcap)
    o = attention(*(tensor.transpose(0, 1).unsqueeze(0) for tensor in (q, k, v)), mask=_mask_of(causal, window_size),
                  score=score, scale=softmax_scale, lse=return_attn_probs,
                  query_starts=cu_seqlens_q, key_starts=cu_seqlens_k, dropout_p=dropout_p, sinks=sinks)
    return (o[0][0].transpose(0, 1), o[1][0], None) if return_attn_probs else o[0].transpose(0, 1)


def _mask_of(causal: bool, window_size: tuple[int, int]) -> str:
    left, right = window_size
    right = 0 if causal else right
    return "none" if left < 0 and right < 0 else "causal" if left < 0 and right == 0 else f"window({max(left, -1)},{max(right, -1)})"


def _with_slopes(slopes: Tensor, ahead: Any, softcap: float) -> Any:
    """`ahead` is by how many places the last key is beyond the last query, one number or one for each sequence."""
    is_packed = isinstance(ahead, Tensor) and ahead.dim() == 1

    def score(s: Any, b: Any, h: Any, q: Any, k: Any) -> Any:
        if softcap:
            s = softcap * math.tanh(s / softcap)
        slope = slopes[b, h] if slopes.dim() == 2 else slopes[h]
        return s - slope * math.abs(q + (ahead[b] if is_packed else ahead) - k)

    return score
