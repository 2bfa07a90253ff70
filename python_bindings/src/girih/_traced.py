"""Traced functions, kept as long as nothing that they depend on can have changed."""
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, overload

from girih._captures import Captured, is_array, number_at_launch
from girih._trace import Function, operands_of, trace, without_values

_kept: dict[Any, tuple[list[types.CodeType], Function, tuple[int, ...]]] = {}  # with the arrays' places
_snapshots: dict[tuple[int, str], _Snapshot] = {}  # by code and region
_MOST = 4096
_PLAIN = (int, bool, str, bytes, type(None))
#: What comes from there does not change.
_FIXED = ("torch", "numpy", "math", "girih", "builtins", "operator", "functools")


_ABSENT = object()


class _Unknown(Exception):
    """A value that may change while it stays the same object."""


class _Found:
    """What a key is made of: arrays, which it does not keep, and code, whose addresses are in it."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.codes: list[types.CodeType] = []
        self.has_captured = False


class _Snapshot:
    """A function that was traced, whose names and cells have PyTorch's tensors and values that never change: it is enough,
    and quick, to see that these are the same objects, and tensors like those. Of the functions with one code, the first."""

    __slots__ = ("code", "known", "made", "places", "array_places", "number_places", "fixed", "fixed_cells", "tensors")

    def __init__(self, function: Any, made: Function, places: tuple[int, ...]):
        self.code, self.known, self.made, self.places = function.__code__, function.__globals__, made, places
        self.array_places, self.number_places = (
            [place for place, found in zip(places, made.captures) if found.is_number is is_number] for is_number in (False, True))
        self.fixed, self.fixed_cells, self.tensors = [], [], []
        found = [(name, self.known.get(name, _ABSENT)) for name in _names(self.code)]
        found += [(i, cell.cell_contents) for i, cell in enumerate(function.__closure__ or ())]
        for where, value in found:
            if is_array(value):
                self.tensors.append((where, value.dtype, value.shape, value.is_cuda))
            else:
                (self.fixed if isinstance(where, str) else self.fixed_cells).append((where, value))

    @staticmethod
    def can_be_of(function: Any, found: _Found) -> bool:
        return (len(found.codes) == 1 and not function.__defaults__ and not function.__kwdefaults__ and
                all(hasattr(array, "is_cuda") for array in found.arrays) and not found.has_captured)

    def arrays_of(self, function: types.FunctionType) -> list[Any] | None:
        """The arrays that it has now; None where it may be another function now."""
        known = function.__globals__
        cells: tuple[Any, ...] = function.__closure__ or ()
        if function.__code__ is not self.code or known is not self.known or function.__defaults__ or function.__kwdefaults__:
            return None
        for name, value in self.fixed:
            if known.get(name, _ABSENT) is not value:
                return None
        arrays = []  # each once, in order, as in a key
        try:
            for i, value in self.fixed_cells:
                if cells[i].cell_contents is not value:
                    return None
            for where, dtype, shape, is_cuda in self.tensors:
                value = known[where] if isinstance(where, str) else cells[where].cell_contents
                if value.dtype is not dtype or value.shape != shape or value.is_cuda is not is_cuda:
                    return None
                arrays.append(value)
        except (ValueError, KeyError, AttributeError):  # a cell is empty, a name gone, or no tensor now
            return None
        if len(arrays) > 1 and len(set(map(id, arrays))) < len(arrays):
            return None
        return arrays


def _names(code: types.CodeType) -> tuple[str, ...]:
    """The globals and attributes of a function and of those inside it."""
    names = code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names(constant)
    return tuple(dict.fromkeys(names))


def _key_of_array(value: Any, found: _Found) -> Any:
    """Of arrays, which are given at launch, a trace depends on types and ranks, and on which are the same."""
    place = next((i for i, known in enumerate(found.arrays) if known is value), None)
    if place is None:
        place = len(found.arrays)
        found.arrays.append(value)
    # Where numbers lie decides how they are passed; an index into an array depends on its sizes if it is negative.
    return "array", place, str(value.dtype), tuple(value.shape), str(getattr(value, "device", "")) == "cpu"


def _key_of_value(value: Any, depth: int, found: _Found) -> Any:
    kind = type(value)
    if kind is Captured:
        found.has_captured = True
        return "captured", value.is_sorted, _key_of_array(value.array, found)
    if is_array(value):
        return _key_of_array(value, found)
    if kind is float:
        return value.hex()  # 0.0 and -0.0 are two
    if kind in _PLAIN:
        return kind, value
    if kind is tuple:
        return tuple(_key_of_value(item, depth, found) for item in value)
    home = value.__name__ if kind is types.ModuleType else getattr(value, "__module__", None)
    if isinstance(home, str) and home.partition(".")[0] in _FIXED and (
            kind in (types.ModuleType, types.FunctionType, types.BuiltinFunctionType) or isinstance(value, type)):
        return value
    if kind is types.BuiltinFunctionType and value.__module__ is None:  # a method of PyTorch's C code
        return value
    if kind is types.FunctionType and depth:
        return _key_of(value, found, depth - 1)
    raise _Unknown


def _key_of(function: Any, found: _Found, depth: int = 4) -> Any:
    """What the trace of a function depends on: its code, and the values that it finds outside."""
    if type(function) is not types.FunctionType:
        raise _Unknown
    code, known = function.__code__, function.__globals__
    found.codes.append(code)
    values = [_key_of_value(known[name], depth, found) for name in _names(code) if name in known]
    try:
        values += [_key_of_value(cell.cell_contents, depth, found) for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is empty yet
        raise _Unknown from None
    values += [_key_of_value(value, depth, found) for value in function.__defaults__ or ()]
    values += [(name, _key_of_value(value, depth, found)) for name, value in (function.__kwdefaults__ or {}).items()]
    return id(code), tuple(values)


def arrays_of(function: Any) -> list[Any] | None:
    """The arrays that a function finds outside; None where that cannot be told."""
    found = _Found()
    try:
        _key_of(function, found)
    except _Unknown:
        return None
    return found.arrays


@overload
def traced(function: None, region: str) -> None: ...
@overload
def traced(function: Callable[..., Any] | Function | str, region: str) -> Function | str: ...


def traced(function: Callable[..., Any] | Function | str | None, region: str) -> Function | str | None:
    """``trace``, or what it gave for the same code with the same values and arrays like these. Objects that may change
    make it trace again.

    Names stay what they are; MLIR, as ``str`` of a Function gives it, becomes one.
    """
    if function is None or isinstance(function, str):
        return Function(region, function, []) if function and function.startswith("func.func") else function
    snapshot = None
    if type(function) is types.FunctionType:
        snapshot = _snapshots.get((id(function.__code__), region))
        if snapshot is not None and (arrays := snapshot.arrays_of(function)) is not None:
            return snapshot.made.with_values([arrays[place] for place in snapshot.places]) if snapshot.places else snapshot.made
    found = _Found()
    try:
        key = region, _key_of(function, found)
    except _Unknown:
        return trace(function, region)
    if (known := _kept.get(key)) is not None:
        _, kept, places = known
        known_function: Any = function
        if snapshot is None and _Snapshot.can_be_of(known_function, found):
            if len(_snapshots) >= _MOST:
                _snapshots.clear()
            _snapshots[id(known_function.__code__), region] = _Snapshot(known_function, kept, places)
        return kept.with_values([found.arrays[place] for place in places]) if places else kept
    made = trace(function, region)
    places = tuple(next((i for i, array in enumerate(found.arrays) if array is capture.value), -1)
                   for capture in made.captures)
    if -1 in places:  # of an array that the function makes of others
        return made
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[key] = found.codes, without_values(made), places
    return made


def operands(function: Callable[..., Any] | Function, region: str) -> tuple[str, list[Any], list[float | int]]:
    """The MLIR of a function, and the arrays and numbers that it captures, as a launch takes them."""
    if type(function) is types.FunctionType:
        snapshot = _snapshots.get((id(function.__code__), region))
        if snapshot is not None and (arrays := snapshot.arrays_of(function)) is not None:
            return (snapshot.made.text, [arrays[place] for place in snapshot.array_places],
                    [number_at_launch(arrays[place]) for place in snapshot.number_places])
    made = traced(function, region)
    return (str(made), *operands_of(made))
