// The keys of a work item go to the CTAs of a cluster, each of which has at least one tile; the first one stores.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse --split-input-file | FileCheck %s

// Eight groups of heads would keep eight of 132 multiprocessors busy.
// CHECK-LABEL: gpu.func @one_query
// CHECK-SAME: known_cluster_size = array<i32: 8, 1, 1>
// CHECK-SAME: persistent = 0, ctas = 1, splits = 8
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant 0xFF800000 : f32
// CHECK-DAG: %[[ITEM:.*]] = gpu.cluster_id x
// CHECK-DAG: %[[CTA:.*]] = gpu.cluster_block_id x
// 64 tiles, eight for each CTA.
// CHECK-DAG: %[[FIRST:.*]] = arith.muli %[[CTA]], %c8 : index
// CHECK-DAG: %[[BEYOND:.*]] = arith.cmpi sge, %[[FIRST]], %c64 : index
// Iterations are counted from the part's first.
// CHECK: %[[BEGIN:.*]] = arith.minsi %[[FIRST]], %c63 : index
// CHECK: %[[LEFT:.*]] = arith.subi %c64, %[[BEGIN]] : index
// CHECK: %[[COUNT:.*]] = arith.minsi %[[LEFT]], %c8 : index
// CHECK: %[[STATE:.*]]:3 = scf.for %[[I:.*]] = %c0 to %[[COUNT]] step %c1
// CHECK: %[[LAST:.*]] = arith.subi %c63, %[[BEGIN]] : index
// CHECK: %[[TILE:.*]] = arith.subi %[[LAST]], %[[I]] : index
// CHECK: %[[SUM:.*]] = tile.reduce add %[[STATE]]#1 : tensor<64x4xf32> -> tensor<64xf32>
// CHECK: %[[FILLED:.*]] = arith.subi %c4, %{{.*}} : index
// CHECK: %[[PENALTY:.*]] = arith.select %[[BEYOND]], %[[NOTHING]], %{{.*}} : f32
// CHECK: %[[MINE:.*]] = arith.addf %[[STATE]]#0, %{{.*}} : tensor<64xf32>
// CHECK: %[[MAXIMUM:.*]] = tile.cluster_reduce max %[[MINE]] rows(%[[FILLED]]) : tensor<64xf32>
// CHECK: %[[LESS:.*]] = arith.subf %[[MINE]], %[[MAXIMUM]]
// CHECK: %[[WEIGHT:.*]] = math.exp2 %[[LESS]]
// CHECK: %[[WEIGHED:.*]] = arith.mulf %[[SUM]], %[[WEIGHT]]
// CHECK: tile.cluster_reduce add %[[WEIGHED]] leader rows(%[[FILLED]]) : tensor<64xf32>
// CHECK: tile.cluster_reduce add %{{.*}} leader rows(%[[FILLED]]) : tensor<64x128xf32>
// CHECK: %[[IS_LEADER:.*]] = arith.cmpi eq, %[[CTA]], %c0 : index
// CHECK: %[[TIMES:.*]] = arith.select %[[IS_LEADER]], %c1, %c0 : index
// CHECK: scf.for %{{.*}} = %c0 to %[[TIMES]] step %c1
// CHECK: tile.store
func.func @one_query(%q: tensor<1x32x1x128xbf16>, %k: tensor<1x8x8192x128xbf16>) -> tensor<1x32x1x128xbf16> {
  %o = attn.forward %q, %k, %k : tensor<1x32x1x128xbf16>, tensor<1x8x8192x128xbf16>, tensor<1x8x8192x128xbf16> -> tensor<1x32x1x128xbf16>
  return %o : tensor<1x32x1x128xbf16>
}

// -----

// Not where keys are few, sizes open, or a region may hide most keys.
// CHECK-LABEL: gpu.func @short
// CHECK-NOT: cluster
func.func @short(%q: tensor<1x32x1x128xbf16>, %k: tensor<1x8x512x128xbf16>) -> tensor<1x32x1x128xbf16> {
  %o = attn.forward %q, %k, %k : tensor<1x32x1x128xbf16>, tensor<1x8x512x128xbf16>, tensor<1x8x512x128xbf16> -> tensor<1x32x1x128xbf16>
  return %o : tensor<1x32x1x128xbf16>
}

// -----

// CHECK-LABEL: gpu.func @open
// CHECK-NOT: cluster
func.func @open(%q: tensor<1x32x1x128xbf16>, %k: tensor<1x8x?x128xbf16>) -> tensor<1x32x1x128xbf16> {
  %o = attn.forward %q, %k, %k : tensor<1x32x1x128xbf16>, tensor<1x8x?x128xbf16>, tensor<1x8x?x128xbf16> -> tensor<1x32x1x128xbf16>
  return %o : tensor<1x32x1x128xbf16>
}
