"""Where the assembler is."""
from __future__ import annotations

import functools
import importlib.util
import os
import pathlib


@functools.cache
def find_ptxas() -> str | None:
    """The path of ptxas: GIRIH_PTXAS, or the one that NVIDIA's package brought.

    None leaves the search to the compiler: CUDA_ROOT, CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda.
    """
    if chosen := os.environ.get("GIRIH_PTXAS"):
        return chosen
    try:
        spec = importlib.util.find_spec("nvidia")
    except (ImportError, ValueError):
        return None
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in sorted(pathlib.Path(folder).glob("cu*/bin/ptxas"), reverse=True):
            if os.access(path, os.X_OK):
                return str(path)
    return None
