// Which elements of a thread are computed by a polynomial, and how; the same for all chips.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!f32 = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Of 32 elements, the last of the first 16 and the last of all.
  // CHECK-LABEL: llvm.func @last_of_sixteen
  // CHECK-DAG: %[[LEAST:.*]] = arith.constant -1.270000e+02 : f32
  // CHECK-DAG: %[[BIAS:.*]] = arith.constant 0x4B40007F : f32
  // CHECK-DAG: %[[C3:.*]] = arith.constant 0.0770670399 : f32
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2.276450e-01 : f32
  // CHECK-DAG: %[[C1:.*]] = arith.constant 0.695116758 : f32
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK-DAG: %[[X:.*]]:32 = builtin.unrealized_conversion_cast
  // CHECK-COUNT-15: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"
  // CHECK: %[[CLAMPED:.*]] = arith.maximumf %[[X]]#15, %[[LEAST]] : f32
  // CHECK: %[[BIASED:.*]] = llvm.call_intrinsic "llvm.nvvm.add.rm.f"(%[[CLAMPED]], %[[BIAS]])
  // CHECK: %[[FLOOR:.*]] = arith.subf %[[BIASED]], %[[BIAS]] : f32
  // CHECK: %[[F:.*]] = arith.subf %[[CLAMPED]], %[[FLOOR]] : f32
  // CHECK: %[[P2:.*]] = math.fma %[[F]], %[[C3]], %[[C2]] : f32
  // CHECK: %[[P1:.*]] = math.fma %[[F]], %[[P2]], %[[C1]] : f32
  // CHECK: %[[P0:.*]] = math.fma %[[F]], %[[P1]], %[[ONE]] : f32
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[BIASED]] : f32 to i32
  // CHECK: %[[SHIFTED:.*]] = arith.shli %[[BITS]], %c23_i32 : i32
  // CHECK: %[[POWER:.*]] = arith.bitcast %[[SHIFTED]] : i32 to f32
  // CHECK: arith.mulf %[[P0]], %[[POWER]] : f32
  // CHECK-COUNT-15: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"
  // CHECK: arith.maximumf %[[X]]#31
  // CHECK-NOT: ex2
  gpu.func @last_of_sixteen() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %e = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 1} : !f32
      "use"(%e) : (!f32) -> ()
    }
    gpu.return
  }

  // CHECK-LABEL: llvm.func @all
  // CHECK-NOT: ex2
  // CHECK-COUNT-32: arith.maximumf
  gpu.func @all() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %e = math.exp2 %x fastmath<afn> {tile.exp2_polynomial = 16} : !f32
      "use"(%e) : (!f32) -> ()
    }
    gpu.return
  }
}
