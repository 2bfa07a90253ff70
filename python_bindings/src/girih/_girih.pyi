from collections.abc import Callable, Sequence
from typing import Any

_Said = tuple[tuple[tuple[int, str, str, int, int], ...], str]
_Description = tuple[int, int, tuple[int, ...], tuple[int, ...]]

API_VERSION: int
VERSION: str
__file__: str

class Kernel:
    def text(self, part: int, /) -> str: ...
    def bytes(self, part: int, /) -> bytes: ...
    def phases(self) -> list[tuple[str, str]]: ...
    def tensors(self) -> list[tuple[str, int, int, bool]]: ...
    def scalars(self) -> list[tuple[str, int]]: ...
    def infer_shape(
        self, shapes: Sequence[tuple[int, ...] | None], index: int, /
    ) -> tuple[tuple[int, ...] | None, _Said]: ...
    def check_tensors(self, tensors: Sequence[tuple[int, Sequence[int]]], /) -> tuple[bool, _Said]: ...

class Loaded:
    def launch(self, *tensors: _Description, stream: int, scalars: list[float | int] = ...) -> _Said | None: ...
    def launch_tensors(
        self, *tensors: Any, stream: int | None, scalars: list[float | int] = ...
    ) -> _Said | None: ...

class AttentionKernels:
    def __init__(
        self,
        needs_heads: bool,
        device_type: int,
        plain: tuple[type, ...],
        empty_like: Callable[[Any], Any],
        output: Callable[[Any, Any], Any],
        lse: Callable[[Any], Any],
    ) -> None: ...
    def attend(
        self,
        q: Any,
        k: Any,
        v: Any,
        lse: bool,
        arrays: Sequence[Any],
        numbers: Sequence[float | int],
        stream: int | None,
        /,
    ) -> tuple[tuple[Any, ...] | None, _Said | None]: ...
    def launch(
        self,
        q: Any,
        k: Any,
        v: Any,
        o: Any,
        lse: Any,
        arrays: Sequence[Any],
        numbers: Sequence[float | int],
        stream: int | None,
        /,
    ) -> _Said | bool | None: ...
    def add(self, q: Any, k: Any, v: Any, loaded: Loaded, rule: ScheduleRule, /) -> None: ...

class ScheduleRule:
    def knobs_for(self, shape: Sequence[int], keys: int, /) -> str: ...

def compile(
    text: str,
    is_problem: bool,
    target: str,
    name: str | None,
    ptxas: str | None,
    source_name: str,
    line_info: bool,
    phases: bool,
    functions: str,
) -> tuple[list[Kernel] | None, _Said]: ...
def wants_heads(query_shape: Sequence[int], key_heads: int, /) -> bool: ...
def schedule_rule(problem: str, functions: str, target: str, /) -> tuple[ScheduleRule | None, _Said]: ...
def kernel_from_parts(manifest: bytes, ptx: bytes, cubin: bytes, /) -> tuple[Kernel | None, _Said]: ...
def hash(bytes: bytes, /) -> str: ...
def optimize(text: str, pipeline: str, source_name: str, /) -> tuple[str | None, _Said]: ...
def simulate(
    kernel: Kernel,
    arrays: Sequence[Any],
    schedule: str,
    seed: int,
    threads: int,
    multiprocessors: int,
    instruction_limit: int,
    check: bool,
    trace: bool,
    scalars: list[float | int],
) -> tuple[tuple[tuple[tuple[str, str, int, str, str, str], ...], int, int, str] | None, _Said]: ...
def ffi_handlers(compile: Any, /) -> tuple[Any, Any]: ...
def zeros(shape: Sequence[int], dtype: int, /) -> Any: ...
def describe(array: Any, /) -> tuple[_Description, tuple[int, int]]: ...
def load(kernel: Kernel, device: int, /) -> tuple[Loaded | None, _Said]: ...
def device_count() -> tuple[int, _Said]: ...
def device_target(device: int, /) -> tuple[str | None, _Said]: ...
