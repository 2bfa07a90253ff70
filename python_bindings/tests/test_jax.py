"""girih.jax without a GPU: the kernel in the simulator under jit and vmap, the call that XLA gets, and refusals."""
import numpy
import pytest
from conftest import attention as reference

import girih

jax = pytest.importorskip("jax")
jnp = jax.numpy

from girih.jax import attention  # noqa: E402


def inputs(b=2, h=4, hkv=2, sq=30, skv=40, d=64, dtype="float16"):
    make = numpy.random.default_rng(3).standard_normal
    return [jnp.asarray(make(shape), dtype) for shape in ((b, h, sq, d), (b, hkv, skv, d), (b, hkv, skv, d))]


def off(o, expected):
    return numpy.abs(numpy.asarray(o, numpy.float64) - expected).max()


@pytest.mark.parametrize("dtype, mask", [("float16", "none"), ("bfloat16", "causal")])
def test_under_jit(dtype, mask):
    q, k, v = inputs(dtype=dtype)
    o, lse = jax.jit(lambda q, k, v: attention(q * 2, k, v, mask=mask, lse=True, interpret=True))(q, k, v)
    expected = reference(*(numpy.asarray(x, numpy.float64) for x in (q * 2, k, v)), causal=mask == "causal")
    assert o.dtype == dtype and off(o, expected[0]) < 2e-2 and off(lse, expected[1]) < 2e-3


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_inputs_of_8_bits(dtype):
    q, k, v = (x.astype(dtype) for x in inputs(b=1))
    o = jax.jit(lambda *x: attention(*x, interpret=True))(q, k, v)
    assert o.dtype == jnp.bfloat16 and off(o, reference(*(numpy.asarray(x, numpy.float64) for x in (q, k, v)))[0]) < 5e-2


@pytest.mark.parametrize("dv", [128, 40])
def test_values_of_another_size(dv):
    q, k, _ = inputs()
    v = jnp.asarray(numpy.random.default_rng(4).standard_normal((*k.shape[:3], dv)), q.dtype)
    o, lse = jax.jit(lambda *x: attention(*x, lse=True, interpret=True))(q, k, v)
    expected = reference(*map(numpy.asarray, (q, k, v)))
    assert o.shape == (*q.shape[:3], dv) and off(o, expected[0]) < 3e-3 and off(lse, expected[1]) < 2e-3
    assert attention(q, k[:, :, :0], v[:, :, :0], interpret=True).shape == o.shape


def test_vmap_over_the_batch_and_more():
    q, k, v = inputs()
    expected = reference(*map(numpy.asarray, (q, k, v)))[0]
    one = lambda q, k, v: attention(q[None], k[None], v[None], interpret=True)[0]
    assert off(jax.vmap(one)(q, k, v), expected) < 3e-3
    shared = jax.jit(jax.vmap(one, in_axes=(0, None, None)))(q, k[0], v[0])
    assert off(shared, reference(*map(numpy.asarray, (q, k[:1].repeat(2, 0), v[:1].repeat(2, 0))))[0]) < 3e-3
    twice = jax.vmap(jax.vmap(one))(*(jnp.stack([x, x[::-1]]) for x in (q, k, v)))
    assert off(twice, numpy.stack([expected, expected[::-1]])) < 3e-3


def test_score_functions_see_their_own_batch():
    q, k, v = inputs()
    score = lambda s, b, h, i, j: s + b * (j - i) * 0.5
    mapped = jax.vmap(lambda q, k, v: attention(q[None], k[None], v[None], score=score, interpret=True)[0])(q, k, v)
    assert off(mapped, reference(*map(numpy.asarray, (q, k, v)))[0]) < 3e-3
    whole = attention(q, k, v, score=score, interpret=True)
    assert off(whole[0], mapped[0]) < 3e-3 < 0.1 < off(whole[1], mapped[1])
    capped = attention(q, k, v, score="softcap(1)+alibi", interpret=True)
    assert capped.shape == q.shape and off(capped, mapped) > 0.05


