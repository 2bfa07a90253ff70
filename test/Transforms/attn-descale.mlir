// What Q and K are multiplied by is a factor of the exponents, and of V it is one of the rows' divisors.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @descales
// CHECK-SAME: %[[K:[^ :]*]]: memref<2x2xf32, strided<[?, 1]>> {tile.name = "k_descale", tile.order = ["b", "hkv"], tile.sizes = ["b", "hkv"]}
// CHECK-SAME: %[[V:[^ :]*]]: memref<2x2xf32, strided<[?, 1]>> {tile.name = "v_descale",
// CHECK-SAME: %[[Q:[^ :]*]]: f32 {tile.name = "q_descale"}
// CHECK: %[[OF_KEYS:.*]] = tile.gather %[[K]][%{{.*}}, %{{.*}}] steps [0, 0] : memref<2x2xf32, strided<[?, 1]>>, i32, i32 -> f32
// CHECK: %[[FACTOR:.*]] = arith.mulf %[[Q]], %[[OF_KEYS]] : f32
// CHECK: %[[OF_VALUES:.*]] = tile.gather %[[V]]
// CHECK: %[[LOOP:.*]]:3 = scf.for
// CHECK:   %[[SCALE:.*]] = arith.mulf %[[FACTOR]], %cst{{.*}} : f32
// CHECK:   %[[ROWS:.*]] = tile.splat %[[SCALE]] : f32 -> tensor<64xf32>
// CHECK:   arith.mulf %{{.*}}, %[[ROWS]] : tensor<64xf32>
// CHECK:   %[[SCORES:.*]] = tile.splat %[[SCALE]] : f32 -> tensor<64x
// CHECK:   math.fma %{{.*}}, %[[SCORES]], %{{.*}} : tensor<64x
// CHECK: %[[SHARE:.*]] = tile.splat %[[OF_VALUES]] : f32 -> tensor<64xf32>
// CHECK: arith.divf %[[SHARE]], %{{.*}} fastmath<arcp,afn> : tensor<64xf32>
func.func @descales(%q: tensor<2x4x?x64xbf16>, %k: tensor<2x2x?x64xbf16>, %x: f32, %y: tensor<2x2xf32>, %z: tensor<2x2xf32>) -> tensor<2x4x?x64xbf16> {
  %o = attn.forward %q, %k, %k q_descale(%x : f32) k_descale(%y : tensor<2x2xf32>) v_descale(%z : tensor<2x2xf32>) schedule <rows = 64, workers = 1>
      : tensor<2x4x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x4x?x64xbf16>
  return %o : tensor<2x4x?x64xbf16>
}

// A score function has the whole score.
// CHECK-LABEL: gpu.func @before_the_score_function
// CHECK-SAME: %[[Q:[^ :]*]]: f32 {tile.name = "q_descale"}, %[[V:[^ :]*]]: f32 {tile.name = "v_descale"}
// CHECK: scf.for
// CHECK:   %[[S:.*]] = tile.mma
// CHECK:   %[[FACTORS:.*]] = tile.splat %[[Q]] : f32 -> tensor<64x
// CHECK:   %[[SCALED:.*]] = arith.mulf %[[S]], %[[FACTORS]]
// CHECK:   math.tanh
// CHECK: %[[NUMERATOR:.*]] = arith.mulf %[[V]], %cst{{.*}} : f32
// CHECK: %[[SHARE:.*]] = tile.splat %[[NUMERATOR]] : f32 -> tensor<64xf32>
// CHECK: arith.divf %[[SHARE]]
func.func @before_the_score_function(%q: tensor<2x4x?x64xbf16>, %x: f32, %z: f32) -> tensor<2x4x?x64xbf16> {
  %o = attn.forward %q, %q, %q q_descale(%x : f32) v_descale(%z : f32) output_scale(0.5) schedule <rows = 64, workers = 1> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = math.tanh %s : f32
    attn.yield %0 : f32
  } : tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16> -> tensor<2x4x?x64xbf16>
  return %o : tensor<2x4x?x64xbf16>
}
