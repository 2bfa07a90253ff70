// Sequences one after another: a block of queries finds its sequence by a binary search in the starts.
// RUN: girih-opt %s --split-input-file --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @packed
// CHECK-SAME: %[[S:[^ :]*]]: memref<?xi32, strided<[1]>> {tile.name = "query_starts", tile.order = ["starts"], tile.sizes = ["starts"]}
// CHECK-SAME: %[[T:[^ :]*]]: memref<?xi32, strided<[1]>> {tile.name = "key_starts", tile.order = ["starts"], tile.sizes = ["starts"]}
// CHECK-SAME: tile.work = {{\[\[}}"sq", 128, "starts"], ["h", 1], ["b", 1]]
// Blocks of a head: those of all queries, and one more for each sequence.
// CHECK: %[[STARTS:.*]] = memref.dim %[[S]], %c0
// CHECK: %[[BLOCKS:.*]] = arith.addi %{{.*}}, %[[STARTS]] : index
// CHECK: %[[N:.*]] = arith.subi %[[STARTS]], %c1 : index
// CHECK: math.ctlz
// CHECK: %[[SEQUENCE:.*]] = scf.for %{{.*}} iter_args(%[[PASSED:.*]] = %c0) -> (index) {
// CHECK:   %[[STEP:.*]] = arith.shli %c1
// CHECK:   %[[CANDIDATE:.*]] = arith.addi %[[PASSED]], %[[STEP]] : index
// CHECK:   tile.gather %[[S]][
// CHECK:   %[[BEFORE:.*]] = arith.divui %{{.*}}, %c128 : index
// CHECK:   %[[FIRST:.*]] = arith.addi %[[BEFORE]], %[[CANDIDATE]] : index
// CHECK:   arith.cmpi slt, %[[CANDIDATE]], %[[N]] : index
// CHECK:   arith.cmpi sle, %[[FIRST]], %[[BLOCK:.*]] : index
// CHECK:   arith.select
// CHECK: }
// CHECK: tile.gather %[[S]][
// CHECK: %[[BEGIN:.*]] = arith.minsi
// CHECK: tile.gather %[[S]][
// CHECK: %[[LENGTH:.*]] = arith.subi %{{.*}}, %[[BEGIN]] : index
// CHECK: %[[QUERIES:.*]] = arith.maxsi %[[LENGTH]], %c0 : index
// CHECK: tile.gather %[[T]][
// CHECK: %[[BEGIN_OF_KEYS:.*]] = arith.minsi
// CHECK: tile.gather %[[T]][
// CHECK: %[[LENGTH_OF_KEYS:.*]] = arith.subi %{{.*}}, %[[BEGIN_OF_KEYS]] : index
// CHECK: %[[KEYS:.*]] = arith.maxsi %[[LENGTH_OF_KEYS]], %c0 : index
// CHECK: %[[BLOCKS_BEFORE:.*]] = arith.divui %[[BEGIN]], %c128 : index
// CHECK: %[[FIRST_BLOCK:.*]] = arith.addi %[[BLOCKS_BEFORE]], %[[SEQUENCE]] : index
// CHECK: %[[OWN:.*]] = arith.subi %[[BLOCK]], %[[FIRST_BLOCK]] : index
// CHECK: %[[ROW:.*]] = arith.muli %[[OWN]], %c128 : index
// CHECK: memref.subview %arg0[0, 0, %[[BEGIN]], 0] [1, 4, %[[QUERIES]], 64]
// CHECK: memref.subview %arg1[0, 0, %[[BEGIN_OF_KEYS]], 0] [1, 4, %[[KEYS]], 64]
// CHECK: %[[HAS:.*]] = arith.cmpi slt, %[[ROW]], %[[QUERIES]] : index
// CHECK: %[[IS_AFTER:.*]] = arith.cmpi sge, %[[ROW]], %c0 : index
// CHECK: arith.andi %[[IS_AFTER]], %[[HAS]] : i1
// CHECK: scf.for
// CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}, %[[ROW]], %c0]
func.func @packed(%q: tensor<1x4x?x64xbf16>, %s: tensor<?xi32>, %t: tensor<?xi32>) -> tensor<1x4x?x64xbf16> {
  %o = attn.forward %q, %q, %q query_starts(%s : tensor<?xi32>) key_starts(%t : tensor<?xi32>) schedule <rows = 128, workers = 2>
      : tensor<1x4x?x64xbf16>, tensor<1x4x?x64xbf16>, tensor<1x4x?x64xbf16> -> tensor<1x4x?x64xbf16>
  return %o : tensor<1x4x?x64xbf16>
}

// -----

// Lengths may end a sequence earlier, and are one for each. The batch of a region is the number of the sequence, and a tensor
// for each query and key is read element by element, since a tile of it would be another sequence's.
// CHECK-LABEL: gpu.func @shorter
// CHECK-SAME: {tile.name = "key_lengths", tile.order = ["sequences"], tile.sizes = ["sequences"]}
// CHECK-SAME: score = ["s", "b", "h", "q", "k", "@bias", "add"]
// CHECK: tile.gather %{{.*}} : memref<1x4x256x256xf32
func.func @shorter(%q: tensor<1x4x256x64xbf16>, %s: tensor<3xi32>, %n: tensor<2xi32>,
                   %bias: tensor<1x4x256x256xf32> {attn.name = "bias", attn.sizes = ["b", "h", "sq", "skv"]}) -> tensor<1x4x256x64xbf16> {
  %o = attn.forward %q, %q, %q key_lengths(%n : tensor<2xi32>) query_starts(%s : tensor<3xi32>) key_starts(%s : tensor<3xi32>) score {
  ^bb0(%x: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %bias[%b, %h, %i, %j] : tensor<1x4x256x256xf32> -> f32
    %1 = arith.addf %x, %0 : f32
    attn.yield %1 : f32
  } : tensor<1x4x256x64xbf16>, tensor<1x4x256x64xbf16>, tensor<1x4x256x64xbf16> -> tensor<1x4x256x64xbf16>
  return %o : tensor<1x4x256x64xbf16>
}
