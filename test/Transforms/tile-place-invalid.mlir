// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' --split-input-file --verify-diagnostics

gpu.module @m {
  // expected-error@+1 {{no target: run attn-schedule with a target first}}
  gpu.func @no_target() kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @elementwise_on_loads(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{nothing decides the layout of this tile: it is tied to no MMA}}
    %b = arith.addf %a, %a : tensor<64x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @slice_outside(%m: memref<?x64xbf16>, %i: index) kernel {
    %c256 = arith.constant 256 : index
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    // expected-error@+1 {{offset is 256, must be a multiple of 64 from 0 to 64}}
    %b = tile.slice %a[%c256] : tensor<128x64xbf16> -> tensor<64x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @slice_off_grid(%m: memref<?x64xbf16>, %i: index) kernel {
    %c32 = arith.constant 32 : index
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    // expected-error@+1 {{offset is 32, must be a multiple of 64 from 0 to 64}}
    %b = tile.slice %a[%c32] : tensor<128x64xbf16> -> tensor<64x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @slice_of_few_rows(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{slice of 4 rows in shared memory, must be a multiple of the 8 after which the swizzle repeats}}
    %b = tile.slice %a[%i] : tensor<64x64xbf16> -> tensor<4x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @elementwise_on_slices(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16>
    %b = tile.slice %a[%i] : tensor<128x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{nothing decides the layout of this tile: it is tied to no MMA}}
    %c = arith.addf %b, %b : tensor<64x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // The lanes of a row hold 4 partial results on this chip.
  gpu.func @other_partials(%m: memref<?x64xbf16>, %i: index) kernel {
    %x = arith.constant dense<1.0> : tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma_async %x, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %r = tile.await %s in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    // expected-error@+1 {{fragment covers 4 elements of dimension 1, tile has 8}}
    %p = tile.reduce add %r : tensor<64x64xf32> -> tensor<64x8xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @narrow_row(%m: memref<?x8xbf16>, %i: index) kernel {
    // expected-error@+1 {{a tile row of 16 bytes is no multiple of 32, the least swizzle}}
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x8xbf16> -> tensor<64x8xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @computed_right_operand(%m: memref<?x64xbf16>, %i: index) kernel {
    %b = arith.constant dense<1.0> : tensor<64x64xbf16>
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{the right operand of an MMA must be loaded}}
    %s = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @two_layouts(%m: memref<?x64xbf16>, %i: index) kernel {
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %async = tile.mma_async %b, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
    // A row of partial results is not an accumulator.
    // expected-error@+1 {{a tile is needed in two layouts}}
    %r = tile.reduce add %s : tensor<64x64xf32> -> tensor<64x64xf32>
    %x = arith.addf %r, %s : tensor<64x64xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_mma() kernel {
    // expected-error@+1 {{nothing decides the layout of this tile: it is tied to no MMA}}
    %r = tile.iota 0 : tensor<64x64xi32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_mma_and_no_place() kernel {
    %c = arith.constant dense<1.0> : tensor<64x64xf32> loc(unknown)
    // expected-error@+1 {{nothing decides the layout of this op's operand: it is tied to no MMA}}
    %r = arith.addf %c, %c : tensor<64x64xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @constant(%m: memref<?x64xbf16>, %i: index) kernel {
    // expected-error@+1 {{a constant tile must have one value}}
    %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    gpu.return
  }
}

// -----

// CTAs that share a multiprocessor share its memory.
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{tiles need 123120 bytes of shared memory, sm_90a has 115712 with knob ctas at 2 (knobs rows, columns, workers and stages)}}
  gpu.func @shared_by_two(%m: memref<?x64xbf16>, %i: index) kernel attributes {tile.schedule = #tile.schedule<ctas = 2>} {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(14) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{tiles need 279072 bytes of shared memory, sm_90a has 232448 (knobs rows, columns, workers and stages)}}
  gpu.func @shared(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(33) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Two accumulators of 64 registers, both needed at the end.
  // expected-error@+1 {{tiles need 128 registers a thread, the compute role has 120 beside 24 for all else (knobs rows, columns, workers and compute_registers)}}
  gpu.func @registers(%m: memref<?x128xbf16>, %i: index) kernel attributes {tile.schedule = #tile.schedule<compute_registers = 144>} {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x128xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x128xbf16> -> tensor<64x128xbf16>
    %0 = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x128xbf16> -> !tile.async<tensor<64x128xf32>>
    %1 = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x128xbf16> -> !tile.async<tensor<64x128xf32>>
    %x = tile.await %0 in_flight(1) : !tile.async<tensor<64x128xf32>> -> tensor<64x128xf32>
    %y = tile.await %1 in_flight(0) : !tile.async<tensor<64x128xf32>> -> tensor<64x128xf32>
    %z = arith.addf %x, %y : tensor<64x128xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // What a loop reads from before it lives through it: 16 registers beside an accumulator of 64.
  // expected-error@+1 {{tiles need 80 registers a thread, the compute role has 72 beside 24 for all else (knobs rows, columns, workers and compute_registers)}}
  gpu.func @registers_before_the_loop(%m: memref<?x128xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<compute_registers = 96, left_in_registers = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x128xbf16> -> tensor<64x64xbf16>
    scf.for %i = %c0 to %n step %c1 {
      %b = tile.load %m[%i, %c0] ring("b") stages(1) : memref<?x128xbf16> -> tensor<64x128xbf16>
      %0 = tile.mma_async %a, %b : tensor<64x64xbf16>, tensor<64x128xbf16> -> !tile.async<tensor<64x128xf32>>
      %x = tile.await %0 in_flight(0) : !tile.async<tensor<64x128xf32>> -> tensor<64x128xf32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{roles ask for 95232 registers, sm_90a launches 512 threads with 128 each, 65536 (knobs workers, load_registers, compute_registers)}}
  gpu.func @register_file() kernel attributes {tile.schedule = #tile.schedule<workers = 3, load_registers = 24, compute_registers = 240>} {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a tile cannot be an argument of a kernel: load it from a memref}}
  gpu.func @argument(%acc: tensor<64x64xf32>, %m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma_async %a, %a, %acc transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @narrow_accumulator(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{an MMA that accumulates in 'bf16' is not supported on sm_90a; f32 is}}
    %s = tile.mma_async %a, %a transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xbf16>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @mma_at_launch(%m: memref<?x64xbf16>, %i: index) kernel attributes {tile.schedule = #tile.schedule<workers = 3, load_registers = 24, compute_registers = 160>} {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    %b = tile.load %m[%i, %i] ring("b") stages(1) : memref<?x64xbf16> -> tensor<208x64xbf16>
    // expected-error@+1 {{an MMA of 64x208 needs 130 registers a thread at launch, sm_90a launches 512 threads with 128 (knobs columns and workers)}}
    %s = tile.mma_async %a, %b transpose_b : tensor<64x64xbf16>, tensor<208x64xbf16> -> !tile.async<tensor<64x208xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @reduced_load(%m: memref<?x64xf32>, %i: index) kernel {
    // expected-error@+1 {{a loaded tile can only be an operand of an MMA or of elementwise ops, or be transposed}}
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xf32> -> tensor<64x64xf32>
    %b = tile.reduce max %a : tensor<64x64xf32> -> tensor<64xf32>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @transposed_halves(%m: memref<?x64xbf16>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x64xbf16> -> tensor<64x64xbf16>
    // expected-error@+1 {{MMAs of 'bf16' on sm_90a read operands in either order: nothing is transposed}}
    %t = tile.transpose %a ring("t") stages(1) : tensor<64x64xbf16> -> tensor<64x64xbf16>
    %s = tile.mma_async %a, %t transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @transposed_part(%m: memref<?x32xf8E4M3FN>, %i: index) kernel {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x32xf8E4M3FN> -> tensor<64x32xf8E4M3FN>
    // expected-error@+1 {{only a loaded tile of 8 bits is transposed, of multiples of 32 rows and 64 columns, not 'tensor<64x32xf8E4M3FN, #tile.shared<swizzle = 32>>'}}
    %t = tile.transpose %a ring("t") stages(1) : tensor<64x32xf8E4M3FN> -> tensor<32x64xf8E4M3FN>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @computed_scales(%m: memref<?x128xf8E4M3FN>, %i: index) kernel {
    %s = arith.constant dense<1.0> : tensor<32x16xf8E8M0FNU>
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x128xf8E4M3FN> -> tensor<128x128xf8E4M3FN>
    // expected-error@+1 {{the scales of an MMA must be loaded, and be for nothing else}}
    %r = tile.mma_async %a, %a scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> !tile.async<tensor<128x128xf32>>
    gpu.return
  }
}
