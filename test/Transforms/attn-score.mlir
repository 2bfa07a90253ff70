// The score region on tiles: what is one number for the tile stays one, what is one a row is a row, and the key index
// costs one sum or multiply-add.
// RUN: girih-opt %s --split-input-file --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// A factor of the scores joins that of the exponents: no region, no cost.
// CHECK-LABEL: gpu.func @factor
// CHECK-SAME: score = ["s", "3", "mul"]
// CHECK: arith.constant dense<0.541010618> : tensor<128x128xf32>
// CHECK: %[[S:.*]] = tile.mma
// CHECK-NEXT: tile.reduce max %[[S]]
func.func @factor(%q: tensor<1x1x128x64xbf16>) -> tensor<1x1x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c3 = arith.constant 3.0 : f32
    %t = arith.mulf %s, %c3 : f32
    attn.yield %t : f32
  } : tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16> -> tensor<1x1x128x64xbf16>
  return %o : tensor<1x1x128x64xbf16>
}

// -----

// The factor before the tanh is one product with the scale, 1/8, in it; that after it joins the exponents.
// CHECK-LABEL: gpu.func @soft_cap
// CHECK-SAME: score = ["s", "4", "div", "tanh", "4", "mul"]
// CHECK-DAG: %[[C:.*]] = arith.constant dense<3.125000e-02> : tensor<128x128xf32>
// CHECK-DAG: %[[CAP:.*]] = arith.constant dense<5.770780e+00> : tensor<128x128xf32>
// CHECK: %[[S:.*]] = tile.mma
// CHECK: %[[IN:.*]] = arith.mulf %[[S]], %[[C]]
// CHECK: %[[T:.*]] = math.tanh %[[IN]] fastmath<afn> : tensor<128x128xf32>
// It is bounded, so that no row needs a maximum.
// CHECK-NEXT: %[[E:.*]] = arith.mulf %[[T]], %[[CAP]]
// CHECK-NEXT: math.exp2 %[[E]]
func.func @soft_cap(%q: tensor<1x1x128x64xbf16>) -> tensor<1x1x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c4 = arith.constant 4.0 : f32
    %d = arith.divf %s, %c4 : f32
    %t = math.tanh %d fastmath<afn> : f32
    %u = arith.mulf %t, %c4 : f32
    attn.yield %u : f32
  } : tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16> -> tensor<1x1x128x64xbf16>
  return %o : tensor<1x1x128x64xbf16>
}

// -----

// A bias that is linear in the key: the columns' part is added before the scale, so that this stays a factor of the
// exponents; the row's part joins what they subtract.
// CHECK-LABEL: gpu.func @linear
// CHECK-SAME: score = ["s", "k", "q", "sub", "0.5", "mul", "add"]
// CHECK-DAG: %[[STEP:.*]] = arith.constant dense<4.000000e+00> : tensor<128x128xf32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.180336878> : tensor<128x128xf32>
// CHECK-DAG: %[[ROWSCALE:.*]] = arith.constant dense<0.180336878> : tensor<128xf32>
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant dense<1.44269502> : tensor<128xf32>
// CHECK: %[[S:.*]] = tile.mma
// CHECK: %[[FIRST:.*]] = arith.subi %{{.*}} : tensor<128xi32>
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[FIRST]] : tensor<128xi32> to tensor<128xf32>
// CHECK: %[[ROW:.*]] = arith.mulf %[[FLOAT]], %{{.*}} : tensor<128xf32>
// CHECK: %[[I:.*]] = tile.iota 1
// CHECK: %[[COLUMN:.*]] = arith.sitofp %[[I]]
// CHECK: %[[BIASED:.*]] = math.fma %[[COLUMN]], %[[STEP]], %[[S]]
// CHECK: %[[MAX:.*]] = tile.reduce max %[[BIASED]]
// CHECK: %[[OFFSET:.*]] = arith.mulf %[[ROW]], %[[LOG2E]]
// CHECK: %[[SCALED:.*]] = math.fma %[[MAX]], %[[ROWSCALE]], %[[OFFSET]]
// CHECK: %[[M:.*]] = arith.maxnumf %[[SCALED]], %{{.*}}
// CHECK: %[[SHIFT:.*]] = arith.subf %[[OFFSET]], %[[M]]
// CHECK: %[[WIDE:.*]] = tile.broadcast %[[SHIFT]]
// CHECK: math.fma %[[BIASED]], %[[SCALE]], %[[WIDE]]
func.func @linear(%q: tensor<1x1x128x64xbf16>) -> tensor<1x1x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %half = arith.constant 0.5 : f32
    %d = arith.subi %j, %i : index
    %n = arith.index_cast %d : index to i32
    %f = arith.sitofp %n : i32 to f32
    %p = arith.mulf %f, %half : f32
    %t = arith.addf %s, %p : f32
    attn.yield %t : f32
  } : tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16> -> tensor<1x1x128x64xbf16>
  return %o : tensor<1x1x128x64xbf16>
}

// -----

