"""Python functions as score regions: what is written down, what it computes, and what is refused."""
import functools

import numpy
import pytest
from conftest import TARGET, random_inputs

import girih
from girih import _traced
from girih import math as gm

CAP = 30.0


def softcap(s, b, h, q, k):
    return CAP * gm.tanh(s / CAP, approximate=True)


def alibi(s, b, h, q, k):
    return s + numpy.exp2(-(h + 1) * 4.0) * (k - q)


def documents(s, b, h, q, k):
    near = (q // 32 == k // 32) | ((q - k) % 3 != 0) & ~(q - k < -5) | ((k - q) // 7 == 2)
    return numpy.where(near, s * 2 - numpy.abs(q - k) * 0.01, -1e4)


def powers(s, b, h, q, k):
    return numpy.clip(numpy.maximum(s, 0.1) ** 3 - 0.5 ** s, -2, 2) * 2.0 ** (h / 4)


def conditions(s, b, h, q, k):
    """Of all scores of a tile, of those of a row, and of one."""
    some = (h == 1) | (q > 5) & (b == 0) & (k > 3)
    return numpy.where(some, s, -2) * (k > q) + numpy.minimum(h, 1) + numpy.where(q != k, 1, 0.5)


def test_text():
    assert str(girih.trace(softcap)) == """\
func.func @score(%s: f32, %b: index, %h: index, %q: index, %k: index) -> f32 {
  %0 = arith.constant 30.0 : f32
  %1 = arith.divf %s, %0 : f32
  %2 = math.tanh %1 fastmath<afn> : f32
  %3 = arith.mulf %0, %2 : f32
  return %3 : f32
}
"""
    same = girih.trace(lambda score, b, h, i, j: gm.tanh(score / 30, approximate=True) * 30.0)
    assert "arith.mulf %2, %0" in str(same) and same != girih.trace(softcap)
    assert girih.trace(softcap) == girih.trace(softcap) and girih.trace(girih.trace(softcap)) == girih.trace(softcap)


@pytest.mark.parametrize("text, function", [
    ("arith.constant 0xFF800000 : f32", lambda s, b, h, q, k: -numpy.inf),
    ("arith.constant 0x3727C5AC : f32", lambda s, b, h, q, k: 1e-5),
    ("arith.constant 0x7F800000 : f32", lambda s, b, h, q, k: 1e300),
    ("arith.constant 0.1 : f32", lambda s, b, h, q, k: numpy.array(0.1)),
    ("arith.divsi %q, %0 : index", lambda s, b, h, q, k: q // 8),
    ("arith.cmpi sge, %q, %k : index", lambda s, b, h, q, k: girih.where(k <= q, s, 0) + girih.where(q >= k, s, 0)),
    ("math.sin %s fastmath<afn> : f32", lambda s, b, h, q, k: gm.sin(s, approximate=True)),
    ("arith.sitofp", lambda s, b, h, q, k: q),
    ("arith.select", lambda s, b, h, q, k: (q > k) * s),
])
def test_ops(text, function):
    assert text in str(girih.trace(function))


@pytest.mark.parametrize("score", [softcap, alibi, documents, powers, conditions])
def test_results(score):
    kernel = girih.compile(girih.Problem(64, h=2, hkv=1, dtype="f16", score=score, schedule={"columns": 64}),
                           target=TARGET)
    q, k, v = random_inputs()
    result = girih.simulate(kernel, {"q": q, "k": k, "v": v}, check=True).raise_for_verdicts()
    q, k, v = (array.astype(numpy.float64) for array in (q, k, v))
    scores = q @ k.swapaxes(2, 3) / 8
    places = [numpy.arange(size).reshape([-1 if dim == other else 1 for other in range(4)])
              for dim, size in enumerate((1, 2, 70, 90))]
    scores = 30 * numpy.tanh(scores / 30) if score is softcap else score(scores, *places)
    weights = numpy.exp(scores - scores.max(3, keepdims=True))
    assert numpy.abs(weights @ v / weights.sum(3, keepdims=True) - result.outputs["o"]).max() < 3e-3


MASKS = {
    "causal_top_left": lambda b, h, q, k: k <= q,
    "window(20,5)": lambda b, h, q, k: (k >= q) & (k <= q + 25),  # there are 20 keys more than queries
    "documents": lambda b, h, q, k: (q // 32 == k // 32) | (h == 1) & (k < 20) & (q < 30),
    "of each": lambda b, h, q, k: (k % 2 == 0) & (q > k) & (numpy.abs(q - k) != 4),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks(name):
    """A row that sees nothing is among them."""
    mask = MASKS[name]
    kernel = girih.compile(girih.Problem(64, h=2, hkv=1, dtype="f16", mask=mask, score=lambda s, b, h, q, k: s * 2,
                                         lse=True), target=TARGET)
    q, k, v = random_inputs()
    outputs = girih.simulate(kernel, {"q": q, "k": k, "v": v}, check=True).raise_for_verdicts().outputs
    seen = mask(*numpy.ogrid[:1, :2, :70, :90])
    scores = numpy.where(seen, q.astype(numpy.float64) @ k.swapaxes(2, 3) / 4, -numpy.inf)
    weights = numpy.exp(scores - numpy.maximum(scores.max(3, keepdims=True), -1e30))
    total = weights.sum(3, keepdims=True)
    assert numpy.abs(weights @ v / numpy.maximum(total, 1e-300) - outputs["o"]).max() < 4e-3
    assert ((outputs["lse"] == -numpy.inf) == (total[..., 0] == 0)).all()
    if "(" in name or name.startswith("causal"):
        named = girih.compile(girih.Problem(64, h=2, hkv=1, dtype="f16", mask=name, score=lambda s, b, h, q, k: s * 2,
                                            lse=True), target=TARGET)
        other = girih.simulate(named, {"q": q, "k": k, "v": v}).outputs
        assert (other["o"] == outputs["o"]).all() and (other["lse"] == outputs["lse"]).all()


def test_masks_that_are_none():
    with pytest.raises(TypeError, match="the mask function returned a number when it should be a condition"):
        girih.trace(lambda b, h, q, k: q * 0.5, "mask")
    with pytest.raises(TypeError, match="returned an index when it should be a condition"):
        girih.trace(lambda b, h, q, k: q - k, "mask")
    with pytest.raises(ValueError, match="a score function is given where a mask function should be"):
        girih.Problem(64, mask=girih.trace(softcap))
    with pytest.raises(girih.CompileError, match="cannot be compiled in a mask region"):
        girih.compile(girih.Problem(64, mask=lambda b, h, q, k: q * 0.5 > k), target=TARGET)
    assert "arith.constant true" in str(girih.trace(lambda b, h, q, k: True, "mask"))


@pytest.mark.parametrize("message, function", [
    ("write girih.where", lambda s, b, h, q, k: s if q > k else 0),
    ("a & b", lambda s, b, h, q, k: girih.where(q > k and q < 5, s, 0)),
    ("<= x", lambda s, b, h, q, k: girih.where(0 < q < 5, s, 0)),
    ("girih.math", lambda s, b, h, q, k: __import__("math").tanh(s)),
    ("no number", lambda s, b, h, q, k: sum(range(q))),
    ("no elements", lambda s, b, h, q, k: s[0]),
    ("no elements", lambda s, b, h, q, k: [x for x in s]),
    ("str beside a traced value", lambda s, b, h, q, k: girih.where(q > k, s, "x")),
    ("unsupported operand", lambda s, b, h, q, k: s + "x"),
    ("returned None when it should be a number", lambda s, b, h, q, k: None),
    ("returned a condition when it should be a number", lambda s, b, h, q, k: q > k),
    ("positional arguments", lambda s, b, h: s),
    ("int is no score function", 3),
])
def test_what_cannot_be_traced(message, function):
    with pytest.raises(TypeError, match=message):
        girih.trace(function)


@pytest.mark.parametrize("message, function", [
    (r"array of shape \(4,\) beside a traced value", lambda s, b, h, q, k: s + numpy.zeros(4)),
    ("numpy.arctan2 cannot be traced", lambda s, b, h, q, k: numpy.arctan2(s, s)),
    ("numpy.add.reduce cannot be traced", lambda s, b, h, q, k: numpy.add.reduce(s)),
])
def test_what_is_not_supported(message, function):
    with pytest.raises(girih.UnsupportedError, match=message):
        girih.trace(function)


def test_the_compilers_refusal_is_at_the_python_line():
    def score(s, b, h, q, k):
        return s + numpy.floor(s)

    with pytest.raises(girih.CompileError, match=r"numpy.floor\(s\)") as caught:
        girih.compile(girih.Problem(64, score=score), target=TARGET)
    found = caught.value.diagnostics[0]
    assert found.file == __file__ and found.line == score.__code__.co_firstlineno + 1 and found.column > 1
    assert "'math.floor' op cannot be compiled in a score region" in found.message


def test_other_traces_and_division_by_zero():
    kept = []
    girih.trace(lambda s, b, h, q, k: kept.append(s) or s)
    with pytest.raises(ValueError, match="kept from another call"):
        girih.trace(lambda s, b, h, q, k: s + kept[0])
    with pytest.raises(ZeroDivisionError):
        girih.trace(lambda s, b, h, q, k: q // 0)
    with pytest.raises(ValueError, match="region is 'bias', must be one of score, mask"):
        girih.trace(softcap, "bias")


def test_names():
    line = str(girih.Problem(64, h=4, score="softcap(30)+alibi"))
    assert "score=softcap(30)+alibi" in line
    with pytest.raises(girih.CompileError, match="score is made for a number of heads, but h is ?"):
        girih.compile(girih.Problem(64, score="alibi"), target=TARGET)
    with pytest.raises(girih.CompileError, match="is given when the problem has a score already"):
        text = str(girih.trace(softcap))
        girih._errors.checked(*girih._girih.compile(str(girih.Problem(64, score="softcap(3)")), is_problem=True, target=TARGET,
                                            name=None, ptxas=None, source_name="", line_info=False, phases=False,
                                            functions=text))


def made(cap):
    return lambda s, b, h, q, k: cap * gm.tanh(s / cap)


class Model:
    cap = 5.0


def test_kept_traces(monkeypatch):
    """One trace for the same code and values; another as soon as anything that it reads is another."""
    calls = []
    monkeypatch.setattr(_traced, "trace", lambda *arguments: calls.append(arguments) or girih.trace(*arguments))
    first = _traced.traced(made(20), "score")
    assert _traced.traced(made(20), "score") is first and len(calls) == 1
    assert _traced.traced(made(20.0), "score") == first  # the constant is the same
    assert _traced.traced(made(30), "score") != first
    monkeypatch.setitem(globals(), "CAP", 29.0)
    changed = _traced.traced(softcap, "score")
    monkeypatch.setitem(globals(), "CAP", 30.0)
    assert changed != _traced.traced(softcap, "score")
    helper = lambda s: s * 2
    calling = lambda s, b, h, q, k: helper(s)
    two = _traced.traced(calling, "score")
    assert _traced.traced(calling, "score") is two
    helper = lambda s: s * 3
    assert _traced.traced(calling, "score") != two
    model = Model()
    function = lambda s, b, h, q, k: s * model.cap
    before = _traced.traced(function, "score")
    model.cap = 6.0
    assert before != _traced.traced(function, "score")
    bound = functools.partial(lambda factor, s, b, h, q, k: s * factor, 3)
    assert _traced.traced(bound, "score") == girih.trace(lambda s, b, h, q, k: s * 3)
