"""Runs in a process of its own: calls of the package with arguments by chance, and what may come of them.

    fuzz_api.py SEED COUNT
"""
import collections
import json
import random
import sys
import warnings

import numpy
from conftest import TARGET, Fake

import girih
from girih import _girih

ALLOWED = (TypeError, ValueError, girih.Error, MemoryError)


KERNELS = _girih.AttentionKernels(False, 2, (), list, list, list)


class Odd:
    """A producer of DLPack that goes wrong."""

    def __init__(self, result):
        self.result = result

    def __dlpack_device__(self):
        return self.result if isinstance(self.result, tuple) else (2, 0)

    def __dlpack__(self, **_):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def used_capsule():
    """One that has been read: its tensor is gone."""
    capsule = Fake(numpy.zeros((1, 1, 8, 64), numpy.uint16), device=(1, 0)).__dlpack__()
    _girih.describe(capsule)
    return capsule


class Fuzzer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kernel = girih.compile(girih.Problem(64, dtype="f16", lse=True), target=TARGET)
        self.manifest = json.dumps(self.kernel.manifest).encode()
        self.memory = numpy.zeros(1 << 18, numpy.float16)

    def array(self):
        """An array of host memory with any type, shape and strides that stay in it."""
        chance = self.random
        rank = chance.choice([4] * 6 + [0, 1, 3, 5])
        shape = tuple(chance.choice([0, 1, 1, 2, 2, 7, 64]) for _ in range(rank))
        if rank == 4 and chance.random() < 0.7:
            shape = (*shape[:3], 64)
        array = self.memory[:int(numpy.prod(shape))].reshape(shape)
        change = chance.randrange(9)
        if change == 0:
            array = array.astype(chance.choice(["f2", "f4", "f8", "i4", "?", "c8", "S3"]))
        elif change == 1 and rank:
            array = array[tuple(slice(None, None, chance.choice([-1, 2])) for _ in shape)]
        elif change == 2:
            array = array.T
        elif change == 3:
            array = array.copy()
            array.flags.writeable = False
        elif change == 4:
            array = array.astype(">f2")
        return array

    def value(self):
        chance = self.random
        return chance.choice([
            lambda: None, lambda: chance.choice([0, 1, -1, 64, 1 << 31, 1 << 64, -(1 << 70)]),
            lambda: chance.choice([0.0, -1.5, float("nan"), float("inf"), 1e300]),
            lambda: chance.choice(["", "none", "causal", "late", "sm_90a", "sm_100a", "d=64", "\0", "ü" * 9, "softcap(3)"]),
            lambda: chance.choice([b"", b"\xff\0", self.manifest]), lambda: [], lambda: {"q": 1}, lambda: (1, 2), object,
            self.array, self.array, self.array, lambda: Odd(used_capsule()), lambda: Odd(None), lambda: Odd(KeyError("no")),
            lambda: Odd((1, 2, 3)), lambda: Odd(("a", "b")), lambda: lambda *_: None, lambda: self.kernel,
            lambda: Fake(numpy.zeros((1, 1, 8, 64), numpy.uint16), chance.choice(["bf16", "f64"]),
                         (chance.choice([1, 2, 10, 99]), chance.choice([0, 1, -1]))),
        ])()

    def simulate(self):
        arrays = {name: self.array() for name in "qkv"}
        if self.random.random() < 0.3:
            q, kv = ((self.random.choice([1, 2]), self.random.choice([1, 2]), length, 64) for length in (5, 9))
            arrays = {"q": self.memory[:numpy.prod(q)].reshape(q)} | {
                name: self.memory[:numpy.prod(kv)].reshape(kv) for name in "kv"}
        for _ in range(self.random.randrange(2)):
            arrays[self.random.choice(["q", "k", "o", "lse", "x", 3])] = self.value()
        options = {name: self.value() for name in self.random.sample(
            ["schedule", "seed", "threads", "multiprocessors", "check", "trace"], self.random.randrange(2))}
        return girih.simulate(self.kernel, arrays, instruction_limit=300, **options)

    def attention(self):
        names = ["mask", "score", "scale", "lse", "schedule", "out", "stream", "query_lengths", "key_lengths", "query_starts",
                 "key_starts", "sinks", "q_descale", "k_descale", "v_descale", "dropout_p", "dropout_state", "partial_o",
                 "partial_lse", "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "block_size"]
        options = {name: self.value() for name in self.random.sample(names, self.random.randrange(1, 4))}
        return girih.attention(self.value(), self.value(), self.value(), **options)

    def damaged(self):
        """A kernel from parts of which some are wrong."""
        text = bytearray(self.manifest)
        for _ in range(self.random.randrange(3)):
            at = self.random.randrange(len(text))
            text[at:at + self.random.randrange(4)] = self.random.choice([b"", b"0", b"-9", b'"', b"null", b"[]", b"\xff"])
        kernel = girih.Kernel.from_parts(bytes(text), self.kernel.ptx.encode(), b"")
        shape = (1, 1, 5, 64)
        arrays = {tensor["name"]: self.memory[:320].reshape(shape) for tensor in kernel.tensors if not tensor["is_output"]}
        return girih.simulate(kernel, arrays, instruction_limit=300)

    def raw(self):
        """The extension's own functions, past what the package checks."""
        function = self.random.choice([
            _girih.describe, _girih.zeros, _girih.compile, _girih.optimize, _girih.kernel_from_parts, _girih.simulate,
            _girih.load, _girih.device_target, _girih.hash, self.kernel._handle.infer_shape, self.kernel._handle.text,
            _girih.AttentionKernels, KERNELS.launch, KERNELS.attend, KERNELS.add])
        return function(*(self.value() for _ in range(self.random.randrange(7))))

    def typed(self):
        """The same with arguments of the right types."""
        chance, handle = self.random, self.kernel._handle
        number = lambda: chance.choice([-1, 0, 1, 2, 7, 1 << 20, (1 << 31) - 1, -(1 << 31)])
        text = lambda: "".join(chance.choice("d=64,\0hbq?{}%\n\u00fc:") for _ in range(chance.randrange(9)))
        shape = lambda: tuple(chance.choice([0, 1, 5, 64, 1 << 40, -1]) for _ in range(chance.choice([4, 4, 3, 0, 9])))
        return chance.choice([
            lambda: _girih.zeros([abs(number()) for _ in range(chance.randrange(3))], number()),
            lambda: handle.infer_shape([chance.choice([None, shape()]) for _ in range(chance.choice([5, 5, 4, 20]))],
                                       abs(number())),
            lambda: handle.text(number()), lambda: handle.bytes(number()), lambda: _girih.device_target(number()),
            lambda: _girih.load(handle, number()), lambda: _girih.describe(self.array()), lambda: _girih.hash(text().encode()),
            lambda: _girih.optimize(text(), text(), text()),
            lambda: _girih.compile(text(), chance.random() < 0.5, text(), text(), text(), text(), False, False, text()),
            lambda: _girih.simulate(handle, [self.array() for _ in range(chance.randrange(7))], "late", abs(number()), 1,
                                    abs(number()), 300, True, False),
        ])()

    def words(self):
        function = self.random.choice([girih.trace, girih.optimize, girih.Kernel.load, girih.Kernel.from_parts,
                                       lambda *given: girih.compile(given[0], target="sm_1"),
                                       lambda *given: girih.compile(girih.Problem(*given), target="sm_1"),
                                       self.kernel.ir, self.kernel.with_ptx])
        return function(*(self.value() for _ in range(self.random.randrange(1, 4))))

    def step(self):
        kind = self.random.choice([self.simulate, self.attention, self.damaged, self.raw, self.typed, self.words])
        try:
            kind()
        except ALLOWED as error:
            return kind.__name__, type(error).__name__
        except KeyError as error:  # a phase that is none, or what a producer raises
            if error.args[0] != "no" and kind != self.words:
                raise
        except OSError:
            if kind != self.words:
                raise
        return kind.__name__, "ran"


def run(kind, seed, count):
    warnings.simplefilter("ignore")
    outcomes = collections.Counter()
    fuzzer = kind(seed)
    for number in range(count):
        state = fuzzer.random.getstate()
        try:
            outcomes[fuzzer.step()] += 1
        except BaseException:
            print(f"seed {seed}, call {number}, {hash(state)}", file=sys.stderr)
            raise
    print(dict(sorted(outcomes.items())))


if __name__ == "__main__":
    run(Fuzzer, *map(int, sys.argv[1:]))
