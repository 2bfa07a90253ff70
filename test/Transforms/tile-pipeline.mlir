// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-pipeline)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

gpu.module @m {
  // The MMA starts where it stood and is waited for where its result is needed;
  // loads in its loop get the stages, others one; rings are named by tensor.
  // CHECK-LABEL: gpu.func @waits_late
  // CHECK: tile.load %{{.*}} ring("q") stages(1)
  // CHECK: scf.for
  // CHECK:   tile.load %{{.*}} ring("k") stages(3)
  // CHECK:   %[[S:.*]] = tile.mma_async
  // CHECK-NEXT: "independent"
  // CHECK-NEXT: %[[R:.*]] = tile.await %[[S]] in_flight(0)
  // CHECK-NEXT: "use"(%[[R]])
  // CHECK-NOT: tile.take_turn
  gpu.func @waits_late(%q: memref<64x64xbf16> {tile.name = "q"}, %k: memref<?x64xbf16> {tile.name = "k"}, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<stages = 3>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a = tile.load %q[%c0, %c0] : memref<64x64xbf16> -> tensor<64x64xbf16>
    scf.for %i = %c0 to %n step %c1 {
      %b = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      "independent"() : () -> ()
      "use"(%s) : (tensor<64x64xf32>) -> ()
    }
    gpu.return
  }

  // What a loop over work items loads may be ahead by an item.
  // CHECK-LABEL: gpu.func @items
  // CHECK: tile.load %{{.*}} ring("q") stages(2)
  // CHECK:   tile.load %{{.*}} ring("k") stages(3)
  gpu.func @items(%q: memref<?x64xbf16> {tile.name = "q"}, %k: memref<?x64xbf16> {tile.name = "k"}, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<stages = 3, item_stages = 2>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %item = %c0 to %n step %c1 {
      %a = tile.load %q[%item, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      scf.for %i = %c0 to %n step %c1 {
        %b = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
        %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
        "use"(%s) : (tensor<64x64xf32>) -> ()
      }
    }
    gpu.return
  }

  // Two loads of one tensor have their own rings; without a name there is still one.
  // CHECK-LABEL: gpu.func @rings
  // CHECK: ring("k") stages(1)
  // CHECK: ring("k_1") stages(1)
  // CHECK: ring("tile") stages(1)
  gpu.func @rings(%k: memref<?x64xbf16> {tile.name = "k"}, %x: memref<?x64xbf16>, %i: index) kernel {
    %0 = tile.load %k[%i, %i] : memref<?x64xbf16> -> tensor<64x64xbf16>
    %1 = tile.load %k[%i, %i] : memref<?x64xbf16> -> tensor<64x64xbf16>
    %2 = tile.load %x[%i, %i] : memref<?x64xbf16> -> tensor<64x64xbf16>
    "use"(%0, %1, %2) : (tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xbf16>) -> ()
    gpu.return
  }

  // An await lets the MMAs that started later go on.
  // CHECK-LABEL: gpu.func @in_flight
  // CHECK: %[[S:.*]] = tile.mma_async
  // CHECK: %[[T:.*]] = tile.mma_async
  // CHECK: tile.await %[[S]] in_flight(1)
  // CHECK-NEXT: "first"
  // CHECK: tile.await %[[T]] in_flight(0)
  // CHECK-NEXT: "second"
  gpu.func @in_flight(%a: tensor<64x64xbf16>, %b: tensor<64x64xbf16>) kernel {
    %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
    %t = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
    "first"(%s) : (tensor<64x64xf32>) -> ()
    "second"(%t) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // An MMA that may not run cannot be counted on to be in flight.
  // CHECK-LABEL: gpu.func @conditional_mma
  // CHECK: %[[S:.*]] = tile.mma_async
  // CHECK: scf.if
  // CHECK: tile.mma_async
  // CHECK: tile.await %[[S]] in_flight(0)
  gpu.func @conditional_mma(%a: tensor<64x64xbf16>, %b: tensor<64x64xbf16>, %c: i1) kernel {
    %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
    scf.if %c {
      %t = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      "second"(%t) : (tensor<64x64xf32>) -> ()
    }
    "first"(%s) : (tensor<64x64xf32>) -> ()
    gpu.return
  }
}

// -----

// With overlap, the second MMA of an iteration moves into the next, behind that
// iteration's first MMA, and the elementwise work lies between the two waits.
gpu.module @m {
  // CHECK-LABEL: gpu.func @rotates
  // CHECK-SAME: %[[Q:[^:]*]]: tensor<64x64xbf16>, %[[K:[^:]*]]: memref<?x64xbf16>, %[[V:[^:]*]]: memref<?x64xbf16>, %[[N:[^:]*]]: index
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // Prologue: the first scores.
  // CHECK: %[[K0:.*]] = tile.load %[[K]][%[[C0]], %[[C0]]]
  // CHECK: %[[S0:.*]] = tile.mma_async %[[Q]], %[[K0]] transpose_b
  // CHECK: %[[SA0:.*]] = tile.await %[[S0]] in_flight(0)
  // CHECK: %[[P0:.*]] = "softmax"(%[[SA0]])
  // CHECK-NOT: tile.load %[[V]]
  // CHECK: %[[R:.*]]:2 = scf.for %[[I:.*]] = %{{.*}} to %[[N]] {{.*}} iter_args(%[[ACC:.*]] = %{{.*}}, %[[P:.*]] = %[[P0]])
  // CHECK:   %[[LAST:.*]] = arith.subi %[[I]]
  // CHECK:   %[[KI:.*]] = tile.load %[[K]][%[[I]],
  // CHECK:   %[[S:.*]] = tile.mma_async %[[Q]], %[[KI]] transpose_b
  // CHECK:   %[[VI:.*]] = tile.load %[[V]][%[[LAST]],
  // CHECK:   %[[O:.*]] = tile.mma_async %[[P]], %[[VI]], %[[ACC]]
  // The scores are awaited while the second MMA is in flight.
  // CHECK:   %[[SA:.*]] = tile.await %[[S]] in_flight(1)
  // CHECK:   %[[OA:.*]] = tile.await %[[O]] in_flight(0)
  // CHECK:   %[[PN:.*]] = "softmax"(%[[SA]])
  // CHECK:   scf.yield %[[OA]], %[[PN]]
  // CHECK-NOT: tile.non_empty
  // Epilogue: the last product.
  // CHECK: %[[VL:.*]] = tile.load %[[V]]
  // CHECK: tile.mma_async %[[R]]#1, %[[VL]], %[[R]]#0
  gpu.func @rotates(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index)
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

  // What the second MMA gives is used in its own iteration: no rotation.
  // CHECK-LABEL: gpu.func @used_at_once
  // CHECK-NOT: tile.load
  // CHECK: scf.for
  gpu.func @used_at_once(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      "use"(%o) : (tensor<64x64xf32>) -> ()
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A part of a loaded tile cannot wait for an iteration, and numbers that wrap cannot be counted down: no rotation.
  // CHECK-LABEL: gpu.func @slice
  // CHECK-NOT: tile.load
  // CHECK: scf.for
  // CHECK: scf.for unsigned
  gpu.func @slice(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %n: index)
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
    %u = scf.for unsigned %i = %c0 to %n step %c1 iter_args(%acc = %r) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%u) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // A loop that may be empty has no first iteration to pull out.
  // CHECK-LABEL: gpu.func @may_be_empty
  // CHECK-NOT: tile.load
  // CHECK: scf.for
  gpu.func @may_be_empty(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %o = tile.mma %p, %tk, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    }
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // The first MMA of the next iteration needs the second one of this: no rotation.
  // CHECK-LABEL: gpu.func @recurrence
  // CHECK-NOT: tile.load
  // CHECK: scf.for
  gpu.func @recurrence(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<overlap = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk, %acc transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      %p = "softmax"(%s) : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %o = tile.mma %p, %tk : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }
}

// -----

// Workers take turns around each run of MMAs of a loop.
gpu.module @m {
  // CHECK-LABEL: gpu.func @ping_pong
  // CHECK-NOT: take_turn
  // CHECK: scf.for
  // CHECK: tile.take_turn
  // CHECK-NEXT: tile.mma_async
  // CHECK-NEXT: tile.mma_async
  // CHECK-NEXT: tile.pass_turn
  // CHECK: tile.await
  gpu.func @ping_pong(%a: tensor<64x64xbf16>, %b: tensor<64x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, ping_pong = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %t = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      "use"(%s, %t) : (tensor<64x64xf32>, tensor<64x64xf32>) -> ()
    }
    gpu.return
  }

  // A single worker has nobody to take turns with.
  // CHECK-LABEL: gpu.func @alone
  // CHECK-NOT: take_turn
  // CHECK: gpu.return
  gpu.func @alone(%a: tensor<64x64xbf16>, %b: tensor<64x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, ping_pong = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %s = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      "use"(%s) : (tensor<64x64xf32>) -> ()
    }
    gpu.return
  }
}
