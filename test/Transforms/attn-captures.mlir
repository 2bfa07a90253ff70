// Captured tensors and numbers: what is the same for all keys is read once, before the loop, and an index that
// moves with the key is said by its first and its step.
// RUN: girih-opt %s --split-input-file --attn-schedule=target=sm_90a --attn-tile --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @slopes
// CHECK-SAME: %[[T:[^ :]*]]: memref<4xf32, strided<[1]>> {tile.name = "slopes", tile.order = ["h"], tile.sizes = ["h"]}, %[[N:[^ :]*]]: f32 {tile.name = "factor"}
// CHECK-SAME: score = ["s", "h", "@slopes", "$factor", "mul", "add"]
// CHECK: %[[SLOPE:.*]] = tile.gather %[[T]][%{{.*}}] steps [0] : memref<4xf32, strided<[1]>>, i32 -> f32
// CHECK: scf.for
// CHECK-NOT: tile.gather
// CHECK: arith.mulf %[[SLOPE]], %[[N]] : f32
func.func @slopes(%q: tensor<1x4x128x64xbf16>, %slopes: tensor<4xf32> {attn.name = "slopes", attn.sizes = ["h"]},
                  %factor: f32 {attn.name = "factor"}) -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %slopes[%h] : tensor<4xf32> -> f32
    %1 = arith.mulf %0, %factor : f32
    %2 = arith.addf %s, %1 : f32
    attn.yield %2 : f32
  } : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

// A row's index is one for each row, a key's a first and a step of 1, a distance both. Names and sizes are made up where
// they are not given.
// CHECK-LABEL: gpu.func @forms
// CHECK-SAME: %[[T:[^ :]*]]: memref<?xf32, strided<[1]>> {tile.name = "captured1", tile.order = ["captured1_0"], tile.sizes = ["captured1_0"]}
// CHECK: %[[ROW:.*]] = tile.gather %[[T]][%{{.*}}] steps [0] : memref<?xf32, strided<[1]>>, tensor<128xi32> -> tensor<128xf32>
// CHECK: scf.for
// CHECK: tile.gather %[[T]][%{{.*}}] steps [1] : memref<?xf32, strided<[1]>>, i32 -> tensor<128x64xf32>
// CHECK: tile.gather %[[T]][%{{.*}}] steps [-1] : memref<?xf32, strided<[1]>>, tensor<128xi32> -> tensor<128x64xf32>
// CHECK: tile.gather %[[T]][%{{.*}}] steps [0] : memref<?xf32, strided<[1]>>, tensor<128x64xi32> -> tensor<128x64xf32>
func.func @forms(%q: tensor<1x4x128x64xbf16>, %table: tensor<?xf32>) -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %table[%i] : tensor<?xf32> -> f32
    %1 = attn.lookup %table[%j] : tensor<?xf32> -> f32
    %distance = arith.subi %i, %j : index
    %2 = attn.lookup %table[%distance] : tensor<?xf32> -> f32
    %square = arith.muli %distance, %distance : index
    %3 = attn.lookup %table[%square] : tensor<?xf32> -> f32
    %4 = arith.addf %0, %1 : f32
    %5 = arith.addf %2, %3 : f32
    %6 = arith.addf %4, %5 : f32
    %7 = arith.addf %s, %6 : f32
    attn.yield %7 : f32
  } : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

// What is sorted bounds the keys of a block by two elements; a number chosen at launch is a limit as a constant is.
// CHECK-LABEL: gpu.func @limits
// CHECK-SAME: sorted = ["first"]
// CHECK: tile.gather %{{.*}}[%{{.*}}] steps [0] : memref<128xi32, strided<[1]>>, i32 -> i32
// CHECK: tile.gather %{{.*}}[%{{.*}}] steps [0] : memref<128xi32, strided<[1]>>, i32 -> i32
// CHECK: scf.for
func.func @limits(%q: tensor<1x4x128x64xbf16>, %first: tensor<128xi32> {attn.name = "first", attn.sorted},
                  %last: i32 {attn.name = "last"}) -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %first[%i] : tensor<128xi32> -> i32
    %1 = arith.index_cast %0 : i32 to index
    %2 = arith.cmpi sge, %j, %1 : index
    %3 = arith.index_cast %j : index to i32
    %4 = arith.cmpi slt, %3, %last : i32
    %5 = arith.andi %2, %4 : i1
    attn.yield %5 : i1
  } schedule <rows = 128, columns = 64, workers = 2> : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

// What is not sorted has no bounds that are known.
// CHECK-LABEL: gpu.func @unsorted
// CHECK-NOT: -> i32
// CHECK: scf.for
func.func @unsorted(%q: tensor<1x4x128x64xbf16>, %first: tensor<128xi32>) -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %first[%i] : tensor<128xi32> -> i32
    %1 = arith.index_cast %0 : i32 to index
    %2 = arith.cmpi sge, %j, %1 : index
    attn.yield %2 : i1
  } schedule <rows = 128, columns = 64, workers = 2> : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

