// Rules of the value, pipelining and placement ops.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @load_indices(%m: memref<4x?x64xbf16>, %i: index) {
  // expected-error@+1 {{has 2 indices, tensor has 3 dimensions}}
  %0 = tile.load %m[%i, %i] : memref<4x?x64xbf16> -> tensor<64x64xbf16>
  return
}

// -----

func.func @load_rank(%m: memref<64xbf16>, %i: index) {
  // expected-error@+1 {{tile has 2 dimensions, tensor has 1}}
  %0 = tile.load %m[%i] : memref<64xbf16> -> tensor<64x64xbf16>
  return
}

// -----

func.func @load_element(%m: memref<?x64xf16>, %i: index) {
  // expected-error@+1 {{element types differ: tile has 'bf16', tensor has 'f16'}}
  %0 = tile.load %m[%i, %i] : memref<?x64xf16> -> tensor<64x64xbf16>
  return
}

// -----

func.func @load_stages(%m: memref<?x64xbf16>, %i: index) {
  // expected-error@+1 {{has -1 stages, must be 1 to 1024}}
  %0 = tile.load %m[%i, %i] stages(-1) : memref<?x64xbf16> -> tensor<64x64xbf16>
  return
}

// -----

func.func @load_dynamic_tile(%m: memref<?x64xbf16>, %i: index) {
  // expected-error@+1 {{result #0 must be tile: 1 or 2 static dimensions}}
  %0 = tile.load %m[%i, %i] : memref<?x64xbf16> -> tensor<?x64xbf16>
  return
}

// -----

func.func @store_indices(%t: tensor<64x64xbf16>, %m: memref<4x?x64xbf16>, %i: index) {
  // expected-error@+1 {{has 1 indices, tensor has 3 dimensions}}
  tile.store %t, %m[%i] : tensor<64x64xbf16>, memref<4x?x64xbf16>
  return
}

// -----

