"""PyTorch: attention as an operator that torch.compile, CUDA graphs and opcheck know.

    from girih.torch import attention, flex_attention, scaled_dot_product_attention
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import torch
from torch import Tensor

from girih import math
from girih._attention import Mask, Score
from girih._beside import Beside, given
from girih._errors import UnsupportedError
from girih._torch import attend, need_tensor


def attention(q: Tensor, k: Tensor, v: Tensor, *, mask: Mask = "none", score: Score = None, scale: float | None = None,
              lse: bool = False, schedule: Mapping[str, int] | None = None, out: Any = None, stream: int | None = None,
              **options: Unpack[Beside]) -> Any:
    """``girih.attention`` for PyTorch's tensors; the same arguments and errors. Sinks and descales may have any float type, and
    descales of one element are for all heads. Dropout without a state has one of the default generator of q's device; a
    state may be int64 [2] too, a seed and an offset.

    Under torch.compile it is the operator ``girih::attention``, without a graph break unless out or stream are given.
    There is no backward: a gradient that is asked for is a NotImplementedError.
    """
    return attend(q, k, v, mask, score, scale, lse, schedule, out, stream, given(options))


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
                                 dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
                                 enable_gqa: bool = False) -> Tensor:
    """torch.nn.functional.scaled_dot_product_attention by a Girih kernel: the same arguments, shapes and meaning.

    Args:
        query: [..., h, sq, d]; key: [..., hkv, skv, d]; value: [..., hkv, skv, dv]. Any number of dimensions may be in front, or
            none of h and them.
        attn_mask: bool, whether a query sees a key, or floats that are added to scaled scores; [..., h, sq, skv], or less or of
            size 1 where it repeats. All scores that it hides are computed: a mask that a name or a function describes is
            faster by ``girih.torch.attention``.
        dropout_p: by random numbers of the default generator of the device, but not PyTorch's.

    Returns o [..., h, sq, dv]. Inputs are copied only where their last stride is not 1.
    """
    need_tensors(query.dim() if isinstance(query, Tensor) else 4, query=query, key=key, value=value)
    if query.dim() < 2:
        raise ValueError(f"query has {query.dim()} dimensions when it should have 2 or more")
    if attn_mask is not None and is_causal:
        raise ValueError("attn_mask is given when is_causal is set: one of them should be")
    if not enable_gqa and query.dim() >= 4 and query.shape[-3] != key.shape[-3]:
        raise ValueError(f"query has {query.shape[-3]} heads and key {key.shape[-3]}: set enable_gqa")
    leading = query.shape[:-2]
    q, k, v = (_in_four_dimensions(tensor if tensor.stride(-1) == 1 else tensor.contiguous()) for tensor in (query, key, value))
    mask, score = "causal_top_left" if is_causal else "none", None
    if attn_mask is not None:
        mask, score = of_mask_tensor(_in_four_dimensions(spread("attn_mask", attn_mask, (*leading, query.shape[-2], key.shape[-2]))))
    o = attention(q, k, v, mask=mask, score=score, scale=scale, dropout_p=dropout_p)
    return o.reshape(*leading, *o.shape[-2:])


def need_tensors(dimensions: int, **tensors: Any) -> None:
    """TypeError for what is no tensor, ValueError for another number of dimensions."""
    for name, tensor in tensors.items():
        need_tensor(name, tensor)
        if tensor.dim() != dimensions:
            raise ValueError(f"{name} has {tensor.dim()} dimensions when it should have {dimensions}")


def _in_four_dimensions(tensor: Tensor) -> Tensor:
    """What is in front of the heads as one batch. Of three, the first is the batch, of one head."""
    while tensor.dim() < 4:
        tensor = tensor.unsqueeze(-3)
    return tensor if tensor.dim() == 4 else tensor.flatten(0, -4)


def spread(name: str, tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor as one of a shape, of whose last dimension it may have but one, which functions read at any index: no copy."""
    need_tensor(name, tensor)
    missing = len(shape) - tensor.dim()
    if missing < 0 or any(size not in (1, whole) for size, whole in zip(tensor.shape, shape[missing:])):
        raise ValueError(f"{name} has shape {list(tensor.shape)} when it should be {list(shape)}, or repeat as that")
    return tensor.expand(*shape[:-1], *(tensor.shape[-1:] or (1,)))


