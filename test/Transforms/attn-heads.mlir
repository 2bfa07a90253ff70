// Heads of queries on one of keys share a tile where queries are few: row r is query r / s of head r mod s, of turns of s slots.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse --split-input-file | FileCheck %s

// Seven heads take turns in eight slots.
// CHECK-LABEL: gpu.func @one_query
// CHECK-SAME: tile.work = {{\[\[}}"sq", 8], ["h", 7], ["b", 1]]
// CHECK-DAG: %[[Q:.*]] = tile.interleave %arg0 dim(1) count(7) slots(8) : memref<2x14x1x64xbf16, strided<[?, ?, ?, 1]>>
// CHECK-DAG: %[[O:.*]] = tile.interleave %{{.*}} dim(1) count(7) slots(8) : memref<2x14x1x64xbf16, strided<[?, ?, ?, 1]>>
// CHECK-DAG: %[[LSE:.*]] = tile.interleave %{{.*}} dim(1) count(7) slots(8) : memref<2x14x1xf32, strided<[?, ?, 1]>>
// CHECK: tile.load %[[Q]][%[[B:.*]], %[[GROUP:.*]], %[[ROW:.*]], %c0] : memref<2x2x8x64xbf16, #{{.*}}> -> tensor<64x64xbf16>
// A group has a head of keys.
// CHECK: tile.load %{{.*}}[%[[B]], %[[GROUP]], %{{.*}}, %c0]
// CHECK: tile.store %{{.*}}, %[[O]][%[[B]], %[[GROUP]], %[[ROW]], %c0]
// CHECK: tile.store %{{.*}}, %[[LSE]][%[[B]], %[[GROUP]], %[[ROW]]]
func.func @one_query(%q: tensor<2x14x1x64xbf16>, %k: tensor<2x2x?x64xbf16>) -> (tensor<2x14x1x64xbf16>, tensor<2x14x1xf32>) {
  %o, %lse = attn.forward %q, %k, %k
      : tensor<2x14x1x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x14x1x64xbf16>, tensor<2x14x1xf32>
  return %o, %lse : tensor<2x14x1x64xbf16>, tensor<2x14x1xf32>
}

// -----

// The regions and sinks see heads and queries.
// CHECK-LABEL: gpu.func @some_queries
// CHECK-SAME: tile.work = {{\[\[}}"sq", 16], ["h", 4], ["b", 1]]
// CHECK: %[[ROW:.*]] = tile.iota 0 : tensor<64xi32>
// CHECK: %[[IN_GROUP:.*]] = arith.remsi %[[ROW]], %{{.*}} : tensor<64xi32>
// CHECK: %[[HEAD:.*]] = arith.addi %[[IN_GROUP]], %{{.*}} : tensor<64xi32>
// CHECK: tile.gather %{{.*}}[%[[HEAD]]] steps [0] : memref<8xf32, strided<[1]>>, tensor<64xi32> -> tensor<64xf32>
// CHECK: %[[QUERY:.*]] = arith.divsi %{{.*}}, %{{.*}} : tensor<64xi32>
func.func @some_queries(%q: tensor<2x8x5x64xbf16>, %k: tensor<2x2x?x64xbf16>, %s: tensor<8xf32>) -> tensor<2x8x5x64xbf16> {
  %o = attn.forward %q, %k, %k sinks(%s : tensor<8xf32>) mask(causal)
      : tensor<2x8x5x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x8x5x64xbf16>
  return %o : tensor<2x8x5x64xbf16>
}

// -----

// Not where it takes no fewer tiles, or queries have lengths of their own.
// CHECK-LABEL: gpu.func @enough
// CHECK-NOT: tile.interleave
func.func @enough(%q: tensor<2x8x64x64xbf16>, %k: tensor<2x2x?x64xbf16>) -> tensor<2x8x64x64xbf16> {
  %o = attn.forward %q, %k, %k
      : tensor<2x8x64x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x8x64x64xbf16>
  return %o : tensor<2x8x64x64xbf16>
}
// CHECK-LABEL: gpu.func @own_lengths
// CHECK-NOT: tile.interleave
func.func @own_lengths(%q: tensor<2x8x4x64xbf16>, %k: tensor<2x2x?x64xbf16>, %n: tensor<2xi32>) -> tensor<2x8x4x64xbf16> {
  %o = attn.forward %q, %k, %k query_lengths(%n : tensor<2xi32>)
      : tensor<2x8x4x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x8x4x64xbf16>
  return %o : tensor<2x8x4x64xbf16>
}
