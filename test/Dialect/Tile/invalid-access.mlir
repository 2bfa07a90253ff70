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
