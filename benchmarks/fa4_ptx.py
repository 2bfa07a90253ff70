#!/usr/bin/env python3
"""Writes the PTX of FlashAttention-4's forward kernel for sm_100a, bf16 and head size 128. No GPU is needed.

usage: VENV/bin/python benchmarks/fa4_ptx.py dense|pair|causal FOLDER

VENV is made as fa4_in_simulator.py says.
"""
import os
import sys

HEAD = 128
MULTIPROCESSORS = 148


def write_ptx(kernel, folder):
    """FlashAttention reads its environment as it is imported, so a process makes one kernel."""
    os.environ.update(FLASH_ATTENTION_ARCH="sm_100", CUTE_DSL_ARCH="sm_100a", FLASH_ATTENTION_NUM_SMS=str(MULTIPROCESSORS),
                      CUTE_DSL_KEEP="ptx", CUTE_DSL_DUMP_DIR=folder, CUTE_DSL_NO_CACHE="1")
    if kernel == "dense":
        os.environ["FA_DISABLE_2CTA"] = "1"
    sys.path += [f"{path}/nvidia_cutlass_dsl/dsl_packages" for path in sys.path if path.endswith("site-packages")]
    import cutlass.utils
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    # It would ask the driver.
    cutlass.utils.HardwareInfo.__init__ = lambda self, *_, **__: None
    cutlass.utils.HardwareInfo.get_device_multiprocessor_count = lambda self, *_, **__: MULTIPROCESSORS
    from flash_attn.cute.interface import _flash_attn_fwd
    with FakeTensorMode():
        q, k, v = (torch.empty(1, 512, 2, HEAD, dtype=torch.bfloat16, device="cuda") for _ in range(3))
        _flash_attn_fwd(q, k, v, causal=kernel == "causal", return_lse=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("dense", "pair", "causal"):
        sys.exit(__doc__)
    write_ptx(sys.argv[1], sys.argv[2])
