// Work items that the CTAs of a cluster share are numbered by clusters.
// RUN: girih-opt %s --attn-schedule=target=sm_100a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @shared
// CHECK-SAME: tile.work = {{\[}}["sq", 512], ["h", 1], ["b", 1]]
// CHECK-NOT: gpu.block_id
// CHECK-DAG: %[[START:.*]] = gpu.cluster_id {{ ?}}x
// CHECK-DAG: %[[STEP:.*]] = gpu.cluster_dim {{ ?}}x
// CHECK: scf.for %{{.*}} = %[[START]] to %{{.*}} step %[[STEP]]
// CHECK: tile.load {{.*}} -> tensor<512x128xbf16>
func.func @shared(%q: tensor<?x8x?x128xbf16>) -> tensor<?x8x?x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <cluster = 2, persistent = 1>
      : tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16> -> tensor<?x8x?x128xbf16>
  return %o : tensor<?x8x?x128xbf16>
}

// CHECK-LABEL: gpu.func @flat
// CHECK: gpu.cluster_id
// CHECK-NOT: gpu.cluster_dim
func.func @flat(%q: tensor<?x8x?x128xbf16>) -> tensor<?x8x?x128xbf16> {
  %o = attn.forward %q, %q, %q schedule <cluster = 2, persistent = 0>
      : tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16> -> tensor<?x8x?x128xbf16>
  return %o : tensor<?x8x?x128xbf16>
}
