// A sink joins the sum of a row after the loop over its keys: what is larger, the row's maximum or the sink, is the maximum of both.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @sinks
// CHECK-SAME: %[[S:[^ :]*]]: memref<4xbf16, strided<[1]>> {tile.name = "sinks", tile.order = ["h"], tile.sizes = ["h"]}
// CHECK: %[[SINK:.*]] = tile.gather %[[S]][%{{.*}}] steps [0] : memref<4xbf16, strided<[1]>>, i32 -> f32
// CHECK: %[[IN_BASE_2:.*]] = arith.mulf %[[SINK]], %cst{{.*}} : f32
// CHECK: %[[LOOP:.*]]:3 = scf.for
// CHECK: %[[SINKS:.*]] = tile.splat %[[IN_BASE_2]] : f32 -> tensor<64xf32>
// CHECK: %[[MOST:.*]] = arith.maxnumf %[[LOOP]]#0, %[[SINKS]] : tensor<64xf32>
// CHECK: %[[LESS:.*]] = arith.subf %[[LOOP]]#0, %[[MOST]] : tensor<64xf32>
// CHECK: %[[SHARE:.*]] = math.exp2 %[[LESS]]
// CHECK: %[[OF_SINK:.*]] = arith.subf %[[SINKS]], %[[MOST]] : tensor<64xf32>
// CHECK: %[[WEIGHT:.*]] = math.exp2 %[[OF_SINK]]
// CHECK: %[[SUM:.*]] = math.fma %{{.*}}, %[[SHARE]], %[[WEIGHT]] : tensor<64xf32>
// CHECK: %[[INVERSE:.*]] = arith.divf
// CHECK: arith.mulf %[[INVERSE]], %[[SHARE]] : tensor<64xf32>
// CHECK: %[[LOG:.*]] = math.log2 %[[SUM]]
// CHECK: arith.addf %[[MOST]], %[[LOG]] : tensor<64xf32>
func.func @sinks(%q: tensor<2x4x?x64xbf16>, %s: tensor<4xbf16>) -> (tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>) {
  %o, %lse = attn.forward %q, %q, %q sinks(%s : tensor<4xbf16>) schedule <rows = 64, workers = 1>
      : tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16> -> tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>
  return %o, %lse : tensor<2x4x?x64xbf16>, tensor<2x4x?xf32>
}