// A tensor with an element for each query and key, whose rows copies can move, is loaded tile by tile.
// CHECK-LABEL: gpu.func @dense
// CHECK-SAME: memref<4x128x128xbf16, strided<[?, ?, 1]>> {tile.name = "bias"
// CHECK: scf.for
// CHECK: %[[KEY:.*]] = arith.muli %{{.*}}, %c64
// CHECK: %[[T:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}, %[[KEY]]] : memref<4x128x128xbf16, strided<[?, ?, 1]>> -> tensor<128x64xbf16>
// CHECK: %[[WIDE:.*]] = arith.extf %[[T]] : tensor<128x64xbf16> to tensor<128x64xf32>
// CHECK: math.fma %{{.*}}, %{{.*}}, %[[WIDE]]
// CHECK-NOT: tile.gather
func.func @dense(%q: tensor<1x4x128x64xbf16>, %bias: tensor<4x128x128xbf16> {attn.name = "bias", attn.sizes = ["h", "sq", "skv"]})
    -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %bias[%h, %i, %j] : tensor<4x128x128xbf16> -> f32
    %1 = arith.addf %s, %0 : f32
    attn.yield %1 : f32
  } : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}

// -----

// Batches that share tiles of a bias follow each other, heads on one of keys before them: item i is head 2 (i / 6) + i % 2
// of batch i / 2 % 3.
// CHECK-LABEL: gpu.func @shared_dense
// CHECK: %[[PAIR:.*]] = arith.divui %[[I:.*]], %c2
// CHECK: %[[BATCH:.*]] = arith.remui %[[PAIR]], %c3
// CHECK: %[[KEY:.*]] = arith.divui %[[PAIR]], %c3
// CHECK: %[[FIRST:.*]] = arith.muli %[[KEY]], %c2
// CHECK: %[[MINE:.*]] = arith.remui %[[I]], %c2
// CHECK: %[[HEAD:.*]] = arith.addi %[[FIRST]], %[[MINE]]
// CHECK: tile.load %{{.*}}[%[[BATCH]], %[[HEAD]],
func.func @shared_dense(%q: tensor<3x4x128x64xbf16>, %k: tensor<3x2x128x64xbf16>,
                        %bias: tensor<4x128x128xbf16> {attn.name = "bias", attn.sizes = ["h", "sq", "skv"]}) -> tensor<3x4x128x64xbf16> {
  %o = attn.forward %q, %k, %k schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %bias[%h, %i, %j] : tensor<4x128x128xbf16> -> f32
    %1 = arith.addf %s, %0 : f32
    attn.yield %1 : f32
  } : tensor<3x4x128x64xbf16>, tensor<3x2x128x64xbf16>, tensor<3x2x128x64xbf16> -> tensor<3x4x128x64xbf16>
  return %o : tensor<3x4x128x64xbf16>
}

// -----

// Each batch has a bias of its own: heads of one follow each other.
// CHECK-LABEL: gpu.func @dense_of_batches
// CHECK: %[[HEAD:.*]] = arith.remui %[[I:.*]], %c4
// CHECK: %[[BATCH:.*]] = arith.divui %[[I]], %c4
// CHECK: tile.load %{{.*}}[%[[BATCH]], %[[HEAD]],
func.func @dense_of_batches(%q: tensor<3x4x128x64xbf16>, %bias: tensor<3x4x128x128xbf16> {attn.name = "bias", attn.sizes = ["b", "h", "sq", "skv"]})
    -> tensor<3x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %bias[%b, %h, %i, %j] : tensor<3x4x128x128xbf16> -> f32
    %1 = arith.addf %s, %0 : f32
    attn.yield %1 : f32
  } : tensor<3x4x128x64xbf16>, tensor<3x4x128x64xbf16>, tensor<3x4x128x64xbf16> -> tensor<3x4x128x64xbf16>
  return %o : tensor<3x4x128x64xbf16>
}

// -----

// Not where the sizes are the tensor's own, or query and key change places.
// CHECK-LABEL: gpu.func @not_dense
// CHECK: scf.for
// CHECK: tile.gather
// CHECK: tile.gather
func.func @not_dense(%q: tensor<1x4x128x64xbf16>, %a: tensor<128x128xbf16>,
                     %bias: tensor<128x128xbf16> {attn.name = "bias", attn.sizes = ["sq", "skv"]}) -> tensor<1x4x128x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <rows = 128, columns = 64, workers = 2> score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.lookup %a[%i, %j] : tensor<128x128xbf16> -> f32
    %1 = attn.lookup %bias[%j, %i] : tensor<128x128xbf16> -> f32
    %2 = arith.addf %0, %1 : f32
    %3 = arith.addf %s, %2 : f32
    attn.yield %3 : f32
  } : tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16>, tensor<1x4x128x64xbf16> -> tensor<1x4x128x64xbf16>
  return %o : tensor<1x4x128x64xbf16>
}
