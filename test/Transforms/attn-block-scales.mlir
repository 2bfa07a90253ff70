// Scales of groups of elements are loaded with their rows, block by block, and go to the MMA.
// RUN: girih-opt %s --attn-schedule=target=sm_100a --attn-tile --canonicalize --cse | FileCheck %s

// Two tiles of keys share a block of scales, which the second begins in the middle of.
// CHECK-LABEL: gpu.func @halves
// CHECK-SAME: %[[QS:[^ :]*]]: memref<2x4x64x16xf8E8M0FNU, strided<[?, ?, ?, 1]>> {tile.name = "q_scales", tile.order = ["b", "h", "q_scale_rows", "scale_columns"], tile.sizes = ["b", "h", "q_scale_rows", "scale_columns"]}
// CHECK-SAME: %[[KS:[^ :]*]]: memref<2x2x?x16xf8E8M0FNU, strided<[?, ?, ?, 1]>> {tile.name = "k_scales", {{.*}}tile.sizes = ["b", "hkv", "k_scale_rows", "scale_columns"]}
// CHECK: %[[Q:.*]] = tile.load %arg0[%{{[^,]*}}, %[[H:[^,]*]], %[[ROW:[^,]*]], %c0] : {{.*}} -> tensor<256x128xf8E4M3FN>
// CHECK: %[[QBLOCK:.*]] = arith.divui %[[ROW]], %c128
// CHECK: %[[QROW:.*]] = arith.muli %[[QBLOCK]], %c32
// CHECK: %[[OF_Q:.*]] = tile.load %[[QS]][%{{[^,]*}}, %[[H]], %[[QROW]], %c0] : {{.*}} -> tensor<64x16xf8E8M0FNU>
// CHECK: scf.for
// CHECK:   %[[KEY:.*]] = arith.muli %{{.*}}, %c64
// CHECK:   %[[K:.*]] = tile.load %arg1[%{{[^,]*}}, %[[HKV:[^,]*]], %[[KEY]], %c0] : {{.*}} -> tensor<64x128xf8E4M3FN>
// CHECK:   %[[KBLOCK:.*]] = arith.divui %[[KEY]], %c128
// CHECK:   %[[KROW:.*]] = arith.muli %[[KBLOCK]], %c32
// CHECK:   %[[OF_K:.*]] = tile.load %[[KS]][%{{[^,]*}}, %[[HKV]], %[[KROW]], %c0] : {{.*}} -> tensor<32x16xf8E8M0FNU>
// CHECK:   %[[REST:.*]] = arith.remui %[[KEY]], %c128
// CHECK:   %[[ODD:.*]] = arith.cmpi ne, %[[REST]], %c0
// CHECK:   tile.mma %[[Q]], %[[K]] scales(%[[OF_Q]], %[[OF_K]] : tensor<64x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) second_half(%[[ODD]]) transpose_b
func.func @halves(%q: tensor<2x4x200x128xf8E4M3FN>, %k: tensor<2x2x?x128xf8E4M3FN>, %x: tensor<2x4x64x16xf8E8M0FNU>, %y: tensor<2x2x?x16xf8E8M0FNU>) -> tensor<2x4x200x128xbf16> {
  %o = attn.forward %q, %k, %k block_scales(%x : tensor<2x4x64x16xf8E8M0FNU>, %y : tensor<2x2x?x16xf8E8M0FNU>) order(bshd) schedule <columns = 64>
      : tensor<2x4x200x128xf8E4M3FN>, tensor<2x2x?x128xf8E4M3FN>, tensor<2x2x?x128xf8E4M3FN> -> tensor<2x4x200x128xbf16>
  return %o : tensor<2x4x200x128xbf16>
}

// CHECK-LABEL: gpu.func @whole
// CHECK: tile.mma {{.*}} scales(%{{.*}}, %{{.*}} : tensor<64x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<256x64xf8E5M2>, tensor<128x64xf8E5M2> -> tensor<256x128xf32>
func.func @whole(%q: tensor<2x4x200x64xf8E5M2>, %x: tensor<2x4x64x16xf8E8M0FNU>) -> tensor<2x4x200x64xbf16> {
  %o = attn.forward %q, %q, %q block_scales(%x : tensor<2x4x64x16xf8E8M0FNU>, %x : tensor<2x4x64x16xf8E8M0FNU>)
      : tensor<2x4x200x64xf8E5M2>, tensor<2x4x200x64xf8E5M2>, tensor<2x4x200x64xf8E5M2> -> tensor<2x4x200x64xbf16>
  return %o : tensor<2x4x200x64xbf16>
}

// CHECK-LABEL: gpu.func @half_more
// CHECK: tile.mma {{.*}} scales(%{{.*}}, %{{.*}} : tensor<32x16xf8E8M0FNU>, tensor<64x16xf8E8M0FNU>) second_half(%{{.*}}) transpose_b {{.*}} -> tensor<128x192xf32>
func.func @half_more(%q: tensor<2x4x200x64xf8E5M2>, %x: tensor<2x4x64x16xf8E8M0FNU>) -> tensor<2x4x200x64xbf16> {
  %o = attn.forward %q, %q, %q block_scales(%x : tensor<2x4x64x16xf8E8M0FNU>, %x : tensor<2x4x64x16xf8E8M0FNU>) schedule <columns = 192, workers = 1>
      : tensor<2x4x200x64xf8E5M2>, tensor<2x4x200x64xf8E5M2>, tensor<2x4x200x64xf8E5M2> -> tensor<2x4x200x64xbf16>
  return %o : tensor<2x4x200x64xbf16>
}
