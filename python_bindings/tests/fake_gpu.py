"""Runs in a process of its own, on the CUDA driver of test/Runtime/FakeCuda, which computes attention on the CPU.

Its one kernel is bf16 [2, 4/2, sq x skv, 128] with lse; the cache is given it in place of a compiled one.
"""
import concurrent.futures
import functools
import json
import time

import numpy
from conftest import Fake, attention, from_bf16, to_bf16

import girih
from girih import _attention, _girih

SIZES = [f"\"{name}\"" for name in ("b", "h", "sq", "d")]


def tensor(name, access="read", heads="h", length="sq", dtype="bf16"):
    shape = ["b", heads, length, "d"][:3 if dtype == "f32" else 4]
    return {"name": name, "access": access, "dtype": dtype, "shape": shape, "order": shape}


def tensor_map(name):
    modes = [{"dim": 3, "extent": 64, "box": 64}, {"dim": 2, "box": 128}, {"dim": 3, "extent": 2, "step": 64, "box": 2},
             {"dim": 1, "box": 1}, {"dim": 0, "box": 1}]
    return {"kind": "tensor_map", "tensor": name, "swizzle": 128, "modes": modes}


MANIFEST = {
    "girih_manifest": 2, "name": "fake", "kernel": "attention", "target": "sm_90a",
    "problem": {"kind": "attention.forward", "mask": "none", "scale": 0.08838834764831845},
    "sizes": {"b": 2, "h": 4, "hkv": 2, "sq": None, "skv": None, "d": 128},
    "tensors": [tensor("q"), tensor("k", heads="hkv", length="skv"), tensor("v", heads="hkv", length="skv"),
                tensor("o", "write"), tensor("lse", "write", dtype="f32")],
    "launch": {"threads": 384, "cluster": 2, "shared_bytes": 197632, "grid": "flat",
               "work": [{"size": "sq", "tile": 128}, {"size": "h", "tile": 1}, {"size": "b", "tile": 1}]},
    "arguments": [tensor_map("q"), tensor_map("k"), tensor_map("v"), {"kind": "pointer", "tensor": "o"},
                  *({"kind": "stride", "tensor": "o", "dim": dim} for dim in range(3)),
                  {"kind": "pointer", "tensor": "lse"},
                  *({"kind": "stride", "tensor": "lse", "dim": dim} for dim in range(2)),
                  {"kind": "size", "size": "skv"}, {"kind": "workspace", "bytes": 4}],
    "constraints": [{"kind": "stride", "tensor": name, "dim": dim, "minimum": 0, "multiple": 8}
                    for name in "qkv" for dim in range(3)],
}


def fake_kernel(name="attention", lse=True):
    """"nothing" does nothing."""
    cubin = b"128 128 128 8 8 8 8 8 8 8 4 8\n" if lse else b"128 128 128 8 8 8 8 4 8\n"  # bytes of the arguments
    manifest = MANIFEST | {"kernel": name, "files": {"cubin": {"path": "fake.cubin", "xxh3_128": _girih.hash(cubin)}}}
    if not lse:
        manifest |= {what: [entry for entry in MANIFEST[what] if "lse" not in (entry.get("name"), entry.get("tensor"))]
                     for what in ("tensors", "arguments")}
    return girih.Kernel.from_parts(json.dumps(manifest).encode(), b"", cubin)


class Namespace:
    """What a framework of the array API has to offer: here bits in memory that is said to be a GPU's."""

    float32 = "f32"

    def __init__(self, device):
        self.device = device

    def empty(self, shape, dtype, device):
        return GpuArray(numpy.zeros(shape, numpy.float32 if dtype == "f32" else numpy.uint16), dtype, device)


class GpuArray(Fake):
    def __array_namespace__(self):
        return Namespace(self.device)


def inputs(sq=33, skv=40):
    make = numpy.random.default_rng(sq).standard_normal
    return [GpuArray(to_bf16(make(shape))) for shape in ((2, 4, sq, 128), (2, 2, skv, 128), (2, 2, skv, 128))]


