"""Compilation: problems and MLIR in, kernels out."""
from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from girih import _girih
from girih._errors import CompileError, Error, checked, text_of
from girih._problem import Problem, is_problem_line
from girih._ptxas import find_ptxas
from girih._trace import Function

_NAME, _TARGET, _PTX, _CUBIN, _MANIFEST, _HEADER, _REPORT = range(7)
#: Element types in the order of the C API.
DTYPES = ("bf16", "f16", "f32", "i8", "i32", "i64", "e4m3", "e5m2", "ue8m0")


class Kernel:
    """A compiled kernel: its code, and all that a loader has to know.

    ``compile`` makes them. Two kernels are equal if they are the same object.
    """

    def __init__(self, handle: _girih.Kernel):
        self._handle = handle

    def __repr__(self) -> str:
        return f"<girih.Kernel {self.name} for {self.target}>"

    @property
    def name(self) -> str:
        """What its files are called."""
        return self._handle.text(_NAME)

    @property
    def target(self) -> str:
        """The chip it is for, such as "sm_90a"."""
        return self._handle.text(_TARGET)

    @property
    def ptx(self) -> str:
        return self._handle.text(_PTX)

    @property
    def cubin(self) -> bytes:
        """Machine code for its chip alone, an ELF file."""
        return self._handle.bytes(_CUBIN)

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """What to pass and how to launch; docs/manifest.md describes it."""
        return json.loads(self._handle.text(_MANIFEST))

    @property
    def header(self) -> str:
        """A C header that embeds the cubin and launches it through the driver API."""
        return self._handle.text(_HEADER)

    @property
    def report(self) -> str:
        """Registers by role, spills, shared memory, milliseconds of compilation: for people."""
        return self._handle.text(_REPORT)

    @property
    def resources(self) -> dict[str, Any]:
        """The same as numbers: ``registers`` at launch, ``spill_bytes`` a thread, ``stages``, ``roles``."""
        return self.manifest["resources"]

    @functools.cached_property
    def tensors(self) -> tuple[dict[str, Any], ...]:
        """What it takes, in order: ``name``, ``dtype``, ``rank``, ``is_output``."""
        return tuple({"name": name, "dtype": DTYPES[dtype], "rank": rank, "is_output": is_output}
                     for name, dtype, rank, is_output in self._handle.tensors())

    @functools.cached_property
    def scalars(self) -> tuple[tuple[str, str], ...]:
        """The numbers that its functions are given at launch, in order: name and dtype."""
        return tuple((name, DTYPES[dtype]) for name, dtype in self._handle.scalars())

    @functools.cached_property
    def phases(self) -> tuple[str, ...]:
        """The names of the passes after which the IR was kept; none without ``phases=True``."""
        return tuple(name for name, _ in self._handle.phases())

    def ir(self, phase: str) -> str:
        """The MLIR after a pass, as in ``kernel.ir("tile-specialize")``; after its last run if it ran twice."""
        found = dict(self._handle.phases())
        if not found:
            raise Error("the phases were not kept: compile with phases=True")
        if phase not in found:
            raise KeyError(f"no phase '{phase}'; there are {', '.join(found)}")
        return found[phase]

    def save(self, folder: str | pathlib.Path) -> pathlib.Path:
        """Writes NAME.ptx, NAME.cubin, NAME.h and NAME.json; the manifest's path is returned."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, contents in (("ptx", self.ptx), ("cubin", self.cubin), ("h", self.header)):
            data = contents if isinstance(contents, bytes) else contents.encode()
            (folder / f"{self.name}.{suffix}").write_bytes(data)
        path = folder / f"{self.name}.json"
        path.write_text(self._handle.text(_MANIFEST))
        return path

    @classmethod
    def load(cls, manifest: str | pathlib.Path) -> Kernel:
        """A kernel from the files that ``save`` or girih-compile wrote."""
        path = pathlib.Path(manifest)
        text = path.read_bytes()
        try:
            files = json.loads(text)["files"]
            parts = {what: (path.parent / files[what]["path"]).read_bytes() for what in ("ptx", "cubin") if what in files}
        except (ValueError, KeyError, TypeError) as error:
            raise Error(f"{path} is not a kernel's manifest") from error
        return cls.from_parts(text, parts.get("ptx", b""), parts.get("cubin", b""))

    @classmethod
    def from_parts(cls, manifest: bytes, ptx: bytes, cubin: bytes) -> Kernel:
        """A kernel from its manifest, PTX and cubin; either of the last two may be empty."""
        handle, said = _girih.kernel_from_parts(manifest, ptx, cubin)
        if handle is None:
            raise Error(text_of(said))
        return cls(handle)


    def with_ptx(self, ptx: str) -> Kernel:
        """The same kernel with other PTX and no cubin: to see in the simulator what a change does."""
        if not isinstance(ptx, str):
            raise TypeError(f"ptx is a {type(ptx).__name__} when it should be a str")
        data = ptx.encode()
        manifest = dict(self.manifest)
        manifest["files"] = {"ptx": {"path": f"{self.name}.ptx", "xxh3_128": _girih.hash(data)}}
        return Kernel.from_parts(json.dumps(manifest).encode(), data, b"")


def device_target(device: int = 0) -> str:
    """The target of a GPU's own code. Raises Error without a GPU."""
    target, said = _girih.device_target(device)
    if target is None:
        raise Error(text_of(said))
    return target


