// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{a channel has 0 slots, needs at least 1}}
func.func private @channel_depth(!tile.channel<0 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{a channel holds tiles in shared memory, not 'tensor<64x64xbf16>'}}
func.func private @channel_tile(!tile.channel<2 x tensor<64x64xbf16>>)

// -----

// expected-error@+1 {{a buffer has -1 slots, needs at least 1}}
func.func private @buffer_count(!tile.buffer<-1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>)

// -----

// expected-error@+1 {{a buffer holds tiles in shared memory, not 'tensor<64x64xbf16>'}}
func.func private @buffer_tile(!tile.buffer<2 x tensor<64x64xbf16>>)

// -----

// expected-error@+1 {{there must be at least one barrier with one arrival, not 2 with 0}}
func.func private @arrivals(!tile.barriers<2, arrivals = 0>)

// -----

// expected-error@+1 {{there must be at least one barrier with one arrival, not 0 with 1}}
func.func private @barriers(!tile.barriers<0, arrivals = 1>)

// -----

// expected-error@+1 {{a tensor map has no elements of 'index'}}
func.func private @map_element(!tile.tensor_map<[64, 64] x index, swizzle = 128, panel = 64, folded = false>)

// -----

// expected-error@+1 {{swizzle is 0 bytes, TMA has 32, 64 and 128}}
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
