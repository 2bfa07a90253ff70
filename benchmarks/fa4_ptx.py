#!/usr/bin/env python3
"""Writes the PTX of FlashAttention-4's forward kernel, or of its backward ones, bf16 and head size 128. No GPU is needed.

usage: VENV/bin/python benchmarks/fa4_ptx.py dense|pair|causal|hopper|hopper-causal FOLDER
       VENV/bin/python benchmarks/fa4_ptx.py backward|backward-pair|hopper-backward|hopper-backward-causal FOLDER

VENV is made as fa4_in_simulator.py says.
"""
import os
import sys

HEAD = 128
KERNELS = ("dense", "pair", "causal", "hopper", "hopper-causal")
BACKWARD = ("backward", "backward-pair", "hopper-backward", "hopper-backward-causal")


def chip_of(kernel):
    """The chip and its multiprocessors."""
    return ("sm_90a", 132) if kernel.startswith("hopper") else ("sm_100a", 148)


def write_ptx(kernel, folder):
    """FlashAttention reads its environment as it is imported, so a process makes one kernel."""
    chip, multiprocessors = chip_of(kernel)
    os.environ.update(FLASH_ATTENTION_ARCH=chip[:-1], CUTE_DSL_ARCH=chip, FLASH_ATTENTION_NUM_SMS=str(multiprocessors),
                      CUTE_DSL_KEEP="ptx", CUTE_DSL_DUMP_DIR=folder, CUTE_DSL_NO_CACHE="1")
    if kernel in ("dense", "backward"):
        os.environ["FA_DISABLE_2CTA"] = "1"
    sys.path += [f"{path}/nvidia_cutlass_dsl/dsl_packages" for path in sys.path if path.endswith("site-packages")]
    import cutlass.utils
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    # It would ask the driver.
    cutlass.utils.HardwareInfo.__init__ = lambda self, *_, **__: None
    cutlass.utils.HardwareInfo.get_device_multiprocessor_count = lambda self, *_, **__: multiprocessors
    from flash_attn.cute.interface import _flash_attn_bwd, _flash_attn_fwd
    with FakeTensorMode():
        q, k, v, out, gradient = (torch.empty(1, 512, 2, HEAD, dtype=torch.bfloat16, device="cuda") for _ in range(5))
        if kernel in BACKWARD:
            lse = torch.empty(1, 2, 512, dtype=torch.float32, device="cuda")
            _flash_attn_bwd(q, k, v, out, gradient, lse, causal="causal" in kernel)
        else:
            _flash_attn_fwd(q, k, v, causal="causal" in kernel, return_lse=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KERNELS + BACKWARD:
        sys.exit(__doc__)
    write_ptx(sys.argv[1], sys.argv[2])