def on_whole_arrays(q, k, v, score=lambda s, *_: s, mask=None):
    """By the same functions, called with all indices at once."""
    q, k, v = (numpy.asarray(x, numpy.float64) for x in (q, k, v))
    k, v = (x.repeat(q.shape[1] // x.shape[1], 1) for x in (k, v))
    s = q @ k.swapaxes(2, 3) / q.shape[3] ** 0.5
    index = numpy.ogrid[tuple(map(slice, s.shape))]
    s = score(s, *index)
    p = numpy.exp(s if mask is None else numpy.where(mask(*index), s, -numpy.inf))
    return p / p.sum(3, keepdims=True) @ v


def test_captured_arrays_under_jit():
    """Those of the enclosing jit, of JAX and of NumPy from outside, and numbers."""
    slopes, factor, ids = jnp.array([0.5, 0.25, 2, 1]), numpy.float32(0.5), numpy.arange(40, dtype=numpy.int32) // 7
    near = girih.capture(ids, is_sorted=True)
    seen = jnp.asarray(numpy.random.default_rng(0).random((30, 40)) < 0.5)

    def functions(capture, bias, offset):
        slope, bias, seen_ = map(capture, (slopes, bias, seen))
        return (lambda s, b, h, q, k: s * factor + slope[h] * 0.1 + bias[h, q, k] + offset,
                lambda b, h, q, k: (near[q] == near[k]) | seen_[q, k])

    @jax.jit
    def attend(q, k, v, bias, offset):
        score, mask = functions(girih.capture, bias * 2, offset)
        return attention(q, k, v, score=score, mask=mask, interpret=True)

    q, k, v = inputs(b=1)
    for seed in range(2):
        bias = numpy.random.default_rng(seed).standard_normal((4, 30, 40)).astype(numpy.float32)
        score, mask = functions(numpy.asarray, bias * 2, 0.25)
        assert off(attend(q, k, v, bias, 0.25), on_whole_arrays(q, k, v, score, mask)) < 3e-3
    assert attend._cache_size() == 1
    eager = attention(q, k, v, score=functions(girih.capture, bias * 2, jnp.float32(0.25))[0], interpret=True)
    assert off(eager, on_whole_arrays(q, k, v, score)) < 3e-3


def test_captured_arrays_under_vmap():
    q, k, v = inputs(b=3)
    tables = numpy.random.default_rng(2).standard_normal((3, 70)).astype(numpy.float32)

    def one(q, k, v, table):
        table = girih.capture(table)
        return attention(q[None], k[None], v[None], score=lambda s, b, h, i, j: s + table[j - i + 29], interpret=True)[0]

    score = lambda table: lambda s, b, h, i, j: s + table[j - i + 29]
    expected = [on_whole_arrays(q[i:i + 1], k[i:i + 1], v[i:i + 1], score(tables[i]))[0] for i in range(3)]
    assert off(jax.jit(jax.vmap(one))(q, k, v, tables), numpy.stack(expected)) < 3e-3
    shared = jax.vmap(one, in_axes=(0, None, 0, None))(q, k[0], v, jnp.asarray(tables[1]))
    assert off(shared, on_whole_arrays(q, k[:1].repeat(3, 0), v, score(tables[1]))) < 3e-3
    crossed = jax.vmap(jax.vmap(one, in_axes=(0, 0, 0, None)), in_axes=(None, None, None, 0))(q, k, v, tables)
    assert off(crossed[2], on_whole_arrays(q, k, v, score(tables[2]))) < 3e-3
    nested = jax.vmap(jax.vmap(one, in_axes=(0, None, 0, None)), in_axes=(0, 0, None, None))(q[:2, None].repeat(3, 1), k[:2], v, tables[0])
    assert off(nested[1], on_whole_arrays(q[1:2].repeat(3, 0), k[1:2].repeat(3, 0), v, score(tables[0]))) < 3e-3


@pytest.mark.parametrize("function, kind, message", [
    (lambda s, b, h, i, j: s + jnp.zeros(4)[h], TypeError, "write girih.capture.array.*"),
    (lambda s, b, h, i, j: s + numpy.zeros(4)[h], TypeError, "write girih.capture.array.*"),
    (lambda s, b, h, i, j: jnp.tanh(s), TypeError, "no array: girih.math has functions of it"),
    (lambda s, b, h, i, j: s + girih.capture(numpy.zeros(4, numpy.int64))[h], TypeError, "int64 is captured, of which JAX makes int32"),
])
def test_what_functions_may_not_do(function, kind, message):
    with pytest.raises(kind, match=message):
        attention(*inputs(), score=function, interpret=True)


def off_rows(found, expected, queries):
    """The largest difference in rows that sequences have."""
    return max(off(o[:, :n], e[:, :n]) for o, e, n in zip(found, expected, queries))


def of_sequences(q, k, v, queries, keys, causal=False):
    """o and lse of padded sequences, each by itself."""
    found = [reference(*(numpy.asarray(x)[i:i + 1, :, :n] for x, n in zip((q, k, v), (m, n, n))), causal=causal)
             for i, (m, n) in enumerate(zip(queries, keys))]
    pad = lambda x: numpy.pad(x[0], [(0, 0), (0, q.shape[2] - x.shape[2])] + [(0, 0)] * (x.ndim - 3))
    return [numpy.stack([pad(result[i]) for result in found]) for i in range(2)]


def test_lengths():
    q, k, v = inputs(b=3)
    queries, keys = jnp.array([30, 7, 16], jnp.int32), jnp.array([40, 33, 16], jnp.int32)
    attend = jax.jit(lambda q, k, v, m, n: attention(q, k, v, mask="causal", lse=True, query_lengths=m, key_lengths=n, interpret=True))
    for m, n in ((queries, keys), (queries[::-1], keys[::-1])):
        expected = of_sequences(q, k, v, m, n, causal=True)
        o, lse = attend(q, k, v, m, n)
        assert off_rows(o, expected[0], m) < 3e-3 and off_rows(lse, expected[1], m) < 2e-3
    assert attend._cache_size() == 1
    expected = of_sequences(q, k, v, [30] * 3, [40, 33, 16])[0]
    assert off(attention(q, k, v, key_lengths=[40, 33, 16], interpret=True), expected) < 3e-3


def test_lengths_under_vmap():
    """They join the batch, or are one for all."""
    q, k, v = inputs(b=3)
    keys = numpy.array([40, 33, 16], numpy.int32)
    one = lambda q, k, v, n: attention(q[None], k[None], v[None], key_lengths=n[None], interpret=True)[0]
    expected = of_sequences(q, k, v, [30] * 3, keys)[0]
    assert off(jax.jit(jax.vmap(one))(q, k, v, keys), expected) < 3e-3
    shared = jax.vmap(one, in_axes=(0, 0, 0, None))(q, k, v, keys[1])
    assert off(shared, of_sequences(q, k, v, [30] * 3, [33] * 3)[0]) < 3e-3
    crossed = jax.vmap(jax.vmap(one, in_axes=(None, None, None, 0)), in_axes=(0, 0, 0, None))(q[:2], k[:2], v[:2], keys)
    assert off(crossed[1], of_sequences(*(x[1:2].repeat(3, 0) for x in (q, k, v)), [30] * 3, keys)[0]) < 3e-3
    pairs = jax.vmap(lambda *x: attention(*x[:3], key_lengths=x[3], interpret=True), in_axes=(0, 0, 0, None))
    twice = pairs(*(jnp.stack([x, x[::-1]]) for x in (q, k, v)), keys)
    assert off(twice[1], of_sequences(q[::-1], k[::-1], v[::-1], [30] * 3, keys)[0]) < 3e-3


def test_packed_sequences_with_sinks():
    (q, k, v), sinks = inputs(b=1, sq=90, skv=130), numpy.array([0.5, -2, 1, 0], numpy.float32)
    queries, keys = jnp.array([0, 33, 33, 90], jnp.int32), jnp.array([0, 40, 60, 130], jnp.int32)
    call = lambda q, k, v, s, t, w: attention(q, k, v, query_starts=s, key_starts=t, sinks=w, lse=True, interpret=True)

    def check(o, lse, q, k, v):
        for i in (0, 2):
            rows, columns = slice(*queries[i:i + 2].tolist()), slice(*keys[i:i + 2].tolist())
            alone = reference(*map(numpy.asarray, (q[:, :, rows], k[:, :, columns], v[:, :, columns])))
            joined = numpy.logaddexp(alone[1], sinks[None, :, None])
            assert off(o[:, :, rows], alone[0] * numpy.exp(alone[1] - joined)[..., None]) < 3e-3
            assert off(lse[:, :, rows], joined) < 2e-3

    check(*jax.jit(call)(q, k, v, queries, keys, sinks.astype("float16")), q, k, v)
    o, lse = jax.vmap(call, in_axes=(0, None, None, None, None, None))(jnp.stack([q, -q]), k, v, queries, keys, sinks)
    check(o[1], lse[1], -q, k, v)


def test_dropout():
    """Of a key, an array or numbers; under vmap as without it."""
    (q, k, v), key = inputs(b=2), jax.random.key(5)
    call = lambda q, k, v, state: attention(q, k, v, dropout_p=0.5, dropout_state=state, interpret=True)
    o = jax.jit(call)(q, k, v, key)
    words = jax.random.key_data(key)
    seed = int(words[0]) | int(words[1]) << 32
    assert off(o, attention(q, k, v, interpret=True)) > 0.1
    for state in (words, numpy.array([*words, 0, 0], numpy.uint32), seed, (seed, 0)):
        assert off(call(q, k, v, state), numpy.asarray(o)) == 0
    keys = jax.random.split(key)
    one = lambda q, k, v, state: call(q[None], k[None], v[None], state)[0]
    for state, axis in ((keys, 0), (key, None)):
        expected = numpy.stack([one(q[i], k[i], v[i], state[i] if axis == 0 else state) for i in range(2)])
        assert off(jax.vmap(one, in_axes=(0, 0, 0, axis))(q, k, v, state), expected) == 0
    with pytest.raises(TypeError, match="dropout_p needs a dropout_state"):
        call(q, k, v, None)
    with pytest.raises(ValueError, match="dropout_p is 1 when it should be from 0 to below 1"):
        attention(q, k, v, dropout_p=1, interpret=True)


def test_sinks_under_vmap():
    q, k, v = inputs()
    sinks = numpy.array([[0.5, -2, 1, 0], [3, 1, 2, -1]], numpy.float32)
    one = lambda q, k, v, w: attention(q[None], k[None], v[None], sinks=w, interpret=True)[0]
    o, lse = reference(*map(numpy.asarray, (q, k, v)))
    for given, axis in ((sinks, 0), (sinks[0], None)):
        weight = numpy.exp(lse - numpy.logaddexp(lse, given.reshape(-1, 4, 1)))[..., None]
        assert off(jax.vmap(one, in_axes=(0, 0, 0, axis))(q, k, v, given), o * weight) < 3e-3


def test_descales():
    q, k, v = inputs()
    of_keys, of_values = numpy.array([[0.5, 2], [1, 1.5]], numpy.float32), numpy.array([[1, 0.25], [2, 3]], numpy.float32)
    scaled = numpy.asarray(q) * 1.5, numpy.asarray(k) * of_keys[..., None, None], numpy.asarray(v) * of_values[..., None, None]
    expected = reference(*scaled)
    call = lambda q, k, v, x, y, z: attention(q, k, v, lse=True, q_descale=x, k_descale=y, v_descale=z, interpret=True)
    for x in (1.5, numpy.float32(1.5)):  # constants, and operands of one element
        o, lse = call(q, k, v, x, of_keys, of_values)
        assert off(o, expected[0]) < 1e-2 and off(lse, expected[1]) < 3e-3
    o, _ = jax.jit(call)(q, k, v, 1.5, of_keys, jnp.bfloat16(0.5))
    assert off(o, reference(*scaled[:2], numpy.asarray(v) * 0.5)[0]) < 1e-2
    one = lambda q, k, v, x, y, z: attention(q[None], k[None], v[None], q_descale=x, k_descale=y[None], v_descale=z[None], interpret=True)[0]
    assert off(jax.jit(jax.vmap(one, in_axes=(0, 0, 0, None, 0, 0)))(q, k, v, 1.5, of_keys, of_values), expected[0]) < 1e-2
    narrow = [x.astype("float8_e4m3fn") for x in (q, k, v)]
    o = jax.jit(lambda *x: attention(*x, k_descale=jnp.ones(1), v_descale=2.0, interpret=True))(*narrow)
    assert off(o, reference(*(numpy.asarray(x, numpy.float64) for x in narrow))[0] * 2) < 0.1


def test_keys_in_parts():
    q, k, v = inputs(b=2)

    def attend(q, k, v):
        first = attention(q, k[:, :, :16], v[:, :, :16], lse=True, interpret=True)
        return attention(q, k[:, :, 16:], v[:, :, 16:], lse=True, partial_o=first[0], partial_lse=first[1], interpret=True)

    expected = reference(q, k, v)
    o, lse = jax.jit(attend)(q, k, v)
    assert off(o, expected[0]) < 3e-3 and off(lse, expected[1]) < 2e-3
    mapped = jax.jit(jax.vmap(lambda *x: attend(*(y[None] for y in x))))(q, k, v)
    assert (mapped[0][:, 0] == o).all() and (mapped[1][:, 0] == lse).all()


@pytest.mark.parametrize("options, kind, message", [
    ({"partial_lse": numpy.zeros((2, 4, 30), numpy.float32)}, TypeError, "partial_o and partial_lse are given together or not at all"),
    ({"query_lengths": numpy.zeros(3, numpy.int32)}, ValueError, "dimension 0 of 'query_lengths' is 3 when b is 2 by dimension 0 of 'q'"),
    ({"key_lengths": numpy.ones(2, numpy.float32)}, ValueError, "'key_lengths' is f32 when it should be i32"),
    ({"key_lengths": numpy.ones(2, numpy.uint16)}, TypeError, "key_lengths has elements of uint16, which no kernel takes"),
    ({"key_lengths": numpy.ones((2, 1), numpy.int32)}, ValueError, "'key_lengths' has 2 dimensions when it should have 1"),
    ({"query_starts": numpy.zeros(3, numpy.int32)}, TypeError, "query_starts and key_starts are given together or not at all"),
    ({name: numpy.zeros(3, numpy.int32) for name in ("query_starts", "key_starts")}, ValueError, "dimension 0 of 'q' is 2 when b is 1 by the kernel"),
    ({"sinks": numpy.zeros(2, numpy.float32)}, ValueError, "dimension 0 of 'sinks' is 2 when h is 4 by the kernel"),
    ({"k_descale": 0}, ValueError, "k_descale is 0 when it should be positive and finite in float32"),
    ({"k_descale": 1e39}, ValueError, "k_descale is 1e[+]39 when it should be positive and finite in float32"),
    ({"v_descale": numpy.ones((2, 4), numpy.float32)}, ValueError, "dimension 1 of 'v_descale' is 4 when hkv is 2"),
    ({"key_lengths": numpy.zeros(2, numpy.int32), "keys": 0}, ValueError, "size 'skv' is 0 when it should be from 1"),
])
def test_refusals_of_what_is_beside(options, kind, message):
    q, k, v = inputs()
    keys = options.pop("keys", 40)
    for call in (attention, jax.jit(attention, static_argnames=("interpret", "k_descale"))):
        with pytest.raises(kind, match=message):
            call(q, k[:, :, :keys], v[:, :, :keys], **options, interpret=True)


def test_what_xla_gets():
    """For a GPU that is not there; a problem and its functions travel with the call."""
    shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inputs()]
    function = jax.jit(lambda q, k, v: attention(q, k, v, score=lambda s, b, h, i, j: s * 0.5, lse=True,
                                                 schedule={"workers": 1, "columns": 64}))
    text = function.trace(*shapes).lower(lowering_platforms=("cuda",)).as_text()
    assert "@girih_attention" in text and "b=?,h=4,hkv=2,sq=?,skv=?,d=64,dtype=f16,mask=none,lse=1,columns=64,workers=1" in text
    assert "arith.mulf" in text and "merges_batches = true" in text
    lengths = jax.ShapeDtypeStruct((2,), jnp.int32)
    function = jax.jit(lambda q, k, v, n: attention(q, k, v, key_lengths=n, sinks=numpy.zeros(4, numpy.float32), k_descale=0.5))
    text = function.trace(*shapes, lengths).lower(lowering_platforms=("cuda",)).as_text()
    assert "key_lengths=1,sink=1,k_descale=tensor" in text and "batched = dense<[1, 0]>" in text


def test_empty():
    q, k, v = inputs()
    o, lse = attention(q, k[:, :, :0], v[:, :, :0], lse=True, interpret=True)
    assert (o == 0).all() and (lse == -jnp.inf).all() and attention(q[:0], k[:0], v[:0], interpret=True).shape == (0, 4, 30, 64)


@pytest.mark.parametrize("change, kind, message", [
    (lambda q, k, v: (q[0], k, v), ValueError, "q has 3 dimensions when it should have 4"),
    (lambda q, k, v: (q.astype("float32"), k, v), TypeError, "q is float32 when it should be bfloat16 or float16"),
    (lambda q, k, v: (q, k.astype("bfloat16"), v), ValueError, "'k' is bf16 when it should be f16"),
    (lambda q, k, v: (q, k, v[:, :, :7]), ValueError, "dimension 2 of 'v' is 7 when skv is 40 by dimension 2 of 'k'"),
    (lambda q, k, v: (q, k[:1], v[:1]), ValueError, "dimension 0 of 'k' is 1 when b is 2 by dimension 0 of 'q'"),
    (lambda q, k, v: (q, k[..., :32], v), ValueError, "dimension 3 of 'k' is 32 when d is 64"),
    (lambda q, k, v: (q[:, :3], k, v), ValueError, "size 'h' is 3 when it should be a multiple of hkv, which is 2"),
    (lambda q, k, v: (q, k[:, :0], v[:, :0]), ValueError, "size 'hkv' is 0 when it should be from 1"),
    (lambda q, k, v: (q[..., :20], k[..., :20], v[..., :20]), girih.UnsupportedError, "head size 20 is not supported"),
])
def test_refusals(change, kind, message):
    given = change(*inputs())
    for call in (attention, jax.jit(attention, static_argnames="interpret")):
        with pytest.raises(kind, match=message):
            call(*given, interpret=True)


def test_on_the_cpu_and_backward():
    q, k, v = inputs()
    for call in (attention, girih.attention):
        with pytest.raises(ValueError, match="q is on the CPU: girih.attention runs on a GPU"):
            call(q, k, v)
    with pytest.raises(jax.errors.JaxRuntimeError, match="runs on a GPU; interpret=True executes"):
        jax.block_until_ready(jax.jit(attention)(q, k, v))
    with pytest.raises(TypeError, match="out and stream"):
        girih.attention(q, k, v, out=q)
    with pytest.raises(NotImplementedError, match="girih.jax.attention has no backward"):
        jax.grad(lambda q: attention(q, k, v, interpret=True).astype("float32").sum())(q)
