from collections.abc import Sequence
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
    def infer_shape(
        self, shapes: Sequence[tuple[int, ...] | None], index: int, /
    ) -> tuple[tuple[int, ...] | None, _Said]: ...

class Loaded:
    def launch(self, *tensors: _Description, stream: int) -> _Said | None: ...

def compile(
    text: str,
    is_problem: bool,
    target: str,
    name: str | None,
    ptxas: str | None,
    source_name: str,
    line_info: bool,
    phases: bool,
) -> tuple[list[Kernel] | None, _Said]: ...
def kernel_from_parts(manifest: bytes, ptx: bytes, cubin: bytes, /) -> tuple[Kernel | None, _Said]: ...
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
) -> tuple[tuple[tuple[tuple[str, str, int, str, str, str], ...], int, int, str] | None, _Said]: ...
def zeros(shape: Sequence[int], dtype: int, /) -> Any: ...
def describe(array: Any, /) -> tuple[_Description, tuple[int, int]]: ...
def load(kernel: Kernel, device: int, /) -> tuple[Loaded | None, _Said]: ...
def device_count() -> tuple[int, _Said]: ...
def device_target(device: int, /) -> tuple[str | None, _Said]: ...
