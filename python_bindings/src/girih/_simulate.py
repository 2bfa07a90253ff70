"""Kernels executed on the CPU, and what was found."""
from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from girih import _girih
from girih._errors import Error, value_of
from girih._kernel import DTYPES, Kernel
from girih._timeline import Timeline


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One finding of the simulator. ``str`` gives all of it, with notes."""

    kind: str  #: "race", "deadlock", "misuse", "uninitialised", "mismatch", "unsupported" or "syntax"
    message: str
    line: int  #: of the PTX, from 1; 0 when no line is to blame
    source: str  #: file:line:column where the kernel has line information
    agent: str  #: the warp or asynchronous unit
    text: str

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class Simulation:
    """A run of a kernel, or of several schedules up to the first that shows a fault."""

    outputs: dict[str, Any]  #: arrays by name, of the framework that the inputs came from
    verdicts: tuple[Verdict, ...]
    seed: int  #: of the last random schedule
    warp_instructions: int
    asynchronous_operations: int
    trace: str  #: Chrome's trace format, for ui.perfetto.dev; empty without ``trace=True``

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.verdicts

    def timeline(self, cta: int = 0) -> Timeline:
        """The trace of a CTA as a picture for a notebook, or as SVG by ``str``; needs ``trace=True``."""
        if not self.trace:
            raise Error("there is no trace: simulate with trace=True")
        return Timeline(self.trace, cta)

    def raise_for_verdicts(self) -> Simulation:
        """Raises Error with all verdicts, or returns the run."""
        if self.verdicts:
            raise Error("\n".join(map(str, self.verdicts)))
        return self


def _as_of(reference: Any, array: Any) -> Any:
    """The array as one of the reference's framework, without a copy where that is possible."""
    package = type(reference).__module__.partition(".")[0]
    if package == "numpy":
        return sys.modules["numpy"].asarray(array)
    if package in ("jaxlib", "jax"):
        return sys.modules["jax"].numpy.from_dlpack(array)
    if package == "torch":
        return sys.modules["torch"].from_dlpack(array)
    return array


def simulate(kernel: Kernel, arrays: Mapping[str, Any], *, scalars: Mapping[str, float] = {}, schedule: str = "deterministic", schedules: int = 1,
             seed: int = 1, threads: int = 0, multiprocessors: int = 132, instruction_limit: int = 0, check: bool = False,
             trace: bool = False) -> Simulation:
    """Executes a kernel's PTX on the CPU: results to the bit, races, deadlocks, misuse.

    Args:
        kernel: what to execute.
        arrays: every input by its name in ``kernel.tensors``: any DLPack or buffer object in host memory, of the
            kernel's dtype, with any strides that the kernel takes. Outputs are made, unless they are given too and
            are then written in place. An element that the kernel leaves unwritten is a NaN.
        scalars: the numbers that the kernel's functions are given, by name in ``kernel.scalars``. What a traced function
            captures is in its ``arrays`` and ``numbers``.
        schedule: in which order warps and asynchronous units move: "deterministic", "random", "late" (units as late
            as possible) or "early".
        schedules: how many random schedules to try, from ``seed`` on, until one shows a fault.
        seed: of a random schedule.
        threads: of this machine; 0 is one for each core.
        multiprocessors: of the chip.
        instruction_limit: that a warp may execute; 0 is 100 million.
        check: also compares the outputs with a float64 reference.
        trace: keeps a timeline.

    Raises:
        ValueError: an array does not fit the kernel; the message has the number found and the one that should be.
        TypeError: an array is not in host memory, or has another kind of elements.
    """
    if schedules < 1:
        raise ValueError(f"schedules is {schedules} when it should be at least 1")
    handle = kernel._handle
    names = [tensor["name"] for tensor in kernel.tensors]
    for name in arrays:
        if name not in names:
            raise ValueError(f"{kernel.name} has no tensor '{name}'; it has {', '.join(names)}")
    for name in scalars:
        if name not in dict(kernel.scalars):
            raise ValueError(f"{kernel.name} has no scalar '{name}'; it has {', '.join(dict(kernel.scalars)) or 'none'}")
    for name, _ in kernel.scalars:
        if name not in scalars:
            raise ValueError(f"the scalar '{name}' is missing")
    numbers = [float(scalars[name]) if dtype == "f32" else int(scalars[name]) for name, dtype in kernel.scalars]
    given = [arrays.get(name) for name in names]
    shapes = [None if array is None else _girih.describe(array)[0][2] for array in given]
    outputs = {}
    reference = next(iter(arrays.values()), None)
    for index, tensor in enumerate(kernel.tensors):
        if given[index] is None:
            if not tensor["is_output"]:
                raise ValueError(f"the array '{tensor['name']}' is missing")
            shape = value_of(*handle.infer_shape(shapes, index))
            given[index] = _girih.zeros(shape, DTYPES.index(tensor["dtype"]))
        if tensor["is_output"]:
            outputs[tensor["name"]] = given[index]
    if schedules > 1:
        schedule = "random"
    instructions = operations = 0
    verdicts, trace_text = (), ""
    for seed in range(seed, seed + schedules):
        run = value_of(*_girih.simulate(handle, given, schedule=schedule, seed=seed, threads=threads,
                                        multiprocessors=multiprocessors, instruction_limit=instruction_limit,
                                        check=check, trace=trace, scalars=numbers))
        verdicts = tuple(Verdict(*found) for found in run[0])
        instructions, operations, trace_text = instructions + run[1], operations + run[2], run[3]
        if verdicts:
            break
    made = {name: array if name in arrays else _as_of(reference, array) for name, array in outputs.items()}
    return Simulation(made, verdicts, seed, instructions, operations, trace_text)
