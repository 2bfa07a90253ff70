// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

gpu.module @m {
  // expected-error@+1 {{no target: run attn-schedule with a target first}}
  gpu.func @no_target() kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{the kernel has no roles: run tile-specialize first}}
  gpu.func @no_roles() kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 has no recipe: run tile-bind-arguments first}}
  gpu.func @no_recipe(%n: index) kernel {
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @channel() kernel {
    // expected-error@+1 {{'tile.channel' cannot be converted: run tile-lower-channels first}}
    %k = tile.channel "k" : !tile.channel<2 x !shared>
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @slice_outside() kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !shared>
    tile.role "compute" warps(4) registers(240) {
      %x = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      // expected-error@+1 {{offset is 64, must be a multiple of 32 from 0 to 32}}
      %y = tile.slice %x[%c64] : !shared -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_layout() kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{'tile.iota' op must have a layout in registers: run tile-place first}}
      %x = tile.iota 0 : tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @reduce_integers() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = tile.iota 1 : tensor<64x8xi32, #acc>
      // expected-error@+1 {{'tile.reduce' op combines f32 tiles in registers only}}
      %y = tile.reduce max %x : tensor<64x8xi32, #acc> -> tensor<64xi32, #row>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @eight_bits() kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{'arith.constant' op makes elements of 'f8E4M3FN'; registers hold f16, bf16, f32, f64 and integers of 1, 8, 16, 32 and 64 bits, and f8E4M3FN and f8E5M2 that arith.truncf makes of f32}}
      %y = arith.constant dense<1.0> : tensor<64x8xf8E4M3FN, #acc>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @from_bytes() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = arith.constant dense<1.0> : tensor<64x8xf32, #acc>
      %y = arith.truncf %x : tensor<64x8xf32, #acc> to tensor<64x8xf8E4M3FN, #acc>
      // expected-error@+1 {{'arith.extf' cannot be converted: there is no code for tiles of these types and layouts}}
      %z = arith.extf %y : tensor<64x8xf8E4M3FN, #acc> to tensor<64x8xf32, #acc>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#rows = #tile.fragment<registers = [2 : (0, 1), 2 : (0, 2), 2 : (0, 4), 2 : (8, 0)], lanes = [4 : (0, 8), 8 : (1, 0)], warps = [4 : (16, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @far_relayout() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = arith.constant dense<1.0> : tensor<64x32xf32, #acc>
      %y = arith.truncf %x : tensor<64x32xf32, #acc> to tensor<64x32xf8E4M3FN, #acc>
      // expected-error@+1 {{'tile.relayout' op moves elements that are not of 8 bits, or in a way that has no code}}
      %z = tile.relayout %y : tensor<64x32xf8E4M3FN, #acc> -> tensor<64x32xf8E4M3FN, #rows>
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_map() kernel {
    %c0 = arith.constant 0 : index
    %m = "x"() : () -> memref<?x64xbf16>
    %buffer = tile.alloc "m" offset(0) : !tile.buffer<1 x !shared>
    tile.role "compute" warps(4) registers(240) {
      %x = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      // expected-error@+1 {{'tile.store' op has no tensor map: run tile-bind-arguments first}}
      tile.store %x, %m[%c0, %c0] : !shared, memref<?x64xbf16>
    }
    gpu.return
  }
}

// -----

// Columns that lie in different lanes fill no vector.
#acc = #tile.fragment<registers = [4 : (16, 0)], lanes = [8 : (0, 1), 4 : (4, 0)], warps = [4 : (1, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @single_columns() kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "m" offset(0) : !tile.buffer<1 x tensor<64x8xf32, #tile.shared<swizzle = 32>>>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64x8xf32, #acc>
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<64x8xf32, #tile.shared<swizzle = 32>>> -> tensor<64x8xf32, #tile.shared<swizzle = 32>>
      // expected-error@+1 {{a thread must hold 2 neighbouring columns of 8 to 32 bits side by side}}
      tile.write_shared %x, %slot : tensor<64x8xf32, #acc>, tensor<64x8xf32, #tile.shared<swizzle = 32>>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [4 : (16, 0)], lanes = [8 : (0, 1), 4 : (4, 0)], warps = [4 : (1, 0)]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @single_columns_read() kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "m" offset(0) : !tile.buffer<1 x tensor<64x8xf32, #tile.shared<swizzle = 32>>>
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<64x8xf32, #tile.shared<swizzle = 32>>> -> tensor<64x8xf32, #tile.shared<swizzle = 32>>
      // expected-error@+1 {{a thread must hold 2 neighbouring columns of 8 to 32 bits side by side}}
      %x = tile.move %slot : tensor<64x8xf32, #tile.shared<swizzle = 32>> -> tensor<64x8xf32, #acc>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a kernel cannot be called '2nd': PTX has names of letters, digits, _ and $ that start with no digit}}
  gpu.func @"2nd"() kernel {
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a kernel cannot be called 'WARP_SZ': PTX keeps that name for itself}}
  gpu.func @WARP_SZ() kernel {
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{'shared_memory' is the name of the kernels' shared memory}}
  gpu.func @shared_memory() kernel {
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{roles ask for 65536 registers, sm_90a launches 384 threads with 168 each, 64512 (knobs workers, load_registers, compute_registers)}}
  gpu.func @pool() kernel {
    tile.role "load" warps(4) registers(32) one_thread {
    }
    tile.role "compute" warps(8) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{roles have 1152 threads, a CTA on sm_90a has at most 1024 (knob workers)}}
  gpu.func @threads() kernel {
    tile.role "load" warps(4) registers(24) one_thread {
    }
    tile.role "compute" warps(32) registers(24) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{tiles need 232456 bytes of shared memory, sm_90a has 232448 (knobs rows, columns, workers and stages)}}
  gpu.func @shared() kernel attributes {tile.shared_bytes = 232456 : i64} {
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @between() kernel {
    tile.role "load" warps(4) registers(24) {
    }
    // expected-error@+1 {{must not stand between roles, which run at the same time}}
    gpu.barrier
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}
