"""Functions for score and mask functions: of traced values, of which they write down the op, and of Python's numbers.

    def softcap(s, b, h, q, k):
        return 20 * girih.math.tanh(s / 20, approximate=True)
"""
import functools as _functools
from collections.abc import Callable as _Callable
from typing import Any as _Any

from girih import _traceable
from girih._captures import are_in_graph as _are_in_graph


def _also_in_graphs(function: _Callable[..., _Any]) -> _Callable[..., _Any]:
    """Under torch.compile, tensors stand for traced values."""
    name = function.__name__

    @_functools.wraps(function)
    def call(*arguments: _Any, **options: _Any) -> _Any:
        if _are_in_graph(arguments):
            from girih import _graph

            return _graph.apply(name, *arguments, **options)
        return function(*arguments, **options)
    return call


abs, clamp, maximum, minimum, where, float = map(_also_in_graphs, (
    _traceable.abs, _traceable.clamp, _traceable.maximum, _traceable.minimum, _traceable.where, _traceable.to_float))
exp, exp2, log, log2, sqrt, rsqrt = map(_also_in_graphs, (
    _traceable.exp, _traceable.exp2, _traceable.log, _traceable.log2, _traceable.sqrt, _traceable.rsqrt))
cos, sin, sigmoid, tanh = map(_also_in_graphs, (_traceable.cos, _traceable.sin, _traceable.sigmoid, _traceable.tanh))

__all__ = [
    "abs", "clamp", "cos", "exp", "exp2", "float", "log", "log2", "maximum", "minimum", "rsqrt", "sigmoid", "sin", "sqrt",
    "tanh", "where",
]
