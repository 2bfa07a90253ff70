#!/usr/bin/env python3
"""Runs a launch description on a GPU and compares with what the simulator computed.

usage: run_on_gpu.py LAUNCH.json SAVED

SAVED holds the buffers that `girih-sim LAUNCH.json --save SAVED` wrote: NAME.in is
what each buffer starts with here too, NAME.out what it should hold afterwards.
Needs cuda-bindings and numpy. The driver compiles the PTX.
"""
import json
import pathlib
import sys

import numpy
from cuda.bindings import driver

TYPES = {"bf16": ("BFLOAT16", 2), "f16": ("FLOAT16", 2), "f32": ("FLOAT32", 4)}


def check(result):
    """The values of a driver call, or an exit with the error's name."""
    error, *values = result
    if error != driver.CUresult.CUDA_SUCCESS:
        sys.exit(f"{error}")
    return values[0] if len(values) == 1 else values


def tensor_map(argument, address):
    name, size = TYPES[argument["dtype"]]
    sizes = argument["sizes"]
    strides = argument.get("strides") or [size * int(numpy.prod(sizes[:i + 1])) for i in range(len(sizes) - 1)]
    integers = lambda kind, values: [kind(value) for value in values]
    swizzle = argument.get("swizzle", 0)
    return check(driver.cuTensorMapEncodeTiled(
        getattr(driver.CUtensorMapDataType, f"CU_TENSOR_MAP_DATA_TYPE_{name}"), len(sizes), int(address),
        integers(driver.cuuint64_t, sizes), integers(driver.cuuint64_t, strides),
        integers(driver.cuuint32_t, argument["box"]), integers(driver.cuuint32_t, [1] * len(sizes)),
        driver.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
        getattr(driver.CUtensorMapSwizzle, f"CU_TENSOR_MAP_SWIZZLE_{f'{swizzle}B' if swizzle else 'NONE'}"),
        driver.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_NONE,
        driver.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE))


def launch(description, folder, addresses):
    ptx = (folder / description["ptx"]).read_bytes() + b"\0"
    module = check(driver.cuModuleLoadData(ptx))
    function = check(driver.cuModuleGetFunction(module, description["kernel"].encode()))
    shared = description.get("shared_bytes", 0)
    check(driver.cuFuncSetAttribute(
        function, driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared))
    values, keep = [], []
    for argument in description["arguments"]:
        if argument["kind"] == "tensor_map":
            keep.append(tensor_map(argument, addresses[argument["buffer"]]))
            values.append(keep[-1].getPtr())
            continue
        dtype = {"s32": numpy.int32, "u32": numpy.uint32, "s64": numpy.int64, "u64": numpy.uint64,
                 "f32": numpy.float32}[argument.get("type", "u64")]
        value = argument["value"] if argument["kind"] == "scalar" else int(addresses[argument["buffer"]])
        keep.append(numpy.array([value], dtype=dtype))
        values.append(keep[-1].ctypes.data)
    parameters = numpy.array(values, dtype=numpy.uint64)
    config = driver.CUlaunchConfig()
    grid = list(description["grid"]) + [1, 1]
    config.gridDimX, config.gridDimY, config.gridDimZ = grid[:3]
    block = description["block"]
    block = ([block] if isinstance(block, int) else list(block)) + [1, 1]
    config.blockDimX, config.blockDimY, config.blockDimZ = block[:3]
    config.sharedMemBytes = shared
    attribute = driver.CUlaunchAttribute()
    attribute.id = driver.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
    cluster = description.get("cluster", [1, 1, 1])
    attribute.value.clusterDim.x, attribute.value.clusterDim.y, attribute.value.clusterDim.z = cluster
    config.attrs, config.numAttrs = [attribute], 1
    check(driver.cuLaunchKernelEx(config, function, int(parameters.ctypes.data), 0))
    check(driver.cuCtxSynchronize())


def main(path, saved):
    description = json.loads(path.read_text())
    check(driver.cuInit(0))
    context = check(driver.cuDevicePrimaryCtxRetain(check(driver.cuDeviceGet(0))))
    check(driver.cuCtxSetCurrent(context))
    addresses = {}
    for buffer in description["buffers"]:
        start = (saved / f"{buffer['name']}.in").read_bytes()
        addresses[buffer["name"]] = check(driver.cuMemAlloc(len(start)))
        check(driver.cuMemcpyHtoD(addresses[buffer["name"]], start, len(start)))
    launch(description, path.parent, addresses)
    status = 0
    for buffer in description["buffers"]:
        expected = (saved / f"{buffer['name']}.out").read_bytes()
        found = bytearray(len(expected))
        check(driver.cuMemcpyDtoH(found, addresses[buffer["name"]], len(found)))
        if bytes(found) == expected:
            print(f"{path.stem} {buffer['name']}: identical")
            continue
        status = 1
        if buffer["dtype"] == "f32":
            a, b = numpy.frombuffer(expected, numpy.float32), numpy.frombuffer(bytes(found), numpy.float32)
            print(f"{path.stem} {buffer['name']}: {(a == b).mean():.5f} of the elements are equal, the largest "
                  f"difference is {numpy.abs(a - b).max():.3g} of {numpy.abs(b).max():.3g}")
        else:
            print(f"{path.stem} {buffer['name']}: differs")
    return status


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
