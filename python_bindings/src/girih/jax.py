"""JAX: attention as a call of XLA, for jit and vmap.

    from girih.jax import attention
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn, Unpack

import jax
import jax.numpy as jnp
import numpy
from jax.core import Tracer

from girih import _girih
from girih._attention import Mask, Score, heads_of, keys_in, off_device
from girih._beside import (DESCALES, DROPOUT, LENGTHS, PARTIAL, SINKS, STATE, Beside, arrays_of, given, kinds_of, numbers_of, sequences_of,
                           switches_of, words_of)
from girih._cache import compiled, rule_of
from girih._captures import ELEMENTS, Capture, bits_of, element_of
from girih._errors import Error, UnsupportedError, text_of
from girih._kernel import DTYPES, Kernel, device_target
from girih._problem import Problem, schedule_of
from girih._trace import captures_of

_BYTES = {jnp.dtype(jnp.float8_e4m3fn): "e4m3", jnp.dtype(jnp.float8_e5m2): "e5m2"}
_DTYPES = {jnp.dtype(jnp.bfloat16): "bf16", jnp.dtype(jnp.float16): "f16"} | _BYTES
_ELEMENTS = {dtype: DTYPES.index(name) for dtype, name in _DTYPES.items()} | {
    jnp.dtype(name): DTYPES.index(element) for name, element in ELEMENTS.items()}


def _compile(line: str, functions: str, target: str) -> _girih.Kernel:
    """For calls, when they run."""
    return compiled(line, target, UnsupportedError, functions)._handle


def _register() -> None:
    gpu, cpu = _girih.ffi_handlers(_compile)
    jax.ffi.register_ffi_target("girih_attention", gpu, platform="CUDA")
    jax.ffi.register_ffi_target("girih_attention", cpu, platform="cpu")


_register()


def _check(q: Any, k: Any, v: Any) -> None:
    """What must hold before there can be a kernel, which says the rest."""
    for name, array in (("q", q), ("k", k), ("v", v)):
        if array.ndim != 4:
            raise ValueError(f"{name} has {array.ndim} dimensions when it should have 4")
        if array.dtype not in _DTYPES:
            raise TypeError(f"{name} is {array.dtype} when it should be bfloat16 or float16, or float8_e4m3fn or float8_e5m2")


def _no_backward(*_: Any) -> NoReturn:
    raise NotImplementedError("girih.jax.attention has no backward")


def _kernel(problem: Problem, shape: tuple[int, ...], key_shape: tuple[int, ...], interpret: bool) -> Kernel | None:
    """Compiled while the call is traced, so that refusals come there; later, where no GPU is at hand."""
    try:
        target = "sm_90a" if interpret else device_target()
    except Error:
        return None
    knobs = schedule_of(rule_of(problem, target).knobs_for(shape, keys_in(key_shape)))
    return compiled(dataclasses.replace(problem, schedule={**problem.schedule, **knobs}), target, UnsupportedError)


def _check_operands(kernel: Kernel, operands: list[Any]) -> None:
    """Raises what a launch would, before there is one. Outputs are among the operands."""
    for (name, *_), operand in zip(kernel._handle.tensors(), operands):
        if operand.dtype not in _ELEMENTS:
            raise TypeError(f"{name} has elements of {operand.dtype}, which no kernel takes")
    right, said = kernel._handle.check_tensors([(_ELEMENTS[operand.dtype], operand.shape) for operand in operands])
    if not right:
        raise ValueError(text_of(said))


def _captured(found: Capture) -> Any:
    """A captured array as JAX has it, which makes 32 bits of NumPy's 64."""
    array = jnp.asarray(found.value)
    if element_of(array) != element_of(found.value):
        raise TypeError(f"an array of {found.value.dtype} is captured, of which JAX makes {array.dtype}: give it as such")
    return array


def _operand(name: str, array: Any, sequences: int, heads: int) -> Any:
    """What is beside q, k and v as a kernel takes it: floats in float32, descales for each sequence and head of keys."""
    if name in DESCALES and array.size == 1:
        array = jnp.broadcast_to(array.reshape(1, 1), (sequences, heads))
    is_float = (name in DESCALES or name == SINKS) and jnp.issubdtype(array.dtype, jnp.floating)
    return array.astype(jnp.float32) if is_float else array


def _state(given: Any) -> Any:
    """What random numbers begin with, as a kernel takes it: int32 [4]. What is wrong with it, a launch says."""
    if given is None:
        raise TypeError("dropout_p needs a dropout_state, a key of JAX's, say")
    if not hasattr(given, "dtype"):
        return jnp.array(words_of(given), jnp.int32)
    words = jax.random.key_data(given) if jnp.issubdtype(given.dtype, jax.dtypes.prng_key) else jnp.asarray(given)
    if words.dtype == jnp.uint32:
        words = jax.lax.bitcast_convert_type(words, jnp.int32)
    return jnp.concatenate([words, jnp.zeros_like(words)]) if words.shape == (2,) else words