!map = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @store_map_indices(%t: tensor<64x64xbf16, #tile.shared<swizzle = 128>>, %m: !map, %i: index) {
  // expected-error@+1 {{has 2 indices, tensor has 3 dimensions}}
  tile.store %t, %m[%i, %i] : tensor<64x64xbf16, #tile.shared<swizzle = 128>>, !map
  return
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @store_map_place(%t: tensor<64x64xbf16>, %m: !map, %i: index) {
  // expected-error@+1 {{through a tensor map needs a tile in shared memory, not 'tensor<64x64xbf16>'}}
  tile.store %t, %m[%i, %i] : tensor<64x64xbf16>, !map
  return
}

// -----

!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @store_map_element(%t: tensor<64x64xf16, #tile.shared<swizzle = 128>>, %m: !map, %i: index) {
  // expected-error@+1 {{element types differ: tile has 'f16', tensor has 'bf16'}}
  tile.store %t, %m[%i, %i] : tensor<64x64xf16, #tile.shared<swizzle = 128>>, !map
  return
}

// -----

func.func @mma_rank(%a: tensor<64xbf16>, %b: tensor<64x64xbf16>) {
  // expected-error@+1 {{needs tiles of 2 dimensions}}
  %0 = tile.mma %a, %b : tensor<64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_elements(%a: tensor<64x64xbf16>, %b: tensor<64x64xf16>) {
  // expected-error@+1 {{operand types differ: 'bf16' and 'f16'}}
  %0 = tile.mma %a, %b : tensor<64x64xbf16>, tensor<64x64xf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_inner(%a: tensor<64x128xbf16>, %b: tensor<64x128xbf16>) {
  // expected-error@+1 {{inner sizes differ: a has 128, b has 64}}
  %0 = tile.mma %a, %b : tensor<64x128xbf16>, tensor<64x128xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_inner_transposed(%a: tensor<64x64xbf16>, %b: tensor<64x128xbf16>) {
  // expected-error@+1 {{inner sizes differ: a has 64, b has 128}}
  %0 = tile.mma %a, %b transpose_b : tensor<64x64xbf16>, tensor<64x128xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_result(%a: tensor<64x128xbf16>, %b: tensor<32x128xbf16>) {
  // expected-error@+1 {{result is 64x64, operands make 64x32}}
  %0 = tile.mma %a, %b transpose_b : tensor<64x128xbf16>, tensor<32x128xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_accumulator(%a: tensor<64x64xbf16>, %acc: tensor<64x64xf16>) {
  // expected-error@+1 {{accumulator is 'tensor<64x64xf16>', result is 'tensor<64x64xf32>'}}
  %0 = tile.mma %a, %a, %acc : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @mma_async_result(%a: tensor<64x128xbf16>, %b: tensor<32x128xbf16>) {
  // expected-error@+1 {{result is 64x64, operands make 64x32}}
  %0 = tile.mma_async %a, %b transpose_b : tensor<64x128xbf16>, tensor<32x128xbf16> -> !tile.async<tensor<64x64xf32>>
  return
}

// -----

func.func @mma_async_accumulator(%a: tensor<64x64xbf16>, %acc: !tile.async<tensor<64x32xf32>>) {
  // expected-error@+1 {{accumulator is 'tensor<64x32xf32>', result is 'tensor<64x64xf32>'}}
  %0 = tile.mma_async %a, %a, %acc
      : tensor<64x64xbf16>, tensor<64x64xbf16>, !tile.async<tensor<64x32xf32>> -> !tile.async<tensor<64x64xf32>>
  return
}

// -----

func.func @reduce_rank(%a: tensor<64xf32>) {
  // expected-error@+1 {{needs a tile of 2 dimensions, not 1}}
  %0 = tile.reduce max %a : tensor<64xf32> -> tensor<64xf32>
  return
}

// -----

func.func @reduce_element(%a: tensor<64x64xbf16>) {
  // expected-error@+1 {{element types differ: 'bf16' and 'f32'}}
  %0 = tile.reduce add %a : tensor<64x64xbf16> -> tensor<64xf32>
  return
}

// -----

func.func @reduce_rows(%a: tensor<64x64xf32>) {
  // expected-error@+1 {{result has 32 rows, tile has 64}}
  %0 = tile.reduce add %a : tensor<64x64xf32> -> tensor<32xf32>
  return
}

// -----

func.func @reduce_partials(%a: tensor<64x6xf32>) {
  // expected-error@+1 {{tile of 6 columns cannot make 4 equal partial results}}
  %0 = tile.reduce add %a : tensor<64x6xf32> -> tensor<64x4xf32>
  return
}

// -----

func.func @reduce_kind(%a: tensor<64x64xf32>) {
  // expected-error@+1 {{expected string or keyword containing one of the following enum values for attribute 'kind' [add, max]}}
  %0 = tile.reduce mul %a : tensor<64x64xf32> -> tensor<64xf32>
  return
}

// -----

func.func @broadcast(%a: tensor<64xf32>) {
  // expected-error@+1 {{cannot repeat 'tensor<64xf32>' to 'tensor<32x64xf32>'}}
  %0 = tile.broadcast %a : tensor<64xf32> -> tensor<32x64xf32>
  return
}

// -----

func.func @iota() {
  // expected-error@+1 {{dimension is 2, tile has 2}}
  %0 = tile.iota 2 : tensor<64x64xi32>
  return
}

// -----

func.func @splat(%i: i32) {
  // expected-error@+1 {{the scalar is of the tile's element type}}
  %0 = tile.splat %i : i32 -> tensor<64xf32>
  return
}

// -----

func.func @await(%a: !tile.async<tensor<64x64xf32>>) {
  // expected-error@+1 {{waits for 'tensor<64x64xf32>' but gives 'tensor<64x32xf32>'}}
  %0 = tile.await %a in_flight(0) : !tile.async<tensor<64x64xf32>> -> tensor<64x32xf32>
  return
}

// -----

func.func @await_in_flight(%a: !tile.async<tensor<64x64xf32>>) {
  // expected-error@+1 {{in_flight is negative}}
  %0 = tile.await %a in_flight(-1) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
  return
}

// -----

func.func @to_shared_from(%a: tensor<64x64xbf16>) {
  // expected-error@+1 {{goes from registers to shared memory, not from 'tensor<64x64xbf16>'}}
  %0 = tile.to_shared %a : tensor<64x64xbf16> -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @to_shared_shape(%a: tensor<64x64xbf16, #acc>) {
  // expected-error@+1 {{changes the tile from}}
  %0 = tile.to_shared %a : tensor<64x64xbf16, #acc> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

// What tiles are: sizes and ranks of 0, and more than any chip holds, are none.
func.func @rank_0(%x: tensor<64x16xf32>) {
  // expected-error@+1 {{result #0 must be tile: 1 or 2 static dimensions, 1 to 1048576 integers or floats of at most 64 bits}}
  %r = tile.reduce add %x : tensor<64x16xf32> -> tensor<f32>
  return
}

// -----

func.func @rank_3(%x: tensor<2x64x16xf32>) {
  // expected-error@+1 {{operand #0 must be tile}}
  %r = tile.reduce add %x : tensor<2x64x16xf32> -> tensor<64xf32>
  return
}

// -----

func.func @size_0(%x: tensor<64x16xf32>) {
  // expected-error@+1 {{result #0 must be tile}}
  %r = tile.reduce add %x : tensor<64x16xf32> -> tensor<64x0xf32>
  return
}

// -----

func.func @too_large(%x: f32) {
  // expected-error@+1 {{result #0 must be tile}}
  %r = tile.splat %x : f32 -> tensor<4294967296x4294967296xf32>
  return
}

// -----

func.func @wide_element(%x: f128) {
  // expected-error@+1 {{result #0 must be tile}}
  %r = tile.splat %x : f128 -> tensor<64xf128>
  return
}

// -----

func.func @no_number(%m: memref<?xindex>, %i: index) {
  // expected-error@+1 {{result #0 must be tile}}
  %r = tile.load %m[%i] : memref<?xindex> -> tensor<64xindex>
  return
}

// -----

// In registers, the rows of a reduction and of a broadcast lie where the matrix has them.
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#other = #tile.fragment<registers = [2 : (1)], lanes = [32 : (2)], warps = [4 : (0)]>
func.func @reduce_layout(%x: tensor<64x64xf32, #acc>) {
  // expected-error@+1 {{needs rows that lie as #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>, not}}
  %r = tile.reduce max %x : tensor<64x64xf32, #acc> -> tensor<64xf32, #other>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @broadcast_layout(%x: tensor<64xf32>) {
  // expected-error@+1 {{needs rows that lie as #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>, not}}
  %r = tile.broadcast %x : tensor<64xf32> -> tensor<64x64xf32, #acc>
  return
}

// -----

func.func @relayout_memory(%a: tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>) {
  // expected-error@+1 {{goes from registers to registers, not from 'tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>' to 'tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>'}}
  %0 = tile.relayout %a : tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>> -> tensor<64x64xf8E4M3FN, #tile.shared<swizzle = 64>>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @relayout_element(%a: tensor<64x32xf8E4M3FN, #acc>) {
  // expected-error@+1 {{changes the tile from 'tensor<64x32xf8E4M3FN, #tile.fragment<}}
  %0 = tile.relayout %a : tensor<64x32xf8E4M3FN, #acc> -> tensor<64x32xf8E5M2, #acc>
  return
}

// -----

func.func @transpose_sizes(%a: tensor<64x32xf8E4M3FN>) {
  // expected-error@+1 {{cannot transpose 'tensor<64x32xf8E4M3FN>' to 'tensor<64x32xf8E4M3FN>'}}
  %0 = tile.transpose %a : tensor<64x32xf8E4M3FN> -> tensor<64x32xf8E4M3FN>
  return
}

// -----

func.func @transpose_stages(%a: tensor<64x32xf8E4M3FN>) {
  // expected-error@+1 {{stages is 0, must be 1 to 1024}}
  %0 = tile.transpose %a stages(0) : tensor<64x32xf8E4M3FN> -> tensor<32x64xf8E4M3FN>
  return
}

// -----

func.func @transpose_into_plain(%a: tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>>, %b: tensor<128x64xf8E4M3FN, #tile.shared<swizzle = 64>>) {
  // expected-error@+1 {{goes from shared memory to interleaved shared memory, not from}}
  tile.transpose_into %a, %b : tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>>, tensor<128x64xf8E4M3FN, #tile.shared<swizzle = 64>>
  return
}

// -----

func.func @mma_bytes_and_halves(%a: tensor<64x64xf8E4M3FN>, %b: tensor<64x64xbf16>) {
  // expected-error@+1 {{operand types differ: 'f8E4M3FN' and 'bf16'}}
  %0 = tile.mma %a, %b : tensor<64x64xf8E4M3FN>, tensor<64x64xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @one_scale(%a: tensor<128x128xf8E4M3FN>, %s: tensor<32x16xf8E8M0FNU>) {
  // expected-error@+1 {{has 1 tiles of scales, must be 2: of a and of b}}
  %0 = tile.mma %a, %a scales(%s : tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> tensor<128x128xf32>
  return
}

// -----

func.func @scales_of_pair(%a: tensor<128x128xf8E4M3FN>, %s: tensor<32x16xf8E8M0FNU>) {
  // expected-error@+1 {{of a pair of CTAs cannot have scales}}
  %0 = tile.mma %a, %a scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b pair : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> tensor<128x256xf32>
  return
}

// -----

func.func @scales_of_wide(%a: tensor<128x128xbf16>, %s: tensor<32x16xf8E8M0FNU>) {
  // expected-error@+1 {{has scales for an operand of 'bf16', must be floats of 8 bits}}
  %0 = tile.mma %a, %a scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x128xbf16>, tensor<128x128xbf16> -> tensor<128x128xf32>
  return
}

// -----

func.func @scales_of_deep(%a: tensor<128x160xf8E4M3FN>, %s: tensor<32x16xf8E8M0FNU>) {
  // expected-error@+1 {{has scales for an inner size of 160, must be a multiple of 32 up to 128}}
  %0 = tile.mma %a, %a scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x160xf8E4M3FN>, tensor<128x160xf8E4M3FN> -> tensor<128x128xf32>
  return
}

// -----

func.func @scales_of_fewer(%a: tensor<128x128xf8E5M2>, %b: tensor<192x128xf8E4M3FN>, %s: tensor<32x16xf8E8M0FNU>) {
  // expected-error@+1 {{scales of b are 'tensor<32x16xf8E8M0FNU>', must be 'tensor<64x16xf8E8M0FNU>'}}
  %0 = tile.mma %a, %b scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b : tensor<128x128xf8E5M2>, tensor<192x128xf8E4M3FN> -> tensor<128x192xf32>
  return
}

// -----

func.func @scales_of_bytes(%a: tensor<128x128xf8E4M3FN>, %s: tensor<32x16xi8>) {
  // expected-error@+1 {{scales of a are 'tensor<32x16xi8>', must be 'tensor<32x16xf8E8M0FNU>'}}
  %0 = tile.mma_async %a, %a scales(%s, %s : tensor<32x16xi8>, tensor<32x16xi8>) transpose_b : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> !tile.async<tensor<128x128xf32>>
  return
}

// -----

func.func @half_of_nothing(%a: tensor<128x128xf8E4M3FN>, %h: i1) {
  // expected-error@+1 {{has second_half and no scales}}
  %0 = tile.mma %a, %a second_half(%h) transpose_b : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> tensor<128x128xf32>
  return
}

// -----

func.func @half_beyond(%a: tensor<128x128xf8E4M3FN>, %s: tensor<32x16xf8E8M0FNU>, %h: i1) {
  // expected-error@+1 {{scales of b are 'tensor<32x16xf8E8M0FNU>', must be 'tensor<64x16xf8E8M0FNU>'}}
  %0 = tile.mma %a, %a scales(%s, %s : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) second_half(%h) transpose_b : tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN> -> tensor<128x128xf32>
  return
}
