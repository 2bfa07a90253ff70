// A left operand of 8 bits, from shared memory: four matrices of pairs are 16 rows and 32 columns.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect --split-input-file --verify-diagnostics | FileCheck %s

!shared = tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>
!left = tensor<64x64xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (0, 2), 2 : (8, 0), 2 : (0, 16), 2 : (0, 32)], lanes = [4 : (0, 4), 8 : (1, 0)], warps = [4 : (16, 0)]>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // CHECK-LABEL: llvm.func @read
  // CHECK: %[[FLIPPED:.*]] = arith.xori
  // CHECK: %[[UNIT:.*]] = arith.muli %[[FLIPPED]], %c16_i32
  // CHECK: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}
  // CHECK: arith.xori %[[UNIT]], %c32_i32
  // CHECK: nvvm.ldmatrix
  // CHECK-NOT: nvvm.ldmatrix
  gpu.func @read() kernel {
    %c0 = arith.constant 0 : index
    %qs = tile.alloc "q" offset(0) : !tile.buffer<1 x !shared>
    tile.role "compute" warps(4) registers(240) {
      %q = tile.slot %qs[%c0] : !tile.buffer<1 x !shared> -> !shared
      %left = tile.move %q : !shared -> !left
      "use"(%left) : (!left) -> ()
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>
!acc = tensor<64x64xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @as_accumulator() kernel {
    %c0 = arith.constant 0 : index
    %qs = tile.alloc "q" offset(0) : !tile.buffer<1 x !shared>
    tile.role "compute" warps(4) registers(240) {
      %q = tile.slot %qs[%c0] : !tile.buffer<1 x !shared> -> !shared
      // expected-error@+1 {{cannot read 'tensor<64x64xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>': of floats of 8 bits, only a left operand is read}}
      %left = tile.move %q : !shared -> !acc
    }
    gpu.return
  }
}
