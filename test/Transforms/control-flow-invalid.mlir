// What a kernel may be made of: every pass on the program of a kernel asks first.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-partition)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-pipeline)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-specialize)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @while(%x: index) kernel {
    %t = tile.iota 0 : tensor<64x8xi32>
    // expected-error@+1 {{'scf.while' cannot hold tiles: scf.for and scf.if can, and scf.while that carries numbers and hands them on as they are}}
    %r:2 = scf.while (%i = %x, %a = %t) : (index, tensor<64x8xi32>) -> (index, tensor<64x8xi32>) {
      %c = arith.cmpi slt, %i, %x : index
      scf.condition(%c) %i, %a : index, tensor<64x8xi32>
    } do {
    ^bb0(%i: index, %a: tensor<64x8xi32>):
      scf.yield %i, %a : index, tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @execute_region() kernel {
    // expected-error@+1 {{'scf.execute_region' cannot hold tiles: scf.for and scf.if can}}
    %r = scf.execute_region -> tensor<64x8xi32> {
      %t = tile.iota 0 : tensor<64x8xi32>
      scf.yield %t : tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @index_switch(%x: index) kernel {
    // expected-error@+1 {{'scf.index_switch' cannot hold tiles: scf.for and scf.if can}}
    %r = scf.index_switch %x -> tensor<64x8xi32>
    case 1 {
      %t = tile.iota 0 : tensor<64x8xi32>
      scf.yield %t : tensor<64x8xi32>
    }
    default {
      %t = tile.iota 1 : tensor<64x8xi32>
      scf.yield %t : tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @parallel(%x: index) kernel {
    // expected-error@+1 {{'scf.parallel' cannot hold tiles: scf.for and scf.if can}}
    scf.parallel (%i) = (%x) to (%x) step (%x) {
      %t = tile.iota 0 : tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @forall(%x: index) kernel {
    // expected-error@+1 {{'scf.forall' cannot hold tiles: scf.for and scf.if can}}
    scf.forall (%i) in (%x) {
      %t = tile.iota 0 : tensor<64x8xi32>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @unknown() kernel {
    // expected-error@+1 {{'some.region' cannot hold tiles: scf.for and scf.if can}}
    "some.region"() ({
      %t = tile.iota 0 : tensor<64x8xi32>
    }) : () -> ()
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @blocks(%c: i1) kernel {
    // expected-error@+1 {{a kernel must have one block: loops and choices are scf.for and scf.if}}
    cf.cond_br %c, ^a, ^b
  ^a:
    gpu.return
  ^b:
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a function in a gpu.module that is no kernel cannot be compiled: mark it `kernel`}}
  gpu.func @no_kernel() {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a kernel cannot be called 'my.kernel': PTX has names of letters, digits, _ and $ that start with no digit}}
  gpu.func @my.kernel() kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{a kernel cannot have workgroup or private attributions: shared memory is laid out for it}}
  gpu.func @attribution() workgroup(%w: memref<64xf32, 3>) kernel {
    gpu.return
  }
}
