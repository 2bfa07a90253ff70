// Tiles of 8 bits: rounded, and moved to other registers.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#left = #tile.fragment<registers = [2 : (0, 1), 2 : (0, 2), 2 : (8, 0), 2 : (0, 16), 1 : (0, 32)], lanes = [4 : (0, 4), 8 : (1, 0)], warps = [4 : (16, 0)]>
// What an accumulator holds, by rows.
#byrows = #tile.fragment<registers = [2 : (0, 1), 2 : (0, 8), 2 : (8, 0), 2 : (0, 16)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Four elements make a register: two of one row, two of the row 8 below. Lane t of four has columns 2 t and 2 t + 1 of
  // every 8, and gets columns 4 t to 4 t + 3 of every 16. Each register is given to one lane.
  // CHECK-LABEL: llvm.func @exchange
  // CHECK: %[[LOW:.*]] = llvm.call_intrinsic "llvm.nvvm.ff.to.e4m3x2.rn"(%{{.*}}, %{{.*}}) : (f32, f32) -> i16
  // CHECK: %[[HALF:.*]] = llvm.insertelement %[[LOW]], %{{.*}} : vector<2xi16>
  // CHECK: %[[HIGH:.*]] = llvm.call_intrinsic "llvm.nvvm.ff.to.e4m3x2.rn"
  // CHECK: %[[WHOLE:.*]] = llvm.insertelement %[[HIGH]], %[[HALF]]
  // CHECK: %[[R0:.*]] = llvm.bitcast %[[WHOLE]] : vector<2xi16> to i32
  // CHECK: %[[R1:.*]] = llvm.bitcast
  // CHECK: %[[ODD:.*]] = arith.cmpi ne
  // CHECK: %[[FIRST:.*]] = arith.ori
  // CHECK: %[[SECOND:.*]] = arith.xori %[[FIRST]], %c1_i32
  // CHECK: %[[UPPER:.*]] = arith.select %{{.*}}, %c4180_i32, %c21520_i32
  // CHECK: %[[LOWER:.*]] = arith.select %{{.*}}, %c12918_i32, %c30258_i32
  // CHECK: %[[GIVEN:.*]] = arith.select %[[ODD]], %[[R1]], %[[R0]]
  // CHECK: %[[X:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[GIVEN]], %[[FIRST]], %c7199_i32
  // CHECK: %[[ALSO:.*]] = arith.select %[[ODD]], %[[R0]], %[[R1]]
  // CHECK: %[[Y:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[ALSO]], %[[SECOND]], %c7199_i32
  // CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%[[X]], %[[Y]], %[[UPPER]])
  // CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%[[X]], %[[Y]], %[[LOWER]])
  // CHECK-COUNT-2: nvvm.shfl.sync
  // CHECK-NOT: nvvm.shfl.sync
  gpu.func @exchange() kernel {
    tile.role "compute" warps(4) registers(240) {
      %p = "p"() : () -> tensor<64x32xf32, #acc>
      %rounded = arith.truncf %p : tensor<64x32xf32, #acc> to tensor<64x32xf8E4M3FN, #acc>
      %left = tile.relayout %rounded : tensor<64x32xf8E4M3FN, #acc> -> tensor<64x32xf8E4M3FN, #left>
      "use"(%left) : (tensor<64x32xf8E4M3FN, #left>) -> ()
    }
    gpu.return
  }

  // What stays in its lane is only put into other registers.
  // CHECK-LABEL: llvm.func @reorder
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ff.to.e5m2x2.rn"
  // Pairs are taken apart and put together, which LLVM combines with what made them.
  // CHECK: %[[LOW:.*]] = llvm.extractelement %[[H0:.*]][%c0_i32 : i32]
  // CHECK: %[[PART:.*]] = llvm.insertelement %[[LOW]], %{{.*}}[%c0_i32 : i32]
  // CHECK: %[[OTHER:.*]] = llvm.extractelement %[[H1:.*]][%c0_i32 : i32]
  // CHECK: llvm.insertelement %[[OTHER]], %[[PART]][%c1_i32 : i32]
  // CHECK: llvm.extractelement %[[H0]][%c1_i32 : i32]
  // CHECK: llvm.extractelement %[[H1]][%c1_i32 : i32]
  // CHECK-NOT: nvvm.shfl.sync
  gpu.func @reorder() kernel {
    tile.role "compute" warps(4) registers(240) {
      %p = "p"() : () -> tensor<64x32xf32, #acc>
      %rounded = arith.truncf %p : tensor<64x32xf32, #acc> to tensor<64x32xf8E5M2, #acc>
      %left = tile.relayout %rounded : tensor<64x32xf8E5M2, #acc> -> tensor<64x32xf8E5M2, #byrows>
      "use"(%left) : (tensor<64x32xf8E5M2, #byrows>) -> ()
    }
    gpu.return
  }
}
