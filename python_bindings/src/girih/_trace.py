"""Python functions as regions of a kernel: called once, with values that write down what is done to them."""
from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn, cast

from girih._captures import Capture, element_of, is_array, is_host, number_type_of, type_of
from girih._errors import UnsupportedError

F32, INDEX, BIT = "f32", "index", "i1"
_RANKS = {BIT: 0, INDEX: 1, F32: 2}

#: What a region is given, and the kind of its result.
_PLACE = (("b", INDEX), ("h", INDEX), ("q", INDEX), ("k", INDEX))
REGIONS = {"score": ((("s", F32), *_PLACE), F32), "mask": (_PLACE, BIT)}

_TRUTH = ("a traced value is another one for each score, so Python cannot branch on it: write girih.where(condition, x, y) "
          "for if, a & b, a | b and ~a for and, or and not, and (a <= x) & (x <= b) for a <= x <= b")

_NO_ARRAY = "a traced value is no array: girih.math has functions of it, girih.where among them"


class Function:
    """A traced function: MLIR, with the Python line of each op. Two are equal if their MLIR is.

    ``captures`` are the arrays and numbers that it reads from outside, which a kernel is given at launch.
    """

    __slots__ = ("region", "text", "captures", "_places")

    def __init__(self, region: str, text: str, places: list[Any], captures: tuple[Capture, ...] = ()):
        self.region, self.text, self._places, self.captures = region, text, places, captures

    def with_values(self, values: list[Any]) -> Function:
        """The same function of other arrays and numbers."""
        captures = tuple([Capture(old.name, old.type, value, old.is_sorted) for old, value in zip(self.captures, values)])
        return Function(self.region, self.text, self._places, captures)

    @property
    def arrays(self) -> dict[str, Any]:
        """The arrays that it reads, by their names in the kernel."""
        return {found.name: found.value for found in self.captures if not found.is_number}

    @property
    def numbers(self) -> dict[str, float | int]:
        """The numbers that it reads, by their names in the kernel."""
        return {found.name: found.number() for found in self.captures if found.is_number}

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self.text == other.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<girih {self.region} function>\n{self.text}"

    def reads(self, argument: str) -> bool:
        """Whether the result depends on an argument, by its name in the MLIR."""
        return any(f"%{argument}" in op.replace(",", "").split() for op in self.text.split("\n")[1:])

    def located(self) -> str:
        """The MLIR with places, at which the compiler's diagnostics point; without them where only text was given."""
        if not self._places:
            return self.text
        head, *ops, close, end = self.text.split("\n")
        return "\n".join([head, *(op + _place(place) for op, place in zip(ops, self._places)), close, end])


def captures_of(*functions: Function | str | None) -> list[Capture]:
    """What functions capture, in the order in which their kernel takes it: arrays and numbers, each by itself."""
    return [found for function in functions if isinstance(function, Function) for found in function.captures]


def without_values(function: Any) -> Any:
    """For keys that live on: a function, if it is one, that keeps no arrays."""
    if type(function) is Function and function.captures:
        return function.with_values([None] * len(function.captures))
    return function


def operands_of(*functions: Function | str | None) -> tuple[list[Any], list[float | int]]:
    """The same as a launch takes it."""
    arrays, numbers = [], []
    for function in functions:
        if type(function) is Function:
            for found in function.captures:
                if found.is_number:
                    numbers.append(found.number())
                else:
                    arrays.append(found.value)
    return arrays, numbers


