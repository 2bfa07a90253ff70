// Attention to other keys is taken in where the rows are divided by their sums: both outputs, each by its share of both sums.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @merge
// CHECK-SAME: %[[O:[^ :]*]]: memref<2x4x?x64xf16, strided<[?, ?, ?, 1]>> {tile.name = "partial_o", tile.order = ["b", "h", "sq", "d"], tile.sizes = ["b", "h", "sq", "d"]}
// CHECK-SAME: %[[LSE:[^ :]*]]: memref<2x4x?xf32, strided<[?, ?, 1]>> {tile.name = "partial_lse"
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant dense<1.44269502> : tensor<64xf32>
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant dense<-3.40282347E+38> : tensor<64xf32>
// CHECK: scf.for
// CHECK: %[[LOG:.*]] = math.log2 %{{.*}} : tensor<64xf32>
// CHECK: %[[OWN:.*]] = arith.addf %{{.*}}, %[[LOG]]
// CHECK: %[[OTHER:.*]] = tile.gather %[[O]][%[[B:.*]], %[[H:.*]], %[[ROWS:.*]], %c0_i32] steps [0, 0, 0, 1] : {{.*}} -> tensor<64x64xf32>
// CHECK: %[[L:.*]] = tile.gather %[[LSE]][%[[B]], %[[H]], %[[ROWS]]] steps [0, 0, 0] : {{.*}} -> tensor<64xf32>
// CHECK: %[[THEIRS:.*]] = arith.mulf %[[L]], %[[LOG2E]]
// CHECK: %[[LARGER:.*]] = arith.maxnumf %[[OWN]], %[[THEIRS]]
// CHECK: %[[MOST:.*]] = arith.maxnumf %[[LARGER]], %[[LOWEST]]
// CHECK: %[[W:.*]] = arith.subf %[[OWN]], %[[MOST]]
// CHECK: math.exp2 %[[W]]
// CHECK: %[[KNOWN:.*]] = arith.select %{{.*}}, %{{.*}}, %[[OTHER]] : tensor<64x64xi1>, tensor<64x64xf32>
// CHECK: %[[ALL:.*]] = math.fma %[[KNOWN]]
// CHECK: %[[NARROW:.*]] = arith.truncf %[[ALL]] : tensor<64x64xf32> to tensor<64x64xbf16>
// CHECK: tile.store %[[NARROW]]
// CHECK: tile.store %{{.*}} : tensor<64xf32>
func.func @merge(%q: tensor<2x4x?x64xbf16>, %p: tensor<2x4x?x64xf16>, %l: tensor<2x4x?xf32>) -> (tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>) {
  %o, %lse = attn.forward %q, %q, %q merge(%p : tensor<2x4x?x64xf16>, %l : tensor<2x4x?xf32>) schedule <rows = 64, workers = 1>
      : tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16> -> tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>
  return %o, %lse : tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>
}

// Rows of packed sequences begin where their sequence does; of heads that share a tile, each row has its own head.
// CHECK-LABEL: gpu.func @places
// CHECK: %[[TURN:.*]] = arith.remsi %{{.*}} : tensor<64xi32>
// CHECK: %[[HEAD:.*]] = arith.addi %[[TURN]]
// CHECK: tile.gather %{{.*}}[%{{.*}}, %[[HEAD]], %{{.*}}, %c0_i32] steps [0, 0, 0, 1]
func.func @places(%q: tensor<1x4x3x64xbf16>, %k: tensor<1x2x?x64xbf16>, %p: tensor<1x4x3x64xbf16>, %l: tensor<1x4x3xf32>) -> tensor<1x4x3x64xbf16> {
  %o = attn.forward %q, %k, %k merge(%p : tensor<1x4x3x64xbf16>, %l : tensor<1x4x3xf32>) schedule <heads = 2>
      : tensor<1x4x3x64xbf16>, tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16> -> tensor<1x4x3x64xbf16>
  return %o : tensor<1x4x3x64xbf16>
}
