// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-specialize)))' --split-input-file --verify-diagnostics

gpu.module @m {
  // expected-error@+1 {{no role is assigned to any op: run tile-assign-roles first}}
  gpu.func @no_roles() kernel attributes {tile.schedule = #tile.schedule<workers = 2>} {
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @no_ring(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>, tile.roles = []} {
    // expected-error@+1 {{a load must have a ring, stages and a place in shared memory by now}}
    %a = tile.load %m[%i, %i] stages(2) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @no_place(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>, tile.roles = []} {
    // expected-error@+1 {{a load must have a ring, stages and a place in shared memory by now}}
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> tensor<64x64xbf16>
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @one_ring_two_depths(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>, tile.roles = []} {
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> !shared
    tile.store %a, %m[%i, %i] : !shared, memref<?x64xbf16>
    // expected-error@+1 {{ring "a" has loads of different tiles or depths}}
    %b = tile.load %m[%i, %i] ring("a") stages(3) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @unread(%m: memref<?x64xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>, tile.roles = []} {
    // expected-error@+1 {{nothing reads this load}}
    %a = tile.load %m[%i, %i] ring("a") stages(2) : memref<?x64xbf16> -> !shared
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!acc = tensor<64x64xf32, #acc>
gpu.module @m {
  gpu.func @not_handed_over() kernel attributes {tile.schedule = #tile.schedule<workers = 1>, 
      tile.roles = [{name = "one", warps = 4, registers = 24}, {name = "two", warps = 4, registers = 24}]} {
    %zero = arith.constant dense<0.0> : !acc
    // expected-error@+1 {{role "two" needs this tile of role "one": only loads, tiles in tensor memory and vectors of 32-bit elements are handed over}}
    %a = math.exp2 %zero {tile.role = "one"} : !acc
    %b = math.exp2 %a {tile.role = "two"} : !acc
    gpu.return
  }
}

// -----

!three = tensor<8x192xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @parts(%m: memref<?x192xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 24, compute_registers = 240>, known_cluster_size = array<i32: 2, 1, 1>,
                         tile.roles = [{name = "load", warps = 4 : i64, registers = 24 : i64, one_thread}, {name = "compute", warps = 4 : i64, registers = 240 : i64}]} {
    // expected-error@+1 {{a tile of 8 rows in 3 panels cannot be loaded in parts by 2 CTAs: parts are whole panels, or groups of 8 rows (knob cluster)}}
    %a = tile.load %m[%i, %i] ring("a") stages(1) multicast {tile.role = "load"} : memref<?x192xbf16> -> !three
    %t = arith.negf %a {tile.role = "compute"} : !three
    gpu.return
  }
}