def of_mask_tensor(mask: Tensor) -> tuple[Mask, Score]:
    """The mask and the score function of a mask [b, h, sq, skv] of truth values, or of floats that are added."""
    if mask.dtype == torch.bool:
        return lambda b, h, q, k: mask[b, h, q, k], None
    return "none", biased(mask)


def biased(bias: Tensor, softcap: float | None = None) -> Score:
    """The score function that adds bias [b, h, sq, skv], after a soft cap if there is one."""
    def score(s: Any, b: Any, h: Any, q: Any, k: Any) -> Any:
        if softcap:
            s = softcap * math.tanh(s / softcap)
        return s + bias[b, h, q, k]

    return score


def given_at_launch(number: Any) -> Any:
    """An integer for a function to capture, so that one kernel serves all of them. Of graphs, it is a symbol at need."""
    return number if torch.compiler.is_compiling() or isinstance(number, Tensor) else torch.tensor(number, dtype=torch.int32)


def flex_attention(query: Tensor, key: Tensor, value: Tensor, score_mod: Score = None, block_mask: Any = None,
                   scale: float | None = None, enable_gqa: bool = False, return_lse: bool = False,
                   kernel_options: Any = None, *, return_aux: Any = None, use_lists: bool = False) -> Any:
    """torch.nn.attention.flex_attention.flex_attention by a Girih kernel: the same arguments, shapes and meaning.

    Args:
        query: [b, h, sq, d]; key: [b, hkv, skv, d]; value: [b, hkv, skv, dv].
        score_mod: is traced (``girih.trace``), as is the ``mask_mod`` of block_mask; docs/python.md says what they cannot be.
        block_mask: its ``mask_mod`` is read, and the compiler finds the tiles that it hides. Blocks without a mask_mod are
            visited as they are listed.
        kernel_options: of Triton's kernels, and ignored; ``schedule`` of ``girih.torch.attention`` has our own.
        return_aux: of its requests, ``lse`` can be had.
        use_lists: whether blocks with a mask_mod are visited as they are listed too: for what it reads from tensors, of which
            the compiler finds nothing.

    Returns o [b, h, sq, dv], or (o, lse float32 [b, h, sq]) with return_lse, or (o, AuxOutput) with return_aux.
    """
    need_tensors(4, query=query, key=key, value=value)
    if block_mask is not None and not hasattr(block_mask, "mask_mod"):
        raise TypeError(f"block_mask is a {type(block_mask).__name__}, which has no mask_mod")
    if not enable_gqa and query.shape[1] != key.shape[1]:
        raise ValueError(f"query has {query.shape[1]} heads and key {key.shape[1]}: set enable_gqa")
    if return_aux is not None and return_lse:
        raise ValueError("return_lse is set when return_aux is given: one of them should be")
    if return_aux is not None and return_aux.max_scores:
        raise UnsupportedError("return_aux: max_scores are not supported, lse is", ())
    lse = return_lse if return_aux is None else return_aux.lse
    mask, lists = ("none", {}) if block_mask is None else _mask_of(block_mask, query, use_lists)
    result = attention(query, key, value, mask=mask, score=score_mod, scale=scale, lse=lse, **lists)
    if return_aux is None:
        return result
    from torch.nn.attention.flex_attention import AuxOutput

    return (result[0], AuxOutput(lse=result[1])) if lse else (result, AuxOutput())


def _mask_of(block_mask: Any, query: Tensor, use_lists: bool) -> tuple[Mask, Any]:
    """The mask, and lists of blocks where they say what it does not."""
    from torch.nn.attention.flex_attention import noop_mask

    mask = block_mask.mask_mod
    if mask is not noop_mask and not use_lists:
        return mask, {}
    rows, columns = block_mask.BLOCK_SIZE
    lists: dict[str, Any] = {"block_size": (rows, columns)}
    for name in ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices"):
        if (found := getattr(block_mask, name)) is not None:
            if found.shape[2] * rows < query.shape[2]:
                raise ValueError(f"block_mask has {found.shape[2]} blocks of {rows} queries when query has {query.shape[2]}")
            lists[name] = found.expand(*query.shape[:2], *found.shape[2:])
    return "none" if mask is noop_mask else mask, lists
