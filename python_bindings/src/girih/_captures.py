"""Arrays and numbers that traced functions find outside: what a kernel takes beside its own tensors."""
from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from typing import Any

from girih._errors import UnsupportedError

#: What an array's elements are called in MLIR, by what frameworks call them; truth values are bytes.
ELEMENTS = {"bfloat16": "bf16", "float16": "f16", "float32": "f32", "bool": "i8", "uint8": "i8", "int32": "i32",
             "int64": "i64"}
_MOST_DIMENSIONS = 4


class Capture:
    """An array, or a number that is chosen at launch, by its name in the function's MLIR, and its type there."""

    __slots__ = ("name", "type", "value", "is_sorted", "is_number")

    def __init__(self, name: str, type: str, value: Any, is_sorted: bool = False):
        self.name, self.type, self.value, self.is_sorted = name, type, value, is_sorted
        self.is_number = not type.startswith("tensor")

    def number(self) -> float | int:
        """What a kernel is given: a float for f32, an int for i32."""
        return number_at_launch(self.value)


def bits_of(number: float | int) -> int:
    """What a kernel is given, as the 32 bits of an int."""
    return number if isinstance(number, int) else struct.unpack("i", struct.pack("f", number))[0]


def is_array(value: Any) -> bool:
    """Whether a framework made it; NumPy's float64 is one of Python's floats."""
    return not isinstance(value, float) and all(hasattr(value, name) for name in ("shape", "dtype", "item"))


def are_in_graph(values: Iterable[Any]) -> bool:
    """Whether torch.compile is making a graph in which some of them are tensors, which may stand for traced values."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling() and any(isinstance(value, torch.Tensor) for value in values)


def is_host(value: Any) -> bool:
    """Whether its number can be had without waiting. Not of JAX's arrays, which are traced where they lie by JAX itself."""
    return type(value).__module__.partition(".")[0] not in ("jax", "jaxlib") and "cpu" in str(getattr(value, "device", "cpu")).lower()


def element_of(value: Any) -> tuple[str, bool]:
    """The MLIR type of an array's elements, and whether they are truth values."""
    name = str(getattr(value.dtype, "name", value.dtype)).removeprefix("torch.")
    if name not in ELEMENTS:
        raise UnsupportedError(f"an array of {name} in a traced function: {', '.join(ELEMENTS)} can be compiled", ())
    return ELEMENTS[name], name == "bool"


def type_of(value: Any) -> str:
    """Sizes are the array's own, chosen at launch: a kernel is for all of them."""
    rank = len(value.shape)
    if rank > _MOST_DIMENSIONS:
        raise UnsupportedError(f"an array of {rank} dimensions in a traced function: up to {_MOST_DIMENSIONS} can be "
                               "compiled", ())
    return f"tensor<{'?x' * rank}{element_of(value)[0]}>"


def number_type_of(value: Any) -> str:
    """Of an array without dimensions, whatever its element type is."""
    return "f32" if "float" in str(value.dtype) else "i32"


def number_at_launch(value: Any) -> float | int:
    """The number in an array without dimensions, as a kernel is given it."""
    return float(value.item()) if number_type_of(value) == "f32" else int(value.item())


class Indexed:
    """An array that is indexed by traced values: all of it, or with some of its indices known."""

    def __init__(self, trace: Any, array: Any, indices: tuple[Any, ...] = (), is_sorted: bool = False):
        self._trace, self._array, self._indices, self._is_sorted = trace, array, indices, is_sorted

    def __getitem__(self, index: Any) -> Any:
        indices = self._indices + (index if isinstance(index, tuple) else (index,))
        rank = len(self._array.shape)
        if len(indices) > rank:
            raise IndexError(f"an array of {rank} dimensions is indexed by {len(indices)} values")
        if len(indices) < rank:
            return Indexed(self._trace, self._array, indices, self._is_sorted)
        return self._trace.lookup(self._array, indices, self._is_sorted)


class Captured:
    """An array whose ``[...]`` takes traced values; of arrays whose framework lets those through, it is not needed."""

    __slots__ = ("array", "is_sorted")

    def __init__(self, array: Any, is_sorted: bool = False):
        if not is_array(array):
            raise TypeError(f"a {type(array).__name__} is no array")
        if is_sorted and element_of(array)[0] not in ("i32", "i64"):
            raise TypeError(f"an array of {array.dtype} cannot be sorted here: of integers it can")
        self.array, self.is_sorted = array, is_sorted

    def __getitem__(self, index: Any) -> Any:
        from girih._trace import Traced

        indices = index if isinstance(index, tuple) else (index,)
        if are_in_graph(indices):
            from girih import _graph

            return _graph.lookup(self.array, index, self.is_sorted)
        for item in indices:
            if isinstance(item, Traced):
                return Indexed(item._trace, self.array, is_sorted=self.is_sorted)[index]
        return self.array[index]


def capture(array: Any, *, is_sorted: bool = False) -> Captured:
    """An array that a traced function reads: ``capture(table)[q - k]``.

    For NumPy's and JAX's arrays, which cannot be indexed by a traced value; PyTorch's tensors can as they are. Make it
    outside of the function.

    Args:
        array: of any framework.
        is_sorted: promises that its integers do not decrease along the last dimension. A mask that compares them, as
            ``ids[q] == ids[k]`` does, then skips the keys that it hides; where the promise is broken, other keys too.
    """
    return array if isinstance(array, Captured) else Captured(array, is_sorted)
