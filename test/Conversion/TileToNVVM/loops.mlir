// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --allow-unregistered-dialect | FileCheck %s

// CHECK: #[[UNROLL:.*]] = #llvm.loop_unroll<disable = true>
// CHECK: #[[$ANNOTATION:.*]] = #llvm.loop_annotation<unroll = #[[UNROLL]]>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // An opaque step becomes known, but the loop is not to be unrolled.
  // CHECK-LABEL: llvm.func @kept
  // CHECK: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-NOT: tile.opaque
  // CHECK: scf.for %{{.*}} = %[[C1]] to %{{.*}} step %[[C1]] {
  // CHECK-NEXT: "once"
  // CHECK-NEXT: } {loop_annotation = #[[$ANNOTATION]]}
  // CHECK: scf.for
  // CHECK-NEXT: "other"
  // CHECK-NOT: loop_annotation
  // CHECK: llvm.return
  gpu.func @kept() kernel {
    tile.role "compute" warps(4) registers(240) {
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %step = tile.opaque %c1 : index
      scf.for %i = %c1 to %c2 step %step {
        "once"(%i) : (index) -> ()
      }
      scf.for %i = %c1 to %c2 step %c1 {
        "other"(%i) : (index) -> ()
      }
    }
    gpu.return
  }
}
