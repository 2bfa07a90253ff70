// RUN: girih-opt %s --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse --split-input-file | FileCheck %s

// A window has a first and a last tile, and masks at either edge.
// CHECK-LABEL: gpu.func @window
// CHECK-SAME: mask = ["k", "q", "skv", "sq", "sub", "add", "=t0", "le", "k", "t0", "100", "sub", "ge", "and"]
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK: %[[SEEN:.*]] = arith.minsi %dim
// CHECK-NEXT: %[[END_KEY:.*]] = arith.maxsi %[[SEEN]], %[[C1]]
// CHECK: %[[END:.*]] = arith.divui
// CHECK: %[[LAST:.*]] = arith.subi %[[END_KEY]], %[[C1]]
// CHECK: %[[BEGIN_KEY:.*]] = arith.minsi %{{.*}}, %[[LAST]]
// CHECK: %[[BEGIN:.*]] = arith.divui %[[BEGIN_KEY]]
// CHECK: %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK: %[[BEFORE:.*]] = arith.maxsi %{{.*}}, %[[C1]]
// CHECK: %[[FROM:.*]] = arith.subi %[[END]], %{{.*}}
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[COUNT]]
// CHECK: %[[RIGHT:.*]] = arith.cmpi slt, %[[I]], %[[BEFORE]]
// CHECK: %[[LEFT:.*]] = arith.cmpi sge, %[[I]], %[[FROM]]
// CHECK: %[[EDGE:.*]] = arith.ori %[[RIGHT]], %[[LEFT]]
// CHECK: scf.if %[[EDGE]]
// The end of the keys and the diagonal are one limit.
// CHECK: %[[UPPER:.*]] = arith.minsi %{{.*}}, %{{.*}} : tensor<128xi32>
// CHECK: arith.cmpi slt, %{{.*}}, %{{.*}} : tensor<128x128xi32>
// CHECK: arith.cmpi sge, %{{.*}}, %{{.*}} : tensor<128x128xi32>
// CHECK-NOT: arith.cmpi
// CHECK: arith.select
func.func @window(%q: tensor<1x1x?x128xbf16>, %k: tensor<1x1x?x128xbf16>) -> tensor<1x1x?x128xbf16> {
  %o = attn.forward %q, %k, %k mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c100 = arith.constant 100 : index
    %queries = attn.queries
    %keys = attn.keys
    %shift = arith.subi %keys, %queries : index
    %place = arith.addi %i, %shift : index
    %first = arith.subi %place, %c100 : index
    %0 = arith.cmpi sle, %j, %place : index
    %1 = arith.cmpi sge, %j, %first : index
    %2 = arith.andi %0, %1 : i1
    attn.yield %2 : i1
  } : tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16> -> tensor<1x1x?x128xbf16>
  return %o : tensor<1x1x?x128xbf16>
}

// -----

// Where nothing is known of a condition on the key, each tile is masked, and there is no branch.
// CHECK-LABEL: gpu.func @dilated
// CHECK: %[[TILES:.*]] = arith.constant 4 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[TILES]]
// CHECK-NOT: scf.if
// CHECK: arith.remsi %{{.*}}, %{{.*}} : tensor<128x128xi32>
// CHECK: arith.select
// CHECK-NOT: scf.if
// CHECK: } {tile.non_empty}
func.func @dilated(%q: tensor<1x1x512x128xbf16>) -> tensor<1x1x512x128xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %rest = arith.remsi %j, %c2 : index
    %0 = arith.cmpi eq, %rest, %c0 : index
    attn.yield %0 : i1
  } schedule <workers = 2> : tensor<1x1x512x128xbf16>, tensor<1x1x512x128xbf16>, tensor<1x1x512x128xbf16> -> tensor<1x1x512x128xbf16>
  return %o : tensor<1x1x512x128xbf16>
}

// -----

// A mask that hides nothing is none.
// CHECK-LABEL: gpu.func @always
// CHECK-NOT: arith.select %{{.*}} : tensor<128x128xi1>
// CHECK: tile.mma
func.func @always(%q: tensor<1x1x512x128xbf16>) -> tensor<1x1x512x128xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c600 = arith.constant 600 : index
    %zero = arith.constant 0 : index
    %0 = arith.cmpi slt, %zero, %c600 : index
    attn.yield %0 : i1
  } schedule <workers = 2> : tensor<1x1x512x128xbf16>, tensor<1x1x512x128xbf16>, tensor<1x1x512x128xbf16> -> tensor<1x1x512x128xbf16>
  return %o : tensor<1x1x512x128xbf16>
}

// -----

// The name and the region are one: the diagonal cuts each block at the same place.
// CHECK-LABEL: gpu.func @named
// CHECK: %[[MASKED:.*]] = arith.minsi %{{.*}}, %c2
// CHECK: arith.cmpi slt, %{{.*}}, %[[MASKED]]
func.func @named(%q: tensor<1x1x512x64xbf16>) -> tensor<1x1x512x64xbf16> {
  %o = attn.forward %q, %q, %q mask(causal_top_left) schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x1x512x64xbf16>, tensor<1x1x512x64xbf16>, tensor<1x1x512x64xbf16> -> tensor<1x1x512x64xbf16>
  return %o : tensor<1x1x512x64xbf16>
}

