// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

!sum = tensor<128x64xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @columns() kernel {
    // expected-error@+1 {{reserves 64 columns of tensor memory, sm_90a has 0}}
    tile.tensor_columns columns(64) offset(0)
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @fence(%i: index {tile.argument = {kind = "size", size = "i"}}) kernel {
    %parity = arith.constant 0 : i32
    %full = tile.barriers "full" offset(64) : !tile.barriers<1, arrivals = 4>
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{orders accesses of tensor memory, which sm_90a does not have}}
      tile.barrier_wait %full[%i] parity(%parity) tensor_memory : !tile.barriers<1, arrivals = 4>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @arrive(%i: index {tile.argument = {kind = "size", size = "i"}}) kernel {
    %full = tile.barriers "full" offset(64) : !tile.barriers<1, arrivals = 4>
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{orders accesses of tensor memory, which sm_90a does not have}}
      tile.barrier_arrive %full[%i] tensor_memory : !tile.barriers<1, arrivals = 4>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @twice() kernel {
    tile.tensor_columns columns(64) offset(0)
    // expected-error@+1 {{is there twice: a kernel reserves all its columns at once}}
    tile.tensor_columns columns(64) offset(4)
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @beyond() kernel {
    tile.tensor_columns columns(64) offset(0)
    // expected-error@+1 {{ends at column 96 of tensor memory, the kernel reserves 64}}
    %sums = tile.alloc "sum" offset(32) : !tile.buffer<1 x tensor<128x64xf32, #tile.tensor_memory>>
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @nothing() kernel {
    // expected-error@+1 {{ends at column 64 of tensor memory, the kernel reserves 0}}
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x tensor<128x64xf32, #tile.tensor_memory>>
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

// The layout of Hopper's accumulators is none that a load of tensor memory gives.
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8), 2 : (64, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!sum = tensor<128x64xf32, #tile.tensor_memory>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @layout(%i: index {tile.argument = {kind = "size", size = "i"}}) kernel {
    tile.tensor_columns columns(64) offset(0)
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    tile.role "compute" warps(4) registers(240) {
      %sum = tile.slot %sums[%i] : !tile.buffer<1 x !sum> -> !sum
      // expected-error@+1 {{, must be 128 rows that lie as #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>}}
      %x = tile.move %sum : !sum -> tensor<128x64xf32, #acc>
      "use"(%x) : (tensor<128x64xf32, #acc>) -> ()
    }
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @no_place() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<128x64xf32, #lane>
      // expected-error@+1 {{moves to columns that are not known: run tile-lower-channels first}}
      %y = tile.move %x : tensor<128x64xf32, #lane> -> tensor<128x64xf32, #tile.tensor_memory>
      "use"(%y) : (tensor<128x64xf32, #tile.tensor_memory>) -> ()
    }
    gpu.return
  }
}
