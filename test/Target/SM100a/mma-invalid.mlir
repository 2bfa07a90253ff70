// What tcgen05.mma cannot do, said where an MMA becomes instructions.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

!a = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<64x64xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @rows() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a = "x"() : () -> (i1, !sum, !a)
      // expected-error@+1 {{an MMA of one worker has 64 rows, sm_100a has 128 (knobs rows and workers)}}
      tile.mma_into %sum, %a, %a accumulate(%more) transpose_b : !sum, !a, !a
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<24x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x24xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @columns() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a, %b = "x"() : () -> (i1, !sum, !a, !b)
      // expected-error@+1 {{an MMA has 24 columns, sm_100a takes multiples of 16 up to 256}}
      tile.mma_into %sum, %a, %b accumulate(%more) transpose_b : !sum, !a, !b
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xf32, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @element() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a = "x"() : () -> (i1, !sum, !a)
      // expected-error@+1 {{an MMA of 'f32' is not supported on sm_100a; bf16, f16, f8E4M3FN and f8E5M2 are}}
      tile.mma_into %sum, %a, %a accumulate(%more) transpose_b : !sum, !a, !a
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf16, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @accumulator() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a = "x"() : () -> (i1, !sum, !a)
      // expected-error@+1 {{an MMA that accumulates in 'f16' is not supported on sm_100a; f32 is}}
      tile.mma_into %sum, %a, %a accumulate(%more) transpose_b : !sum, !a, !a
    }
    gpu.return
  }
}

// -----

!p = tensor<128x8xbf16, #tile.tensor_memory>
!v = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @inner() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %p, %v = "x"() : () -> (i1, !sum, !p, !v)
      // expected-error@+1 {{the inner size of an MMA is 8, must be a multiple of 16}}
      tile.mma_into %sum, %p, %v accumulate(%more) : !sum, !p, !v
    }
    gpu.return
  }
}

// -----

// What CTAs do together all do so; each has half of the columns that are loaded.
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @alone() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    tile.role "mma" warps(4) registers(24) one_thread leader {
      %more, %sum, %a = "x"() : () -> (i1, !sum, !a)
      // expected-error@+1 {{is of 1 CTA, the clusters of the kernel have 2}}
      tile.mma_into %sum, %a, %a accumulate(%more) transpose_b : !sum, !a, !a
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @no_other() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a, %b = "x"() : () -> (i1, !sum, !a, !b)
      // expected-error@+1 {{is of 2 CTAs, the clusters of the kernel have 1}}
      tile.mma_into %sum, %a, %b accumulate(%more) transpose_b pair : !sum, !a, !b
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<24x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x48xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @columns_of_a_pair() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    tile.role "mma" warps(4) registers(24) one_thread leader {
      %more, %sum, %a, %b = "x"() : () -> (i1, !sum, !a, !b)
      // expected-error@+1 {{an MMA has 48 columns, sm_100a takes multiples of 32 up to 256}}
      tile.mma_into %sum, %a, %b accumulate(%more) transpose_b pair : !sum, !a, !b
    }
    gpu.return
  }
}

// -----

!a = tensor<128x32xf8E4M3FN, #tile.shared<swizzle = 16>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @no_swizzle() kernel {
    tile.role "mma" warps(4) registers(24) one_thread {
      %more, %sum, %a = "x"() : () -> (i1, !sum, !a)
      // expected-error@+1 {{an operand without a swizzle cannot be read by MMAs on sm_100a}}
      tile.mma_into %sum, %a, %a accumulate(%more) transpose_b : !sum, !a, !a
    }
    gpu.return
  }
}
