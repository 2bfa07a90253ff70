"""Attention kernels for Hopper and Blackwell: a compiler, a simulator of PTX and a launcher.

    import girih

    o = girih.attention(q, k, v, mask="causal")            # tensors on a GPU
    kernel = girih.compile("b=?,h=32,sq=?,d=128", target="sm_90a")
    run = girih.simulate(kernel, {"q": q, "k": k, "v": v})  # arrays in host memory

Nothing here needs LLVM, a CUDA toolkit or a C++ compiler. PyTorch and JAX are imported only
when their tensors come.
"""
from girih import math
from girih._attention import attention
from girih._beside import dropout_state
from girih._captures import Captured, capture
from girih._errors import CompileError, Diagnostic, DiagnosticWarning, Error, UnsupportedError
from girih._girih import VERSION as __version__
from girih._kernel import Kernel, compile, compile_all, optimize
from girih._problem import Problem
from girih._simulate import Simulation, Verdict, simulate
from girih._trace import Function, trace
from girih.math import where

opt = optimize

__all__ = [
    "Captured", "CompileError", "Diagnostic", "DiagnosticWarning", "Error", "Function", "Kernel", "Problem", "Simulation",
    "UnsupportedError", "Verdict", "__version__", "attention", "capture", "compile", "compile_all", "dropout_state", "math", "opt", "optimize", "simulate",
    "trace", "where",
]
