"""Score and mask functions in the graphs of torch.compile.

Dynamo calls a function with tensors that stand for traced values, and writes down what is done to them. So what the
function captures becomes an input of the graph, guarded as any other. Whoever compiles the graph runs it: then ``begin``
gives true traced values to the calls that were written down, and ``attend`` makes MLIR of their result and calls the
operator with it. Of what stood between, nothing is left.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode
from torch.overrides import TorchFunctionMode

from girih import _traceable
from girih._captures import Indexed
from girih._errors import UnsupportedError
from girih._trace import INDEX, REGIONS, Function, Trace, Traced, trace
from girih._torch import _outputs, _tensor, in_one_line

_DTYPES = (torch.bool, torch.int32, torch.float32)


def _is_rehearsal(*values: Any) -> bool:
    """Whether a run asks for types and shapes alone. One that compiles has proxies, or true tensors."""
    return any(isinstance(value, FakeTensor) for value in values) and get_proxy_mode() is None


class _GraphTrace(Trace):
    """Whose numbers may be symbols: sizes, and numbers that differed from call to call."""

    def __init__(self, region: str) -> None:
        super().__init__(region, None, keeps_places=False)
        self._symbols: dict[int, tuple[Any, Tensor]] = {}

    def given(self, value: Any) -> Any:
        if isinstance(value, (torch.SymInt, torch.SymFloat)):
            if id(value) not in self._symbols:
                dtype = torch.int32 if isinstance(value, torch.SymInt) else torch.float32
                self._symbols[id(value)] = value, torch.scalar_tensor(value, dtype=dtype)
            value = self._symbols[id(value)][1]
        return super().given(value)


def _standing_for(kind: int, tensor: Tensor) -> Tensor:
    return tensor.new_empty((), dtype=_DTYPES[kind])


def _kind_of(*values: Any) -> int:
    """Of the larger type, as a place in _DTYPES."""
    return max(2 if isinstance(value, (float, torch.SymFloat)) or isinstance(value, Tensor) and value.is_floating_point() else
               0 if isinstance(value, bool) or isinstance(value, Tensor) and value.dtype == torch.bool else 1
               for value in values)


@torch.compiler.allow_in_graph
def begin(q: Tensor, region: str) -> tuple[Any, ...]:
    if _is_rehearsal(q):
        return tuple(_standing_for(1 if kind == INDEX else 2, q) for _, kind in REGIONS[region][0])
    return tuple(_GraphTrace(region).arguments())


@torch.compiler.allow_in_graph
def lookup(array: Any, index: Any, is_sorted: bool = False) -> Any:
    """An array at indices of which some are traced."""
    index = index if isinstance(index, tuple) else (index,)
    if _is_rehearsal(array, *index):
        if len(index) > array.dim():
            raise IndexError(f"an array of {array.dim()} dimensions is indexed by {len(index)} values")
        return array.new_empty(array.shape[len(index):], dtype=torch.float32 if array.is_floating_point() else array.dtype)
    traced = next((item for item in index if isinstance(item, Traced)), None)
    if traced is None or isinstance(array, Indexed):
        return array[index]
    return Indexed(traced._trace, array, is_sorted=is_sorted)[index]


@torch.compiler.allow_in_graph
def apply(name: str, *arguments: Any, **options: Any) -> Any:
    """A function of girih.math."""
    tensor = next((value for value in arguments if isinstance(value, Tensor)), None)
    if not any(isinstance(value, Traced) for value in arguments):
        if tensor is None or not _is_rehearsal(*arguments):
            raise UnsupportedError(f"girih.math.{name} of a tensor: PyTorch's function should be there", ())
        keeps_kind = name in ("abs", "clamp", "maximum", "minimum", "where")
        return _standing_for(max(1, _kind_of(*arguments[name == "where":])) if keeps_kind else 2, tensor)
    return getattr(_traceable, name)(*arguments, **options)


class _Lookups(TorchFunctionMode):
    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        if function is Tensor.__getitem__:
            index = arguments[1]
            if any(isinstance(item, Tensor) for item in (index if isinstance(index, tuple) else (index,))):
                return lookup(*arguments)
        return function(*arguments, **(options or {}))


def follow(function: Any, region: str, q: Tensor) -> Any:
    """A mask or a score as ``attend`` takes it."""
    if function is None or isinstance(function, str):
        return function
    if isinstance(function, Function) or not callable(function):
        made = trace(function, region)
        return (made.text, [found.value for found in made.captures if not found.is_number],
                [torch.as_tensor(found.value) for found in made.captures if found.is_number])
    places = begin(q, region)
    with _Lookups():
        return function(*places), places


def _operands(given: Any) -> tuple[str, list[Tensor], list[Tensor]]:
    if given is None or isinstance(given, str):
        return given or "", [], []
    if isinstance(given[0], str):
        return given
    result, places = given
    made = places[0]._trace.finished(result)
    return (made.text, [_tensor(found.value) for found in made.captures if not found.is_number],
            [_tensor(found.value) for found in made.captures if found.is_number])


@torch.compiler.allow_in_graph
def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any, score: Any, scale: float | None, lse: bool, knobs: str, beside: str,
           arrays: list[Tensor], numbers: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The operator, of which arrays and numbers are those beside q, k and v."""
    if _is_rehearsal(q):
        return _outputs(q, v, lse)
    (mask, *of_mask), (score, *of_score) = _operands(mask), _operands(score)
    arrays, numbers = (list(a) + b + c for a, b, c in zip((arrays, numbers), of_mask, of_score))
    return torch.ops.girih.attention(q, k, v, in_one_line(mask), in_one_line(score), scale, lse, knobs, beside, arrays, numbers)


outside: Callable[[Callable[..., Any]], Callable[..., Any]] = torch.compiler.disable
