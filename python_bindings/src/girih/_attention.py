"""Attention on tensors of any framework."""
from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Unpack

from girih import _girih
from girih._beside import DROPOUT, STATE, Beside, arrays_of, given, kinds_of, numbers_of, switches_of, words_of
from girih._cache import compiled, rule_of
from girih._errors import Error, UnsupportedError, text_of, value_of
from girih._kernel import DTYPES, device_target
from girih._problem import Problem, knobs_of, schedule_of
from girih._trace import Function, captures_of, without_values
from girih._traced import traced

Mask = str | Callable[..., Any] | Function
Score = str | Callable[..., Any] | Function | None
_CPU, _CUDA = 1, 2  # of DLPack
_TENSORS = ("q", "k", "v", "o", "lse")


@dataclasses.dataclass
class Kernels:
    """The kernels of a problem whose sizes, or all but the numbers of heads, are open, on a device."""

    problem: Problem
    device: int
    rule: _girih.ScheduleRule  #: which of them is for which sizes
    loaded: dict[str, _girih.Loaded] = dataclasses.field(default_factory=dict)  #: by the knobs that the rule adds

    def loaded_for(self, shape: tuple[int, ...], key_shape: Sequence[int]) -> _girih.Loaded:
        """That for queries and keys of these shapes."""
        knobs = self.rule.knobs_for(shape, keys_in(key_shape))
        if (found := self.loaded.get(knobs)) is None:
            problem = dataclasses.replace(self.problem, schedule={**self.problem.schedule, **schedule_of(knobs)})
            kernel = compiled(problem, device_target(self.device), UnsupportedError)
            found = self.loaded[knobs] = value_of(*_girih.load(kernel._handle, self.device))
        return found


MOST_PROBLEMS = 256  #: whose kernels stay loaded, those that were looked up last


@functools.lru_cache(maxsize=MOST_PROBLEMS)
def kernels_of(dtype: int, head_sizes: tuple[int, int], heads: tuple[int, int] | None, mask: str | Function, score: str | Function | None,
               scale: float | None, lse: bool, knobs: str, device: int, beside: tuple[str, ...] = ()) -> Kernels:
    """For the head sizes of queries and of values, with these inputs (``kinds_of``) beside q, k and v. UnsupportedError
    when there can be none."""
    h, hkv = heads or (None, None)
    problem = Problem(head_sizes[0], dv=head_sizes[1], h=h, hkv=hkv, dtype=DTYPES[dtype], mask=mask, score=score, scale=scale, lse=lse,
                      schedule=schedule_of(knobs), **switches_of(beside))
    return Kernels(problem, device, rule_of(problem, device_target(device)))


def heads_of(score: object, shape: Sequence[int], key_shape: Sequence[int]) -> tuple[int, int] | None:
    """The numbers of heads that a kernel is made for: score functions of the compiler may need them, and few queries want them."""
    if len(key_shape) == 4 and (isinstance(score, str) or _girih.wants_heads(shape, key_shape[1])):
        return shape[1], key_shape[1]
    return None


def keys_in(key_shape: Sequence[int]) -> int:
    """How many keys there are in a tensor of that shape; 0 in one that will be refused."""
    return key_shape[2] if len(key_shape) == 4 else 0


def off_device(name: str, where: str) -> ValueError:
    return ValueError(f"{name} is on {where}: girih.attention runs on a GPU; girih.simulate executes kernels on the CPU")


class _Described(NamedTuple):
    """What a launch needs of an array."""

    whole: Any  #: as the launch takes it
    dtype: int
    shape: tuple[int, ...]
    device: int


def _describe(name: str, array: Any, stream: int) -> _Described:
    """An array that is ready once `stream` gets there."""
    device, _ = array.__dlpack_device__() if hasattr(array, "__dlpack_device__") else (_CPU, 0)
    if device != _CUDA:
        raise off_device(name, "the CPU" if device == _CPU else f"a device of kind {int(device)}")
    # DLPack has no 0: the default stream is 1 there.
    whole, (_, ordinal) = _girih.describe(array.__dlpack__(stream=stream or 1))
    return _Described(whole, whole[1], whole[2], ordinal)


def _describe_all(arrays: Mapping[str, Any], stream: int) -> dict[str, _Described]:
    for name, array in arrays.items():
        if not hasattr(array, "__dlpack__"):
            raise TypeError(f"{name} is a {type(array).__name__}, which is no DLPack tensor")
    return {name: _describe(name, array, stream) for name, array in arrays.items()}


