"""Runs in a process of its own: calls with PyTorch's tensors by chance, on the GPUs that there are, and what may come of them.
On the driver that runs on the CPU, calls find kernels that are known, which do nothing.

    fuzz_torch.py SEED COUNT
"""
import sys

import fake_gpu
import torch
from fuzz_api import ALLOWED, Fuzzer, run

import girih
from girih import _girih, _torch
from girih.flash_attn import flash_attn_func, flash_attn_varlen_func
from girih.torch import attention, flex_attention, scaled_dot_product_attention

DEVICES = ["meta", "cpu"] + [f"cuda:{i}" for i in range(min(torch.cuda.device_count(), 2))]


class Known(dict):
    """In the place of the kernels that calls find: for tensors in host memory."""

    def __init__(self):
        self.kernels = {}
        rule, _ = _girih.schedule_rule(str(girih.Problem(128)), "", "sm_90a")
        q, k, v = (torch.from_numpy(array.array).view(torch.bfloat16) for array in fake_gpu.inputs())
        for lse in (True, False):
            loaded, _ = _girih.load(fake_gpu.fake_kernel("nothing", lse)._handle, 0)
            self.kernels[lse] = _torch._new_kernels(needs_heads=False, device_type=1)
            self.kernels[lse].add(q, k, v, loaded, rule)

    def get(self, key):
        *_, lse, _, beside = key
        return None if beside else self.kernels[lse]


def freed(tensor):
    tensor.untyped_storage().resize_(0)
    return tensor


class TorchFuzzer(Fuzzer):
    def tensor(self, shape, device, dtype=torch.bfloat16):
        """One of that shape, or of nearly that shape, somewhere else, of another type, or in memory that is not dense."""
        chance = self.random
        change = chance.randrange(40)
        if change == 0:
            shape = shape[:chance.randrange(len(shape))]
        elif change < 5:
            shape = list(shape)
            shape[chance.randrange(len(shape))] = chance.choice([0, 1, 2, 5, 84])
        elif change == 5:
            dtype = chance.choice([torch.float16, torch.float32, torch.float64, torch.int32, torch.bool, torch.complex64, torch.float8_e5m2])
        elif change == 6:
            device = chance.choice(DEVICES)
        tensor = torch.zeros(shape, dtype=dtype, device=device)
        if change == 14 and tensor.dim() == 4 and tensor.numel() and tensor.device.type != "meta":
            return chance.choice([torch.Tensor.to_sparse, lambda x: torch.nested.as_nested_tensor(list(x))])(tensor)
        if change == 7 and tensor.dim() > 1:
            tensor = tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
        elif change == 8:
            tensor = torch.cat([tensor, tensor], -1)[..., :tensor.shape[-1]] if tensor.dim() else tensor
        elif change == 9:
            tensor = tensor.flatten()[:1].expand(tensor.shape) if tensor.numel() else tensor
        elif change == 10:
            tensor = tensor[1:] if tensor.dim() else tensor
        elif change == 11 and tensor.is_floating_point():
            tensor.requires_grad_()
        elif change == 12 and tensor.numel() and tensor.device.type != "meta":
            tensor = freed(tensor)
        elif change == 13:
            return chance.choice([None, 3, "q", [1.0]])
        return tensor

    def options(self, device, b, h, hkv):
        """Of ``attention``, one or two."""
        chance, integers = self.random, torch.int32
        makers = {
            "mask": lambda: chance.choice(["causal", "window(5,0)", "late", 3, lambda b, h, q, k: q >= k, lambda q, k: q]),
            "score": lambda: chance.choice(["softcap(5)", lambda s, b, h, q, k: s * 2, lambda *_: None, lambda s, *_: s if s > 0 else 0]),
            "scale": lambda: chance.choice([0.5, 0, -1.0, float("nan"), "x"]), "lse": lambda: True,
            "schedule": lambda: chance.choice([{"workers": 1}, {"rows": 100}, {"x": 1}, 3]),
            "out": lambda: self.tensor((b, h, 33, 128), device), "stream": lambda: chance.choice([None, "x", -1]),
            "key_lengths": lambda: self.tensor((b,), device, integers), "query_lengths": lambda: self.tensor((b,), device, integers),
            "query_starts": lambda: self.tensor((3,), device, integers), "key_starts": lambda: self.tensor((3,), device, integers),
            "sinks": lambda: self.tensor((h,), device, torch.float32), "v_descale": lambda: chance.choice(
                [0.5, 0, "x", self.tensor((b, hkv), device, torch.float32)]),
            "dropout_p": lambda: chance.choice([0.5, 1, "x"]), "dropout_state": lambda: chance.choice([3, (1, 2), "x", self.tensor((4,), device, integers)]),
            "partial_o": lambda: self.tensor((b, h, 33, 128), device), "partial_lse": lambda: self.tensor((b, h, 33), device, torch.float32),
            "kv_num_blocks": lambda: self.tensor((b, h, 1), device, integers), "kv_indices": lambda: self.tensor((b, h, 1, 1), device, integers),
            "block_size": lambda: chance.choice([128, (128, 64), 0, "x", (1, 2, 3)]),
        }
        names = self.random.sample(list(makers), self.random.choice([0, 0, 1, 1, 2]))
        return {name: makers[name]() for name in names}

    def call(self):
        chance = self.random
        device, b, (h, hkv) = chance.choice(DEVICES[-1:] * 9 + DEVICES), chance.choice([1, 2]), chance.choice([(1, 1), (4, 2), (3, 2)])
        q, k, v = (self.tensor(shape, device) for shape in ((b, h, 33, 128), (b, hkv, 40, 128), (b, hkv, 40, 128)))
        kind = chance.randrange(8)
        if kind == 0:
            return scaled_dot_product_attention(q, k, v, chance.choice([None, self.tensor((b, h, 33, 40), device)]), enable_gqa=True)
        if kind == 1:
            return flex_attention(q, k, v, chance.choice([None, lambda s, b, h, q, k: s, 3]), chance.choice([None, 3]), enable_gqa=True)
        if kind == 2:
            return flash_attn_func(q, k, v, window_size=chance.choice([(-1, -1), (5, 5), (1,), 3]), causal=chance.random() < 0.5)
        if kind == 3:
            packed = [self.tensor(shape, device) for shape in ((33, h, 128), (40, hkv, 128), (40, hkv, 128))]
            return flash_attn_varlen_func(*packed, *(self.tensor((3,), device, torch.int32) for _ in range(2)))
        return chance.choice([attention, girih.attention])(q, k, v, **self.options(device, b, h, hkv))

    def step(self):
        try:
            self.call()
        except (*ALLOWED, NotImplementedError) as error:
            return type(error).__name__
        except RuntimeError as error:  # PyTorch has no views of a tensor whose storage was freed
            if "setStorage" not in str(error):
                raise
            return "freed"
        return "ran"


if __name__ == "__main__":
    if not torch.cuda.is_available() and _girih.device_count()[0] == 1:
        _torch._kernels = Known()
    run(TorchFuzzer, *map(int, sys.argv[1:]))
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        x = torch.ones(1, 1, 33, 64, device="cuda", dtype=torch.bfloat16)
        assert (attention(x, x, x) == 1).all()  # the context is whole
