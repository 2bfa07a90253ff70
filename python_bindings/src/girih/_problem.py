"""An attention problem in words."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from girih._beside import DESCALES, LENGTHS
from girih._trace import Function
from girih._traced import traced

#: A problem on one line: pairs of key=value, which no module of MLIR looks like.
_LINE = re.compile(r"\w+=[^\s{}]*(,\w+=[^\s{}]*)*")


def is_problem_line(text: str) -> bool:
    return _LINE.fullmatch(text) is not None


def knobs_of(schedule: Mapping[str, int] | None) -> str:
    """A schedule as an entry of a problem's line has it, "stages=2,workers=1", in one order."""
    if schedule is None:
        return ""
    if not isinstance(schedule, Mapping):
        raise TypeError(f"schedule is a {type(schedule).__name__} when it should be a mapping of knobs, {{\"stages\": 2}}, say")
    for knob, value in schedule.items():
        if not isinstance(knob, str) or not knob.isidentifier() or knob in _ENTRIES:
            raise ValueError(f"schedule has {knob!r}, which is no knob's name: {{\"stages\": 2}}, say, should be there")
        if type(value) is not int:
            raise TypeError(f"knob {knob} is a {type(value).__name__} when it should be an int")
    return ",".join(f"{knob}={schedule[knob]}" for knob in sorted(schedule))


def schedule_of(knobs: str) -> dict[str, int]:
    """The opposite."""
    return {knob: int(value) for knob, _, value in (entry.partition("=") for entry in knobs.split(",") if entry)}


@dataclasses.dataclass(frozen=True)
class Problem:
    """Attention of queries [b, h, sq, d] over keys [b, hkv, skv, d] and values [b, hkv, skv, dv].

    A size that is None is chosen at launch: one kernel for all sizes. ``hkv`` is ``h`` and
    ``skv`` is ``sq`` unless they are given, and then open where those are open.

    Args:
        d: the head size, a multiple of 8 from 16 to 256.
        dv: the head size of values and the output; d if None.
        b, h, sq: batch, query heads, query length.
        hkv, skv: key heads, of which h is a multiple, and key length.
        dtype: "bf16", "f16", "e4m3" or "e5m2", of queries, keys and values.
        out: the output's type, "bf16", "f16" or "f32"; dtype if None, or "bf16" where that has 8 bits.
        order: of dimensions in memory where the kernel chooses, "bhsd" or "bshd"; at a launch strides say it.
        v_order: "head_size", or "keys" for values [b, hkv, dv, skv].
        mask: "none"; "causal", aligned at the end: query i sees key j if j <= i + skv - sq; "causal_top_left";
            "window(left,right)"; "prefix(n)"; several of these joined by & and |; or a function of (b, h, q, k) that says
            whether the query sees the key, such as FlexAttention's mask_mod. What it hides is not computed.
        score: what becomes of a scaled score before the mask: a name, "softcap(30)" or "alibi", several joined by +, or
            a function of (s, b, h, q, k), a score and its batch, head, query and key, which is traced (``girih.trace``).
        lse: whether the kernel also writes the log of the sum of exponentials, float32 [b, h, sq].
        query_lengths, key_lengths: whether each sequence has a length of its own, given at launch as int32 [b].
        packed: whether b sequences lie one after another in tensors of batch 1, with int32 [b + 1] of where they begin.
        sink: whether each head has one score more, given at launch as float32 [h].
        merge: whether results of attention to other keys are taken in, given at launch: partial_o, as the output, and partial_lse,
            float32 [b, h, sq].
        q_descale, k_descale, v_descale: what queries, keys and values are multiplied by, such as the scales of 8-bit
            tensors: "tensor" for a number at launch, "head" for float32 [b, hkv], both positive; 1 if None.
        block_scales: "qk", if every 32 elements of a row of queries and keys of 8 bits have a power of two, given at launch:
            q_scales, float8_e8m0fnu [b, h, 32 for every 128 queries, 16], and k_scales alike; none if None.
        dropout: the probability with which a weight is left out, 0 to below 1, by random numbers whose seed and offset
            are given at launch as int32 [4] (``girih.dropout_state``); none if None or 0.
        blocks: "128x128", if each block of so many queries sees the blocks of so many keys that are listed, given at launch:
            kv_num_blocks, int32 [b, h, blocks of queries], and kv_indices, int32 [b, h, blocks of queries, n]; all if None.
        full_blocks: whether there are full_kv_num_blocks and full_kv_indices too, of blocks that the mask is not applied to.
        scale: what scores are multiplied by; 1 / sqrt(d) if None.
        output_scale: what the output is multiplied by before it is rounded; 1 if None.
        schedule: knobs of the schedule, as {"stages": 2}; what is left out is chosen by the compiler.
    """

    d: int
    b: int | None = None
    h: int | None = None
    sq: int | None = None
    hkv: int | None = None
    skv: int | None = None
    dv: int | None = None
    dtype: str = "bf16"
    out: str | None = None
    order: str = "bhsd"
    v_order: str = "head_size"
    mask: str | Callable[..., Any] | Function = "none"
    score: str | Callable[..., Any] | Function | None = None
    lse: bool = False
    query_lengths: bool = False
    key_lengths: bool = False
    packed: bool = False
    sink: bool = False
    merge: bool = False
    q_descale: str | None = None
    k_descale: str | None = None
    v_descale: str | None = None
    block_scales: str | None = None
    dropout: float | None = None
    blocks: str | None = None
    full_blocks: bool = False
    scale: float | None = None
    output_scale: float | None = None
    schedule: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        knobs_of(self.schedule)
        for region in ("score", "mask"):
            object.__setattr__(self, region, traced(getattr(self, region), region))

    @property
    def functions(self) -> tuple[Function, ...]:
        """Those that were traced."""
        return tuple(given for given in (self.mask, self.score) if isinstance(given, Function))

    def __str__(self) -> str:
        """The line that the compiler reads, functions aside."""
        sizes = {name: getattr(self, name) for name in ("b", "h", "hkv", "sq", "skv")}
        entries = {name: "?" if size is None else size for name, size in sizes.items()}
        for name, whole in (("hkv", "h"), ("skv", "sq")):
            if sizes[name] is None:
                entries[name] = entries[whole]
        mask = self.mask if isinstance(self.mask, str) else "none"
        entries |= {"d": self.d, "dtype": self.dtype, "mask": mask, "lse": int(self.lse)}
        entries |= {name: 1 for name in (*LENGTHS, "packed", "sink", "merge", "full_blocks") if getattr(self, name)}
        entries |= {name: kind for name in DESCALES if (kind := getattr(self, name)) is not None}
        if self.block_scales is not None:
            entries["block_scales"] = self.block_scales
        if self.blocks is not None:
            entries["blocks"] = self.blocks
        if self.dropout:
            entries["dropout"] = repr(float(self.dropout))
        if self.dv not in (None, self.d):
            entries["dv"] = self.dv
        if isinstance(self.score, str):
            entries["score"] = self.score
        if self.out is not None:
            entries["out"] = self.out
        if self.order != "bhsd":
            entries["order"] = self.order
        if self.v_order != "head_size":
            entries["v_order"] = self.v_order
        if self.scale is not None:
            entries["scale"] = repr(float(self.scale))
        if self.output_scale is not None:
            entries["output_scale"] = repr(float(self.output_scale))
        return ",".join([f"{key}={value}" for key, value in entries.items()] + ([knobs_of(self.schedule)] if self.schedule else []))


#: What is no knob of a line.
_ENTRIES = frozenset(field.name for field in dataclasses.fields(Problem))
