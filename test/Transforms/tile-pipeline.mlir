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

// The second MMA of an iteration is a stage later: it moves into the next round, behind
// that iteration's first MMA, and the elementwise work lies between the two waits.
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
  gpu.func @rotates(%q: tensor<64x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
      %tk = tile.load %k[%i, %c0] {tile.stage = 0, tile.position = 0} : memref<?x64xbf16> -> tensor<64x64xbf16>
      %s = tile.mma %q, %tk transpose_b {tile.stage = 0, tile.position = 0} : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
      %p = "softmax"(%s) {tile.stage = 0, tile.position = 2} : (tensor<64x64xf32>) -> tensor<64x64xbf16>
      %tv = tile.load %v[%i, %c0] {tile.stage = 1, tile.position = 1} : memref<?x64xbf16> -> tensor<64x64xbf16>
      %o = tile.mma %p, %tv, %acc {tile.stage = 1, tile.position = 1} : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %o : tensor<64x64xf32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64x64xf32>) -> ()
    gpu.return
  }

  // Three stages of a chain: two rounds before the loop, two after it. A value that is needed two
  // rounds later goes through the loop twice, numbers are computed anew. Two rounds need two
  // iterations, which a loop that runs may lack: then it stands as it was.
  // CHECK-LABEL: gpu.func @three_stages
  // CHECK-SAME: %[[N:[^:]*]]: index, %[[X:[^:]*]]: tensor<64xi32>
  // CHECK: %[[ENOUGH:.*]] = arith.cmpi sge, %[[N]], %c2
  // CHECK: %[[COUNT:.*]] = arith.select %[[ENOUGH]], %c1{{.*}}, %c0
  // CHECK: %[[ONCE:.*]] = scf.for %{{.*}} = %c0{{.*}} to %[[COUNT]] step %c1{{.*}} iter_args(%[[INIT:.*]] = %[[X]])
  // CHECK:   %[[A0:.*]] = tile.splat
  // CHECK:   %[[A1:.*]] = tile.splat
  // CHECK:   %[[B0:.*]] = arith.muli %[[A0]], %[[A0]]
  // CHECK:   %[[R:.*]]:4 = scf.for %[[I:.*]] = %c2{{.*}} to %[[N]] step %c1{{.*}} iter_args(%[[SUM:.*]] = %[[INIT]], %[[A:.*]] = %[[A1]], %[[AA:.*]] = %[[A0]], %[[B:.*]] = %[[B0]])
  // CHECK:     %[[LAST:.*]] = arith.subi %[[I]], %c2
  // CHECK:     %[[NEWA:.*]] = tile.splat
  // CHECK:     %[[NEWB:.*]] = arith.muli %[[A]], %[[A]]
  // CHECK:     arith.addi %[[LAST]], %[[LAST]] : index
  // CHECK:     %[[AB:.*]] = arith.addi %[[AA]], %[[B]]
  // CHECK:     %[[C:.*]] = arith.addi %{{.*}}, %[[SUM]]
  // CHECK:     scf.yield %[[C]], %[[NEWA]], %[[A]], %[[NEWB]]
  // CHECK:   %[[BL:.*]] = arith.muli %[[R]]#1, %[[R]]#1
  // CHECK:   arith.addi %[[R]]#2, %[[R]]#3
  // CHECK:   %[[CM:.*]] = arith.addi %{{.*}}, %[[R]]#0
  // CHECK:   arith.addi %[[R]]#1, %[[BL]]
  // CHECK:   %[[CL:.*]] = arith.addi %{{.*}}, %[[CM]]
  // CHECK:   scf.yield %[[CL]]
  // CHECK: %[[FROM:.*]] = arith.select %[[ENOUGH]], %[[N]], %c0
  // CHECK: scf.for %{{.*}} = %[[FROM]] to %[[N]] step %{{.*}} iter_args(%{{.*}} = %[[ONCE]])
  // CHECK-NOT: tile.stage
  // CHECK: gpu.return
  gpu.func @three_stages(%n: index, %x: tensor<64xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %x) -> (tensor<64xi32>) {
      %number = arith.index_cast %i {tile.stage = 0, tile.position = 0} : index to i32
      %a = tile.splat %number {tile.stage = 0, tile.position = 0} : i32 -> tensor<64xi32>
      %b = arith.muli %a, %a {tile.stage = 1, tile.position = 0} : tensor<64xi32>
      %twice = arith.addi %i, %i {tile.stage = 2, tile.position = 1} : index
      %number2 = arith.index_cast %twice {tile.stage = 2, tile.position = 1} : index to i32
      %t = tile.splat %number2 {tile.stage = 2, tile.position = 1} : i32 -> tensor<64xi32>
      %ab = arith.addi %a, %b {tile.stage = 2, tile.position = 1} : tensor<64xi32>
      %abt = arith.addi %ab, %t {tile.stage = 2, tile.position = 1} : tensor<64xi32>
      %c = arith.addi %abt, %sum {tile.stage = 2, tile.position = 1} : tensor<64xi32>
      scf.yield %c : tensor<64xi32>
    } {tile.non_empty}
    "use"(%r) : (tensor<64xi32>) -> ()
    gpu.return
  }

  // Known to run often enough: nothing stands twice, and there are rounds. What a loop hands on from its start stays.
  // CHECK-LABEL: gpu.func @long_enough
  // CHECK-SAME: %[[X:[^:]*]]: f32, %[[Y:[^:]*]]: f32
  // CHECK: %[[A0:.*]] = "a"()
  // CHECK: %[[R:.*]]:5 = scf.for %{{.*}} iter_args(%[[P:.*]] = %[[Y]], %[[Q:.*]] = %[[X]], %[[LASTP:.*]] = %[[X]], %[[LASTQ:.*]] = %[[Y]], %[[A:.*]] = %[[A0]])
  // CHECK:   "b"(%[[A]], %[[LASTP]])
  // CHECK:   %[[NEW:.*]] = "a"()
  // CHECK:   scf.yield %[[Q]], %[[P]], %[[LASTQ]], %[[LASTP]], %[[NEW]]
  // CHECK-NEXT: } {tile.non_empty}
  // CHECK: "b"(%[[R]]#4, %[[R]]#2)
  // CHECK-NEXT: "use"(%[[R]]#0, %[[R]]#1)
  // CHECK-NOT: scf.for
  // CHECK: gpu.return
  gpu.func @long_enough(%x: f32, %y: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%p = %x, %q = %y) -> (f32, f32) {
      %a = "a"() {tile.stage = 0, tile.position = 1} : () -> f32
      "b"(%a, %p) {tile.stage = 1, tile.position = 0} : (f32, f32) -> ()
      scf.yield %q, %p : f32, f32
    }
    "use"(%r#0, %r#1) : (f32, f32) -> ()
    gpu.return
  }

  // One stage: only the order changes.
  // CHECK-LABEL: gpu.func @reorders
  // CHECK: scf.for
  // CHECK-NEXT: %[[B:.*]] = tile.splat
  // CHECK-NEXT: %[[A:.*]] = tile.splat
  // CHECK-NEXT: "use"(%[[A]], %[[B]])
  // CHECK-NEXT: }
  gpu.func @reorders(%n: index, %x: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %a = tile.splat %x {tile.stage = 0, tile.position = 1} : f32 -> tensor<64x64xf32>
      %b = tile.splat %x {tile.stage = 0, tile.position = 0} : f32 -> tensor<64x64xf32>
      "use"(%a, %b) {tile.stage = 0, tile.position = 2} : (tensor<64x64xf32>, tensor<64x64xf32>) -> ()
    }
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
