"""Runs in a process of its own: girih.jax by chance, and what may come of it.

    fuzz_jax.py SEED COUNT
"""
import sys

import jax
import jax.numpy as jnp
from fuzz_api import ALLOWED, Fuzzer, run

import girih
from girih import jax as girih_jax

TYPES = ["float16"] * 12 + ["bfloat16", "float32", "int32", "bool", "float8_e4m3fn", "complex64"]


class JaxFuzzer(Fuzzer):
    """Arrays that fit more often than not, one thing of them changed, run by the simulator under jit, vmap or neither."""

    def shape(self, right):
        """Most often as it should be."""
        change = self.random.randrange(40)
        if change == 0:
            return right[1:] if right else (1,)
        if change == 1:
            return (*right, self.random.choice([0, 1, 2]))
        if change == 2 and right:
            at = self.random.randrange(len(right))
            return (*right[:at], self.random.choice([0, 1, 3, 64]), *right[at + 1:])
        return right

    def made(self, right, types):
        return jnp.zeros(self.shape(right), self.random.choice(types))

    def beside(self, b, hkv):
        """Some of what goes beside q, k and v, and now and then anything at all."""
        chance = self.random
        integers, floats = ["int32"] * 12 + ["int8", "float32"], ["float32"] * 12 + ["float16", "int32"]
        makers = {"query_lengths": ((b,), integers), "key_lengths": ((b,), integers), "query_starts": ((3,), integers),
                  "key_starts": ((3,), integers), "sinks": ((2,), floats), "q_descale": ((b, hkv), floats),
                  "k_descale": ((1,), floats), "v_descale": ((b, hkv), floats)}
        names = chance.sample(sorted(makers), chance.choice([0, 0, 1, 2]))
        if names and "starts" in names[0]:
            names = ["query_starts", "key_starts"]
        return {name: self.value() if chance.random() < 0.1 else chance.choice([0.5, 0, -1]) if "descale" in name and chance.random() < 0.3
                else self.made(*makers[name]) for name in names}

    def call(self):
        chance = self.random
        b, hkv = chance.choice([1, 2]), chance.choice([1, 2])
        types = [chance.choice(TYPES)] if chance.random() < 0.8 else TYPES
        q, k, v = (self.made((b, h, rows, 16), types) for h, rows in ((2, 5), (hkv, 9), (hkv, 9)))
        table = self.made((9,), ["float32", "int32", "float16", "bool"])

        def by_table(s, b, h, q, k):
            return s + girih.capture(table)[k]

        options = {"mask": chance.choice(["none", "none", "causal", "window(2,0)", "late"]),
                   "score": chance.choice([None, None, "softcap(3)", by_table]), "lse": chance.random() < 0.3, "interpret": True}
        if chance.random() < 0.1:
            options[chance.choice(["mask", "score", "scale", "schedule", "interpret", "o", "lse"])] = self.value()
        beside = self.beside(b, hkv)
        attend = lambda q, k, v, beside: girih_jax.attention(q, k, v, **options, **beside)
        if (wrapped := chance.randrange(4)) == 0 and all(isinstance(x, jax.Array) for x in beside.values()):
            attend = jax.jit(attend)
        elif wrapped == 1:
            attend = jax.vmap(attend, in_axes=(0, chance.choice([0, None]), 0, None))
            q, k, v = (x[:, None] for x in (q, k, v))
        jax.block_until_ready(attend(q, k, v, beside))

    def anything(self):
        girih_jax.attention(self.value(), self.value(), self.value(), interpret=True)

    def step(self):
        try:
            self.random.choice([self.call, self.call, self.call, self.anything])()
        except (*ALLOWED, IndexError, KeyError, OverflowError) as error:  # of tables with too few dimensions, producers, jnp.asarray
            return type(error).__name__
        except jax.errors.JaxRuntimeError as error:
            # What a launch refuses, or the simulator finds: said by the package.
            if "INVALID_ARGUMENT" not in str(error):
                raise
            return "refused by the call"
        return "ran"


if __name__ == "__main__":
    run(JaxFuzzer, *map(int, sys.argv[1:]))
