"""What can be done to traced values: operators, girih.math, and the functions of PyTorch and NumPy with the same names."""
from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

from girih._captures import Indexed
from girih._errors import UnsupportedError
from girih._trace import _RANKS, BIT, F32, INDEX, Trace, Traced, number_of


def _trace_of(*values: Any) -> Trace | None:
    return next((value._trace for value in values if isinstance(value, Traced)), None)


def _together(*values: Any, least: str = BIT) -> tuple[Trace, str, list[Traced]]:
    """The values in the one kind that holds them all."""
    trace, kind = _trace_of(*values), least
    assert trace is not None
    values = tuple(map(trace.given, values))
    for value in values:
        if isinstance(value, Traced):
            own = value._kind
        else:
            value = number_of(value)
            own = BIT if isinstance(value, bool) else INDEX if isinstance(value, int) else F32
        kind = own if _RANKS[own] > _RANKS[kind] else kind
    return trace, kind, [trace.lift(value, kind) for value in values]


def _arithmetic(stem: str, python: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def apply(x: Any, y: Any) -> Any:
        if _trace_of(x, y) is None:
            return python(x, y)
        trace, kind, (x, y) = _together(x, y, least=INDEX)
        suffix = "f" if kind == F32 else "i"
        return trace.emit(f"arith.{stem}{suffix} {x._name}, {y._name} : {kind}", kind,
                          stem != "sub" and x._nonnegative and y._nonnegative)
    return apply


add, subtract, multiply = _arithmetic("add", operator.add), _arithmetic("sub", operator.sub), _arithmetic("mul", operator.mul)


def divide(x: Any, y: Any, *, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return floor_divide(x, y)
    if rounding_mode is not None:
        raise TypeError(f"rounding_mode is {rounding_mode!r}, must be None or 'floor'")
    trace, kind, (x, y) = _together(x, y, least=F32)
    return trace.emit(f"arith.divf {x._name}, {y._name} : f32", kind)


def _has_wrong_sign(rest: Traced, x: Traced, y: Traced) -> Any:
    """Where the machine's division, which cuts, leaves a rest of another sign than the divisor's."""
    if x._nonnegative and y._nonnegative:
        return False
    below = less(rest, 0)
    return below if y._nonnegative else bitwise_and(not_equal(rest, 0), bitwise_xor(below, less(y, 0)))


def _divisible(x: Any, y: Any) -> tuple[Trace, str, list[Traced]]:
    if not isinstance(y, Traced) and number_of(y) == 0:
        raise ZeroDivisionError("division of a traced index by zero")
    return _together(x, y, least=INDEX)


def _rest(trace: Trace, x: Traced, y: Traced) -> Traced:
    return trace.emit(f"arith.remsi {x._name}, {y._name} : index", INDEX, x._nonnegative and y._nonnegative)


def floor_divide(x: Any, y: Any) -> Any:
    """As Python's and PyTorch's: towards minus infinity."""
    trace, kind, (x, y) = _divisible(x, y)
    if kind == F32:
        return floor(divide(x, y))
    positive = x._nonnegative and y._nonnegative
    quotient = trace.emit(f"arith.divsi {x._name}, {y._name} : index", INDEX, positive)
    return quotient if positive else where(_has_wrong_sign(_rest(trace, x, y), x, y), subtract(quotient, 1), quotient)


def remainder(x: Any, y: Any) -> Any:
    """With the sign of y, as Python's and PyTorch's."""
    trace, kind, (x, y) = _divisible(x, y)
    if kind == F32:
        return trace.emit(f"arith.remf {x._name}, {y._name} : f32", F32)
    rest = _rest(trace, x, y)
    return rest if rest._nonnegative else where(_has_wrong_sign(rest, x, y), rest + y, rest)


def power(x: Any, y: Any) -> Any:
    if not isinstance(x, Traced):
        x = number_of(x)
        return exp2(y) if x == 2 else exp2(y * math.log2(x)) if x > 0 else _unary("powf", None)(x, y)
    if not isinstance(y, Traced):
        y = number_of(y)
        if y == 0.5:
            return sqrt(x)
        if isinstance(y, int) and 1 <= y <= 8:
            result = x
            for bit in bin(y)[3:]:
                result = multiply(result, result)
                if bit == "1":
                    result = multiply(result, x)
            return result
    trace, _, (a, b) = _together(x, y, least=F32)
    return trace.emit(f"math.powf {a._name}, {b._name} : f32", F32)


def negative(x: Any) -> Any:
    trace, kind, (x,) = _together(x, least=INDEX)
    return trace.emit(f"arith.negf {x._name} : f32", F32) if kind == F32 else 0 - x


def abs(x: Any) -> Any:
    """The absolute value."""
    if _trace_of(x) is None:
        return operator.abs(x)
    trace, kind, (x,) = _together(x, least=INDEX)
    return trace.emit(f"math.abs{'f' if kind == F32 else 'i'} {x._name} : {kind}", kind, True)


def _unary(name: str, python: Callable[[float], float] | None) -> Callable[..., Any]:
    def apply(x: Any, *, approximate: bool = False) -> Any:
        trace = _trace_of(x)
        if trace is None:
            assert python is not None
            return python(x)
        x = trace.lift(x, F32)
        return trace.emit(f"math.{name} {x._name}{' fastmath<afn>' if approximate else ''} : f32", F32)
    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"The function {name} of one number; ``approximate`` asks for the hardware's."
    return apply


exp, exp2 = _unary("exp", math.exp), _unary("exp2", lambda x: 2.0**x)
log, log2 = _unary("log", math.log), _unary("log2", math.log2)
sqrt, rsqrt = _unary("sqrt", math.sqrt), _unary("rsqrt", lambda x: 1 / math.sqrt(x))
sin, cos, tanh = _unary("sin", math.sin), _unary("cos", math.cos), _unary("tanh", math.tanh)
floor = _unary("floor", math.floor)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + exp(-x))


def _extreme(stem: str, python: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def apply(x: Any, y: Any) -> Any:
        if _trace_of(x, y) is None:
            return python(x, y)
        trace, kind, (x, y) = _together(x, y, least=INDEX)
        held = (x._nonnegative, y._nonnegative)
        return trace.emit(f"arith.{stem}{'imumf' if kind == F32 else 'si'} {x._name}, {y._name} : {kind}", kind,
                          any(held) if stem == "max" else all(held))
    apply.__name__ = apply.__qualname__ = stem + "imum"
    apply.__doc__ = f"The {'larger' if stem == 'max' else 'smaller'} of two numbers."
    return apply


minimum, maximum = _extreme("min", min), _extreme("max", max)


def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    """x, but at least min and at most max, where they are given."""
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def where(condition: Any, input: Any, other: Any) -> Any:
    """input where the condition holds, and other elsewhere; both are computed."""
    trace = _trace_of(condition, input, other)
    if trace is None:
        return input if condition else other
    condition = trace.lift(condition)
    if condition._kind != BIT:
        condition = condition != 0
    _, kind, (x, y) = _together(trace.lift(input), other)
    return trace.select(condition, x, y, kind)


def _comparison(signed: str, ordered: str) -> Callable[[Any, Any], Any]:
    def apply(x: Any, y: Any) -> Any:
        trace, kind, (x, y) = _together(x, y, least=INDEX)
        op, predicate = ("cmpf", ordered) if kind == F32 else ("cmpi", signed)
        return trace.emit(f"arith.{op} {predicate}, {x._name}, {y._name} : {kind}", BIT)
    return apply


less, less_equal = _comparison("slt", "olt"), _comparison("sle", "ole")
greater, greater_equal = _comparison("sgt", "ogt"), _comparison("sge", "oge")
equal, not_equal = _comparison("eq", "oeq"), _comparison("ne", "une")


def _logic(op: str, is_logical: bool) -> Callable[[Any, Any], Any]:
    def apply(x: Any, y: Any) -> Any:
        trace = _trace_of(x, y)
        assert trace is not None
        if is_logical:
            x, y = (value if value._kind == BIT else value != 0 for value in map(trace.lift, (x, y)))
        _, kind, (x, y) = _together(x, y)
        return trace.emit(f"arith.{op} {x._name}, {y._name} : {kind}", kind)
    return apply


def invert(x: Traced) -> Traced:
    return bitwise_xor(x, True if x._kind == BIT else -1)


def logical_not(x: Traced) -> Traced:
    return equal(x, 0)


bitwise_and, bitwise_or, bitwise_xor = (_logic(op, False) for op in ("andi", "ori", "xori"))
logical_and, logical_or, logical_xor = (_logic(op, True) for op in ("andi", "ori", "xori"))


def to_float(x: Any) -> Any:
    trace = _trace_of(x)
    return float(x) if trace is None else trace.lift(x, F32)


def to(x: Traced, dtype: Any = None, **_: Any) -> Traced:
    """Of PyTorch: to a type, a device or the type of a tensor. Scores are float32 throughout."""
    if type(dtype).__name__ == "device":
        return x
    dtype = str(getattr(dtype, "dtype", dtype)).removeprefix("torch.")
    if dtype in ("float32", "float", "<class 'float'>"):
        return to_float(x)
    if {"bool": BIT, "int32": INDEX, "int64": INDEX}.get(dtype) == x._kind or dtype == "None":  # the device of a traced value is
        return x
    if x._kind == BIT and dtype in ("int32", "int64"):
        return x._trace.lift(x, INDEX)
    raise TypeError(f"a traced value of kind {x._kind} cannot be made {dtype}: numbers are float32, indices are int32")


def _new(value: int) -> Callable[..., Any]:
    def apply(x: Traced, size: Any = (), dtype: Any = None, **_: Any) -> Traced:
        if tuple(size) != ():
            raise UnsupportedError(f"a new array of shape {tuple(size)} in a traced function", ())
        return x._trace.lift(bool(value) if "bool" in str(dtype) else value)
    return apply


def _constant(x: Traced, value: Any) -> Traced:
    return x._trace.lift(value, x._kind)


#: By the names of PyTorch's and NumPy's functions, and of the methods behind operators without their underscores.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "absolute": abs, "add": add, "and": bitwise_and, "bitwise_and": bitwise_and, "bitwise_not": invert,
    "bitwise_or": bitwise_or, "bitwise_xor": bitwise_xor, "clamp": clamp, "clip": clamp, "cos": cos, "div": divide,
    "divide": divide, "eq": equal, "equal": equal, "exp": exp, "exp2": exp2, "float": to_float, "floor": floor,
    "floor_divide": floor_divide, "floordiv": floor_divide, "fmax": maximum, "fmin": minimum, "ge": greater_equal,
    "greater": greater, "greater_equal": greater_equal, "gt": greater, "invert": invert, "le": less_equal, "less": less,
    "less_equal": less_equal, "log": log, "log2": log2, "logical_and": logical_and, "logical_not": logical_not,
    "logical_or": logical_or, "logical_xor": logical_xor, "lt": less, "max": maximum, "maximum": maximum, "min": minimum,
    "minimum": minimum, "mod": remainder, "mul": multiply, "multiply": multiply, "ne": not_equal, "neg": negative,
    "negative": negative, "not_equal": not_equal, "or": bitwise_or, "pow": power, "power": power, "remainder": remainder,
    "rsqrt": rsqrt, "sigmoid": sigmoid, "sin": sin, "sqrt": sqrt, "square": lambda x: x * x, "sub": subtract,
    "subtract": subtract, "tanh": tanh, "to": to, "true_divide": divide, "truediv": divide, "type_as": to, "where": where,
    "xor": bitwise_xor, "zeros_like": lambda x: _constant(x, 0), "ones_like": lambda x: _constant(x, 1),
    "full_like": _constant, "new_ones": _new(1), "new_zeros": _new(0), "relu": lambda x: maximum(x, 0.0),
    # What only the compiler refuses, at the place of the call.
    "ceil": _unary("ceil", None), "erf": _unary("erf", None), "log1p": _unary("log1p", None),
    "expm1": _unary("expm1", None), "round": _unary("roundeven", None), "trunc": _unary("trunc", None),
}


def element(x: Any, index: Any) -> Any:
    """Of an array by a traced index."""
    if isinstance(x, Traced):
        raise TypeError("a traced value has no elements")
    trace = _trace_of(*(index if isinstance(index, tuple) else (index,)))
    assert trace is not None
    return Indexed(trace, x)[index]


FUNCTIONS["getitem"] = element


def _attach() -> None:
    """Python's operators, and their reflections."""
    binary = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "floordiv": floor_divide, "mod": remainder,
              "pow": power, "and": bitwise_and, "or": bitwise_or, "xor": bitwise_xor}

    def is_known(value: Any) -> bool:
        return isinstance(value, (Traced, bool, int, float)) or hasattr(value, "item") or hasattr(value, "shape")

    def guarded(function: Callable[..., Any], is_swapped: bool) -> Callable[[Any, Any], Any]:
        def method(self: Any, other: Any) -> Any:
            other = self._trace.given(other)
            if not is_known(other):
                return NotImplemented
            return function(other, self) if is_swapped else function(self, other)
        return method

    for name, function in binary.items():
        setattr(Traced, f"__{name}__", guarded(function, False))
        setattr(Traced, f"__r{name}__", guarded(function, True))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(Traced, f"__{name}__", guarded(FUNCTIONS[name], False))
    for name, unary in (("neg", negative), ("pos", lambda x: x), ("abs", abs), ("invert", invert)):
        setattr(Traced, f"__{name}__", unary)


_attach()
