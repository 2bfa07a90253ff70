// The tiles that are visited stand in lists: first those of blocks that the mask is applied to, then the others.
// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @masked_and_full
// CHECK-SAME: %[[N:[^ :]*]]: memref<2x4x2xi32, strided<[?, ?, 1]>> {tile.name = "kv_num_blocks", tile.order = ["b", "h", "query_blocks"], tile.sizes = ["b", "h", "query_blocks"]}
// CHECK-SAME: %[[I:[^ :]*]]: memref<2x4x2x4xi32, strided<[?, ?, ?, 1]>> {tile.name = "kv_indices", tile.order = ["b", "h", "query_blocks", "listed"], tile.sizes = ["b", "h", "query_blocks", "listed"]}
// CHECK-SAME: %[[M:[^ :]*]]: memref<2x4x2xi32, strided<[?, ?, 1]>> {tile.name = "full_kv_num_blocks"
// CHECK-SAME: %[[J:[^ :]*]]: memref<2x4x2x?xi32, strided<[?, ?, ?, 1]>> {tile.name = "full_kv_indices", tile.order = ["b", "h", "query_blocks", "full_listed"]
// CHECK-SAME: blocks = [128, 128]
// The lengths of the lists, as many as they have at most; two tiles a block.
// CHECK: %[[GIVEN:.*]] = tile.gather %[[N]][%[[B:.*]], %[[H:.*]], %[[Q:.*]]] steps [0, 0, 0]
// CHECK: %[[INDEX:.*]] = arith.index_cast %[[GIVEN]]
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[INDEX]], %c0
// CHECK: %[[LENGTH:.*]] = arith.minsi %[[LEAST]], %c4
// CHECK: %[[MASKED:.*]] = arith.muli %[[LENGTH]], %c2
// CHECK: tile.gather %[[M]][%[[B]], %[[H]], %[[Q]]]
// CHECK: %[[FULL:.*]] = arith.muli %{{.*}}, %c2
// CHECK: %[[ALL:.*]] = arith.addi %[[MASKED]], %[[FULL]]
// CHECK: %[[EMPTY:.*]] = arith.cmpi eq, %[[ALL]], %c0
// CHECK: %[[COUNT:.*]] = arith.maxsi %[[ALL]], %c1
// CHECK: %[[BEFORE:.*]] = arith.maxsi %[[MASKED]], %c1
// CHECK: scf.for %[[T:.*]] = %c0 to %[[COUNT]]
// CHECK: %[[ENTRY:.*]] = arith.divui %[[T]], %c2
// CHECK: tile.gather %[[I]][%[[B]], %[[H]], %[[Q]], %{{.*}}]
// CHECK: %[[FIRST:.*]] = arith.minsi %{{.*}}, %c3
// CHECK: %[[ISFIRST:.*]] = arith.cmpi slt, %[[T]], %[[MASKED]]
// CHECK: arith.subi %[[ENTRY]], %[[LENGTH]]
// CHECK: tile.gather %[[J]]
// CHECK: %[[SECOND:.*]] = arith.minsi %{{.*}}, %c3
// CHECK: arith.select %[[ISFIRST]], %[[FIRST]], %[[SECOND]]
// CHECK: %[[TILE:.*]] = arith.select %[[EMPTY]], %c8, %{{.*}}
// CHECK: %[[KEY:.*]] = arith.muli %[[TILE]], %c64
// CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}, %[[KEY]], %c0]
// The first tile has a mask, which shows all of it if it is of the second list.
// CHECK: %[[HASMASK:.*]] = arith.cmpi slt, %[[T]], %[[BEFORE]]
// CHECK: scf.if %[[HASMASK]]
// CHECK: %[[SHOWN:.*]] = arith.cmpi sge, %[[T]], %[[MASKED]]
// CHECK: arith.select %[[SHOWN]], %c2147483647, %c0
// CHECK: else
// CHECK-NOT: arith.select
// CHECK: tile.reduce max
func.func @masked_and_full(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x2x512x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x4xi32>, %m: tensor<2x4x2xi32>, %j: tensor<2x4x2x?xi32>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %k blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x4xi32>) full_blocks(%m : tensor<2x4x2xi32>, %j : tensor<2x4x2x?xi32>) mask(causal)
      order(bshd) schedule <columns = 64, workers = 1, persistent = 0> : tensor<2x4x256x64xbf16>, tensor<2x2x512x64xbf16>, tensor<2x2x512x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// Where keys may end in a block, all tiles of both lists may; without a mask, a list is as good as the other.
// CHECK-LABEL: gpu.func @open
// CHECK: %[[KEYS:.*]] = memref.dim %{{.*}}, %c2
// CHECK: %[[REST:.*]] = arith.remui %[[KEYS]], %c128
// CHECK: %[[ISWHOLE:.*]] = arith.cmpi eq, %[[REST]], %c0
// CHECK: %[[ENDED:.*]] = arith.select %[[ISWHOLE]], %c0, %[[COUNT:.*]] : index
// CHECK: %[[BEFORE:.*]] = arith.maxsi %[[ENDED]], %c1
// CHECK: scf.for %[[T:.*]] = %c0 to %[[COUNT]]
// CHECK: %[[MAYEND:.*]] = arith.cmpi slt, %[[T]], %[[BEFORE]]
// CHECK: scf.if %[[MAYEND]]
func.func @open(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x2x?x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x?xi32>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %k blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x?xi32>)
      schedule <persistent = 0> : tensor<2x4x256x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}

// Three parts: with the mask, without it but to the end of the keys, and whole.
// CHECK-LABEL: gpu.func @parts
// CHECK: %[[TILES:.*]] = arith.select %{{.*}}, %c0, %{{.*}} : index
// CHECK: %[[MASKED:.*]] = arith.maxsi %{{.*}}, %c1 : index
// CHECK: %[[ENDED:.*]] = arith.maxsi %[[MASKED]], %[[TILES]] : index
// CHECK: scf.for %[[T:.*]] = %c0
// CHECK: %[[HASMASK:.*]] = arith.cmpi slt, %[[T]], %[[MASKED]]
// CHECK: %[[MAYEND:.*]] = arith.cmpi slt, %[[T]], %[[ENDED]]
// CHECK: %[[EITHER:.*]] = arith.ori %[[HASMASK]], %[[MAYEND]]
// CHECK: scf.if %[[EITHER]]
// CHECK: scf.if %[[HASMASK]]
func.func @parts(%q: tensor<2x4x256x64xbf16>, %k: tensor<2x2x?x64xbf16>, %n: tensor<2x4x2xi32>, %i: tensor<2x4x2x?xi32>) -> tensor<2x4x256x64xbf16> {
  %o = attn.forward %q, %k, %k blocks([128, 128], %n : tensor<2x4x2xi32>, %i : tensor<2x4x2x?xi32>) full_blocks(%n : tensor<2x4x2xi32>, %i : tensor<2x4x2x?xi32>)
      mask(causal) schedule <persistent = 0> : tensor<2x4x256x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16> -> tensor<2x4x256x64xbf16>
  return %o : tensor<2x4x256x64xbf16>
}
