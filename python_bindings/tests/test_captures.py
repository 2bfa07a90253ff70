"""Arrays and numbers that score and mask functions find outside: given to the kernel at launch."""
import numpy
import pytest
from conftest import TARGET, random_inputs

import girih
from girih import _traced


def reference(q, k, v, score=None, mask=None):
    """In float64, by the same functions on whole index arrays."""
    q, k, v = (array.astype(numpy.float64) for array in (q, k, v))
    b, h, i, j = numpy.ogrid[tuple(map(slice, (*q.shape[:3], k.shape[2])))]
    k, v = (numpy.repeat(array, q.shape[1] // k.shape[1], 1) for array in (k, v))
    s = q @ k.transpose(0, 1, 3, 2) / numpy.sqrt(q.shape[3])
    s = s if score is None else score(s, b, h, i, j)
    s = s if mask is None else numpy.where(mask(b, h, i, j), s, -numpy.inf)
    p = numpy.exp(s - numpy.maximum(s.max(-1, keepdims=True), -1e30))
    return numpy.nan_to_num(p @ v / p.sum(-1, keepdims=True))


def check(score=None, mask=None, **sizes):
    inputs = random_inputs(5, **sizes)
    problem = girih.Problem(inputs[0].shape[3], dtype="f16", score=score, mask=mask or "none")
    kernel = girih.compile(problem, target=TARGET)
    arrays, numbers = dict(zip("qkv", inputs)), {}
    for function in problem.functions:
        arrays |= function.arrays
        numbers |= function.numbers
    result = girih.simulate(kernel, arrays, scalars=numbers, check=True)
    assert result.ok, result.verdicts
    o = reference(*inputs, score, mask)
    assert numpy.abs(result.outputs["o"] - o).max() < 4e-3
    return kernel


def captured(array):
    return girih.capture(array)


def test_slopes_of_alibi():
    slopes = captured(numpy.array([0.5, 0.25], numpy.float32))
    kernel = check(lambda s, b, h, q, k: s + slopes[h] * (k - q))
    assert kernel.tensors[-1] == {"name": "score0", "dtype": "f32", "rank": 1, "is_output": False}


def test_documents():
    """Of FlexAttention's tutorial."""
    ids = captured(numpy.repeat(numpy.arange(5), [10, 1, 20, 30, 29]).astype(numpy.int32))

    def document_mask(b, h, q_idx, kv_idx):
        return (q_idx >= kv_idx) & (ids[q_idx] == ids[kv_idx])

    check(mask=document_mask, sq=90, skv=90)
    array = numpy.repeat(numpy.arange(3), 100).astype(numpy.int32)
    arrays = dict(zip("qkv", random_inputs(sq=300, skv=300))) | {"mask0": array}
    unsorted = girih.simulate(girih.compile(girih.Problem(64, dtype="f16", mask=document_mask), target=TARGET), arrays)
    ids = girih.capture(array, is_sorted=True)
    mask = girih.trace(document_mask, "mask")
    assert "attn.sorted" in str(mask)
    kernel = girih.compile(girih.Problem(64, dtype="f16", mask=mask), target=TARGET)
    skipping = girih.simulate(kernel, arrays)
    assert (skipping.outputs["o"] == unsorted.outputs["o"]).all()
    assert skipping.asynchronous_operations < unsorted.asynchronous_operations


def test_tables_of_every_type():
    random = numpy.random.default_rng(1)
    distances = captured(random.standard_normal(300).astype(numpy.float16))
    kinds = captured(random.integers(0, 3, 90))
    seen = captured(random.random((1, 90)) < 0.7)
    bias = captured(random.standard_normal((2, 70, 90)).astype(numpy.float32))

    def score(s, b, h, q, k):
        return s + distances[k - q + 150] + kinds[k] * 0.25 + bias[h, q, k]

    check(score, lambda b, h, q, k: seen[0, k] | (k == q))
    nested = captured(numpy.array([3, 1, 2], numpy.int32))
    check(lambda s, b, h, q, k: s + nested[kinds[k]] * 0.5)


def test_numbers_at_launch():
    factor, limit = numpy.float32(0.5), numpy.array(20, numpy.int32)
    kernel = check(lambda s, b, h, q, k: s * factor, lambda b, h, q, k: q - k < limit)
    assert kernel.scalars == (("mask0", "i32"), ("score0", "f32"))


def test_one_trace_for_all_values(monkeypatch):
    def made(table, factor):
        table = girih.capture(table)
        return lambda s, b, h, q, k: s * factor + table[k - q]

    calls = []
    monkeypatch.setattr(_traced, "trace", lambda *arguments: calls.append(arguments) or girih.trace(*arguments))
    arrays = [numpy.full(8, value, numpy.float32) for value in (1, 2)]
    first, second = (_traced.traced(made(array, numpy.float32(i)), "score") for i, array in enumerate(arrays))
    assert len(calls) == 1 and first == second
    assert first.arrays["score1"] is arrays[0] and second.arrays["score1"] is arrays[1]
    assert first.numbers == {"score0": 0.0} and second.numbers == {"score0": 1.0}
    # Another type, or one array in the place of two, is another trace.
    _traced.traced(made(arrays[0].astype(numpy.float16), numpy.float32(0)), "score")
    assert len(calls) == 2


def test_views():
    table = captured(numpy.arange(12, dtype=numpy.float32).reshape(2, 6))
    whole = girih.trace(lambda s, b, h, q, k: s + table[h, k])
    assert whole == girih.trace(lambda s, b, h, q, k: s + table[h][k])
    last = girih.trace(lambda s, b, h, q, k: s + table[h][-1])
    assert "arith.constant 5 : index" in str(last)


@pytest.mark.parametrize("array, index, error, message", [
    (numpy.zeros((2, 3), numpy.float64), (0, 0), girih.UnsupportedError, "an array of float64 in a traced function"),
    (numpy.zeros((1,) * 5, numpy.float32), (0,) * 5, girih.UnsupportedError, "an array of 5 dimensions"),
    (numpy.zeros(3, numpy.float32), (0, 0), IndexError, "an array of 1 dimensions is indexed by 2 values"),
    (numpy.zeros((3, 2), numpy.float32), (0, 2), IndexError, "is indexed by 2: a traced index or a number inside"),
    (numpy.zeros((3, 2), numpy.float32), (0, slice(None)), IndexError, "is indexed by slice"),
])
def test_what_cannot_be(array, index, error, message):
    table = captured(array)
    with pytest.raises(error, match=message):
        girih.trace(lambda s, b, h, q, k: s + table[(k,) + index[1:]])


def test_mistakes():
    table = captured(numpy.zeros(4, numpy.float32))
    with pytest.raises(TypeError, match="an array is indexed by a traced f32, must be by an index"):
        girih.trace(lambda s, b, h, q, k: table[s])
    with pytest.raises(girih.UnsupportedError, match="an array of shape .4,. beside a traced value"):
        girih.trace(lambda s, b, h, q, k: s + table.array)
    factor = numpy.float32(2)
    kernel = girih.compile(girih.Problem(64, dtype="f16", score=lambda s, b, h, q, k: s * factor), target=TARGET)
    inputs = dict(zip("qkv", random_inputs()))
    with pytest.raises(ValueError, match="the scalar 'score0' is missing"):
        girih.simulate(kernel, inputs)
    with pytest.raises(ValueError, match="has no scalar 'x'; it has score0"):
        girih.simulate(kernel, inputs, scalars={"x": 1})
    with pytest.raises(TypeError, match="a int is no array"):
        girih.capture(3)
    with pytest.raises(TypeError, match="an array of float32 cannot be sorted here"):
        girih.capture(table.array, is_sorted=True)
