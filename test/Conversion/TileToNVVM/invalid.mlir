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
    tile.role "compute" workers(1) registers(240) {
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @channel() kernel {
    // expected-error@+1 {{failed to legalize operation 'tile.channel' that was explicitly marked illegal}}
    %k = tile.channel "k" : !tile.channel<2 x !shared>
    tile.role "compute" workers(1) registers(240) {
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
    tile.role "compute" workers(1) registers(240) {
      %x = tile.slot %buffer[%c0] : !tile.buffer<1 x !shared> -> !shared
      // expected-error@+2 {{offset is 64, must be a multiple of 32 from 0 to 32}}
      // expected-error@+1 {{failed to legalize operation 'tile.slice' that was explicitly marked illegal}}
      %y = tile.slice %x[%c64] : !shared -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_layout() kernel {
    tile.role "compute" workers(1) registers(240) {
      // expected-error@+1 {{failed to legalize operation 'tile.iota' that was explicitly marked illegal}}
      %x = tile.iota 0 : tensor<64x8xi32>
    }
    gpu.return
  }
}
