// Sequences of own lengths: tensors are seen as far as a sequence has rows, and a block of queries beyond it is left out.
// RUN: girih-opt %s --split-input-file --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @both
// CHECK-SAME: %[[Q:[^ :]*]]: memref<?x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "q"
// CHECK-SAME: %[[K:[^ :]*]]: memref<?x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "k"
// CHECK-SAME: %[[V:[^ :]*]]: memref<?x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "v"
// CHECK-SAME: %[[O:[^ :]*]]: memref<?x4x256x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "o"
// CHECK-SAME: %[[LSE:[^ :]*]]: memref<?x4x256xf32, strided<[?, ?, 1]>> {tile.name = "lse"
// CHECK-SAME: %[[M:[^ :]*]]: memref<?xi32, strided<[1]>> {tile.name = "query_lengths", tile.order = ["b"], tile.sizes = ["b"]}
// CHECK-SAME: %[[N:[^ :]*]]: memref<?xi32, strided<[1]>> {tile.name = "key_lengths", tile.order = ["b"], tile.sizes = ["b"]}
// A length is what it may be, from 0 to the tensor's.
// CHECK: %[[M0:.*]] = tile.gather %[[M]]
// CHECK: %[[M1:.*]] = arith.index_cast %[[M0]] : i32 to index
// CHECK: %[[M2:.*]] = arith.maxsi %[[M1]], %c0
// CHECK: %[[QUERIES:.*]] = arith.minsi %[[M2]], %c256
// CHECK: tile.gather %[[N]]
// CHECK: %[[KEYS:.*]] = arith.minsi %{{.*}}, %c256
// CHECK: %[[QV:.*]] = memref.subview %[[Q]][0, 0, 0, 0] [%{{.*}}, 4, %[[QUERIES]], 64] [1, 1, 1, 1]
// CHECK: %[[KV:.*]] = memref.subview %[[K]][0, 0, 0, 0] [%{{.*}}, 4, %[[KEYS]], 64] [1, 1, 1, 1]
// CHECK: %[[VV:.*]] = memref.subview %[[V]][0, 0, 0, 0] [%{{.*}}, 4, %[[KEYS]], 64] [1, 1, 1, 1]
// CHECK: %[[OV:.*]] = memref.subview %[[O]][0, 0, 0, 0] [%{{.*}}, 4, %[[QUERIES]], 64] [1, 1, 1, 1]
// CHECK: %[[LV:.*]] = memref.subview %[[LSE]][0, 0, 0] [%{{.*}}, 4, %[[QUERIES]]] [1, 1, 1]
// CHECK: %[[IS:.*]] = arith.cmpi slt, %[[FIRST:.*]], %[[QUERIES]] : index
// CHECK: %[[COUNT:.*]] = arith.select %[[IS]], %c1, %c0 : index
// CHECK: scf.for %{{.*}} = %c0 to %[[COUNT]] step %c1 {
// CHECK:   tile.load %[[QV]][%{{.*}}, %{{.*}}, %[[FIRST]], %c0]
// The diagonal is that of the sequence.
// CHECK:   %[[SHIFT:.*]] = arith.subi %[[KEYS]], %[[QUERIES]] : index
// CHECK:   scf.for
// CHECK:     tile.load %[[KV]][
// CHECK:     tile.load %[[VV]][
// CHECK:   tile.store %{{.*}}, %[[OV]][
// CHECK:   tile.store %{{.*}}, %[[LV]][
func.func @both(%q: tensor<?x4x256x64xbf16>, %m: tensor<?xi32>, %n: tensor<?xi32>) -> (tensor<?x4x256x64xbf16>, tensor<?x4x256xf32>) {
  %o, %lse = attn.forward %q, %q, %q query_lengths(%m : tensor<?xi32>) key_lengths(%n : tensor<?xi32>) mask(causal)
      : tensor<?x4x256x64xbf16>, tensor<?x4x256x64xbf16>, tensor<?x4x256x64xbf16> -> tensor<?x4x256x64xbf16>, tensor<?x4x256xf32>
  return %o, %lse : tensor<?x4x256x64xbf16>, tensor<?x4x256xf32>
}

// -----

// With lengths of keys alone each block is there, and queries are the tensor's. Tiles of keys are those of the sequence, and
// one where it has none.
// CHECK-LABEL: gpu.func @keys
// CHECK-SAME: tile.name = "q"
// CHECK-NOT: query_lengths
// CHECK: %[[KEYS:.*]] = arith.minsi %{{.*}}, %c256
// CHECK-NOT: memref.subview %arg0
// CHECK: memref.subview %arg1[0, 0, 0, 0] [2, 4, %[[KEYS]], 64]
// CHECK: tile.load %arg0
// CHECK: %[[SOME:.*]] = arith.maxsi %[[KEYS]], %c1
// CHECK: %[[PLUS:.*]] = arith.addi %[[SOME]], %c63
// CHECK: %[[TILES:.*]] = arith.divui %[[PLUS]], %c64
// CHECK: scf.for %{{.*}} = %c0 to %[[TILES]]
// CHECK: tile.store %{{.*}}, %arg3
func.func @keys(%q: tensor<2x4x256x64xbf16>, %n: tensor<2xi32>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %q, %q key_lengths(%n : tensor<2xi32>) schedule <columns = 64>
      : tensor<2x4x256x64xbf16>, tensor<2x4x256x64xbf16>, tensor<2x4x256x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// -----

// Regions may read the lengths, which keep their names; a tensor may be both.
// CHECK-LABEL: gpu.func @in_a_region
// CHECK-SAME: mask = ["b", "@query_lengths", "k", "le"]
// CHECK: tile.gather %arg4
func.func @in_a_region(%q: tensor<2x4x256x64xbf16>, %n: tensor<2xi32>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %q, %q query_lengths(%n : tensor<2xi32>) key_lengths(%n : tensor<2xi32>) mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %n[%b] : tensor<2xi32> -> i32
    %1 = arith.index_cast %0 : i32 to index
    %2 = arith.cmpi sle, %1, %j : index
    attn.yield %2 : i1
  } : tensor<2x4x256x64xbf16>, tensor<2x4x256x64xbf16>, tensor<2x4x256x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}
