// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{a channel has 0 slots, must be 1 to 1024}}
func.func private @channel_depth(!tile.channel<0 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{a channel holds tiles in shared or tensor memory, not 'tensor<64x64xbf16>'}}
func.func private @channel_tile(!tile.channel<2 x tensor<64x64xbf16>>)

// -----

// expected-error@+1 {{a buffer has -1 slots, must be 1 to 1024}}
func.func private @buffer_count(!tile.buffer<-1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{a buffer holds tiles in shared or tensor memory, not 'tensor<64x64xbf16>'}}
func.func private @buffer_tile(!tile.buffer<2 x tensor<64x64xbf16>>)

// -----

// expected-error@+1 {{a barrier expects 0 arrivals, must be 1 to 1048575}}
func.func private @arrivals(!tile.barriers<2, arrivals = 0>)

// -----

// expected-error@+1 {{there are 0 barriers, must be 1 to 1024}}
func.func private @barriers(!tile.barriers<0, arrivals = 1>)

// -----

// expected-error@+1 {{a tensor map has no elements of 'index'}}
func.func private @map_element(!tile.tensor_map<[64, 64] x index, swizzle = 128, panel = 64, folded = false>)

// -----

// expected-error@+1 {{swizzle is 0 bytes, TMA has 16, 32, 64 and 128}}
func.func private @map_swizzle(!tile.tensor_map<[64, 64] x bf16, swizzle = 0, panel = 64, folded = false>)

// -----

// expected-error@+1 {{a panel of 0 elements of 'bf16' is not as wide as the swizzle of 128 bytes}}
func.func private @map_panel(!tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 0, folded = false>)

// -----

// expected-error@+1 {{a tensor map has 1 to 5 dimensions, not 6}}
func.func private @map_rank(!tile.tensor_map<[1, 1, 1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>)

// -----

// expected-error@+1 {{a box of 512 elements along a dimension, TMA takes 1 to 256}}
func.func private @map_box(!tile.tensor_map<[512, 64] x bf16, swizzle = 128, panel = 64, folded = false>)

// -----

// expected-error@+1 {{a box row of 32 elements is no multiple of the panel of 64}}
func.func private @map_row(!tile.tensor_map<[64, 32] x bf16, swizzle = 128, panel = 64, folded = false>)

// -----

// Sums and products of sizes stay in range.
// expected-error@+1 {{a channel has 4611686018427387904 slots, must be 1 to 1024}}
func.func private @channel_huge(!tile.channel<4611686018427387904 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{a buffer has 2147483648 bytes, must be at most 16777216}}
func.func private @buffer_bytes(!tile.buffer<1024 x tensor<1024x1024xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{there are 1000000000000 barriers, must be 1 to 1024}}
func.func private @barriers_huge(!tile.barriers<1000000000000, arrivals = 1>)

// -----

// expected-error@+1 {{a barrier expects 1048576 arrivals, must be 1 to 1048575}}
func.func private @arrivals_huge(!tile.barriers<2, arrivals = 1048576>)

// -----

// expected-error@+1 {{a tensor map has no elements of 'i4'}}
func.func private @map_narrow(!tile.tensor_map<[64, 64] x i4, swizzle = 128, panel = 256, folded = false>)

// -----

// expected-error@+1 {{a panel of 4611686018427387904 elements of 'bf16' is not as wide as the swizzle of 128 bytes}}
func.func private @map_panel_huge(!tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 4611686018427387904, folded = false>)

// -----

// expected-error@+1 {{an MMA writes a tile, not 'tensor<?x64xf32>'}}
func.func private @async(!tile.async<tensor<?x64xf32>>)

// -----

// expected-error@+1 {{a tensor has no elements of 'complex<f32>'}}
func.func private @pointer(!tile.pointer<complex<f32>>)

// -----

// expected-error@+1 {{expected non-function type}}
func.func private @shared_of_nothing(tensor<64x64x, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{expected non-function type}}
func.func private @fragment_of_nothing(tensor<64x, #tile.fragment<registers = [2 : (1)], lanes = [32 : (2)], warps = []>>)
