"""Kernels on arrays, beside float64."""
import json
import xml.etree.ElementTree

import numpy
import pytest
from conftest import TARGET, Fake, attention, from_bf16, random_inputs, to_bf16

import girih


def run(kernel, inputs, **options):
    return girih.simulate(kernel, dict(zip("qkv", inputs)), **options)


def test_right_and_of_the_inputs_framework(kernel):
    inputs = random_inputs()
    result = run(kernel, inputs, check=True, trace=True)
    o, lse = attention(*inputs, causal=True)
    assert result.ok and result.verdicts == () and result.raise_for_verdicts() is result
    assert isinstance(result.outputs["o"], numpy.ndarray) and result.outputs["o"].dtype == numpy.float16
    assert numpy.abs(result.outputs["o"] - o).max() < 2e-3
    assert numpy.abs(result.outputs["lse"] - lse).max() < 2e-3
    assert result.warp_instructions > 1000 and result.asynchronous_operations > 10
    assert json.loads(result.trace)


def test_rows_that_see_nothing(kernel):
    result = run(kernel, random_inputs(sq=40, skv=30))
    assert (result.outputs["o"][:, :, :10] == 0).all() and (result.outputs["lse"][:, :, :10] == -numpy.inf).all()


def test_every_schedule_gives_the_same_bits(kernel):
    inputs = random_inputs(1)
    bits = {run(kernel, inputs, schedule=schedule).outputs["o"].tobytes() for schedule in ("late", "early", "random")}
    result = run(kernel, inputs, schedules=3, seed=7)
    assert len(bits | {result.outputs["o"].tobytes()}) == 1 and result.seed == 9


