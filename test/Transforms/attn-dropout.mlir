// Dropout: a key is made of the state once a kernel; each weight has a random number, by query, head, batch and key, and is 0 in the
// second product where it is below the threshold. The sum has all of them. What stays is scaled with the whole output.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @dropout
// CHECK-SAME: %[[S:[^ :]*]]: memref<4xi32, strided<[1]>> {tile.name = "dropout_state", tile.order = ["state"], tile.sizes = ["state"]}
// CHECK-SAME: tile.problem = {dropout = 2.500000e-01 : f64, kind = "attention.forward"
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<1.33333337> : tensor<64xf32>
// CHECK-DAG: %[[THRESHOLD:.*]] = arith.constant dense<16384> : tensor<64x64xi32>
// CHECK-DAG: %[[FACTOR:.*]] = arith.constant -7046029254386353131 : i64
// CHECK-DAG: %[[W0:.*]] = tile.gather %[[S]][%c0_i32] steps [0] : memref<4xi32, strided<[1]>>, i32 -> i32
// CHECK-DAG: %[[W3:.*]] = tile.gather %[[S]][%c3_i32] steps [0]
// CHECK: arith.muli %{{.*}}, %[[FACTOR]] : i64
// CHECK: %[[KEY:.*]] = arith.addi %{{.*}}, %{{.*}} : i64
// CHECK: %[[LOW:.*]] = arith.trunci %[[KEY]] : i64 to i32
// CHECK: scf.for
// CHECK: %[[P:.*]] = math.exp2 %{{.*}} : tensor<64x64xf32>
// CHECK: tile.reduce add %[[P]]
// CHECK: %[[QUERY:.*]] = tile.broadcast %{{.*}} : tensor<64xi32> -> tensor<64x64xi32>
// CHECK: %[[COLUMN:.*]] = tile.iota 1 : tensor<64x64xi32>
// CHECK: %[[R:.*]] = tile.random key(%{{.*}}, %{{.*}}) counter(%{{.*}}, %[[QUERY]], %{{.*}}, %{{.*}}) at %[[COLUMN]] : tensor<64x64xi32>
// CHECK: %[[STAYS:.*]] = arith.cmpi uge, %[[R]], %[[THRESHOLD]]
// CHECK: %[[LEFT:.*]] = arith.select %[[STAYS]], %[[P]], %{{.*}} : tensor<64x64xi1>, tensor<64x64xf32>
// CHECK: arith.truncf %[[LEFT]] : tensor<64x64xf32> to tensor<64x64xbf16>
// CHECK: arith.divf %[[SCALE]]
func.func @dropout(%q: tensor<2x4x?x64xbf16>, %s: tensor<4xi32>) -> tensor<2x4x?x64xbf16> {
  %o = attn.forward %q, %q, %q dropout(0.25, %s : tensor<4xi32>) schedule <rows = 64, workers = 1>
      : tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16>, tensor<2x4x?x64xbf16> -> tensor<2x4x?x64xbf16>
  return %o : tensor<2x4x?x64xbf16>
}

// 32 numbers are those of four calls: tiles of keys begin with a call. Default tiles are multiples of 32 wide on all chips.
// CHECK-LABEL: gpu.func @wide
// CHECK: tile.random {{.*}} : tensor<128x96xi32>
func.func @wide(%q: tensor<2x4x?x192xbf16>, %s: tensor<4xi32>) -> tensor<2x4x?x192xbf16> {
  %o = attn.forward %q, %q, %q dropout(0.25, %s : tensor<4xi32>)
      : tensor<2x4x?x192xbf16>, tensor<2x4x?x192xbf16>, tensor<2x4x?x192xbf16> -> tensor<2x4x?x192xbf16>
  return %o : tensor<2x4x?x192xbf16>
}
