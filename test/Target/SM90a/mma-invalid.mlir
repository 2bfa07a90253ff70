// What wgmma cannot do, said where tiles get their places.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' --split-input-file --verify-diagnostics

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @rows(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{an MMA of one worker has 128 rows, sm_90a has 64 (knobs rows and workers)}}
    %s = tile.mma_async %a, %b : tensor<128x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<128x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @columns(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<20x64xbf16>
    // expected-error@+1 {{an MMA has 20 columns, sm_90a takes multiples of 8 up to 256}}
    %s = tile.mma_async %a, %b transpose_b : tensor<64x64xbf16>, tensor<20x64xbf16> -> !tile.async<tensor<64x20xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @element(%m: memref<?x64xf32>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xf32> -> tensor<64x64xf32>
    // expected-error@+1 {{an MMA of 'f32' is not supported on sm_90a; bf16, f16, f8E4M3FN and f8E5M2 are}}
    %s = tile.mma_async %a, %a : tensor<64x64xf32>, tensor<64x64xf32> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @inner(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = arith.constant dense<1.0> : tensor<64x8xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<8x64xbf16>
    // expected-error@+1 {{the inner size of an MMA is 8, must be a multiple of 16}}
    %s = tile.mma_async %a, %b : tensor<64x8xbf16>, tensor<8x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @byte_order(%m: memref<?x64xf8E4M3FN>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xf8E4M3FN> -> tensor<64x64xf8E4M3FN>
    // expected-error@+1 {{an MMA of 'f8E4M3FN' on sm_90a reads a right operand whose inner dimension is contiguous (transpose_b)}}
    %s = tile.mma_async %a, %a : tensor<64x64xf8E4M3FN>, tensor<64x64xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @byte_depth(%m: memref<?x64xf8E4M3FN>, %i: index) kernel {
    %p = arith.constant dense<1.0> : tensor<64x16xf8E4M3FN>
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xf8E4M3FN> -> tensor<64x16xf8E4M3FN>
    // expected-error@-1 {{a tile row of 16 bytes is no multiple of 32, the least swizzle}}
    %s = tile.mma_async %p, %a transpose_b : tensor<64x16xf8E4M3FN>, tensor<64x16xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @pair(%m: memref<?x64xbf16>, %i: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<32x64xbf16>
    // expected-error@+1 {{is of 2 CTAs, MMAs on sm_90a are of 1}}
    %s = tile.mma_async %a, %b transpose_b pair : tensor<64x64xbf16>, tensor<32x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @scales(%m: memref<?x128xf8E4M3FN>, %s: memref<?x16xf8E8M0FNU>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x128xf8E4M3FN> -> tensor<64x128xf8E4M3FN>
    %t = tile.load %s[%i, %i] ring("s") stages(1) : memref<?x16xf8E8M0FNU> -> tensor<32x16xf8E8M0FNU>
    // expected-error@+1 {{an MMA with scales of its operands is not supported on sm_90a}}
    %r = tile.mma_async %a, %a scales(%t, %t : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<64x128xf8E4M3FN>, tensor<64x128xf8E4M3FN> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}
