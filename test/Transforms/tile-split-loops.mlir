// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-split-loops,canonicalize)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

gpu.module @m {
  // CHECK-LABEL: gpu.func @bound
  // CHECK-SAME: %[[N:[^:]*]]: index, %[[BOUND:[^:]*]]: index, %[[X:[^:]*]]: f32
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK: %[[MAX:.*]] = arith.maxsi %[[BOUND]], %[[C0]]
  // CHECK: %[[MID:.*]] = arith.minsi %[[MAX]], %[[N]]
  // CHECK: %[[FIRST:.*]] = scf.for %[[I:.*]] = %[[C0]] to %[[MID]] step %[[C1]] iter_args(%[[A:.*]] = %[[X]])
  // CHECK-NEXT: "before"(%[[I]], %[[A]])
  // CHECK-NOT: "after"
  // CHECK: scf.for %[[J:.*]] = %[[MID]] to %[[N]] step %[[C1]] iter_args(%[[B:.*]] = %[[FIRST]])
  // CHECK-NEXT: "after"(%[[J]], %[[B]])
  // CHECK-NOT: "before"
  gpu.func @bound(%n: index, %bound: index, %x: f32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (f32) {
      %c = arith.cmpi slt, %i, %bound : index
      %y = scf.if %c -> (f32) {
        %t = "before"(%i, %a) : (index, f32) -> f32
        scf.yield %t : f32
      } else {
        %t = "after"(%i, %a) : (index, f32) -> f32
        scf.yield %t : f32
      }
      scf.yield %y : f32
    }
    "use"(%r) : (f32) -> ()
    gpu.return
  }

  // A bound at the start leaves one loop.
  // CHECK-LABEL: gpu.func @at_start
  // CHECK: scf.for
  // CHECK-NEXT: "after"
  // CHECK-NOT: scf.for
  // CHECK: gpu.return
  gpu.func @at_start(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %c = arith.cmpi slt, %i, %c0 : index
      scf.if %c {
        "before"(%i) : (index) -> ()
      } else {
        "after"(%i) : (index) -> ()
      }
    }
    gpu.return
  }

  // Either half may be empty, even of a loop that is not.
  // CHECK-LABEL: gpu.func @no_longer_known_to_run
  // CHECK: scf.for
  // CHECK-NOT: tile.non_empty
  // CHECK: tile.loop = 3
  // CHECK: scf.for
  // CHECK-NOT: tile.non_empty
  // CHECK: gpu.return
  gpu.func @no_longer_known_to_run(%n: index, %bound: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %c = arith.cmpi slt, %i, %bound : index
      scf.if %c {
        "before"(%i) : (index) -> ()
      }
      "always"(%i) : (index) -> ()
    } {tile.non_empty, tile.loop = 3}
    gpu.return
  }

  // Two conditions: before the first bound, and from the second one on.
  // CHECK-LABEL: gpu.func @two_bounds
  // CHECK-SAME: %[[N:[^:]*]]: index, %[[A:[^:]*]]: index, %[[B:[^:]*]]: index
  // CHECK: %[[MAX:.*]] = arith.maxsi %[[A]], %{{.*}}
  // CHECK: %[[FIRST:.*]] = arith.minsi %[[MAX]], %[[N]]
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[FIRST]]
  // CHECK-NEXT: "edge"(%[[I]])
  // CHECK: %[[MAX_2:.*]] = arith.maxsi %[[FIRST]], %[[B]]
  // CHECK: %[[SECOND:.*]] = arith.minsi %[[MAX_2]], %[[N]]
  // CHECK: scf.for %[[J:.*]] = %[[FIRST]] to %[[SECOND]]
  // CHECK-NEXT: "between"(%[[J]])
  // CHECK: scf.for %[[K:.*]] = %[[SECOND]] to %[[N]]
  // CHECK-NEXT: "edge"(%[[K]])
  // CHECK-NOT: scf.for
  // CHECK: gpu.return
  gpu.func @two_bounds(%n: index, %a: index, %b: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %first = arith.cmpi slt, %i, %a : index
      %last = arith.cmpi sge, %i, %b : index
      %c = arith.ori %first, %last : i1
      scf.if %c {
        "edge"(%i) : (index) -> ()
      } else {
        "between"(%i) : (index) -> ()
      }
    }
    gpu.return
  }

  // Both at once, and a condition of its own that stays.
  // CHECK-LABEL: gpu.func @both_bounds
  // CHECK-SAME: %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[FLAG:[^:]*]]: i1
  // CHECK-NOT: "both"
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK-NEXT: scf.if %[[FLAG]]
  // CHECK-NEXT: "both"
  // CHECK: gpu.return
  gpu.func @both_bounds(%n: index, %a: index, %b: index, %flag: i1) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %from = arith.cmpi sge, %i, %a : index
      %c = arith.andi %from, %flag : i1
      scf.if %c {
        "both"(%i) : (index) -> ()
      }
      "always"(%i) : (index) -> ()
    }
    gpu.return
  }

  // Conditions that are not a prefix of the iterations stay.
  // CHECK-LABEL: gpu.func @other_conditions
  // CHECK-COUNT-4: scf.if
  gpu.func @other_conditions(%n: index, %bound: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    scf.for %i = %c0 to %n step %c1 {
      %c = arith.cmpi eq, %i, %bound : index
      scf.if %c {
        "equal"(%i) : (index) -> ()
      }
    }
    scf.for %i = %c0 to %n step %c1 {
      %now = "changes"(%i) : (index) -> index
      %c = arith.cmpi slt, %i, %now : index
      scf.if %c {
        "varies"(%i) : (index) -> ()
      }
    }
    scf.for %i = %c0 to %n step %c2 {
      %c = arith.cmpi slt, %i, %bound : index
      scf.if %c {
        "steps_of_two"(%i) : (index) -> ()
      }
    }
    scf.for %i = %c0 to %n step %c1 {
      %c = arith.cmpi slt, %bound, %i : index
      scf.if %c {
        "suffix"(%i) : (index) -> ()
      }
    }
    gpu.return
  }
}
