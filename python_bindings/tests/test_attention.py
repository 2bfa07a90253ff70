"""girih.attention without a GPU: on a CUDA driver that runs on the CPU, and without any."""
import os
import pathlib

import pytest
from conftest import Fake, random_inputs, run_python

import girih
from girih._attention import heads_of
from girih._cache import rule_of


def test_arrays_in_host_memory():
    q, k, v = random_inputs()
    with pytest.raises(ValueError, match="q is on the CPU: girih.attention runs on a GPU; girih.simulate executes"):
        girih.attention(q, k, v)


def test_no_tensors():
    with pytest.raises(TypeError, match="q is a list, which is no DLPack tensor"):
        girih.attention([1], [2], [3])


def test_no_driver():
    code = "import girih, numpy as n; from conftest import Fake as F\n" \
           "x = F(n.zeros((1, 1, 8, 64), n.uint16))\n" \
           "try: girih.attention(x, x, x, out=x)\n" \
           "except girih.Error as error: print(error)"
    assert run_python(code, LD_LIBRARY_PATH="", CUDA_VISIBLE_DEVICES="").startswith(
        ("no CUDA driver: libcuda.so.1 not found", "the CUDA driver does not start", "device is 0 when there are 0"))


@pytest.mark.skipif("GIRIH_FAKE_CUDA" not in os.environ, reason="GIRIH_FAKE_CUDA names no folder with a driver")
def test_on_a_driver_that_runs_on_the_cpu(tmp_path):
    code = pathlib.Path(__file__).with_name("fake_gpu.py").read_text()
    output = run_python(code, LD_LIBRARY_PATH=os.environ["GIRIH_FAKE_CUDA"])
    print(output)
    assert output.count("test_") >= 5


def test_lives_beside_the_arrays_that_it_reads():
    """A capsule is released when it has been read."""
    x = Fake(random_inputs()[0], "f16", device=(1, 0))
    for _ in range(100):
        girih._girih.describe(x)


def test_few_queries():
    """Heads of theirs on one of keys share tiles, for which a kernel has to know how many there are."""
    few, many, keys = (64, 64, 1, 128), (64, 64, 64, 128), (64, 8, 2048, 128)
    assert heads_of(None, few, keys) == (64, 8) and heads_of(None, many, keys) is None
    assert heads_of(None, few, few) is None and heads_of("alibi", many, keys) == (64, 8)
    rule = rule_of(girih.Problem(128, h=64, hkv=8), "sm_90a")
    assert rule.knobs_for(few, 2048) == "heads=8,workers=1" and rule.knobs_for(many, 2048) == "workers=1"
    assert rule.knobs_for((1, 64, 1, 128), 2048) == "heads=8,workers=1,splits=4"


def test_few_causal_items():
    """If they are long, or one for each multiprocessor, each has a CTA."""
    rule = rule_of(girih.Problem(128, mask="causal"), "sm_90a")
    assert [rule.knobs_for((1, h, s, 128), s) for h, s in ((4, 4096), (8, 4096), (12, 4096), (32, 512), (64, 512))] == [
        "workers=1,persistent=0", "workers=2,persistent=0", "", "workers=2,persistent=0", ""]
