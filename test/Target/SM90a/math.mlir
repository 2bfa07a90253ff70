// One approximate instruction per element, where Hopper has one.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!f32 = tensor<64x8xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // CHECK-LABEL: llvm.func @math
  // CHECK: %[[X:.*]]:4 = builtin.unrealized_conversion_cast
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"(%[[X]]#0)
  // CHECK-COUNT-3: ex2.approx
  // CHECK: llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"(%[[X]]#0)
  // CHECK-COUNT-3: lg2.approx
  // CHECK: llvm.call_intrinsic "llvm.nvvm.div.approx.ftz.f"(%[[X]]#0, %[[Y:.*]]#0)
  // CHECK-COUNT-3: div.approx
  gpu.func @math() kernel {
    tile.role "compute" workers(1) registers(240) {
      %x = "x"() : () -> !f32
      %y = "y"() : () -> !f32
      %e = math.exp2 %x : !f32
      %l = math.log2 %x : !f32
      %d = arith.divf %x, %y : !f32
      "use"(%e, %l, %d) : (!f32, !f32, !f32) -> ()
    }
    gpu.return
  }

  // Two elements at a time, the second into the upper half.
  // CHECK-LABEL: llvm.func @truncate
  // CHECK: %[[X:.*]]:4 = builtin.unrealized_conversion_cast
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff2bf16x2.rn"(%[[X]]#1, %[[X]]#0) : (f32, f32) -> vector<2xbf16>
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff2bf16x2.rn"(%[[X]]#3, %[[X]]#2) : (f32, f32) -> vector<2xbf16>
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff2f16x2.rn"(%[[X]]#1, %[[X]]#0) : (f32, f32) -> vector<2xf16>
  gpu.func @truncate() kernel {
    tile.role "compute" workers(1) registers(240) {
      %x = "x"() : () -> !f32
      %b = arith.truncf %x : !f32 to tensor<64x8xbf16, #acc>
      %h = arith.truncf %x : !f32 to tensor<64x8xf16, #acc>
      "use"(%b, %h) : (tensor<64x8xbf16, #acc>, tensor<64x8xf16, #acc>) -> ()
    }
    gpu.return
  }

  // Scalars are left to the upstream conversions.
  // CHECK-LABEL: llvm.func @scalar
  // CHECK: math.exp2 %{{.*}} : f32
  gpu.func @scalar() kernel {
    tile.role "compute" workers(1) registers(240) {
      %x = "x"() : () -> f32
      %e = math.exp2 %x : f32
      "use"(%e) : (f32) -> ()
    }
    gpu.return
  }
}
