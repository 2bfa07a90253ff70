// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Shared memory, threads and registers that are not there, and sizes that the
// check does not follow.

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @launched_with_less() kernel attributes {tile.shared_bytes = 1024} {
    %full = tile.barriers "k_full" offset(0) : <2, arrivals = 1>
    // expected-error @below {{"k" ends at byte 17408 of shared memory, but the kernel is launched with 1024 (tile.shared_bytes)}}
    %buffer = tile.alloc "k" offset(1024) : <2 x !block>
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @launched_with_none() kernel {
    // expected-error @below {{"k_full" ends at byte 16 of shared memory, but the kernel is launched with 0 (tile.shared_bytes)}}
    %full = tile.barriers "k_full" offset(0) : <2, arrivals = 1>
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @overlap() kernel attributes {tile.shared_bytes = 17408} {
    %buffer = tile.alloc "k" offset(1024) : <2 x !block>
    // expected-error @below {{"v" starts at byte 9216 but "k" ends at byte 17408: the check of barriers needs them apart}}
    %other = tile.alloc "v" offset(9216) : <1 x !block>
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  // expected-error @below {{the kernel needs 262144 bytes of shared memory, sm_90a has 232448 (knobs rows, columns, workers and stages)}}
  gpu.func @more_than_the_chip_has() kernel attributes {tile.shared_bytes = 262144} {
    %buffer = tile.alloc "k" offset(0) : <32 x !block>
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  // expected-error @below {{the kernel needs 131072 bytes of shared memory, sm_90a has 115712 with knob ctas at 2}}
  gpu.func @more_than_its_share() kernel attributes {tile.shared_bytes = 131072, tile.schedule = #tile.schedule<ctas = 2>} {
    %buffer = tile.alloc "k" offset(0) : <16 x !block>
    gpu.return
  }
}

// -----

// setmaxnreg: who asks for registers that nobody gives back waits forever.
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  gpu.func @registers() kernel {
    tile.role "load" warps(4) registers(32) one_thread {
    }
    // expected-error @below {{the roles ask for 65536 registers, but 384 threads are launched with 64512, 168 each: the last to ask waits forever}}
    tile.role "compute" warps(8) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  gpu.func @registers_that_suffice() kernel {
    tile.role "load" warps(4) registers(24) one_thread {
    }
    tile.role "compute" warps(8) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @threads() kernel {
    tile.role "load" warps(4) registers(24) one_thread {
    }
    // expected-error @below {{the roles have 1152 threads, a CTA has at most 1024}}
    tile.role "compute" warps(32) registers(24) {
    }
    gpu.return
  }
}

// -----

// Sizes do not matter to the check, only what is left of them; where they would,
// it says so.
!rows = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @many_slots() kernel attributes {tile.shared_bytes = 5242880} {
    %a = tile.alloc "a" offset(0) : <1024 x !rows>
    %b = tile.alloc "b" offset(1048576) : <1024 x !rows>
    %c = tile.alloc "c" offset(2097152) : <1024 x !rows>
    %d = tile.alloc "d" offset(3145728) : <1024 x !rows>
    // expected-error @below {{with "e" the kernel has 5120 barriers and slots; the check of barriers follows up to 4096}}
    %e = tile.alloc "e" offset(4194304) : <1024 x !rows>
    gpu.return
  }
}

// -----

!rows = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  // expected-error @below {{the rings of this kernel are back at their start only after 514 rounds; barriers are checked for up to 512}}
  gpu.func @deep_ring() kernel attributes {tile.shared_bytes = 2056} {
    %x = tile.barriers "x" offset(0) : <257, arrivals = 1>
    gpu.return
  }
}

// -----

!rows = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @loops_in_loops() kernel attributes {tile.shared_bytes = 2048} {
    %x = tile.barriers "x" offset(0) : <256, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %many = arith.constant 1000000000000 : index
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %many step %c1 {
        scf.for %j = %c0 to %many step %c1 {
          // expected-error @below {{the check of barriers gives up in role "compute" worker 0 after 20000000 steps: loops run too often within each other}}
          scf.for %k = %c0 to %many step %c1 {
            tile.drain_stores
          }
        }
      }
    }
    gpu.return
  }
}

// -----

!rows = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @endless_loop() kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{role "compute" worker 0 runs a loop with step 0, must be at least 1}}
      scf.for %i = %c0 to %c1 step %c0 {
        tile.drain_stores
      }
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @parity(%n: index) kernel attributes {tile.shared_bytes = 8} {
    %full = tile.barriers "k_full" offset(0) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %true = arith.constant true
    %parity = arith.extsi %true : i1 to i32
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{role "compute" worker 0 waits for parity -1, must be 0 or 1}}
      tile.barrier_wait %full[%c0] parity(%parity) : <1, arrivals = 4>
    }
    gpu.return
  }
}