def expect(kind, message, *arguments, **options):
    try:
        girih.attention(*arguments, **options)
    except kind as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}: {message}")


def right(q, k, v, o, lse):
    expected = attention(*(from_bf16(array.array) for array in (q, k, v)))
    return numpy.abs(from_bf16(o.array) - expected[0]).max() < 1e-2 and numpy.abs(lse.array - expected[1]).max() < 1e-3


def test_results():
    q, k, v = inputs()
    assert right(q, k, v, *girih.attention(q, k, v, lse=True))
    out = girih.attention(q, k, v, lse=True, stream=77)
    assert right(q, k, v, *girih.attention(q, k, v, lse=True, out=out)) and right(q, k, v, *out)
    memory = to_bf16(numpy.random.default_rng(1).standard_normal((2, 33, 4, 128)))
    bshd = GpuArray(memory.transpose(0, 2, 1, 3))
    assert right(bshd, k, v, *girih.attention(bshd, k, v, lse=True))


def test_refusals():
    q, k, v = inputs()
    expect(ValueError, "dimension 2 of 'v' is 41 when skv is 40", q, k, inputs(skv=41)[2], lse=True)
    expect(ValueError, "q has 3 dimensions when it should have 4", GpuArray(q.array[0]), k, v, lse=True)
    expect(ValueError, "k is on GPU 1 when q is on GPU 0", q, GpuArray(k.array, device=(2, 1)), v, lse=True)
    expect(ValueError, "k is on the CPU", q, GpuArray(k.array, device=(1, 0)), v, lse=True)
    expect(ValueError, "q is on a device of kind 10", GpuArray(q.array, device=(10, 0)), k, v, lse=True)
    expect(ValueError, "'k' is f16 when it should be bf16", q, GpuArray(k.array, "f16"), v, lse=True)
    expect(ValueError, "'k' is i32 when it should be bf16", q, GpuArray(k.array, "i32"), v, lse=True)
    expect(TypeError, "v is a int, which is no DLPack tensor", q, k, 3, lse=True)
    expect(ValueError, "out has 1 tensors when it should have 2", q, k, v, lse=True, out=[q])
    expect(TypeError, "cannot make an output: give out=", Fake(q.array), k, v, lse=True)
    expect(girih.UnsupportedError, "mask is 'window(9)', must be one of", q, k, v, mask="window(9)")
    expect(girih.UnsupportedError, "knob rows is 100 when", q, k, v, schedule={"rows": 100})
    expect(girih.UnsupportedError, "unknown key 'stagess'", q, k, v, schedule={"stagess": 2})
    expect(ValueError, "schedule has 'd', which is no knob's name", q, k, v, schedule={"d": 64})
    expect(TypeError, "knob stages is a str when it should be an int", q, k, v, schedule={"stages": "2"})
    expect(girih.UnsupportedError, "head size 84 is not supported", *(
        GpuArray(numpy.zeros((2, 4, 33, 84), numpy.uint16)) for _ in range(3)))
    expect(girih.UnsupportedError, "dtype is 'f32'", *(
        GpuArray(numpy.zeros((2, 4, 33, 64), numpy.float32), "f32") for _ in range(3)))


