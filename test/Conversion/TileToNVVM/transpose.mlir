// A tile of 8 bits, transposed in shared memory: pairs of columns by ldmatrix, the bytes of pairs by prmt.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --split-input-file --verify-diagnostics | FileCheck %s

!rows = tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!columns = tensor<128x64xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 64>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // 16 steps of 32 rows and 16 columns, four of each warp; those of the same columns read before they write.
  // CHECK-LABEL: llvm.func @transpose
  // Even columns before odd ones in half of the lanes, the other way round in the others.
  // CHECK: %[[FIRST:.*]] = arith.select %[[LOWER:.*]], %c25632_i32, %c30001_i32
  // CHECK: %[[SECOND:.*]] = arith.select %[[LOWER]], %c30001_i32, %c25632_i32
  // CHECK-COUNT-2: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<col>, num = 4 : i32, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}
  // CHECK: %[[A:.*]] = llvm.extractvalue %{{.*}}[0]
  // CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%{{.*}}, %{{.*}}, %[[FIRST]])
  // CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%{{.*}}, %{{.*}}, %[[SECOND]])
  // CHECK: nvvm.stmatrix
  // CHECK-COUNT-3: nvvm.stmatrix
  // CHECK-NOT: nvvm.stmatrix
  gpu.func @transpose() kernel {
    %c0 = arith.constant 0 : index
    %vs = tile.alloc "v" offset(0) : !tile.buffer<1 x !rows>
    %ts = tile.alloc "t" offset(8192) : !tile.buffer<1 x !columns>
    tile.role "transpose" warps(4) registers(32) {
      %v = tile.slot %vs[%c0] : !tile.buffer<1 x !rows> -> !rows
      %t = tile.slot %ts[%c0] : !tile.buffer<1 x !columns> -> !columns
      tile.transpose_into %v, %t : !rows, !columns
    }
    gpu.return
  }
}

// -----

!rows = tensor<32x32xf8E4M3FN, #tile.shared<swizzle = 32>>
!columns = tensor<32x32xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @narrow() kernel {
    %c0 = arith.constant 0 : index
    %vs = tile.alloc "v" offset(0) : !tile.buffer<1 x !rows>
    %ts = tile.alloc "t" offset(8192) : !tile.buffer<1 x !columns>
    tile.role "transpose" warps(4) registers(32) {
      %v = tile.slot %vs[%c0] : !tile.buffer<1 x !rows> -> !rows
      %t = tile.slot %ts[%c0] : !tile.buffer<1 x !columns> -> !columns
      // expected-error@+1 {{of 'tensor<32x32xf8E4M3FN, #tile.shared<swizzle = 32>>' has no code; of multiples of 32 rows and 64 columns of 8 bits it has}}
      tile.transpose_into %v, %t : !rows, !columns
    }
    gpu.return
  }
}
