"""JAX on a GPU: results beside float64, under jit, vmap, loops of XLA, and beside other work of the device.

Not run by default: python -m pytest python_bindings/tests/on_gpu_jax.py
"""
import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # room for the frameworks of other tests

import numpy  # noqa: E402
import pytest  # noqa: E402

import girih  # noqa: E402

jax = pytest.importorskip("jax")
jnp = jax.numpy
if jax.default_backend() != "gpu":
    pytest.skip("no GPU", allow_module_level=True)

from girih.jax import attention  # noqa: E402


def inputs(b=2, h=4, hkv=2, sq=250, skv=333, d=128, dtype="bfloat16", seed=0):
    make = numpy.random.default_rng(seed).standard_normal
    return [jnp.asarray(make(shape), dtype) for shape in ((b, h, sq, d), (b, hkv, skv, d), (b, hkv, skv, d))]


def reference(q, k, v, causal=False, score=lambda s, b, h, i, j: s):
    """o and lse in float64."""
    q, k, v = (numpy.asarray(x.astype("float32"), numpy.float64) for x in (q, k, v))
    k, v = (x.repeat(q.shape[1] // x.shape[1], 1) for x in (k, v))
    s = q @ k.swapaxes(2, 3) / numpy.sqrt(q.shape[3])
    s = score(s, *numpy.ogrid[tuple(map(slice, s.shape))])
    if causal:
        s = numpy.where(numpy.tri(*s.shape[2:], s.shape[3] - s.shape[2], dtype=bool), s, -numpy.inf)
    p = numpy.exp(s - s.max(3, keepdims=True))
    return (p / p.sum(3, keepdims=True)) @ v, numpy.log(p.sum(3)) + s.max(3)


def off(found, expected):
    return numpy.abs(numpy.asarray(found.astype("float32"), numpy.float64) - expected).max()


@pytest.mark.parametrize("dtype, tolerance", [("bfloat16", 2e-2), ("float16", 3e-3)])
@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("d", [64, 128, 256])
def test_sizes(dtype, tolerance, mask, d):
    for sq, skv in ((1, 1), (250, 333), (1024, 1024)):
        q, k, v = inputs(sq=sq, skv=skv, d=d, dtype=dtype)
        expected = reference(q, k, v, mask == "causal")
        o, lse = jax.jit(lambda *x: attention(*x, mask=mask, lse=True))(q, k, v)
        assert o.dtype == dtype and off(o, expected[0]) < tolerance and off(lse, expected[1]) < 2e-3
        assert (attention(q, k, v, mask=mask) == o).all()  # without jit, and without lse


def test_vmap():
    q, k, v = inputs(b=3)
    whole = attention(q, k, v, mask="causal")
    one = lambda q, k, v: attention(q[None], k[None], v[None], mask="causal")[0]
    assert (jax.jit(jax.vmap(one))(q, k, v) == whole).all()
    shared = jax.vmap(one, in_axes=(0, None, None))(q, k[0], v[0])
    assert off(shared, reference(q, k[:1].repeat(3, 0), v[:1].repeat(3, 0), True)[0]) < 2e-2


@pytest.mark.parametrize("score", [lambda s, b, h, i, j: s + 0.1 * (h + 1) * (j - i), lambda s, b, h, i, j: 2 * girih.math.tanh(s / 2)])
def test_score_functions(score):
    q, k, v = inputs()
    on_numbers = score if score(0.0, 0, 0, 0, 1) else lambda s, *_: 2 * numpy.tanh(s / 2)
    assert off(jax.jit(lambda *x: attention(*x, score=score))(q, k, v), reference(q, k, v, score=on_numbers)[0]) < 2e-2


def test_mask_functions():
    q, k, v = inputs(sq=300, skv=300)
    found = jax.jit(lambda *x: attention(*x, mask=lambda b, h, i, j: (j <= i) & (i - j < 100)))(q, k, v)
    hide = lambda s, b, h, i, j: numpy.where((j <= i) & (i - j < 100), s, -numpy.inf)
    assert off(found, reference(q, k, v, score=hide)[0]) < 2e-2
    assert (attention(q, k, v, mask="window(99,0)") == found).all()


def test_captured_arrays():
    """Of the enclosing jit, mapped by vmap and not, and numbers."""
    q, k, v = inputs(sq=300, skv=300)
    random = numpy.random.default_rng(1)
    tables, factor = random.standard_normal((2, 599)).astype(numpy.float32), numpy.float32(0.5)
    documents = jnp.asarray(numpy.arange(300) // 70, jnp.int32)

    def functions(capture, table):
        table, ids = capture(table), capture(documents)
        return (lambda s, b, h, i, j: s * factor + table[j - i + 299]), (lambda b, h, i, j: (ids[i] == ids[j]) & (j <= i))

    @jax.jit
    def attend(q, k, v, table):
        score, mask = functions(girih.capture, table * 2)
        return attention(q, k, v, score=score, mask=mask)

    def expected(q, k, v, table):
        score, mask = functions(numpy.asarray, table * 2)
        return reference(q, k, v, score=lambda s, *at: numpy.where(mask(*at), score(s, *at), -numpy.inf))[0]

    for table in tables:
        assert off(attend(q, k, v, table), expected(q, k, v, table)) < 2e-2
    assert attend._cache_size() == 1
    mapped = jax.jit(jax.vmap(lambda q, k, v, table: attend(q[None], k[None], v[None], table)[0]))(q, k, v, tables)
    for i in range(2):
        assert off(mapped[i], expected(q[i:i + 1], k[i:i + 1], v[i:i + 1], tables[i])[0]) < 2e-2
    one = lambda q, k, v: attend(q[None], k[None], v[None], tables[0])[0]
    assert off(jax.vmap(one, in_axes=(0, None, None))(q, k[0], v[0]),
               expected(q, k[:1].repeat(2, 0), v[:1].repeat(2, 0), tables[0])) < 2e-2


def test_lengths_sinks_and_descales():
    """By vmap and as a batch, in one launch each."""
    q, k, v = inputs(b=3)
    lengths, sinks = numpy.array([333, 1, 200], numpy.int32), numpy.array([0.5, -2, 1, 0], numpy.float32)
    descales = numpy.array([[0.5, 1], [2, 1.5], [1, 3]], numpy.float32)
    call = lambda q, k, v, n, x: attention(q, k, v, lse=True, key_lengths=n, sinks=sinks, v_descale=x, q_descale=0.5)
    o, lse = jax.jit(call)(q, k, v, lengths, descales)
    for i, n in enumerate(lengths):
        plain, of_keys = reference(q[i:i + 1] * 0.5, k[i:i + 1, :, :n], v[i:i + 1, :, :n])
        joined = numpy.logaddexp(of_keys, sinks[:, None])
        factor = numpy.exp(of_keys - joined) * descales[i].repeat(2)[:, None]
        assert off(o[i], (plain * factor[..., None])[0]) < 6e-2 and off(lse[i], joined[0]) < 2e-3
    one = lambda q, k, v, n, x: call(q[None], k[None], v[None], n[None], x[None])[0][0]
    assert (jax.jit(jax.vmap(one))(q, k, v, lengths, descales) == o).all()


def test_packed_sequences():
    q, k, v = inputs(b=1)
    queries, keys = jnp.array([0, 100, 100, 250], jnp.int32), jnp.array([0, 120, 130, 333], jnp.int32)
    o = jax.jit(lambda *x: attention(*x[:3], mask="causal", query_starts=x[3], key_starts=x[4]))(q, k, v, queries, keys)
    for i in (0, 2):
        rows, columns = slice(*queries[i:i + 2].tolist()), slice(*keys[i:i + 2].tolist())
        assert off(o[:, :, rows], reference(q[:, :, rows], k[:, :, columns], v[:, :, columns], True)[0]) < 2e-2


def test_inside_a_loop_of_xla():
    """Inputs and outputs are buffers that XLA uses again; the causal kernel counts its work in a workspace."""
    q, k, v = inputs(sq=512, skv=512)
    step = lambda o, _: (attention(o, k, v, mask="causal"), None)
    looped = jax.jit(lambda q: jax.lax.scan(step, q, length=20)[0])(q)
    for _ in range(20):
        q, _ = step(q, None)
    assert (looped == q).all()


def test_beside_other_work():
    """Fused with what comes before and after, many calls in flight."""
    q, k, v = inputs(sq=1024, skv=1024)
    function = jax.jit(lambda q, k, v: attention(jnp.sin(q), k * 2, v, mask="causal") @ jnp.ones((128, 8), q.dtype))
    expected = attention(jnp.sin(q), k * 2, v, mask="causal").astype("float32").sum(3)
    results = [function(q, k, v) for _ in range(50)]
    assert all((result == results[0]).all() for result in results)
    assert off(results[0][..., 0], numpy.asarray(expected)) < 0.3


def test_refusals():
    q, k, v = inputs(d=84)
    for call in (attention, jax.jit(attention)):
        with pytest.raises(girih.UnsupportedError, match="head size 84 is not supported"):
            call(q, k, v)
    with pytest.raises(ValueError, match="q is on the CPU"):
        attention(*(jax.device_put(x, jax.devices("cpu")[0]) for x in inputs()))
    with pytest.raises(NotImplementedError, match="no backward"):
        jax.grad(lambda q, k, v: attention(q, k, v).astype("float32").sum())(*inputs())
