// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-specialize)))' --split-input-file --verify-diagnostics

gpu.module @m {
  // expected-error@+1 {{the schedule must say workers, load_registers and compute_registers}}
  gpu.func @open_schedule() kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24>} {
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @no_ring(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // expected-error@+1 {{a load must have a ring, stages and a place in shared memory by now}}
    %a = tile.load %m[%i, %i] stages(2) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @no_place(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // expected-error@+1 {{a load must have a ring, stages and a place in shared memory by now}}
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @one_ring_two_depths(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> !shared
    // expected-error@+1 {{ring "a" has loads of different tiles or depths}}
    %b = tile.load %m[%i, %i] ring("a") stages(3) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @unread(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // expected-error@+1 {{nothing reads this load}}
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}
