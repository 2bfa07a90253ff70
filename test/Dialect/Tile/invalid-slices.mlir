// Rules of slices, and of the types that tell where their panels lie.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @rank(%a: tensor<128x64xbf16>, %i: index) {
  // expected-error@+1 {{slice has 1 dimensions, tile has 2}}
  %0 = tile.slice %a[%i] : tensor<128x64xbf16> -> tensor<64xbf16>
  return
}

// -----

func.func @offsets(%a: tensor<128x64xbf16>, %i: index) {
  // expected-error@+1 {{has 3 offsets, tile has 2 dimensions}}
  %0 = tile.slice %a[%i, %i, %i] : tensor<128x64xbf16> -> tensor<64x64xbf16>
  return
}

// -----

func.func @columns_without_offset(%a: tensor<128x64xbf16>, %i: index) {
  // expected-error@+1 {{slice of 32 in dimension 1 has no offset in tile of 64}}
  %0 = tile.slice %a[%i] : tensor<128x64xbf16> -> tensor<64x32xbf16>
  return
}

// -----

func.func @divides(%a: tensor<128x64xbf16>, %i: index) {
  // expected-error@+1 {{slice of 48 in dimension 0 does not divide tile of 128, and its offset is no constant}}
  %0 = tile.slice %a[%i] : tensor<128x64xbf16> -> tensor<48x64xbf16>
  return
}

// -----

func.func @element(%a: tensor<128x64xbf16>, %i: index) {
  // expected-error@+1 {{slice is 'tensor<64x64xf16>' when it should be 'tensor<64x64xbf16>'}}
  %0 = tile.slice %a[%i] : tensor<128x64xbf16> -> tensor<64x64xf16>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @registers(%a: tensor<64x64xbf16, #acc>, %i: index) {
  // expected-error@+1 {{cannot take 'tensor<32x64xbf16>' of the registers of a worker: each must hold as many of the columns, and all rows}}
  %0 = tile.slice %a[%i] : tensor<64x64xbf16, #acc> -> tensor<32x64xbf16>
  return
}

// -----

// Columns 0 to 3 of a row are those of two of its four lanes.
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @lanes(%a: tensor<64x64xbf16, #acc>, %i: index) {
  // expected-error@+1 {{cannot take 'tensor<64x4xbf16>' of the registers of a worker: each must hold as many of the columns, and all rows}}
  %0 = tile.slice %a[%i, %i] : tensor<64x64xbf16, #acc> -> tensor<64x4xbf16>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @layout(%a: tensor<64x64xbf16, #acc>, %i: index) {
  // expected-error@+1 {{slice is 'tensor<64x32xbf16>' when it should be 'tensor<64x32xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>'}}
  %0 = tile.slice %a[%i, %i] : tensor<64x64xbf16, #acc> -> tensor<64x32xbf16>
  return
}

// -----

func.func @swizzle_rows(%a: tensor<64x64xbf16, #tile.shared<swizzle = 128>>, %i: index) {
  // expected-error@+1 {{slice of 4 rows in shared memory, must be a multiple of the 8 after which the swizzle repeats}}
  %0 = tile.slice %a[%i] : tensor<64x64xbf16, #tile.shared<swizzle = 128>> -> tensor<4x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
  return
}

// -----

func.func @part_of_a_panel(%a: tensor<64x64xbf16, #tile.shared<swizzle = 128>>, %i: index) {
  // expected-error@+1 {{slice has rows of 64 bytes, no multiple of the tile's swizzle of 128}}
  %0 = tile.slice %a[%i, %i] : tensor<64x64xbf16, #tile.shared<swizzle = 128>> -> tensor<64x32xbf16>
  return
}

// -----

// The panels of a slice are those of its tile, and of the tile that this is a slice of.
func.func @loses_panels(%a: tensor<64x64xbf16, #tile.shared<swizzle = 128>>, %i: index) {
  // expected-error@+1 {{slice is 'tensor<32x64xbf16, #tile.shared<swizzle = 128>>' when it should be 'tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>'}}
  %0 = tile.slice %a[%i] : tensor<64x64xbf16, #tile.shared<swizzle = 128>> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

func.func @changes_panels(%a: tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>, %i: index) {
  // expected-error@+1 {{when it should be 'tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 128>>'}}
  %0 = tile.slice %a[%i] : tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>> -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
  return
}

// -----

// expected-error@+1 {{panels have -8 rows, must be 1 to 1048576}}
func.func private @negative_rows(tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = -8>>)

// -----

// expected-error@+1 {{panels have 64 rows, must be more than the tile's own 64}}
func.func private @own_rows(tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 64>>)

// -----

// expected-error@+1 {{a channel holds whole tiles, not slices such as 'tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>'}}
func.func private @channel(!tile.channel<2 x tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>>)

// -----

!part = tensor<64x128xbf16, #tile.shared<swizzle = 128, rows = 128>>
!map = !tile.tensor_map<[64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @copy_folded(%m: !map, %t: !part, %i: index) {
  // expected-error@+1 {{moves panels that follow each other, not those of a slice}}
  tile.copy %m[%i, %i] to %t : !map, !part
  return
}