// The key against a number of the row: the column against what is left of it. A value that is used twice is kept. A
// mask leaves the scale to the exponents.
// CHECK-LABEL: gpu.func @window
// CHECK-SAME: score = ["q", "k", "sub", "=t0", "16", "lt", "t0", "0", "ge", "and", "s", "-inf", "select"]
// CHECK: %[[S:.*]] = tile.mma
// CHECK: %[[I:.*]] = tile.iota 1
// CHECK: arith.cmpi sgt, %[[I]], %{{.*}} : tensor<128x128xi32>
// CHECK: arith.cmpi sle, %[[I]], %{{.*}} : tensor<128x128xi32>
// CHECK: %[[SEEN:.*]] = arith.andi %{{.*}} : tensor<128x128xi1>
// CHECK: %[[HIDDEN:.*]] = arith.select %[[SEEN]], %[[S]], %{{.*}} : tensor<128x128xi1>, tensor<128x128xf32>
// CHECK-NEXT: tile.reduce max %[[HIDDEN]]
func.func @window(%q: tensor<1x1x128x64xbf16>) -> tensor<1x1x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %hidden = arith.constant 0xFF800000 : f32
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %d = arith.subi %i, %j : index
    %near = arith.cmpi slt, %d, %c16 : index
    %past = arith.cmpi sge, %d, %c0 : index
    %seen = arith.andi %near, %past : i1
    %t = arith.select %seen, %s, %hidden : f32
    attn.yield %t : f32
  } : tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16> -> tensor<1x1x128x64xbf16>
  return %o : tensor<1x1x128x64xbf16>
}

// -----

// A condition of the tile beside one of the scores: tiles are made of numbers.
// CHECK-LABEL: gpu.func @head
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// CHECK: %[[NUMBER:.*]] = arith.extui %[[FIRST]] : i1 to i32
// CHECK: %[[WIDE:.*]] = tile.splat %[[NUMBER]] : i32 -> tensor<128x128xi32>
// CHECK: %[[ALL:.*]] = arith.cmpi ne, %[[WIDE]], %{{.*}} : tensor<128x128xi32>
// CHECK: arith.ori %{{.*}}, %[[ALL]] : tensor<128x128xi1>
func.func @head(%q: tensor<1x2x128x64xbf16>) -> tensor<1x2x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %hidden = arith.constant 0xFF800000 : f32
    %c1 = arith.constant 1 : index
    %past = arith.cmpi sge, %i, %j : index
    %first = arith.cmpi eq, %h, %c1 : index
    %seen = arith.ori %past, %first : i1
    %t = arith.select %seen, %s, %hidden : f32
    attn.yield %t : f32
  } : tensor<1x2x128x64xbf16>, tensor<1x2x128x64xbf16>, tensor<1x2x128x64xbf16> -> tensor<1x2x128x64xbf16>
  return %o : tensor<1x2x128x64xbf16>
}

// -----

// A number that is chosen at launch and the scale are one product; its sign is unknown, so it is no factor of the
// exponents. An offset of the row is one before a factor as well, and passes a mask.
// CHECK-LABEL: gpu.func @number_and_offset
// CHECK-DAG: %[[TWICE:.*]] = arith.constant dense<2.885390e+00> : tensor<128x128xf32>
// CHECK-DAG: %[[EIGHTH:.*]] = arith.constant 1.250000e-01 : f32
// CHECK: %[[S:.*]] = tile.mma
// CHECK: %[[FACTOR:.*]] = arith.mulf %{{.*}}, %[[EIGHTH]] : f32
// CHECK: %[[WIDE:.*]] = tile.splat %[[FACTOR]]
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[S]], %[[WIDE]]
// CHECK: %[[FLOAT:.*]] = arith.sitofp %{{.*}} : tensor<128xi32> to tensor<128xf32>
// CHECK: %[[ROW:.*]] = arith.mulf %[[FLOAT]], %{{.*}} : tensor<128xf32>
// CHECK: %[[HIDDEN:.*]] = arith.select %{{.*}}, %[[PRODUCT]], %{{.*}} : tensor<128x128xi1>, tensor<128x128xf32>
// CHECK: tile.reduce max %[[HIDDEN]]
// CHECK: arith.mulf %[[ROW]], %{{.*}} : tensor<128xf32>
// CHECK: math.fma %[[HIDDEN]], %[[TWICE]], %{{.*}}
func.func @number_and_offset(%q: tensor<1x1x128x64xbf16>, %t: f32 {attn.name = "t"}) -> tensor<1x1x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 128, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %two = arith.constant 2.0 : f32
    %none = arith.constant 0xFF800000 : f32
    %p = arith.mulf %s, %t : f32
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    %sum = arith.addf %f, %p : f32
    %double = arith.mulf %sum, %two : f32
    %seen = arith.cmpi sle, %j, %i : index
    %u = arith.select %seen, %double, %none : f32
    attn.yield %u : f32
  } : tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16>, tensor<1x1x128x64xbf16> -> tensor<1x1x128x64xbf16>
  return %o : tensor<1x1x128x64xbf16>
}