def test_wrong_shapes_and_strides_by_chance():
    """Whatever a tensor says of itself, there is an answer: a result, a ValueError or a TypeError."""
    random = numpy.random.default_rng(5)
    memory = numpy.zeros(1 << 20, numpy.uint16)
    outcomes = {"ran": 0, ValueError: 0, TypeError: 0}
    for _ in range(3000):
        given = []
        for shape in ((2, 4, 33, 128), (2, 2, 40, 128), (2, 2, 40, 128)):
            shape, strides = list(shape), None
            if random.random() < 0.3:
                shape[random.integers(4)] = int(random.choice([0, 1, 2, 3, 33, 1 << 40, -1]))
            if random.random() < 0.1:
                shape = shape[:random.integers(5)]
            strides = [int(numpy.prod(shape[dim + 1:], dtype=object)) for dim in range(len(shape))]
            if strides and random.random() < 0.3:
                strides[random.integers(len(strides))] = int(random.choice([0, 1, -1, 128, 136, 1 << 50, -(1 << 62)]))
            dtype = str(random.choice(["bf16"] * 8 + ["f16", "f64"]))
            given.append(GpuArray(memory, dtype, shape=shape, strides=strides))
        out = [GpuArray(numpy.zeros((2, 4, 33, 128), numpy.uint16)), GpuArray(numpy.zeros((2, 4, 33), numpy.float32), "f32")]
        # What would read memory that is not there is not launched.
        fits = all(sum((extent - 1) * max(stride, 0) for extent, stride in zip(array.shape, array._strides)) < memory.size
                   for array in given)
        try:
            if fits:
                girih.attention(*given, lse=True, out=out)
                outcomes["ran"] += 1
        except (ValueError, TypeError) as error:
            outcomes[next(kind for kind in (TypeError, ValueError) if isinstance(error, kind))] += 1
    assert min(outcomes.values()) > 20, outcomes


def test_kernels_by_class_of_sizes():
    """Few work items and many have a kernel each, and no more."""
    kernels = _attention.kernels_of(0, (128, 128), None, "none", None, None, True, "", 0)
    keys = 1, 1, 64, 128
    few, many = kernels.loaded_for((2, 4, 33, 128), keys), kernels.loaded_for((8, 32, 4096, 128), keys)
    assert few is not many and kernels.loaded_for((1, 1, 1, 128), keys) is few and kernels.loaded_for((4, 32, 2048, 128), keys) is many
    assert list(kernels.loaded) == ["workers=1", ""]
    assert kernels.rule.knobs_for((2, 4, 33, 128), 4096) == "workers=1,splits=8"


def test_kernels_that_go_while_there_are_others():
    """More problems than are kept: what was not used for long is unloaded, and loaded anew."""
    before = _attention.kernels_of
    _attention.kernels_of = functools.lru_cache(maxsize=1)(before.__wrapped__)
    try:
        for sq in (33, 70) * 3:  # few queries have a kernel of their own
            given = inputs(sq)
            assert right(*given, *girih.attention(*given, lse=True))
        assert _attention.kernels_of.cache_info()[1:] == (6, 1, 1)
    finally:
        _attention.kernels_of = before


def test_threads():
    q, k, v = inputs()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda stream: girih.attention(q, k, v, lse=True, stream=stream), range(16)))
    assert all(right(q, k, v, *result) for result in results)


def test_call_is_cheap():
    """The call without the kernel: sizes and descriptions are checked, maps are made, the driver is entered."""
    q, k, v = inputs(1, 1)
    o, lse = girih.attention(q, k, v, lse=True)
    described = [_attention._describe("x", array, 0)[0] for array in (q, k, v, o, lse)]
    loaded = _attention.kernels_of(0, (128, 128), None, "none", None, None, True, "", 0).loaded_for(q.shape, k.shape)
    begin = time.perf_counter()
    for _ in range(2000):
        loaded.launch(*described, stream=0)
    print(f"{(time.perf_counter() - begin) / 2000 * 1e6:.1f} us a launch")


if __name__ == "__main__":
    assert _girih.device_count()[0] == 1 and girih._kernel.device_target() == "sm_90a"
    schedules = ({}, {"workers": 1}, {"heads": 2, "workers": 1})  # few work items have one worker, few queries share tiles
    for options in ({**heads, "schedule": schedule} for heads in ({}, {"h": 4, "hkv": 2}) for schedule in schedules):
        girih._cache._memory[str(girih.Problem(128, lse=True, **options)), "sm_90a"] = fake_kernel()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name)