def _outputs(q: Any, shape: tuple[int, ...], lse: bool, out: Any) -> Any:
    """o, of this shape, and lse: those that are given, or new ones."""
    if out is None:
        o = _empty(q, shape, q.dtype)
        return (o, _empty(q, shape[:3], q.__array_namespace__().float32)) if lse else (o,)
    outputs = out if lse else (out,)
    if len(outputs) != 1 + lse:
        raise ValueError(f"out has {len(outputs)} tensors when it should have {1 + lse}")
    return outputs


def _empty(reference: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    if not hasattr(reference, "__array_namespace__"):
        raise TypeError(f"{type(reference).__name__} cannot make an output: give out=")
    return reference.__array_namespace__().empty(shape, dtype=dtype, device=reference.device)


def _state(reference: Any, given: Any) -> Any:
    if given is None:
        raise TypeError(f"dropout_p without a dropout_state needs PyTorch's generator; q is a {type(reference).__name__}")
    if not hasattr(reference, "__array_namespace__"):
        raise TypeError(f"{type(reference).__name__} cannot make a dropout_state: give an array of int32 [4]")
    space = reference.__array_namespace__()
    return space.asarray(words_of(given), dtype=space.int32, device=reference.device)


def _current_stream(array: Any) -> int:
    if _package(array) == "cupy":
        return sys.modules["cupy"].cuda.get_current_stream().ptr
    return 0


def _package(array: Any) -> str:
    """The framework's name, without an import of it."""
    return type(array).__module__.partition(".")[0]


def attention(q: Any, k: Any, v: Any, *, mask: Mask = "none", score: Score = None, scale: float | None = None,
              lse: bool = False, schedule: Mapping[str, int] | None = None, out: Any = None, stream: int | None = None,
              **options: Unpack[Beside]) -> Any:
    """softmax(scale q kᵀ + mask) v, on the GPU that the tensors are on.

    The launch goes to the current stream and is not waited for. The first call for a head size, type and mask compiles
    a kernel that then serves all shapes.

    Args:
        q: queries [b, h, sq, d] on a GPU, bf16 or f16, d being a multiple of 8 from 16 to 256; or e4m3 or e5m2, with
            d a multiple of 16 and the output in bf16.
        k, v: keys [b, hkv, skv, d] and values [b, hkv, skv, dv] of the same type; h is a multiple of hkv. dv, the head
            size of the output, may be another than d.
        mask: "none"; "causal", aligned at the end: query i sees key j if j <= i + skv - sq; "causal_top_left";
            "window(left,right)"; "prefix(n)"; several of these joined by & and |; or a function of (b, h, q, k) that says
            whether the query sees the key, such as FlexAttention's mask_mod. What it hides is not computed.
        score: what becomes of a scaled score before the mask: "softcap(30)", "alibi", several joined by +, or a function
            of (s, b, h, q, k), a score and its batch, head, query and key, such as FlexAttention's score_mod. It is
            called with values that write down what is done to them (``girih.math``), not once for each score. Arrays
            that functions index and arrays without dimensions are given to the kernel, and may differ from call to call.
        scale: what scores are multiplied by; 1 / sqrt(d) if None.
        lse: whether to return the log of the sum of exponentials too.
        schedule: knobs of the kernel's schedule, as {"stages": 2} (docs/performance.md); the compiler chooses the others.
        query_lengths, key_lengths: of each sequence in the padded tensors, int32 [b] where q is. Keys beyond are not
            seen, rows of the outputs beyond are not written, and "causal" aligns the ends of the sequences.
        query_starts, key_starts: of sequences that are packed in tensors [1, h, sq, d], int32 [n + 1]: where each begins,
            and where the last ends.
        sinks: a score that each row of a head has beside those of its keys, float32 [h].
        q_descale, k_descale, v_descale: what q, k and v are multiplied by, such as the scales of 8-bit tensors: a positive
            float, or float32 [b, hkv], one for each sequence and key head and for the queries that read it.
        dropout_p: the probability with which a weight is left out; the others are multiplied by 1 / (1 - dropout_p).
        dropout_state: the seed of the random numbers and an offset, which makes other numbers of one seed: a number, a pair, or
            an array where q is, int32 [4] as ``girih.dropout_state`` has it. If None, PyTorch's generator makes one; with others
            it must be given. The same state gives the same weights, whatever the kernel.
        partial_o, partial_lse: results of attention to other keys, [b, h, sq, dv] like the output and float32 [b, h, sq], which are
            taken into these: o and lse are those of all keys. A row whose partial_lse is -inf has seen none yet. They may not
            lie where the outputs do.
        kv_num_blocks, kv_indices: which blocks of keys a block of queries sees, as FlexAttention's BlockMask has them: how
            many, int32 [b, h, blocks of queries], and which, int32 [b, h, blocks of queries, n]. Others are not read, the
            mask is applied to these; a stride of 0 shares a dimension.
        full_kv_num_blocks, full_kv_indices: blocks that are seen too, and to which the mask is not applied.
        block_size: queries and keys of a block, or one number for both; 128 if None.
        out: the output [b, h, sq, dv], or a pair of it and of lse; they are allocated by q's framework if None.
        stream: a CUstream as a number; the framework's current one if None, for PyTorch and CuPy, or the default one.
            PyTorch's allocator does not know of a stream that is given: keep the tensors until it is done.

    Strides may be any that are multiples of 16 bytes, the last being 1: [b, s, h, d] in memory is as good as
    [b, h, s, d]. A row that sees no key is 0 in o and -inf in lse.

    Returns:
        o [b, h, sq, dv], or (o, lse) with lse float32 [b, h, sq].

    Raises:
        UnsupportedError: the compiler has no kernel for this mask, head size, type or GPU; it carries the diagnostic.
        ValueError: shapes, strides or devices do not fit.
        TypeError: what is given is no tensor, or has other elements.
        Error: there is no GPU, or a launch fails.
    """
    beside = given(options)
    if "torch" in sys.modules and isinstance(q, sys.modules["torch"].Tensor):
        if (girih_torch := sys.modules.get("girih._torch")) is None:
            from girih import _torch as girih_torch
        return girih_torch.attend(q, k, v, mask, score, scale, lse, schedule, out, stream, beside)
    if _package(q) in ("jax", "jaxlib"):
        from girih import jax as girih_jax

        if out is not None or stream is not None:
            raise TypeError("out and stream are XLA's to choose for JAX's arrays, which cannot be written")
        return girih_jax.attention(q, k, v, mask=mask, score=score, scale=scale, lse=lse, schedule=schedule, **options)
    return _attend(q, k, v, mask, score, scale, lse, schedule, out, stream, beside)


def _attend(q: Any, k: Any, v: Any, mask: Mask, score: Score, scale: float | None, lse: bool, schedule: Mapping[str, int] | None,
            out: Any, stream: int | None, beside: dict[str, Any]) -> Any:
    """``attention`` on tensors of any framework, by DLPack alone."""
    if stream is None:
        stream = _current_stream(q)
    described = _describe_all(dict(zip(_TENSORS, (q, k, v))), stream)
    dtype, shape, key_shape, value_shape = described["q"].dtype, *(described[name].shape for name in "qkv")
    mask, score = traced(mask, "mask"), traced(score, "score")
    if len(shape) != 4:
        raise ValueError(f"q has {len(shape)} dimensions when it should have 4")
    head_sizes = shape[3], value_shape[3] if len(value_shape) == 4 else shape[3]
    outputs = _outputs(q, (*shape[:3], head_sizes[1]), lse, out)
    described |= _describe_all(dict(zip(_TENSORS[3:], outputs)), stream)
    captures = captures_of(mask, score)
    if DROPOUT in beside and not hasattr(beside.get(STATE), "__dlpack__"):
        beside[STATE] = _state(q, beside.get(STATE))
    described |= _describe_all(arrays_of(beside), stream)
    captured = _describe_all({f"the array {found.name}": found.value for found in captures if not found.is_number}, stream)
    device = described["q"].device
    for name, found in [*described.items(), *captured.items()]:
        if found.device != device:
            raise ValueError(f"{name} is on GPU {found.device} when q is on GPU {device}")
    kernels = kernels_of(dtype, head_sizes, heads_of(score, shape, key_shape), without_values(mask), without_values(score), scale,
                         lse, knobs_of(schedule), device, kinds_of(beside))
    run(kernels.loaded_for(shape, key_shape), [found.whole for found in [*described.values(), *captured.values()]], stream,
        numbers_of(beside) + [found.number() for found in captures if found.is_number])
    return tuple(outputs) if lse else outputs[0]


def run(loaded: _girih.Loaded, descriptions: Any, stream: int, numbers: Any = ()) -> None:
    """Launches; a refusal is a ValueError, a failed call of the driver an Error."""
    check_launch(loaded.launch(*descriptions, stream=stream, scalars=list(numbers)))


def check_launch(said: Any) -> None:
    if said is not None:
        text = text_of(said)
        raise Error(text) if "CUDA_ERROR" in text else ValueError(text)