// -----

// CHECK-LABEL: gpu.func @region
// CHECK: %[[MASKED:.*]] = arith.minsi %{{.*}}, %c2
// CHECK: arith.cmpi slt, %{{.*}}, %[[MASKED]]
func.func @region(%q: tensor<1x1x512x64xbf16>) -> tensor<1x1x512x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %true = arith.constant true
    %hidden = arith.cmpi slt, %i, %j : index
    %seen = arith.xori %hidden, %true : i1
    attn.yield %seen : i1
  } schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x1x512x64xbf16>, tensor<1x1x512x64xbf16>, tensor<1x1x512x64xbf16> -> tensor<1x1x512x64xbf16>
  return %o : tensor<1x1x512x64xbf16>
}

// -----

// Of two spans, the tiles in between are left out: the tile number jumps.
// CHECK-LABEL: gpu.func @two_spans
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
// CHECK: %[[TILE:.*]] = arith.subi %{{.*}}, %[[I]]
// CHECK: %[[JUMPED:.*]] = arith.cmpi sge, %[[I]], %{{.*}} : index
// CHECK: %[[GAP:.*]] = arith.select %[[JUMPED]], %{{.*}}, %{{.*}} : index
// CHECK: arith.subi %[[TILE]], %[[GAP]]
func.func @two_spans(%q: tensor<1x1x4096x64xbf16>) -> tensor<1x1x4096x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c4 = arith.constant 4 : index
    %c100 = arith.constant 100 : index
    %start = arith.subi %i, %c100 : index
    %past = arith.cmpi sle, %j, %i : index
    %near = arith.cmpi sge, %j, %start : index
    %window = arith.andi %past, %near : i1
    %first = arith.cmpi slt, %j, %c4 : index
    %seen = arith.ori %window, %first : i1
    attn.yield %seen : i1
  } schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x1x4096x64xbf16>, tensor<1x1x4096x64xbf16>, tensor<1x1x4096x64xbf16> -> tensor<1x1x4096x64xbf16>
  return %o : tensor<1x1x4096x64xbf16>
}

// -----

// Of numbers that all rows share, the arithmetic is done once; ops that fold in place stay.
// CHECK-LABEL: gpu.func @shared
// CHECK: arith.remsi %{{.*}}, %c7 : index
// CHECK: arith.maxsi %{{.*}}, %c43 : index
// CHECK: scf.for
func.func @shared(%q: tensor<1x8x512x64xbf16>) -> tensor<1x8x512x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c7 = arith.constant 7 : index
    %c43 = arith.constant 43 : index
    %rest = arith.remsi %h, %c7 : index
    %limit = arith.maxsi %c43, %rest : index
    %seen = arith.cmpi sle, %j, %limit : index
    attn.yield %seen : i1
  } schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16> -> tensor<1x8x512x64xbf16>
  return %o : tensor<1x8x512x64xbf16>
}

// -----

// What a condition on the key chooses is no limit of a row, but a number for each score.
// CHECK-LABEL: gpu.func @chosen_by_key
// CHECK: %[[CHOSEN:.*]] = arith.select %{{.*}} : tensor<128x64xi1>, tensor<128x64xi32>
// CHECK: arith.cmpi sge, %{{.*}}, %[[CHOSEN]] : tensor<128x64xi32>
func.func @chosen_by_key(%q: tensor<1x8x512x64xbf16>) -> tensor<1x8x512x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c48 = arith.constant 48 : index
    %isLate = arith.cmpi sgt, %j, %c48 : index
    %limit = arith.select %isLate, %i, %h : index
    %seen = arith.cmpi sge, %j, %limit : index
    attn.yield %seen : i1
  } schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16> -> tensor<1x8x512x64xbf16>
  return %o : tensor<1x8x512x64xbf16>
}

// -----

// The magnitude of what all rows share.
// CHECK-LABEL: gpu.func @distance_of_heads
// CHECK: %[[BELOW:.*]] = arith.subi %c94, %{{.*}} : index
// CHECK: arith.maxsi %{{.*}}, %[[BELOW]] : index
// CHECK-NOT: math.absi
func.func @distance_of_heads(%q: tensor<1x8x512x64xbf16>) -> tensor<1x8x512x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c94 = arith.constant 94 : index
    %above = arith.subi %h, %c94 : index
    %distance = math.absi %above : index
    %seen = arith.cmpi sle, %j, %distance : index
    attn.yield %seen : i1
  } schedule <rows = 128, columns = 64, workers = 2>
      : tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16>, tensor<1x8x512x64xbf16> -> tensor<1x8x512x64xbf16>
  return %o : tensor<1x8x512x64xbf16>
}
