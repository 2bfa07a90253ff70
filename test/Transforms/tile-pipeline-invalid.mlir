// Schedules of loops that cannot be.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-pipeline)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

gpu.module @m {
  gpu.func @later_stage(%n: index, %y: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      // expected-note@+1 {{the other op is here}}
      %a = tile.splat %y {tile.stage = 3, tile.position = 0} : f32 -> tensor<64xf32>
      // expected-error@+1 {{runs in stage 1 and uses what an op in stage 3 of its iteration makes, 2 round(s) later}}
      "use"(%a) {tile.stage = 1, tile.position = 1} : (tensor<64xf32>) -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @carried(%n: index, %y: f32, %x: tensor<64xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<64xf32>) {
      // expected-error@+1 {{runs in stage 0 and uses what an op in stage 2 of the iteration before makes, 1 round(s) later}}
      "use"(%a) {tile.stage = 0, tile.position = 0} : (tensor<64xf32>) -> ()
      // expected-note@+1 {{the other op is here}}
      %b = tile.splat %y {tile.stage = 2, tile.position = 0} : f32 -> tensor<64xf32>
      scf.yield %b : tensor<64xf32>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @carried_twice(%n: index, %y: f32, %x: tensor<64xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %c = %x) -> (tensor<64xf32>, tensor<64xf32>) {
      // expected-error@+1 {{runs in stage 0 and uses what an op in stage 3 of 2 iterations before makes, 1 round(s) later}}
      "use"(%c) {tile.stage = 0, tile.position = 0} : (tensor<64xf32>) -> ()
      // expected-note@+1 {{the other op is here}}
      %b = tile.splat %y {tile.stage = 3, tile.position = 0} : f32 -> tensor<64xf32>
      scf.yield %b, %a : tensor<64xf32>, tensor<64xf32>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @position(%n: index, %y: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      // expected-note@+1 {{the other op is here}}
      %a = tile.splat %y {tile.stage = 0, tile.position = 5} : f32 -> tensor<64xf32>
      // expected-error@+1 {{runs at position 4 of a round and uses what an op at position 5 makes in it}}
      "use"(%a) {tile.stage = 0, tile.position = 4} : (tensor<64xf32>) -> ()
    }
    gpu.return
  }
}

// -----

// Effects keep their order, also from one iteration to the next.
gpu.module @m {
  gpu.func @effects(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      // expected-error@+1 {{runs in stage 0 and has effects that come after those which an op in stage 2 of the iteration before has, 1 round(s) later}}
      "first"() {tile.stage = 0, tile.position = 0} : () -> ()
      // expected-note@+1 {{the other op is here}}
      "second"() {tile.stage = 2, tile.position = 0} : () -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @effects_in_round(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      // expected-note@+1 {{the other op is here}}
      "first"() {tile.stage = 0, tile.position = 1} : () -> ()
      // expected-error@+1 {{runs at position 0 of a round and has effects that come after those which an op at position 1 has in it}}
      "second"() {tile.stage = 0, tile.position = 0} : () -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @slot(%n: index, %k: memref<?x64xbf16>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %a = tile.load %k[%i, %c0] {tile.stage = 0, tile.position = 0} : memref<?x64xbf16> -> tensor<128x64xbf16>
      // expected-note@+1 {{the other op is here}}
      %b = tile.slice %a[%c0] {tile.stage = 0, tile.position = 0} : tensor<128x64xbf16> -> tensor<64x64xbf16>
      // expected-error@+1 {{runs in stage 2 and uses a tile that is loaded in stage 0 of its iteration: its slot cannot be kept for 2 more round(s)}}
      "use"(%b) {tile.stage = 2, tile.position = 0} : (tensor<64x64xbf16>) -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @no_stage(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      "first"() {tile.stage = 0, tile.position = 1} : () -> ()
      // expected-error@+1 {{has no tile.stage, which others of its loop have}}
      "second"() {tile.position = 1} : () -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @no_position(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      // expected-error@+1 {{has no tile.position, which others of its loop have}}
      "first"() {tile.stage = 0} : () -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @step(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    // expected-error@+1 {{a loop whose ops have stages must count an index in steps of 1, not unsigned}}
    scf.for %i = %c0 to %n step %c2 {
      "first"() {tile.stage = 0, tile.position = 0} : () -> ()
    }
    gpu.return
  }
}
