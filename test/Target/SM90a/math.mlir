// What computes each function: an instruction of the chip where fastmath<afn> allows its error, else the exact form.
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
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %y = "y"() : () -> !f32
      %e = math.exp2 %x fastmath<afn> : !f32
      %l = math.log2 %x fastmath<fast> : !f32
      %d = arith.divf %x, %y fastmath<arcp,afn> : !f32
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
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %b = arith.truncf %x : !f32 to tensor<64x8xbf16, #acc>
      %h = arith.truncf %x : !f32 to tensor<64x8xf16, #acc>
      "use"(%b, %h) : (tensor<64x8xbf16, #acc>, tensor<64x8xf16, #acc>) -> ()
    }
    gpu.return
  }

  // Without the flag, exponentials keep subnormal numbers and division is IEEE's; the logarithm is a polynomial.
  // CHECK-LABEL: llvm.func @exact
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.f32"
  // CHECK-COUNT-3: ex2.approx.f32
  // CHECK: math.fma
  // CHECK-NOT: lg2.approx
  // CHECK-COUNT-4: arith.divf
  gpu.func @exact() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %y = "y"() : () -> !f32
      %e = math.exp2 %x : !f32
      %l = math.log2 %x : !f32
      %d = arith.divf %x, %y fastmath<arcp> : !f32
      "use"(%e, %l, %d) : (!f32, !f32, !f32) -> ()
    }
    gpu.return
  }

  // Other bases by a factor before or after.
  // CHECK-LABEL: llvm.func @approximate
  // CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
  // CHECK-DAG: %[[LN2:.*]] = arith.constant 0.693147182 : f32
  // CHECK: %[[E:.*]] = arith.mulf %{{.*}}, %[[LOG2E]] : f32
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"(%[[E]])
  // CHECK: %[[L:.*]] = llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"
  // CHECK: arith.mulf %[[L]], %[[LN2]] : f32
  // CHECK: llvm.call_intrinsic "llvm.tanh.f32"({{.*}}) {{.*}}afn
  // CHECK: llvm.call_intrinsic "llvm.nvvm.sin.approx.ftz.f"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.cos.approx.ftz.f"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.rsqrt.approx.ftz.f"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.sqrt.approx.ftz.f"
  gpu.func @approximate() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> f32
      %0 = math.exp %x fastmath<afn> : f32
      %1 = math.log %0 fastmath<afn> : f32
      %2 = math.tanh %1 fastmath<afn> : f32
      %3 = math.sin %2 fastmath<afn> : f32
      %4 = math.cos %3 fastmath<afn> : f32
      %5 = math.rsqrt %4 fastmath<afn> : f32
      %6 = math.sqrt %5 fastmath<afn> : f32
      "use"(%6) : (f32) -> ()
    }
    gpu.return
  }

  // 16 bits go by way of f32.
  // CHECK-LABEL: llvm.func @narrow
  // CHECK: %[[W:.*]] = arith.extf %{{.*}} : bf16 to f32
  // CHECK: %[[E:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx.f32"(%[[W]])
  // CHECK: arith.truncf %[[E]] : f32 to bf16
  gpu.func @narrow() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> bf16
      %0 = math.exp2 %x : bf16
      "use"(%0) : (bf16) -> ()
    }
    gpu.return
  }

  // CHECK-LABEL: llvm.func @toward_zero
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff2bf16x2.rz"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff2f16x2.rz"
  // CHECK-NOT: to_nearest_even
  gpu.func @toward_zero() kernel {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !f32
      %s = "s"() : () -> f32
      %d = "d"() : () -> f64
      %b = arith.truncf %x toward_zero : !f32 to tensor<64x8xbf16, #acc>
      %h = arith.truncf %s toward_zero : f32 to f16
      %n = arith.truncf %d to_nearest_even : f64 to f32
      "use"(%b, %h, %n) : (tensor<64x8xbf16, #acc>, f16, f32) -> ()
    }
    gpu.return
  }
}
