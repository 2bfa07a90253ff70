// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-keep-loops,canonicalize)))' --allow-unregistered-dialect | FileCheck %s

!a = tensor<64x64xbf16>
!c = tensor<64x64xf32>

gpu.module @m {
  // Between other MMAs, a loop that runs once is no straight run of code with them.
  // CHECK-LABEL: gpu.func @runs_once
  // CHECK: tile.mma
  // CHECK: %[[STEP:.*]] = tile.opaque %c1 : index
  // CHECK: scf.for %{{.*}} = %c1 to %c2 step %[[STEP]]
  // CHECK-NEXT: tile.mma
  gpu.func @runs_once(%x: !a, %c: !c) kernel {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %first = tile.mma %x, %x, %c : !a, !a, !c -> !c
    %second = scf.for %i = %c1 to %c2 step %c1 iter_args(%acc = %first) -> (!c) {
      %next = tile.mma %x, %x, %acc : !a, !a, !c -> !c
      scf.yield %next : !c
    }
    "use"(%second) : (!c) -> ()
    gpu.return
  }

  // Two loops that each run once stand beside each other's MMAs.
  // CHECK-LABEL: gpu.func @two_loops
  // CHECK-COUNT-2: tile.opaque
  gpu.func @two_loops(%x: !a, %c: !c) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %first = scf.for %i = %c0 to %c1 step %c1 iter_args(%acc = %c) -> (!c) {
      %next = tile.mma %x, %x, %acc : !a, !a, !c -> !c
      scf.yield %next : !c
    }
    %second = scf.for %i = %c1 to %c2 step %c1 iter_args(%acc = %first) -> (!c) {
      %next = tile.mma %x, %x, %acc : !a, !a, !c -> !c
      scf.yield %next : !c
    }
    "use"(%second) : (!c) -> ()
    gpu.return
  }

  // A loop that never runs goes; one that runs more often, or may, needs no help;
  // one that has all MMAs to itself, or none, is inlined.
  // CHECK-LABEL: gpu.func @other_loops
  // CHECK-NOT: tile.opaque
  // CHECK-NOT: "never"
  // CHECK: gpu.return
  gpu.func @other_loops(%x: !a, %c: !c, %n: index) kernel {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %first = tile.mma %x, %x, %c : !a, !a, !c -> !c
    "use"(%first) : (!c) -> ()
    scf.for %i = %c2 to %c2 step %c1 {
      %next = tile.mma %x, %x, %c : !a, !a, !c -> !c
      "never"(%next) : (!c) -> ()
    }
    scf.for %i = %c1 to %c3 step %c1 {
      %next = tile.mma %x, %x, %c : !a, !a, !c -> !c
      "use"(%next) : (!c) -> ()
    }
    scf.for %i = %c1 to %n step %c1 {
      %next = tile.mma %x, %x, %c : !a, !a, !c -> !c
      "use"(%next) : (!c) -> ()
    }
    scf.for %i = %c1 to %c2 step %c1 {
      "once"(%i) : (index) -> ()
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @alone
  // CHECK-NOT: scf.for
  // CHECK: gpu.return
  gpu.func @alone(%x: !a, %c: !c) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c1 step %c1 {
      %next = tile.mma %x, %x, %c : !a, !a, !c -> !c
      "use"(%next) : (!c) -> ()
    }
    gpu.return
  }
}