def test_strides_and_outputs_of_the_caller(kernel):
    q, k, v = random_inputs(2)
    bshd = numpy.ascontiguousarray(q.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
    padded = numpy.full((1, 1, 90, 72), numpy.nan, numpy.float16)
    padded[..., :64] = k
    memory = numpy.full((1, 2, 70, 72), 7, numpy.float16)
    result = girih.simulate(kernel, {"q": bshd, "k": padded[..., :64], "v": v, "o": memory[..., :64]})
    assert numpy.abs(memory[..., :64] - attention(q, k, v, causal=True)[0]).max() < 2e-3
    assert (memory[..., 64:] == 7).all() and result.outputs["o"].base is memory


def test_lengths_of_sequences():
    """Beyond them nothing is seen, not even NaN, and nothing is written."""
    problem = girih.Problem(64, dtype="f16", mask="causal", lse=True, query_lengths=True, key_lengths=True)
    kernel = girih.compile(problem, target=TARGET)
    q, k, v = (numpy.concatenate(arrays) for arrays in zip(*map(random_inputs, range(3))))
    queries, keys = numpy.array([40, 0, 70], numpy.int32), numpy.array([30, 90, 0], numpy.int32)
    for b in range(3):
        k[b, :, keys[b]:] = v[b, :, keys[b]:] = q[b, :, queries[b]:] = numpy.nan
    result = girih.simulate(kernel, {"q": q, "k": k, "v": v, "query_lengths": queries, "key_lengths": keys}, check=True)
    assert result.ok, result.verdicts
    o, lse = result.outputs["o"], result.outputs["lse"]
    expected = attention(q[:1, :, :40], k[:1, :, :30], v[:1, :, :30], causal=True)
    assert numpy.abs(o[:1, :, 10:40] - expected[0][:, :, 10:]).max() < 2e-3
    assert numpy.abs(lse[:1, :, 10:40] - expected[1][:, :, 10:]).max() < 2e-3
    assert (o[0, :, :10] == 0).all() and (o[2] == 0).all() and (lse[2] == -numpy.inf).all()
    assert numpy.isnan(o[0, :, 40:]).all() and numpy.isnan(o[1]).all() and numpy.isnan(lse[1]).all()
    with pytest.raises(ValueError, match="'key_lengths' is i64 when it should be i32"):
        girih.simulate(kernel, {"q": q, "k": k, "v": v, "query_lengths": queries, "key_lengths": keys.astype(numpy.int64)})


def test_keys_in_parts():
    """The second part's kernel takes in what the first one's gave: together they are attention to all keys."""
    q, k, v = random_inputs()
    results = {}
    for merges, part in ((False, slice(40)), (True, slice(40, None))):
        kernel = girih.compile(girih.Problem(64, dtype="f16", lse=True, merge=merges), target=TARGET)
        given = {"q": q, "k": k[:, :, part], "v": v[:, :, part], **results}
        outputs = girih.simulate(kernel, given, check=True).raise_for_verdicts().outputs
        results = {"partial_o": outputs["o"], "partial_lse": outputs["lse"]}
    expected = attention(q, k, v)
    assert numpy.abs(outputs["o"] - expected[0]).max() < 3e-3 and numpy.abs(outputs["lse"] - expected[1]).max() < 2e-3


def philox(key, counter):
    """Philox 4x32-10 of arrays."""
    key, counter = [word + numpy.zeros_like(counter[0]) for word in key], list(counter)
    low = numpy.uint64(0xffffffff)
    for _ in range(10):
        products = [counter[2 * i] * numpy.uint64(factor) for i, factor in enumerate((0xD2511F53, 0xCD9E8D57))]
        counter = [products[1] >> 32 ^ counter[1] ^ key[0], products[1] & low, products[0] >> 32 ^ counter[3] ^ key[1],
                   products[0] & low]
        key = [key[0] + 0x9E3779B9 & low, key[1] + 0xBB67AE85 & low]
    return counter


def kept(seed, offset, probability, shape):
    """Which weights [b, h, q, k] dropout keeps, as docs/attention.md says it."""
    key = (seed + offset * 0x9E3779B97F4A7C15) % 2**64
    b, h, q, k = (x.astype(numpy.uint64) for x in numpy.indices(shape))
    words = philox([numpy.uint64(key & 0xffffffff), numpy.uint64(key >> 32)], [k // 32 * 4 + k % 8 // 2, q, h, b])
    word = numpy.choose((k // 8 % 4).astype(int), words)
    return (word >> k % 2 * 16 & 0xffff) >= round(probability * 65536)


def test_dropout():
    """Written a third time. V is the unit matrix, so that the output is the weights."""
    kernel = girih.compile(girih.Problem(64, dtype="f16", lse=True, dropout=0.3), target=TARGET)
    q, k, _ = random_inputs(5, sq=70, skv=60)
    v = numpy.zeros((*k.shape[:3], 64), numpy.float16)
    v[..., range(60), range(60)] = 1
    seed, offset = 0xfedcba9876543210, 3
    arrays = {"q": q, "k": k, "v": v, "dropout_state": girih.dropout_state(seed, offset)}
    result = girih.simulate(kernel, arrays, check=True)
    assert result.ok, result.verdicts
    weights, lse = attention(q, k, v)
    keeps = kept(seed, offset, 0.3, (*q.shape[:3], 60))
    expected = numpy.where(keeps, weights[..., :60] / 0.7, 0)
    assert numpy.abs(result.outputs["o"][..., :60] - expected).max() < 2e-3 and 0.68 < keeps.mean() < 0.72
    assert numpy.abs(result.outputs["lse"] - lse).max() < 2e-3
    assert "dropout" not in str(girih.Problem(64, dropout=0)) and "dropout=0.3" in str(girih.Problem(64, dropout=0.3))
    with pytest.raises(ValueError, match="the offset of dropout_state is 1.5 when it should be a whole number of 64 bits"):
        girih.dropout_state(1, 1.5)


def test_packed_sequences_with_sinks():
    """Each is as if it were alone; what none of them has stays as it was."""
    kernel = girih.compile(girih.Problem(64, dtype="f16", mask="causal", lse=True, packed=True, sink=True), target=TARGET)
    q, k, v = random_inputs(4, sq=200, skv=250)
    queries, keys = numpy.array([0, 70, 70, 71, 190], numpy.int32), numpy.array([0, 100, 130, 130, 250], numpy.int32)
    sinks = numpy.array([0.5, -2], numpy.float32)
    arrays = {"q": q, "k": k, "v": v, "query_starts": queries, "key_starts": keys, "sinks": sinks}
    result = girih.simulate(kernel, arrays, check=True)
    assert result.ok, result.verdicts
    o, lse = result.outputs["o"], result.outputs["lse"]
    for n in (0, 3):
        rows, columns = slice(queries[n], queries[n + 1]), slice(keys[n], keys[n + 1])
        alone = attention(q[:, :, rows], k[:, :, columns], v[:, :, columns], causal=True)
        joined = numpy.logaddexp(alone[1], sinks[None, :, None])
        assert numpy.abs(lse[:, :, rows] - joined).max() < 2e-3
        assert numpy.abs(o[:, :, rows] - alone[0] * numpy.exp(alone[1] - joined)[..., None]).max() < 2e-3
    assert (o[:, :, 70] == 0).all() and numpy.abs(lse[:, :, 70] - sinks).max() < 1e-5
    assert numpy.isnan(o[:, :, 190:]).all() and numpy.isnan(lse[:, :, 190:]).all()


def test_descales():
    """Numbers and arrays are as if the tensors had been multiplied before."""
    kernel = girih.compile(girih.Problem(64, dtype="f16", lse=True, q_descale="tensor", k_descale="head", v_descale="head"),
                           target=TARGET)
    q, k, v = random_inputs(5, b=2, h=4, hkv=2)
    of_keys, of_values = numpy.array([[0.5, 2], [1, 0.25]], numpy.float32), numpy.array([[3, 1], [0.5, 2]], numpy.float32)
    arrays = {"q": q, "k": k, "v": v, "k_descale": of_keys, "v_descale": of_values}
    result = girih.simulate(kernel, arrays, scalars={"q_descale": 1.5}, check=True)
    assert result.ok, result.verdicts
    expected = attention(1.5 * q.astype(numpy.float64), k * of_keys[..., None, None], v * of_values[..., None, None])
    assert numpy.abs(result.outputs["o"] - expected[0]).max() < 4e-3
    assert numpy.abs(result.outputs["lse"] - expected[1]).max() < 2e-3
    with pytest.raises(girih.Error, match="q_descale is 'row', must be one of tensor head"):
        girih.compile(girih.Problem(64, q_descale="row"), target=TARGET)


def test_bf16_by_dlpack():
    kernel = girih.compile(girih.Problem(64), target=TARGET)
    inputs = [to_bf16(array) for array in random_inputs(3)]
    o = numpy.zeros((1, 2, 70, 64), numpy.uint16)
    arrays = {name: Fake(array, device=(1, 0)) for name, array in zip("qkvo", (*inputs, o))}
    assert girih.simulate(kernel, arrays).ok
    assert numpy.abs(from_bf16(o) - attention(*map(from_bf16, inputs))[0]).max() < 1e-2


def test_a_fault_is_a_verdict(kernel):
    result = run(kernel, random_inputs(), instruction_limit=5)
    assert not result.ok and result.verdicts[0].message in str(result.verdicts[0])
    with pytest.raises(girih.Error):
        result.raise_for_verdicts()


def test_fault_in_a_kernel_that_was_broken(kernel):
    """A wait that is taken out of the PTX is found, with its line and its warp."""
    lines = kernel.ptx.splitlines(keepends=True)
    lines[next(index for index, line in enumerate(lines) if "wgmma.wait_group" in line)] = "\n"
    broken = kernel.with_ptx("".join(lines))
    assert broken.cubin == b"" and broken.tensors == kernel.tensors
    result = run(broken, random_inputs(), schedule="late")
    assert not result.ok and result.verdicts[0].line > 0 and "warp" in result.verdicts[0].agent


def test_timeline(kernel):
    picture = run(kernel, random_inputs(), trace=True).timeline()._repr_html_()
    assert picture.startswith("<svg") and "warp 0 (load 0)" in picture and picture.count("<rect") > 20
    assert xml.etree.ElementTree.fromstring(picture) is not None
    with pytest.raises(girih.Error, match="simulate with trace=True"):
        run(kernel, random_inputs()).timeline()
    with pytest.raises(ValueError, match="nothing is traced of CTA 99"):
        run(kernel, random_inputs(), trace=True).timeline(99)


def test_ptx_of_another_kernel(kernel):
    with pytest.raises(girih.Error, match="its hash is"):
        girih.Kernel.from_parts(json.dumps(kernel.manifest).encode(), b"other", b"")


def refusals(kernel):
    q, k, v = random_inputs()
    yield ValueError, {"q": q, "k": k}, "the array 'v' is missing"
    yield ValueError, {"q": q, "k": k, "v": v, "w": v}, "has no tensor 'w'; it has q, k, v, o, lse"
    yield ValueError, {"q": q[0], "k": k, "v": v}, "'q' has 3 dimensions when it should have 4"
    yield ValueError, {"q": q, "k": k[..., :32], "v": v}, "dimension 3 of 'k' is 32 when d is 64 by the kernel"
    yield ValueError, {"q": q, "k": k, "v": v[:, :, :5]}, "dimension 2 of 'v' is 5 when skv is 90"
    yield ValueError, {"q": q[:, :, ::-1], "k": k, "v": v}, "stride 2 of 'q' is -64 when it should not be negative"
    yield ValueError, {"q": numpy.asfortranarray(q), "k": k, "v": v}, "stride"
    yield ValueError, {"q": q, "k": k[:, :, :0], "v": v[:, :, :0]}, "size 'skv' is 0 when it should be"
    yield ValueError, {"q": q[:, :, :0], "k": k, "v": v}, "size 'sq' is 0"
    yield ValueError, {"q": q.repeat(3, 1)[:, :3], "k": k.repeat(2, 1), "v": v.repeat(2, 1)}, "multiple of hkv"
    yield TypeError, {"q": q.astype(numpy.float64), "k": k, "v": v}, "must be bf16, f16, f32, e4m3 or e5m2"
    yield ValueError, {"q": q.astype(numpy.float32), "k": k, "v": v}, "'q' is f32 when it should be f16"
    yield TypeError, {"q": q, "k": k, "v": "text"}, "no array"
    yield TypeError, {"q": q, "k": k, "v": Fake(v, "f16")}, "host memory"
    locked = numpy.zeros_like(q)
    locked.flags.writeable = False
    yield TypeError, {"q": q, "k": k, "v": v, "o": locked}, "no array that can be written"


@pytest.mark.parametrize("index", range(15))
def test_what_does_not_fit(kernel, index):
    kind, arrays, message = list(refusals(kernel))[index]
    with pytest.raises(kind, match=message):
        girih.simulate(kernel, arrays)


def test_wrong_options(kernel):
    with pytest.raises(ValueError, match="schedule is 'lazy', must be one of deterministic random late early"):
        run(kernel, random_inputs(), schedule="lazy")
    with pytest.raises(ValueError, match="schedules is 0"):
        run(kernel, random_inputs(), schedules=0)
    with pytest.raises(TypeError):
        run(kernel, random_inputs(), seed=-1)