def attention(q: Any, k: Any, v: Any, *, mask: Mask = "none", score: Score = None, scale: float | None = None,
              lse: bool = False, schedule: Mapping[str, int] | None = None, interpret: bool = False,
              **options: Unpack[Beside]) -> Any:
    """``girih.attention`` for JAX's arrays, under jit and vmap too; the same meaning and errors.

    Args:
        q, k, v: [b, h, sq, d], [b, hkv, skv, d] and [b, hkv, skv, dv]; vmap may add dimensions.
        mask, score, scale, lse, schedule: as for ``girih.attention``. Arrays that functions capture by ``girih.capture`` are
            operands of the call: those of an enclosing jit may be captured, and vmap may map them. ``scale`` and Python's
            and NumPy's numbers are constants.
        query_lengths, key_lengths, query_starts, key_starts, sinks, q_descale, k_descale, v_descale, partial_o, partial_lse: as for
            ``girih.attention``; arrays are operands of the call, of an enclosing jit too, and vmap may map them. Sinks and
            descales may have any float type; a descale of one element is for all heads. Rows of the outputs that no
            sequence has hold anything.
        dropout_p, dropout_state: as for ``girih.attention``; the state is one of JAX's keys, or int32 or uint32 [2] or [4], and
            may be computed by an enclosing jit. vmap may map it; what it does not map has the same numbers for all.
        interpret: executes the kernel for Hopper in the simulator, on the CPU: for tests, some 10^5 times slower.

    There is no backward: a gradient is a NotImplementedError. XLA does not split the call over devices: use
    ``jax.shard_map``.
    """
    beside = given(options)
    if DROPOUT in beside:
        beside[STATE] = _state(beside.get(STATE))
    q, k, v = (jnp.asarray(array) for array in (q, k, v))
    _check(q, k, v)
    if not interpret and not isinstance(q, Tracer) and next(iter(q.devices())).platform == "cpu":
        raise off_device("q", "the CPU")
    dtype = jnp.bfloat16 if q.dtype in _BYTES else q.dtype
    shapes = [jax.ShapeDtypeStruct((*q.shape[:3], v.shape[3]), dtype)] + [jax.ShapeDtypeStruct(q.shape[:3], jnp.float32)] * lse
    if q.size == 0 or k.shape[2] == 0 == v.shape[2] and not beside:  # no row sees a key
        results = tuple(jnp.full(shape.shape, fill, shape.dtype) for shape, fill in zip(shapes, (0, -jnp.inf)))
        return results if lse else results[0]
    heads = heads_of(score, q.shape, k.shape) or (None, None)
    problem = Problem(q.shape[3], dv=v.shape[3], h=heads[0], hkv=heads[1], dtype=_DTYPES[q.dtype], mask=mask, score=score, scale=scale,
                      lse=lse, schedule=schedule or {}, **switches_of(kinds_of(beside)))
    captures = captures_of(*problem.functions)
    tensors = {name: jnp.asarray(array) for name, array in arrays_of(beside).items()}
    arrays = [_operand(name, array, sequences_of(tensors, q.shape[0]), k.shape[1]) for name, array in tensors.items()]
    arrays += [_captured(found) for found in captures if not found.is_number]
    if kernel := _kernel(problem, q.shape, k.shape, interpret):
        _check_operands(kernel, [q, k, v, *shapes, *arrays])
    numbers = numbers_of(beside) + [found.number() for found in captures if found.is_number]
    reads_batch = any(function.reads("b") for function in problem.functions)
    attributes: dict[str, Any] = {
        "problem": str(problem), "functions": "".join(map(str, problem.functions)), "interpret": interpret,
        "merges_batches": not (reads_batch or problem.packed or problem.dropout), "scalars": numpy.array(list(map(bits_of, numbers)), numpy.int32),
        "batched": numpy.array([name in (*LENGTHS, *DESCALES, *PARTIAL) for name in tensors] + [False] * (len(arrays) - len(tensors)), numpy.int32)}
    call = jax.ffi.ffi_call("girih_attention", shapes, vmap_method="expand_dims")

    @jax.custom_vjp
    def apply(*operands: Any) -> Any:
        return call(*operands, **attributes)

    apply.defvjp(lambda *operands: (apply(*operands), None), _no_backward)
    result = apply(q, k, v, *arrays)
    return tuple(result) if lse else result[0]
