"""What attention may be given beside q, k and v: lengths and starts of sequences, sinks, descales.

On the way to a kernel they are a dict by name, without those that are not given and in the order in which a kernel takes
them. A descale is an array or a number.
"""
from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any, TypedDict

LENGTHS = ("query_lengths", "key_lengths")
STARTS = ("query_starts", "key_starts")
SINKS = "sinks"
DESCALES = ("q_descale", "k_descale", "v_descale")
_NAMES = (*LENGTHS, *STARTS, SINKS, *DESCALES)


class Beside(TypedDict, total=False):
    """The arguments, which ``girih.attention`` explains. None is as if it were not given."""

    query_lengths: Any
    key_lengths: Any
    query_starts: Any
    key_starts: Any
    sinks: Any
    q_descale: Any
    k_descale: Any
    v_descale: Any


_SWITCHES = dict.fromkeys(STARTS, "packed") | {SINKS: "sink"}  # of a problem, where they have another name
_LEAST, _MOST = 2.0**-149, (2 - 2.0**-23) * 2.0**127  # of float32


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None, in the order of the names. TypeError for another name, and for starts of queries or keys
    alone."""
    if not options:
        return {}  # most calls give none
    for name in options:
        if name not in _NAMES:
            raise TypeError(f"attention() got an unexpected keyword argument '{name}'")
    beside = {name: options[name] for name in _NAMES if options.get(name) is not None}
    if (STARTS[0] in beside) != (STARTS[1] in beside):
        raise TypeError("query_starts and key_starts are given together or not at all")
    return beside


def is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real)


def numbers_of(beside: dict[str, Any]) -> list[float]:
    """The descales that are one number for the whole tensor: a kernel's scalars. ValueError for what float32 has not."""
    found = [(name, beside[name]) for name in DESCALES if is_number(beside.get(name))]
    for name, number in found:
        if not _LEAST <= number <= _MOST:
            raise ValueError(f"{name} is {number} when it should be positive and finite in float32")
    return [float(number) for _, number in found]


def arrays_of(beside: dict[str, Any]) -> dict[str, Any]:
    """The others: a kernel's tensors."""
    return {name: value for name, value in beside.items() if name not in DESCALES or not is_number(value)}


def kinds_of(beside: dict[str, Any]) -> tuple[str, ...]:
    """What a kernel depends on, "sinks" or "q_descale=tensor", say."""
    return tuple(f"{name}={'tensor' if is_number(value) else 'head'}" if name in DESCALES else name
                 for name, value in beside.items())


def switches_of(kinds: tuple[str, ...]) -> dict[str, Any]:
    """The same as arguments of a ``Problem``."""
    return {_SWITCHES.get(name, name): kind or True for name, _, kind in (entry.partition("=") for entry in kinds)}


def sequences_of(beside: dict[str, Any], batch: int) -> int:
    """How many there are, and so descales for each head of keys. What is wrong with the starts, a launch says."""
    if STARTS[0] not in beside:
        return batch
    return max(sum(beside[STARTS[0]].shape[:1]) - 1, 0)
