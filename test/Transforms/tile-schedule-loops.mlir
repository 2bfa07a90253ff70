// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-schedule-loops)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // The MMA that needs what others of its iteration made, by way of other ops, runs a stage
  // later, with its load and the arithmetic for that; in a round, MMAs come first.
  // CHECK-LABEL: gpu.func @two
  // CHECK: arith.addi {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: tile.load {{.*}} {tile.position = 0 : i64, tile.stage = 0 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 0 : i64, tile.stage = 0 : i64}
  // CHECK: "softmax"({{.*}}) {tile.position = 2 : i64, tile.stage = 0 : i64}
  // CHECK: tile.load {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  gpu.func @two(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %next = arith.addi %i, %c1 : index
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%next, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // In a round, the MMA of the iteration before comes first.
  // CHECK-LABEL: gpu.func @oldest_first
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 0 : i64}
  // CHECK: "softmax"({{.*}}) {tile.position = 1 : i64, tile.stage = 0 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 0 : i64, tile.stage = 1 : i64}
  gpu.func @oldest_first(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1, oldest_first = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %next = arith.addi %i, %c1 : index
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%next, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // What repeats a row does so in the round that uses it: the row crosses to it, and no tile.
  // CHECK-LABEL: gpu.func @repeated_row
  // CHECK: %[[ROW:.*]] = "factor"({{.*}}) {tile.position = 2 : i64, tile.stage = 0 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: tile.broadcast %[[ROW]] {tile.position = 3 : i64, tile.stage = 1 : i64}
  // CHECK: math.fma {{.*}} {tile.position = 3 : i64, tile.stage = 1 : i64}
  gpu.func @repeated_row(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %row = "factor"(%s) : (tensor<64x64xf32>) -> tensor<64xf32>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %factor = tile.broadcast %row : tensor<64xf32> -> tensor<64x64xf32>
      %next = math.fma %sum, %factor, %o : tensor<64x64xf32>
      scf.yield %next : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // Two outputs are of one stage, what scales one of them waits for it in the round.
  // CHECK-LABEL: gpu.func @two_outputs
  // CHECK: tile.mma {{.*}} {tile.position = 0 : i64, tile.stage = 0 : i64}
  // CHECK: "softmax"({{.*}}) {tile.position = 2 : i64, tile.stage = 0 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: arith.addf {{.*}} {tile.position = 3 : i64, tile.stage = 1 : i64}
  gpu.func @two_outputs(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o1 = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      %tw = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o2 = tile.mma %p, %tw : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %o = arith.addf %o1, %o2 : tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A chain of three takes three stages. What is carried into an op that adds to the last
  // result runs as late as that needs.
  // CHECK-LABEL: gpu.func @chain
  // CHECK: tile.mma {{.*}} {tile.position = 0 : i64, tile.stage = 0 : i64}
  // CHECK: "softmax"({{.*}}) {tile.position = 3 : i64, tile.stage = 0 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 1 : i64, tile.stage = 1 : i64}
  // CHECK: arith.truncf {{.*}} {tile.position = 4 : i64, tile.stage = 1 : i64}
  // CHECK: arith.mulf {{.*}} {tile.position = 4 : i64, tile.stage = 1 : i64}
  // CHECK: tile.load {{.*}} {tile.position = 2 : i64, tile.stage = 2 : i64}
  // CHECK: tile.mma {{.*}} {tile.position = 2 : i64, tile.stage = 2 : i64}
  gpu.func @chain(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %t = tile.mma %p, %tv : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %g = arith.truncf %t : tensor<64x64xf32> to tensor<64x64xbf16>
      %half = arith.mulf %acc, %acc : tensor<64x64xf32>
      %tw = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %g, %tw, %half : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // What the second MMA gives is used in its own iteration: that goes with it, and effects
  // keep their order.
  // CHECK-LABEL: gpu.func @used_at_once
  // CHECK: "softmax"({{.*}}) {tile.position = 2 : i64, tile.stage = 0 : i64}
  // CHECK: "use"({{.*}}) {tile.position = 1 : i64, tile.stage = 1 : i64}
  gpu.func @used_at_once(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      "use"(%o) : (tensor<64x64xf32>) -> ()
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A loop that may be empty can be pipelined too.
  // CHECK-LABEL: gpu.func @may_be_empty
  // CHECK: tile.stage = 1
  gpu.func @may_be_empty(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    }
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A part of a loaded tile cannot wait for a round, and numbers that wrap cannot be counted down.
  // CHECK-LABEL: gpu.func @slice
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @slice(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<128x64xbf16>
      %half = tile.slice %tk[%c0] : tensor<128x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %half transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %o = tile.mma %p, %half, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // CHECK-LABEL: gpu.func @unsigned
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @unsigned(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for unsigned %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // The first MMA of the next iteration needs the second one of this: nothing would overlap.
  // CHECK-LABEL: gpu.func @recurrence
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @recurrence(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk, %acc transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // MMAs that add to one sum run one after the other as they are.
  // CHECK-LABEL: gpu.func @one_sum
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @one_sum(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      %o = tile.mma %q, %tv, %s : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // Without overlap nothing moves.
  // CHECK-LABEL: gpu.func @no_overlap
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @no_overlap(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 0>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A schedule that is there is kept.
  // CHECK-LABEL: gpu.func @given
  // CHECK-COUNT-5: tile.position = 7 : i64, tile.stage = 0 : i64
  // CHECK-NOT: tile.stage
  gpu.func @given(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] {tile.stage = 0, tile.position = 7} : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b {tile.stage = 0, tile.position = 7} : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) {tile.stage = 0, tile.position = 7} : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] {tile.stage = 0, tile.position = 7} : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc {tile.stage = 0, tile.position = 7} : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }
}

// -----

// An accumulator in tensor memory starts in a loop that is known to run: one that may be
// shorter than its stages stays as it is.
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: gpu.func @tensor_memory
  // CHECK: tile.stage = 1
  // CHECK-LABEL: gpu.func @may_be_empty
  // CHECK-NOT: tile.stage
  gpu.func @tensor_memory(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  gpu.func @may_be_empty(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    }
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }
}
