// Where roles and what they share may stand.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @role_outside() {
  // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
  tile.role "compute" warps(4) registers(240) {
  }
  return
}

// -----

gpu.module @m {
  gpu.func @role_in_no_kernel() {
    // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @role_in_loop(%n: index) kernel {
    scf.for %i = %n to %n step %n {
      // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
      tile.role "compute" warps(4) registers(240) {
      }
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @role_in_second_block() kernel {
    cf.br ^next
  ^next:
    // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @role_in_role() kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
      tile.role "load" warps(4) registers(240) {
      }
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @no_name() kernel {
    // expected-error@+1 {{name is "" when it should be text in UTF-8 that is not empty}}
    tile.role "" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @same_name() kernel {
    // expected-note@+1 {{the other one is here}}
    tile.role "compute" warps(4) registers(240) {
    }
    // expected-error@+1 {{"compute" is there twice}}
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @channel() kernel {
    tile.role "load" warps(4) registers(24) {
      // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
      %c = tile.channel "k" : !tile.channel<2 x !panel>
    }
    gpu.return
  }
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @alloc() kernel {
    tile.role "load" warps(4) registers(24) {
      // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
      %c = tile.alloc "k" offset(0) : !tile.buffer<2 x !panel>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @barriers() kernel {
    tile.role "load" warps(4) registers(24) {
      // Nothing would initialize them.
      // expected-error@+1 {{must stand in the entry block of a gpu.func that is a kernel}}
      %c = tile.barriers "full" offset(0) : !tile.barriers<2, arrivals = 1>
    }
    gpu.return
  }
}
