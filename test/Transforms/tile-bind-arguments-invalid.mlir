// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-bind-arguments)))' --split-input-file --verify-diagnostics

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 must be a memref with tile.name and tile.sizes}}
  gpu.func @no_names(%k: memref<4x128xbf16>) kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 1 must be a memref with tile.name and tile.sizes}}
  gpu.func @scalar(%k: memref<4x128xbf16> {tile.name = "k", tile.sizes = ["n", "d"]}, %n: index) kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 must have innermost stride 1 and offset 0}}
  gpu.func @stride(%k: memref<4x128xbf16, strided<[?, 2]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 must have innermost stride 1 and offset 0}}
  gpu.func @offset(%k: memref<4x128xbf16, strided<[128, 1], offset: 8>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @dim(%k: memref<?x128xbf16> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %i = gpu.thread_id x
    // expected-error@+1 {{the dimension asked for must be a constant}}
    %n = memref.dim %k, %i : memref<?x128xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @other_use(%k: memref<?x128xbf16> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %i = arith.constant 0 : index
    // expected-error@+1 {{a tensor argument cannot be used here by now}}
    %x = memref.load %k[%i, %i] : memref<?x128xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @dim_outside(%k: memref<?x128xbf16> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %i = arith.constant -8 : index
    // expected-error@+1 {{asks for dimension -8 of a tensor of 2}}
    %n = memref.dim %k, %i : memref<?x128xbf16>
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 is in memory space 3 : i64 when it should be in global memory}}
  gpu.func @memory_space(%k: memref<?x128xbf16, 3> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{argument 0 is in memory space #gpu.address_space<workgroup> when it should be in global memory}}
  gpu.func @address_space(%k: memref<?x128xbf16, #gpu.address_space<workgroup>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{no target: run attn-schedule with a target first}}
  gpu.func @no_target() kernel {
    gpu.return
  }
}

// -----

// No two equal copies of at most 256 rows each end where the swizzle repeats.
!tall = tensor<300x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @rows(%k: memref<?x64xbf16> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tall>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tall> -> !tall
    // expected-error@+1 {{a tile of 300 rows cannot be copied, a copy on sm_90a moves up to 256 rows in groups of 8 (knobs rows, columns and workers)}}
    tile.copy %k[%c0, %c0] to %slot : memref<?x64xbf16>, !tall
    gpu.return
  }
}

// -----

!tile = tensor<8x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @steps(%k: memref<?x64xbf16, strided<[?, 1]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    // expected-error@+1 {{a view of a tensor must have all of its dimensions, in steps of 1}}
    %part = memref.subview %k[0, 0] [8, 64] [2, 1] : memref<?x64xbf16, strided<[?, 1]>> to memref<8x64xbf16, strided<[?, 1]>>
    tile.copy %part[%c0, %c0] to %slot : memref<8x64xbf16, strided<[?, 1]>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @two_parts(%k: memref<?x?x64xbf16, strided<[?, ?, 1]>> {tile.name = "k", tile.sizes = ["b", "n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    // expected-error@+1 {{a view has a part of dimensions 0 and 1 of a tensor, must have a part of one}}
    %part = memref.subview %k[0, 0, 0] [8, 8, 64] [1, 1, 1] : memref<?x?x64xbf16, strided<[?, ?, 1]>> to memref<8x8x64xbf16, strided<[?, ?, 1]>>
    tile.copy %part[%c0, %c0, %c0] to %slot : memref<8x8x64xbf16, strided<[?, ?, 1]>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @columns(%k: memref<?x128xbf16, strided<[?, 1]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %n = memref.dim %k, %c0 : memref<?x128xbf16, strided<[?, 1]>>
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %part = memref.subview %k[0, 64] [%n, 64] [1, 1] : memref<?x128xbf16, strided<[?, 1]>> to memref<?x64xbf16, strided<[?, 1], offset: 64>>
    // expected-error@+1 {{a copy needs all of the last dimension of a tensor, a view has a part of dimension 1}}
    tile.copy %part[%c0, %c0] to %slot : memref<?x64xbf16, strided<[?, 1], offset: 64>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @units(%k: memref<?x64xbf16, strided<[68, 1]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %n = gpu.block_id x
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %part = memref.subview %k[0, 0] [%n, 64] [1, 1] : memref<?x64xbf16, strided<[68, 1]>> to memref<?x64xbf16, strided<[68, 1]>>
    // expected-error@+1 {{stride of dimension 0 is 136 bytes when copies in a part of a tensor need a multiple of 16}}
    tile.copy %part[%c0, %c0] to %slot : memref<?x64xbf16, strided<[68, 1]>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @view_of_a_view(%k: memref<?x64xbf16, strided<[?, 1]>> {tile.name = "k", tile.sizes = ["n", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %part = memref.subview %k[0, 0] [16, 64] [1, 1] : memref<?x64xbf16, strided<[?, 1]>> to memref<16x64xbf16, strided<[?, 1]>>
    // expected-error@+1 {{a tensor argument cannot be used here by now}}
    %less = memref.subview %part[0, 0] [8, 64] [1, 1] : memref<16x64xbf16, strided<[?, 1]>> to memref<8x64xbf16, strided<[?, 1]>>
    tile.copy %less[%c0, %c0] to %slot : memref<8x64xbf16, strided<[?, 1]>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @turns_of_batches(%q: memref<2x32x?x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.sizes = ["b", "h", "sq", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %any = gpu.block_id x
    %buffer = tile.alloc "q" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %rows = tile.interleave %q dim(0) count(2) slots(2) : memref<2x32x?x64xbf16, strided<[?, ?, ?, 1]>>
    // expected-error@+1 {{neighbours of dimension 0 take turns, those of 1 can here}}
    tile.copy %rows[%c0, %c0, %c0, %c0] to %slot : memref<1x64x?x64xbf16, affine_map<(d0, d1, d2, d3)[s0, s1, s2] -> ((d0 * 2 + d1 mod 2) * s0 + (d1 floordiv 2) * s1 + d2 * s2 + d3)>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @within_a_turn(%q: memref<2x32x?x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.sizes = ["b", "h", "sq", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %any = gpu.block_id x
    %buffer = tile.alloc "q" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %rows = tile.interleave %q dim(1) count(8) slots(8) : memref<2x32x?x64xbf16, strided<[?, ?, ?, 1]>>
    // expected-error@+1 {{the first row is not known to begin a turn of 8 slots, which must be a power of 2}}
    tile.copy %rows[%c0, %c0, %any, %c0] to %slot : memref<2x4x?x64xbf16, affine_map<(d0, d1, d2, d3)[s0, s1, s2] -> (d0 * s0 + (d1 * 8 + d2 mod 8) * s1 + (d2 floordiv 8) * s2 + d3)>>, !tile
    gpu.return
  }
}

// -----

!tile = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @part_of_a_turn(%q: memref<2x36x?x64xbf16, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.sizes = ["b", "h", "sq", "d"]}) kernel {
    %c0 = arith.constant 0 : index
    %any = gpu.block_id x
    %buffer = tile.alloc "q" offset(0) : !tile.buffer<1 x !tile>
    %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !tile> -> !tile
    %rows = tile.interleave %q dim(1) count(12) slots(12) : memref<2x36x?x64xbf16, strided<[?, ?, ?, 1]>>
    // expected-error@+1 {{a tile of 64 rows cannot be copied in turns of 12, a copy has 1 to 256 turns of as many rows}}
    tile.copy %rows[%c0, %c0, %c0, %c0] to %slot : memref<2x3x?x64xbf16, affine_map<(d0, d1, d2, d3)[s0, s1, s2] -> (d0 * s0 + (d1 * 12 + d2 mod 12) * s1 + (d2 floordiv 12) * s2 + d3)>>, !tile
    gpu.return
  }
}
