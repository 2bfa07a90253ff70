// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{this mode has 1 steps, earlier ones have 2}}
func.func private @mixed_ranks(tensor<64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8)], lanes = [32 : (0, 1)], warps = []>>)

// -----

// expected-error@+1 {{a fragment has 1 or 2 dimensions, not 3}}
func.func private @rank(tensor<64xf32, #tile.fragment<registers = [], lanes = [32 : (0, 1, 2)], warps = []>>)

// -----

// expected-error@+1 {{a mode has size 0, needs at least 1}}
func.func private @mode_size(tensor<64xf32, #tile.fragment<registers = [0 : (1)], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{the lane modes make 16 lanes, a warp has 32}}
func.func private @lanes(tensor<64xf32, #tile.fragment<registers = [], lanes = [4 : (1), 4 : (0)], warps = []>>)

// -----

// expected-error@+1 {{fragment has 1 dimensions, tile has 2}}
func.func private @fragment_rank(tensor<32x2xf32, #tile.fragment<registers = [], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{fragment covers 128 elements of dimension 0, tile has 64}}
func.func private @covered(tensor<64xf32, #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>>)

// -----

// expected-error@+1 {{fragment covers 8 elements of dimension 1, tile has 16}}
func.func private @covered_columns(tensor<8x16xf32, #tile.fragment<registers = [2 : (0, 1)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = []>>)

// -----

// expected-error@+1 {{swizzle is 8 bytes, TMA has 16, 32, 64 and 128}}
func.func private @swizzle(tensor<8x64xbf16, #tile.shared<swizzle = 8>>)

// -----

// expected-error@+1 {{a tile in shared memory has 2 dimensions, not 1}}
func.func private @shared_rank(tensor<64xbf16, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{a row of 96 bytes is no multiple of the swizzle of 128}}
func.func private @shared_row(tensor<8x48xbf16, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{unknown knob 'depth'; knobs are rows columns workers stages}}
func.func private @knob() attributes {s = #tile.schedule<rows = 128, depth = 2>}

// -----

// expected-error@+1 {{knob 'stages' is 33 : i64, its range is 1 to 32}}
func.func private @knob_range() attributes {s = #tile.schedule<stages = 33>}

// -----

// expected-error@+1 {{knob 'rows' is 0 : i64, its range is 1 to 1024}}
func.func private @knob_minimum() attributes {s = #tile.schedule<rows = 0>}

// -----

// expected-error@+1 {{a knob is given twice}}
func.func private @knob_twice() attributes {s = #tile.schedule<rows = 64, rows = 128>}

// -----

// expected-error@+1 {{expected integer value}}
func.func private @knob_value() attributes {s = #tile.schedule<rows = many>}

// -----

// Fragments: bounds, and each element in one place.
// expected-error@+1 {{modes of more than 1048576 elements}}
func.func private @registers_huge(tensor<64xf32, #tile.fragment<registers = [1048576 : (1), 4611686018427387904 : (1)], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{a step is -1, must be 0 to 1048576}}
func.func private @step(tensor<64xf32, #tile.fragment<registers = [2 : (-1)], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{a mode moves along both dimensions}}
func.func private @diagonal(tensor<32x32xf32, #tile.fragment<registers = [], lanes = [32 : (1, 1)], warps = []>>)

// -----

// expected-error@+1 {{a register mode moves nowhere: a thread holds an element once}}
func.func private @register_copies(tensor<32xf32, #tile.fragment<registers = [2 : (0)], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{the warp modes make 3 warps, which do not divide a worker's 4}}
func.func private @warps(tensor<96xf32, #tile.fragment<registers = [], lanes = [32 : (1)], warps = [3 : (32)]>>)

// -----

// expected-error@+1 {{a mode steps by 4 along dimension 0, where finer modes cover 2}}
func.func private @gaps(tensor<126xf32, #tile.fragment<registers = [2 : (1)], lanes = [32 : (4)], warps = []>>)

// -----

// expected-error@+1 {{a tile has no elements of 'index'}}
func.func private @fragment_element(tensor<32xindex, #tile.fragment<registers = [], lanes = [32 : (1)], warps = []>>)

// -----

// expected-error@+1 {{a tile in shared memory has no elements of 'index'}}
func.func private @shared_element(tensor<8x64xindex, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{a tile in shared memory has no elements of 'i1'}}
func.func private @shared_bits(tensor<8x1024xi1, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{a tile in shared memory has 1 to 1048576 elements in static dimensions}}
func.func private @shared_dynamic(tensor<?x64xbf16, #tile.shared<swizzle = 128>>)

// -----

// expected-error@+1 {{an interleaved tile has elements of 8 bits, not of 'bf16'}}
func.func private @interleaved_halves() -> tensor<64x64xbf16, #tile.shared<interleaved = true, swizzle = 128>>