def compile_all(source: str | Problem | Mapping[str, Any], *, target: str | None = None, name: str | None = None,
                ptxas: str | None = None, source_name: str = "<text>", line_info: bool = False, phases: bool = False,
                functions: str = "", error: type[CompileError] = CompileError) -> list[Kernel]:
    """All kernels of a module; see ``compile``."""
    if isinstance(source, Mapping):
        source = Problem(**source)
    is_problem = isinstance(source, Problem) or is_problem_line(source)
    if target is None:
        try:
            target = device_target()
        except Error as reason:
            raise Error(f"give a target, such as target='sm_90a': {reason}") from None
    if isinstance(source, Problem):
        functions += "".join(map(Function.located, source.functions))
    handles, said = _girih.compile(str(source), is_problem=is_problem, target=target, name=name,
                                   ptxas=ptxas or find_ptxas(), source_name=source_name, line_info=line_info,
                                   phases=phases, functions=functions)
    return [Kernel(handle) for handle in checked(handles, said, error)]


def compile(source: str | Problem | Mapping[str, Any], **options: Any) -> Kernel:
    """Compiles a problem, or a module of MLIR with one kernel.

    Args:
        source: a ``Problem``, a mapping of its arguments, a line such as "b=4,h=32,sq=?,d=128,mask=causal", or
            MLIR: problems (``attn.forward``) or kernels at any phase of the compiler.
        target: the chip, as "sm_90a" or "sm_100a"; that of the first GPU if None.
        name: what the kernel's files are called.
        ptxas: the assembler's path.
        source_name: what diagnostics call the text.
        line_info: puts the text's line numbers into PTX and cubin, for profilers.
        phases: keeps the IR after every phase, for ``Kernel.ir``.
        functions: MLIR with functions for a problem that is given as a line, such as ``str(girih.trace(f))``.

    Raises:
        CompileError: the text is wrong, or asks for what cannot be. ``diagnostics`` say where.
        Error: no target is given and there is no GPU.
    """
    kernels = compile_all(source, **options)
    if len(kernels) != 1:
        raise Error(f"the text has {len(kernels)} kernels: use girih.compile_all")
    return kernels[0]


def optimize(text: str, pipeline: str | Sequence[str], *, source_name: str = "<text>") -> str:
    """Runs passes on a module of MLIR and returns the result.

    ``pipeline`` is what ``girih-opt --pass-pipeline`` takes, or a list of passes:

        girih.optimize(text, ["attn-schedule{target=sm_90a}", "attn-tile"])

    Raises CompileError when the text cannot be read, a pass does not exist, or one fails.
    """
    if not isinstance(pipeline, str):
        pipeline = ",".join(pipeline)
    result, said = _girih.optimize(text, pipeline, source_name)
    return checked(result, said)
