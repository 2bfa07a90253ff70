"""What attention may be given beside q, k and v: lengths and starts of sequences, sinks, descales, dropout, other keys' results,
lists of blocks.

On the way to a kernel they are a dict by name, without those that are not given and in the order in which a kernel takes
them. A descale is an array or a number. Dropout is a probability, which is a part of the kernel, and an array, its state. So is
the size of blocks, which comes with arrays of lists.
"""
from __future__ import annotations

import numbers
from array import array
from collections.abc import Mapping
from typing import Any, TypedDict

LENGTHS = ("query_lengths", "key_lengths")
STARTS = ("query_starts", "key_starts")
SINKS = "sinks"
DESCALES = ("q_descale", "k_descale", "v_descale")
DROPOUT, STATE = "dropout_p", "dropout_state"
PARTIAL = ("partial_o", "partial_lse")
BLOCKS, FULL_BLOCKS, BLOCK_SIZE = ("kv_num_blocks", "kv_indices"), ("full_kv_num_blocks", "full_kv_indices"), "block_size"
_NAMES = (*LENGTHS, *STARTS, SINKS, *DESCALES, DROPOUT, STATE, *PARTIAL, *BLOCKS, *FULL_BLOCKS, BLOCK_SIZE)


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
    dropout_p: Any
    dropout_state: Any
    partial_o: Any
    partial_lse: Any
    kv_num_blocks: Any
    kv_indices: Any
    full_kv_num_blocks: Any
    full_kv_indices: Any
    block_size: Any


# Of a problem, where they have another name.
_SWITCHES = dict.fromkeys(STARTS, "packed") | dict.fromkeys(PARTIAL, "merge") | dict.fromkeys(FULL_BLOCKS, "full_blocks") | {
    SINKS: "sink", DROPOUT: "dropout", BLOCK_SIZE: "blocks"}
_LEAST, _MOST = 2.0**-149, (2 - 2.0**-23) * 2.0**127  # of float32


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None, in the order of the names. TypeError for another name, and for one of two that
    belong together. A probability of 0 is none, and then there is no state either."""
    if not options:
        return {}  # most calls give none
    for name in options:
        if name not in _NAMES:
            raise TypeError(f"attention() got an unexpected keyword argument '{name}'")
    beside = {name: options[name] for name in _NAMES if options.get(name) is not None}
    probability = beside.get(DROPOUT, 0)
    if not is_number(probability) or not 0 <= probability < 1:
        raise ValueError(f"{DROPOUT} is {probability} when it should be from 0 to below 1")
    if probability == 0:
        beside.pop(DROPOUT, None)
        beside.pop(STATE, None)
    for one, other in (STARTS, PARTIAL, BLOCKS, FULL_BLOCKS):
        if (one in beside) != (other in beside):
            raise TypeError(f"{one} and {other} are given together or not at all")
    if BLOCKS[0] in beside:
        beside[BLOCK_SIZE] = _block_size(beside.get(BLOCK_SIZE, 128))
    elif found := [name for name in (*FULL_BLOCKS, BLOCK_SIZE) if name in beside]:
        raise TypeError(f"{found[0]} is given without {BLOCKS[0]}")
    return beside


def _block_size(given: Any) -> tuple[int, int]:
    """Queries and keys of a block, or one number for both, as FlexAttention has it."""
    sizes = given if isinstance(given, (tuple, list)) else (given, given)
    if len(sizes) != 2 or not all(isinstance(size, numbers.Integral) and 1 <= int(size) <= 1 << 20 for size in sizes):
        raise ValueError(f"{BLOCK_SIZE} is {given!r} when it should be a number from 1 to {1 << 20}, or a pair of these")
    return int(sizes[0]), int(sizes[1])


def words_of(state: Any) -> list[int]:
    """A seed, or a pair of it and an offset, as a kernel takes them: four numbers of int32, lower words first."""
    pair: Any = state if isinstance(state, (tuple, list)) and len(state) == 2 else (state, 0)
    seed, offset = pair
    for name, number in (("seed", seed), ("offset", offset)):
        if not isinstance(number, numbers.Integral) or not -2**63 <= number < 2**64:
            raise ValueError(f"the {name} of {STATE} is {number!r} when it should be a whole number of 64 bits")
    words = [int(number) >> shift & 0xffffffff for number in (seed, offset) for shift in (0, 32)]
    return [word - 2**32 if word >= 2**31 else word for word in words]


def dropout_state(seed: int, offset: int = 0) -> array[int]:
    """What random numbers of dropout begin with, as a kernel takes it: int32 [4] in host memory."""
    return array("i", words_of((seed, offset)))


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
    return {name: value for name, value in beside.items()
            if name not in (DROPOUT, BLOCK_SIZE) and (name not in DESCALES or not is_number(value))}


def kinds_of(beside: dict[str, Any]) -> tuple[str, ...]:
    """What a kernel depends on, "sinks", "q_descale=tensor" or "dropout_p=0.1", say."""
    return tuple(f"{name}={'tensor' if is_number(value) else 'head'}" if name in DESCALES else
                 f"{name}={float(value)!r}" if name == DROPOUT else
                 f"{name}={value[0]}x{value[1]}" if name == BLOCK_SIZE else name
                 for name, value in beside.items() if name != STATE and name not in BLOCKS)


def switches_of(kinds: tuple[str, ...]) -> dict[str, Any]:
    """The same as arguments of a ``Problem``."""
    return {_SWITCHES.get(name, name): float(kind) if name == DROPOUT else kind or True
            for name, _, kind in (entry.partition("=") for entry in kinds)}


def sequences_of(beside: dict[str, Any], batch: int) -> int:
    """How many there are, and so descales for each head of keys. What is wrong with the starts, a launch says."""
    if STARTS[0] not in beside:
        return batch
    return max(sum(beside[STARTS[0]].shape[:1]) - 1, 0)
