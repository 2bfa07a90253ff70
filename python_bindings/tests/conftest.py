"""What the tests share."""
import ctypes
import os
import pathlib
import subprocess
import sys

import numpy
import pytest

import girih

TARGET = "sm_90a"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test finds what another one, or the user, has cached."""
    monkeypatch.setenv("GIRIH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def kernel():
    """f16 attention for all sizes, causal, with lse, and its phases."""
    return girih.compile(girih.Problem(64, dtype="f16", mask="causal", lse=True), target=TARGET, phases=True)


def attention(q, k, v, causal=False):
    """o and lse in float64; heads may be grouped."""
    q, k, v = (numpy.asarray(array, numpy.float64) for array in (q, k, v))
    k, v = (numpy.repeat(array, q.shape[1] // k.shape[1], axis=1) for array in (k, v))
    scores = q @ k.swapaxes(2, 3) / numpy.sqrt(q.shape[3])
    if causal:
        hidden = numpy.triu(numpy.ones(scores.shape[2:], bool), 1 + k.shape[2] - q.shape[2])
        scores = numpy.where(hidden, -numpy.inf, scores)
    largest = numpy.maximum(scores.max(axis=3, keepdims=True), -1e30)
    weights = numpy.exp(scores - largest)
    total = weights.sum(axis=3, keepdims=True)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        return numpy.where(total > 0, weights @ v / total, 0), (numpy.log(total) + largest)[..., 0]


def random_inputs(seed=0, b=1, h=2, hkv=1, sq=70, skv=90, d=64):
    make = numpy.random.default_rng(seed).standard_normal
    return [make(shape).astype(numpy.float16) for shape in ((b, h, sq, d), (b, hkv, skv, d), (b, hkv, skv, d))]


class DLDevice(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("number", ctypes.c_int32)]


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device", DLDevice), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("offset", ctypes.c_uint64)]


class Managed(ctypes.Structure):
    _fields_ = [("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class Fake:
    """A DLPack tensor that says what a test wants: any device, type, shape or strides, over host memory."""

    CODES = {"f16": (2, 16), "f32": (2, 32), "bf16": (4, 16), "f64": (2, 64), "i32": (0, 32)}

    def __init__(self, array, dtype="bf16", device=(2, 0), shape=None, strides=None):
        self.array, self.dtype, self.device = array, dtype, device
        shape = tuple(array.shape if shape is None else shape)
        if strides is None:
            strides = [step // array.itemsize for step in array.strides]
        self.shape = shape
        self._shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        self._strides = (ctypes.c_int64 * max(len(shape), 1))(*strides)
        code, bits = self.CODES[dtype]
        self._managed = Managed(DLTensor(array.ctypes.data, DLDevice(*device), len(shape), code, bits, 1, self._shape,
                                         self._strides, 0), None, None)

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, stream=None, **_):
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return make(ctypes.addressof(self._managed), b"dltensor", None)


def to_bf16(array):
    """The bits, rounded to nearest even."""
    bits = numpy.ascontiguousarray(array, numpy.float32).view(numpy.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(numpy.uint16)


def from_bf16(bits):
    return (bits.astype(numpy.uint32) << 16).view(numpy.float32)


def run_python(code, **variables):
    """The output of a process of its own."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                            cwd=pathlib.Path(__file__).parent, env=os.environ | variables)
    assert result.returncode == 0, result.stderr
    return result.stdout