def _place(place: Any) -> str:
    code, instruction = place
    line, _, column, _ = list(code.co_positions())[instruction // 2]
    file = code.co_filename.replace("\\", "\\\\").replace('"', '\\"')
    return f' loc("{file}":{line or code.co_firstlineno}:{(column or 0) + 1})'


def _caller() -> Any:
    """The code that asked for an op, and where it was: the innermost that is neither ours nor a framework's."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("girih", "torch", "numpy"):
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


class Trace:
    """The ops of a function, in order. An op that is there already is not written again.

    Args:
        outside: the arrays that the function finds outside; what else it has, it made itself. None if nobody knows.
        keeps_places: whether ops remember the Python line that asked for them.
    """

    def __init__(self, region: str, outside: list[Any] | None, keeps_places: bool = True) -> None:
        self.region, self._outside, self._keeps_places = region, outside, keeps_places
        self.lines: list[str] = []
        self.places: list[Any] = []
        self.captures: list[Capture] = []
        self._known: dict[str, Traced] = {}
        self._flat: dict[int, Any] = {}  # arrays without dimensions, and the same with one

    def emit(self, op: str, kind: str, nonnegative: bool = False) -> Traced:
        found = self._known.get(op)
        if found is None:
            found = self._known[op] = Traced(self, f"%{len(self.lines)}", kind, nonnegative)
            self.lines.append(f"  {found._name} = {op}")
            if self._keeps_places:
                self.places.append(_caller())
        return found

    def capture(self, value: Any, kind: str, is_sorted: bool = False) -> str:
        """The name of an array or a number outside, of that MLIR type."""
        for known in self.captures:
            if known.value is value and known.is_sorted == is_sorted:
                return f"%{known.name}"
        self.captures.append(Capture(f"{self.region}{len(self.captures)}", kind, value, is_sorted))
        return f"%{self.captures[-1].name}"

    def lookup(self, array: Any, indices: tuple[Any, ...], is_sorted: bool = False) -> Traced:
        """The element of an array at indices, one for each of its dimensions."""
        element, is_truth = element_of(array)
        lifted = []
        for index, size in zip(indices, array.shape):
            if not isinstance(index, Traced) and (not isinstance(index, int) or not -size <= index < size):
                raise IndexError(f"an array of shape {tuple(array.shape)} is indexed by {index!r}: a traced index or a "
                                 "number inside of it should be there")
            index = self.lift(index if isinstance(index, Traced) or index >= 0 else index + size, INDEX)
            if index._kind != INDEX:
                raise TypeError(f"an array is indexed by a traced {index._kind}, must be by an index")
            lifted.append(index._name)
        kind, result = type_of(array), F32 if element in ("bf16", "f16", "f32") else "i32"
        name = self.capture(array, kind, is_sorted)
        found = self.emit(f"attn.lookup {name}[{', '.join(lifted)}] : {kind} -> {result}", F32)
        if result == F32:
            return found
        found = self.emit(f"arith.index_cast {found._name} : i32 to index", INDEX, element == "i8")
        return cast(Traced, found != 0) if is_truth else found

    def number(self, value: Any) -> Traced:
        """A number in an array without dimensions: given at launch, or read from a GPU's memory by the kernel."""
        if not is_host(value):
            if id(value) not in self._flat:
                self._flat[id(value)] = value, value.reshape(1)
            return self.lookup(self._flat[id(value)][1], (0,))
        if self._outside is not None and not any(value is known for known in self._outside):
            return self.lift(value.item())  # made by the function itself: a constant
        kind = number_type_of(value)
        found = Traced(self, self.capture(value, kind), F32, False)
        if kind == F32:
            return found
        found = self.emit(f"arith.index_cast {found._name} : i32 to index", INDEX)
        return cast(Traced, found != 0) if "bool" in str(value.dtype) else found

    def given(self, value: Any) -> Any:
        """A traced value for a number that only a launch knows."""
        if not isinstance(value, Traced) and is_array(value) and tuple(value.shape) == ():
            return self.number(value)
        return value

    def lift(self, value: Any, kind: str | None = None) -> Traced:
        """A value as one of this trace, of a kind if one is wanted."""
        value = self.given(value)
        if not isinstance(value, Traced):
            value = number_of(value)
            own = BIT if value is True or value is False else INDEX if isinstance(value, int) else F32
            kind = own if kind is None or _RANKS[own] > _RANKS[kind] else kind
            if kind == F32:
                return self.emit(f"arith.constant {_float(value)} : f32", F32)
            text = str(bool(value)).lower() if kind == BIT else f"{int(value)} : index"
            return self.emit(f"arith.constant {text}", kind, value >= 0)
        if value._trace is not self:
            raise ValueError("a traced value was kept from another call: it means nothing here")
        if kind is None or value._kind == kind or _RANKS[value._kind] > _RANKS[kind]:
            return value
        if value._kind == BIT:
            return self.select(value, 1, 0, kind)
        number = self.emit(f"arith.index_cast {value._name} : index to i32", "i32")
        return self.emit(f"arith.sitofp {number._name} : i32 to f32", F32)

    def select(self, condition: Traced, x: Any, y: Any, kind: str) -> Traced:
        x, y = self.lift(x, kind), self.lift(y, kind)
        return self.emit(f"arith.select {condition._name}, {x._name}, {y._name} : {kind}", kind,
                         x._nonnegative and y._nonnegative)

    def arguments(self) -> list[Traced]:
        """What the function is called with."""
        return [Traced(self, f"%{name}", kind, kind == INDEX) for name, kind in REGIONS[self.region][0]]

    def finished(self, result: Any) -> Function:
        """The function, by what it returned."""
        arguments, kind = REGIONS[self.region]
        if result is None:
            raise TypeError(f"the {self.region} function returned None when it should be {_CALLED[kind]}")
        result = self.lift(result)
        if (result._kind == BIT) != (kind == BIT):
            raise TypeError(f"the {self.region} function returned {_CALLED[result._kind]} when it should be {_CALLED[kind]}")
        result = self.lift(result, kind)
        taken = [f"%{name}: {kind}" for name, kind in arguments]
        taken += [f'%{found.name}: {found.type} {{attn.name = "{found.name}"{", attn.sorted" if found.is_sorted else ""}}}'
                  for found in self.captures]
        head = f"func.func @{self.region}({', '.join(taken)}) -> {kind} {{"
        lines = [head, *self.lines, f"  return {result._name} : {kind}", "}", ""]
        return Function(self.region, "\n".join(lines), self.places, tuple(self.captures))


def _float(value: Any) -> str:
    """A literal of MLIR."""
    value = float(value)
    try:
        rounded, = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        rounded = value * float("inf")
    text = repr(value)
    if rounded - rounded != 0 or "." not in text:  # an infinity, a NaN, 1e-05
        return f"0x{struct.unpack('I', struct.pack('f', rounded))[0]:08X}"
    return text


def number_of(value: Any) -> Any:
    """A Python number; an array is none."""
    if isinstance(value, (bool, int, float)):
        return value
    if not is_array(value):
        raise TypeError(f"a {type(value).__name__} beside a traced value, where a number or another traced value should be")
    if tuple(value.shape) != ():
        raise UnsupportedError(f"an array of shape {tuple(value.shape)} beside a traced value: an element of it, at traced "
                               "indices, can be compiled", ())
    return number_of(value.item())


class Traced:
    """A value of which there is one for each score when the kernel runs."""

    __slots__ = ("_trace", "_name", "_kind", "_nonnegative")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000

    def __init__(self, trace: Trace, name: str, kind: str, nonnegative: bool):
        self._trace, self._name, self._kind, self._nonnegative = trace, name, kind, nonnegative

    def __repr__(self) -> str:
        return f"<traced {self._kind} {self._name}>"

    def __bool__(self) -> NoReturn:
        raise TypeError(_TRUTH)

    def _refuse_number(self, *_: Any) -> NoReturn:
        raise TypeError("a traced value is no number while Python runs: use girih.math's functions (or PyTorch's, or "
                        "NumPy's) in place of math's, float() and int()")

    __float__ = __int__ = __index__ = __complex__ = __round__ = __trunc__ = __floor__ = __ceil__ = _refuse_number

    def _refuse_sequence(self, *_: Any) -> NoReturn:
        raise TypeError("a traced value has no elements")

    __len__ = __iter__ = __getitem__ = __setitem__ = __contains__ = _refuse_sequence

    def __getattr__(self, name: str) -> Any:
        if name == "dtype" and "torch" in sys.modules:
            torch = sys.modules["torch"]
            return {F32: torch.float32, INDEX: torch.int32, BIT: torch.bool}[self._kind]
        if name == "device":
            return None
        function = None if name.startswith("_") else _functions().get(name)
        if function is None:
            raise AttributeError(f"a traced value has no '{name}'")
        return lambda *arguments, **options: function(self, *arguments, **options)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        return _apply("torch", function, arguments, options or {})

    def __array_ufunc__(self, function: Any, method: str, *arguments: Any, **options: Any) -> Any:
        if method != "__call__":
            raise UnsupportedError(f"numpy.{function.__name__}.{method} cannot be traced", ())
        return _apply("numpy", function, arguments, options)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        return _apply("numpy", function, arguments, options)


def _functions() -> dict[str, Callable[..., Any]]:
    from girih import _traceable

    return _traceable.FUNCTIONS


def _apply(framework: str, function: Any, arguments: Any, options: Any) -> Any:
    """A framework's function on traced values, by its name."""
    name = getattr(function, "__name__", str(function))
    plain = name.strip("_")
    found = _functions().get(plain)
    if found is None and plain.startswith("r") and plain[1:] in _functions():
        found, arguments = _functions()[plain[1:]], arguments[::-1]
    if plain in ("shape", "ndim", "size"):  # as JAX asks what it does not know
        raise TypeError(_NO_ARRAY)
    if found is None:
        raise UnsupportedError(f"{framework}.{name} cannot be traced; {', '.join(sorted(_functions()))} can", ())
    return found(*arguments, **options)


def trace(function: Callable[..., Any] | Function, region: str = "score") -> Function:
    """A Python function as MLIR; ``str`` shows it.

    ``girih.attention`` does so in each call, so that what a function captures may change. What is traced once, here,
    may be given to it in the function's place.

    Args:
        function: score(s, b, h, q, k), of a score and its batch, head, query and key, or mask(b, h, q, k).
        region: what it is for: "score" or "mask".

    Raises:
        TypeError: the function branches on a traced value, or makes a number of it.
        UnsupportedError: it captures an array of elements that have no code, or calls what cannot be traced.
    """
    if isinstance(function, Function):
        if function.region != region:
            raise ValueError(f"a {function.region} function is given where a {region} function should be")
        return function
    if region not in REGIONS:
        raise ValueError(f"region is '{region}', must be one of {', '.join(REGIONS)}")
    if not callable(function):
        raise TypeError(f"a {type(function).__name__} is no {region} function")
    from girih._traced import arrays_of

    trace = Trace(region, arrays_of(function))
    try:
        result = function(*trace.arguments())
    except (IndexError, TypeError) as error:  # of NumPy and JAX, which ask nobody
        if "are valid indices" in str(error):
            raise TypeError("a traced value is no index of NumPy's and JAX's arrays: write girih.capture(array)[...]") from error
        if str(Traced) in str(error):
            raise TypeError(_NO_ARRAY) from error
        raise
    made = trace.finished(result)
    trace.places.append((function.__code__, 0) if hasattr(function, "__code__") else _caller())
    return made


_CALLED = {F32: "a number", INDEX: "an index", BIT: "a condition"}
