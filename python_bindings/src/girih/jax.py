"""JAX: attention as a call of XLA, for jit and vmap.

    from girih.jax import attention
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy
from jax.core import Tracer

from girih import _girih
from girih._attention import Mask, Score, off_device
from girih._cache import compiled, rule_of
from girih._captures import Capture, element_of
from girih._errors import Error, UnsupportedError
from girih._kernel import Kernel, device_target
from girih._problem import Problem, schedule_of
from girih._trace import captures_of

_BYTES = {jnp.dtype(jnp.float8_e4m3fn): "e4m3", jnp.dtype(jnp.float8_e5m2): "e5m2"}
_DTYPES = {jnp.dtype(jnp.bfloat16): "bf16", jnp.dtype(jnp.float16): "f16"} | _BYTES


def _compile(line: str, functions: str, target: str) -> _girih.Kernel:
    """For calls, when they run."""
    return compiled(line, target, UnsupportedError, functions)._handle


def _register() -> None:
    gpu, cpu = _girih.ffi_handlers(_compile)
    jax.ffi.register_ffi_target("girih_attention", gpu, platform="CUDA")
    jax.ffi.register_ffi_target("girih_attention", cpu, platform="cpu")


_register()


def _check(q: Any, k: Any, v: Any) -> None:
    for name, array in (("q", q), ("k", k), ("v", v)):
        if array.ndim != 4:
            raise ValueError(f"{name} has {array.ndim} dimensions when it should have 4")
        if array.dtype not in _DTYPES:
            raise TypeError(f"{name} is {array.dtype} when it should be bfloat16 or float16, or float8_e4m3fn or float8_e5m2")
        if array.dtype != q.dtype:
            raise TypeError(f"{name} is {array.dtype} when q is {q.dtype}")
        for dim, what in ((0, "batch"), (3, "head size"))[:1 if name == "v" else 2]:
            if array.shape[dim] != q.shape[dim]:
                raise ValueError(f"dimension {dim} of {name} is {array.shape[dim]} when the {what} of q is {q.shape[dim]}")
    for dim in (1, 2):
        if v.shape[dim] != k.shape[dim]:
            raise ValueError(f"dimension {dim} of v is {v.shape[dim]} when it is {k.shape[dim]} in k")
    if q.size and q.shape[1] % max(k.shape[1], 1):
        raise ValueError(f"q has {q.shape[1]} heads when it should be a multiple of the {k.shape[1]} of k")


def _no_backward(*_: Any) -> NoReturn:
    raise NotImplementedError("girih.jax.attention has no backward")


def _kernel(problem: Problem, shape: tuple[int, ...], interpret: bool) -> Kernel | None:
    """Compiled while the call is traced, so that refusals come there; later, where no GPU is at hand."""
    try:
        target = "sm_90a" if interpret else device_target()
    except Error:
        return None
    knobs = schedule_of(rule_of(problem, target).knobs_for(shape))
    return compiled(dataclasses.replace(problem, schedule={**problem.schedule, **knobs}), target, UnsupportedError)


def _operand(captured: Capture) -> Any:
    """A captured array as JAX has it, which makes 32 bits of NumPy's 64."""
    array = jnp.asarray(captured.value)
    if element_of(array) != element_of(captured.value):
        raise TypeError(f"an array of {captured.value.dtype} is captured, of which JAX makes {array.dtype}: give it as such")
    return array


def attention(q: Any, k: Any, v: Any, *, mask: Mask = "none", score: Score = None, scale: float | None = None,
              lse: bool = False, schedule: Mapping[str, int] | None = None, interpret: bool = False) -> Any:
    """``girih.attention`` for JAX's arrays, under jit and vmap too; the same meaning and errors.

    Args:
        q, k, v: [b, h, sq, d], [b, hkv, skv, d] and [b, hkv, skv, dv]; vmap may add dimensions.
        mask, score, scale, lse, schedule: as for ``girih.attention``. Arrays that functions capture by ``girih.capture`` are
            operands of the call: those of an enclosing jit may be captured, and vmap may map them. ``scale`` and Python's
            and NumPy's numbers are constants.
        interpret: executes the kernel for Hopper in the simulator, on the CPU: for tests, some 10^5 times slower.

    There is no backward: a gradient is a NotImplementedError. XLA does not split the call over devices: use
    ``jax.shard_map``.
    """
    q, k, v = (jnp.asarray(array) for array in (q, k, v))
    _check(q, k, v)
    if not interpret and not isinstance(q, Tracer) and next(iter(q.devices())).platform == "cpu":
        raise off_device("q", "the CPU")
    dtype = jnp.bfloat16 if q.dtype in _BYTES else q.dtype
    o_shape = (*q.shape[:3], v.shape[3])
    if q.size == 0 or k.shape[2] == 0:  # no row sees a key
        o = jnp.zeros(o_shape, dtype)
        return (o, jnp.full(q.shape[:3], -jnp.inf, jnp.float32)) if lse else o
    heads = (q.shape[1], k.shape[1]) if isinstance(score, str) else (None, None)
    problem = Problem(q.shape[3], dv=v.shape[3], h=heads[0], hkv=heads[1], dtype=_DTYPES[q.dtype], mask=mask, score=score, scale=scale,
                      lse=lse, schedule=schedule or {})
    _kernel(problem, q.shape, interpret)
    captures = captures_of(*problem.functions)
    arrays = [_operand(found) for found in captures if not found.is_number]
    scalars = numpy.array([found.bits() for found in captures if found.is_number], numpy.int32)
    functions = "".join(map(str, problem.functions))
    reads_batch = any(function.reads("b") for function in problem.functions)
    shapes = [jax.ShapeDtypeStruct(o_shape, dtype)] + [jax.ShapeDtypeStruct(q.shape[:3], jnp.float32)] * lse
    call = jax.ffi.ffi_call("girih_attention", shapes, vmap_method="expand_dims")

    @jax.custom_vjp
    def apply(*operands: Any) -> Any:
        return call(*operands, problem=str(problem), functions=functions, merges_batches=not reads_batch,
                    interpret=interpret, scalars=scalars)

    apply.defvjp(lambda *operands: (apply(*operands), None), _no_backward)
    result = apply(q, k, v, *arrays)
    return tuple(result) if lse else result[0]
