// Copies and stores of tensors whose heads take turns in rows (tile.interleave).
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-bind-arguments,canonicalize,cse)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
#rows = affine_map<(d0, d1, d2, d3)[s0, s1, s2] -> (d0 * s0 + (d1 * 7 + d2 mod 8) * s1 + (d2 floordiv 8) * s2 + d3)>
#row_of_one = affine_map<(d0, d1, d2)[s0, s1] -> (d0 * s0 + (d1 * 7 + d2 mod 8) * s1 + d2 floordiv 8)>
#strided = strided<[?, ?, ?, 1]>
!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A box has 8 queries of 8 heads each, the last of which is not there; the map ends at a group's last head and at the last query.
  // CHECK-LABEL: gpu.func @some_queries(
  // CHECK-SAME: %[[MAP:[^:]*]]: !tile.tensor_map<[1, 1, 8, 8, 64] x bf16, swizzle = 128, panel = 64, folded = false>
  // CHECK-SAME: modes = [{box = 64 : i64, dim = 3 : i64}, {box = 8 : i64, dim = 1 : i64, extent = 7 : i64}, {box = 8 : i64, dim = 2 : i64},
  // CHECK-SAME: {box = 1 : i64, dim = 1 : i64, extent = 4 : i64, step = 7 : i64}, {box = 1 : i64, dim = 0 : i64}]
  // CHECK: %[[ANY:.*]] = "index"
  // CHECK: %[[ROW:.*]] = arith.muli %[[ANY]], %c64
  // CHECK: %[[QUERY:.*]] = arith.divui %[[ROW]], %c8
  // CHECK: tile.copy %[[MAP]][%c0, %c1, %[[QUERY]], %c0, %c0] to
  gpu.func @some_queries(%q: memref<2x28x?x64xbf16, #strided> {tile.name = "q", tile.sizes = ["b", "h", "sq", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %any = "index"() : () -> index
    %row = arith.muli %any, %c64 : index
    %buffer = tile.alloc "q" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %rows = tile.interleave %q dim(1) count(7) slots(8) : memref<2x28x?x64xbf16, #strided>
    tile.copy %rows[%c0, %c1, %row, %c0] to %slot : memref<2x4x?x64xbf16, #rows>, !tile
    gpu.return
  }

  // A row of registers goes to head r mod 8 of query r / 8, if there is such a head.
  // CHECK-LABEL: gpu.func @scatter(
  // CHECK-SAME: %[[B:[^:]*]]: i64 {tile.argument = {dim = 0 : i64
  // CHECK-SAME: %[[H:[^:]*]]: i64 {tile.argument = {dim = 1 : i64
  // CHECK-SAME: %[[S:[^:]*]]: index {tile.argument = {kind = "size"
  // CHECK: %[[QUERY:.*]] = arith.divui %{{.*}}, %c8
  // CHECK: %[[LEFT:.*]] = arith.subi %[[S]], %[[QUERY]] : index
  // CHECK: tile.scatter %{{.*}}, %{{.*}}[%{{.*}}] strides(%[[H]], %c1_i64) limits(%c7, %[[LEFT]]) interleaved(8)
  gpu.func @scatter(%l: memref<2x28x?xf32, strided<[?, ?, 1]>> {tile.name = "lse", tile.sizes = ["b", "h", "sq"]}) kernel {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %x = arith.constant dense<1.0> : tensor<64xf32, #row>
    %any = "index"() : () -> index
    %row = arith.muli %any, %c64 : index
    %rows = tile.interleave %l dim(1) count(7) slots(8) : memref<2x28x?xf32, strided<[?, ?, 1]>>
    tile.store %x, %rows[%c1, %c1, %row] : tensor<64xf32, #row>, memref<2x4x?xf32, #row_of_one>
    gpu.return
  }
}
