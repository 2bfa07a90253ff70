"""Traced functions, kept as long as nothing that they depend on can have changed."""
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, overload

from girih._trace import Function, trace

_kept: dict[Any, tuple[Any, Function]] = {}
_MOST = 4096
_PLAIN = (int, bool, str, bytes, type(None))
#: What comes from there does not change.
_FIXED = ("torch", "numpy", "math", "girih", "builtins", "operator", "functools")


class _Unknown(Exception):
    """A value that may change while it stays the same object."""


def _names(code: types.CodeType) -> tuple[str, ...]:
    """The globals and attributes of a function and of those inside it."""
    names = code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names(constant)
    return names


def _key_of_value(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is float:
        return value.hex()  # 0.0 and -0.0 are two
    if kind in _PLAIN:
        return kind, value
    if kind is tuple:
        return tuple(_key_of_value(item, depth) for item in value)
    home = value.__name__ if kind is types.ModuleType else getattr(value, "__module__", None)
    if isinstance(home, str) and home.partition(".")[0] in _FIXED and (
            kind in (types.ModuleType, types.FunctionType, types.BuiltinFunctionType) or isinstance(value, type)):
        return value
    if kind is types.BuiltinFunctionType and value.__module__ is None:  # a method of PyTorch's C code
        return value
    if kind is types.FunctionType and depth:
        return value, _key_of(value, depth - 1)
    raise _Unknown


def _key_of(function: Any, depth: int = 4) -> Any:
    """What the trace of a function depends on: its code, and the values that it finds outside."""
    if type(function) is not types.FunctionType:
        raise _Unknown
    code, known = function.__code__, function.__globals__
    values = [_key_of_value(known[name], depth) for name in _names(code) if name in known]
    try:
        values += [_key_of_value(cell.cell_contents, depth) for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is empty yet
        raise _Unknown from None
    values += [_key_of_value(value, depth) for value in function.__defaults__ or ()]
    values += [(name, _key_of_value(value, depth)) for name, value in (function.__kwdefaults__ or {}).items()]
    return id(code), tuple(values)


@overload
def traced(function: None, region: str) -> None: ...
@overload
def traced(function: Callable[..., Any] | Function | str, region: str) -> Function | str: ...


def traced(function: Callable[..., Any] | Function | str | None, region: str) -> Function | str | None:
    """``trace``, or what it gave for the same code with the same values. Objects that may change make it trace again.

    Names stay what they are; MLIR, as ``str`` of a Function gives it, becomes one.
    """
    if function is None or isinstance(function, str):
        return Function(region, function, []) if function and function.startswith("func.func") else function
    try:
        key = region, _key_of(function)
    except _Unknown:
        return trace(function, region)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= _MOST:
            _kept.clear()
        # The function keeps the code alive whose address is in the key.
        found = _kept[key] = function, trace(function, region)
    return found[1]
