// A tensor map's boxes make the tile.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 64>>
!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @swizzles(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{swizzles differ: tile has 64 bytes, tensor map has 128}}
  tile.copy %m[%i, %i] to %t : !map, !tile
  return
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[32, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @rows(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 64x64 cannot be moved by boxes of [32, 64]}}
  tile.copy %m[%i, %i] to %t : !map, !tile
  return
}

// -----

!tile = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @columns(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 64x128 cannot be moved by boxes of [64, 64]}}
  tile.store %t, %m[%i, %i] : !tile, !map
  return
}

// -----

!tile = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[64, 128] x bf16, swizzle = 128, panel = 64, folded = false>
func.func @panels(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 64x128 cannot be moved by boxes of [64, 128]}}
  tile.store %t, %m[%i, %i] : !tile, !map
  return
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[2, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @outer(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 64x64 cannot be moved by boxes of [2, 64, 64]}}
  tile.copy %m[%i, %i, %i] to %t : !map, !tile
  return
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @one_dimension(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 64x64 cannot be moved by boxes of [64]}}
  tile.copy %m[%i] to %t : !map, !tile
  return
}

// -----

func.func @copy_rank(%m: memref<?xbf16>, %t: tensor<64x64xbf16, #tile.shared<swizzle = 128>>, %i: index) {
  // expected-error@+1 {{tile has 2 dimensions, tensor has 1}}
  tile.copy %m[%i] to %t : memref<?xbf16>, tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

// Boxes below each other end where the swizzle repeats, every 8 rows.
!tile = tensor<60x64xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[20, 64] x bf16, swizzle = 128, panel = 64, folded = false>
func.func @groups_of_rows(%m: !map, %t: !tile, %i: index) {
  // expected-error@+1 {{tile of 60x64 cannot be moved by boxes of [20, 64]}}
  tile.copy %m[%i, %i] to %t : !map, !tile
  return
}

// -----

func.func @gather_element(%m: memref<4xi16>, %i: i32) {
  // expected-error@+1 {{cannot read elements of 'i16', must be bf16, f16, f32, i8, i32 or i64}}
  %x = tile.gather %m[%i] steps [0] : memref<4xi16>, i32 -> i32
  return
}

// -----

func.func @gather_result(%m: memref<4xbf16>, %i: i32) {
  // expected-error@+1 {{makes 'i32' of elements of 'bf16', must make 'f32'}}
  %x = tile.gather %m[%i] steps [0] : memref<4xbf16>, i32 -> i32
  return
}

// -----

func.func @gather_indices(%m: memref<4x4xf32>, %i: i32) {
  // expected-error@+1 {{has 1 indices, tensor has 2 dimensions}}
  %x = tile.gather %m[%i] steps [0] : memref<4x4xf32>, i32 -> f32
  return
}

// -----

func.func @gather_places(%m: !tile.pointer<f32>, %i: i32, %s: i64) {
  // expected-error@+1 {{has 2 indices, 1 strides and 1 limits, must have equally many}}
  %x = tile.gather %m[%i, %i] steps [0, 0] strides(%s) limits(%i) : !tile.pointer<f32>, i32, i32 -> f32
  return
}

// -----

func.func @gather_strides(%m: memref<4xf32>, %i: i32, %s: i64) {
  // expected-error@+1 {{has 1 indices, 1 strides and 1 limits, must have indices only}}
  %x = tile.gather %m[%i] steps [0] strides(%s) limits(%i) : memref<4xf32>, i32 -> f32
  return
}

// -----

func.func @gather_steps(%m: memref<4xf32>, %i: i32) {
  // expected-error@+1 {{has 2 steps, must have one for each of 1 indices}}
  %x = tile.gather %m[%i] steps [0, 1] : memref<4xf32>, i32 -> tensor<8x8xf32>
  return
}

// -----

func.func @gather_columns(%m: memref<4xf32>, %i: i32) {
  // expected-error@+1 {{has a step of 1 for index 0 and no columns}}
  %x = tile.gather %m[%i] steps [1] : memref<4xf32>, i32 -> tensor<8xf32>
  return
}

// -----

func.func @gather_rows(%m: memref<4xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{has 'tensor<4xi32>' for index 0, result is 'tensor<8x8xf32>'}}
  %x = tile.gather %m[%i] steps [0] : memref<4xf32>, tensor<4xi32> -> tensor<8x8xf32>
  return
}

// -----

func.func @gather_stepped_elements(%m: memref<4xf32>, %i: tensor<8x8xi32>) {
  // expected-error@+1 {{has a step of 1 for index 0, which is one for each element}}
  %x = tile.gather %m[%i] steps [1] : memref<4xf32>, tensor<8x8xi32> -> tensor<8x8xf32>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @gather_layout(%m: memref<4xf32>, %i: tensor<64xi32>) {
  // expected-error@+1 {{has 'tensor<64xi32>' for index 0, which does not lie as the rows of}}
  %x = tile.gather %m[%i] steps [0] : memref<4xf32>, tensor<64xi32> -> tensor<64x64xf32, #acc>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @gather_element_layout(%m: memref<4xf32>, %i: tensor<64x64xi32>) {
  // expected-error@+1 {{has 'tensor<64x64xi32>' for index 0, result is 'tensor<64x64xf32, #tile.fragment}}
  %x = tile.gather %m[%i] steps [0] : memref<4xf32>, tensor<64x64xi32> -> tensor<64x64xf32, #acc>
  return
}

// -----

func.func @interleave_last(%q: memref<2x16x64xbf16, strided<[?, ?, 1]>>) {
  // expected-error@+1 {{dimension 2 of a tensor of 3 has none after it}}
  %rows = tile.interleave %q dim(2) count(8) slots(8) : memref<2x16x64xbf16, strided<[?, ?, 1]>>
  return
}

// -----

func.func @interleave_part(%q: memref<2x12x64xbf16, strided<[?, ?, 1]>>) {
  // expected-error@+1 {{each 8 neighbours of dimension 1 cannot be one, its size is 12}}
  %rows = tile.interleave %q dim(1) count(8) slots(8) : memref<2x12x64xbf16, strided<[?, ?, 1]>>
  return
}

// -----

func.func @interleave_open(%q: memref<2x?x64xbf16, strided<[?, ?, 1]>>) {
  // expected-error@+1 {{each 8 neighbours of dimension 1 cannot be one, its size is not known}}
  %rows = tile.interleave %q dim(1) count(8) slots(8) : memref<2x?x64xbf16, strided<[?, ?, 1]>>
  return
}

// -----

func.func @interleave_offset(%q: memref<2x8x64xbf16, strided<[?, ?, 1], offset: 4>>) {
  // expected-error@+1 {{a tensor that is viewed must have strides and offset 0, not 'memref<2x8x64xbf16, strided<[?, ?, 1], offset: 4>>'}}
  %rows = tile.interleave %q dim(1) count(8) slots(8) : memref<2x8x64xbf16, strided<[?, ?, 1], offset: 4>>
  return
}

// -----

func.func @interleave_slots(%q: memref<2x8x64xbf16, strided<[?, ?, 1]>>) {
  // expected-error@+1 {{turns of 4 slots have no room for 8 rows}}
  %rows = tile.interleave %q dim(1) count(8) slots(4) : memref<2x8x64xbf16, strided<[?, ?, 1]>>
  return
}
