"""Compiled kernels, kept in memory and on disk.

The folder is GIRIH_CACHE_DIR, or girih in XDG_CACHE_HOME or ~/.cache; an empty GIRIH_CACHE_DIR means no folder. It
holds at most GIRIH_CACHE_BYTES (256 MiB), the kernels that were used last. A file is whole or not there, processes
may share the folder, and a file that cannot be read is compiled anew. Nothing about the folder is ever an error.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Iterator

from girih import _girih
from girih._errors import CompileError, Error, UnsupportedError, checked
from girih._kernel import _CUBIN, _MANIFEST, _PTX, Kernel, compile
from girih._problem import Problem
from girih._ptxas import find_ptxas
from girih._trace import Function

_MAGIC = b"girih kernel 1\n"
_PART = ".part"  # of files that are being written
_LONGEST_WRITE = 3600  # seconds
_DEFAULT_BYTES = 256 << 20
_MOST_IN_MEMORY = 256
_memory: dict[tuple[str, str], Kernel] = {}  # the last made ones
_locks: dict[tuple[str, str], threading.Lock] = {}
_guard = threading.Lock()


def folder() -> pathlib.Path | None:
    chosen = os.environ.get("GIRIH_CACHE_DIR")
    if chosen is not None:
        return pathlib.Path(chosen) if chosen else None
    try:
        base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    except RuntimeError:  # nobody's home is known
        return None
    return pathlib.Path(base) / "girih"


def _identity(path: str | os.PathLike[str] | None) -> str:
    """What changes when the file does."""
    if not path:
        return ""
    try:
        status = os.stat(path)
    except OSError:
        return str(path)
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def _path(problem: str, target: str) -> pathlib.Path | None:
    base = folder()
    if base is None:
        return None
    compiler = _identity(pathlib.Path(_girih.__file__).with_name("libgirih.so"))
    key = "\n".join((problem, target, _girih.VERSION, compiler, _identity(find_ptxas())))
    return base / f"{_digest(key.encode()).hex()}.kernel"


def _digest(data: bytes) -> bytes:
    import hashlib  # here, because importing this package should cost little

    return hashlib.sha256(data).digest()


def _pack(kernel: Kernel) -> bytes:
    parts = [kernel._handle.bytes(part) for part in (_MANIFEST, _PTX, _CUBIN)]
    body = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return _MAGIC + _digest(body) + body


def _unpack(data: bytes) -> Kernel | None:
    """The kernel, or None for what is not the whole of one."""
    digest, body = data[len(_MAGIC):len(_MAGIC) + 32], data[len(_MAGIC) + 32:]
    if not data.startswith(_MAGIC) or _digest(body) != digest:
        return None
    parts = []
    while body:
        size = int.from_bytes(body[:8], "little")
        parts.append(body[8:8 + size])
        body = body[8 + size:]
    try:
        return Kernel.from_parts(*parts)
    except (Error, TypeError):
        return None


def _read(path: pathlib.Path) -> Kernel | None:
    try:
        kernel = _unpack(path.read_bytes())
    except OSError:
        return None
    with contextlib.suppress(OSError):  # a folder may be there to be read alone
        os.utime(path)  # used last: the oldest go first
    return kernel


def _limit() -> int:
    try:
        return int(os.environ["GIRIH_CACHE_BYTES"])
    except (KeyError, ValueError):
        return _DEFAULT_BYTES


def _shrink(base: pathlib.Path) -> None:
    """Removes what is beyond the limit, and what processes that were killed have left."""
    limit, files = _limit(), []
    for file in base.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removes, too
            status = file.stat()
            if file.suffix == ".kernel":
                files.append((status.st_mtime_ns, status.st_size, file))
            elif file.suffix == _PART and time.time() - status.st_mtime > _LONGEST_WRITE:
                file.unlink()
    total = 0
    for _, size, file in sorted(files, reverse=True):
        total += size
        if total > limit:
            file.unlink(missing_ok=True)


def _write(path: pathlib.Path, kernel: Kernel) -> None:
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=_PART, delete=False) as file:
            try:
                file.write(_pack(kernel))
                file.close()
                os.replace(file.name, path)
            except OSError:
                os.unlink(file.name)
                raise
        _shrink(path.parent)
    except OSError:
        pass


def compiled(problem: Problem | str, target: str, error: type[CompileError] = CompileError,
             functions: str = "") -> Kernel:
    """The kernel of a problem, or of its line and functions: from memory, from disk, or from the compiler."""
    if isinstance(problem, Problem):
        functions = "".join(map(str, problem.functions))
    key = (f"{problem}\n{functions}" if functions else str(problem), target)
    if kernel := _memory.get(key):
        return kernel
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock, _forgotten(key):  # threads that want the same kernel wait for one compilation
        if kernel := _memory.get(key):
            return kernel
        path = _path(*key)
        kernel = _read(path) if path else None
        if kernel is None:
            kernel = compile(problem, target=target, error=error,
                             functions="" if isinstance(problem, Problem) else functions)
            if path:
                _write(path, kernel)
        with _guard:
            while len(_memory) >= _MOST_IN_MEMORY:
                del _memory[next(iter(_memory))]
            _memory[key] = kernel
        return kernel


@contextlib.contextmanager
def _forgotten(key: tuple[str, str]) -> Iterator[None]:
    """The lock of a kernel, at the end: what is made has none."""
    try:
        yield
    finally:
        with _guard:
            _locks.pop(key, None)


def rule_of(problem: Problem, target: str) -> _girih.ScheduleRule:
    """Which sizes want a kernel of their own."""
    rule, said = _girih.schedule_rule(str(problem), "".join(map(Function.located, problem.functions)), target)
    return checked(rule, said, UnsupportedError)
