// Rules of tensor memory: its tiles, columns, moves and MMAs.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{a tile in tensor memory has 2 dimensions, not 1}}
func.func private @rank(tensor<128xf32, #tile.tensor_memory>)

// -----

// expected-error@+1 {{a tile in tensor memory has no elements of 'f64'}}
func.func private @element(tensor<128x64xf64, #tile.tensor_memory>)

// -----

// expected-error@+1 {{a tile in tensor memory has 256 rows, must be 1 to its 128 lanes}}
func.func private @rows(tensor<256x64xf32, #tile.tensor_memory>)

// -----

// expected-error@+1 {{a row of 48 bits is no multiple of 32 up to 16384, the columns of tensor memory}}
func.func private @columns(tensor<128x3xbf16, #tile.tensor_memory>)

// -----

// expected-error@+1 {{a channel has 768 columns, must be at most 512}}
func.func private @channel(!tile.channel<3 x tensor<128x128xf32, #tile.tensor_memory>, copies = 2>)

// -----

// expected-error@+1 {{a channel has 9 rings, must be 1 to 8}}
func.func private @rings(!tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>, copies = 9>)

// -----

gpu.module @m {
  gpu.func @no_ring() kernel {
    %c = tile.channel "sum" : !tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>, copies = 2>
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{names no ring of a channel of 2}}
      %s = tile.wait %c : !tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>, copies = 2> -> tensor<128x8xf32, #tile.tensor_memory>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @ring_of_one(%i: index) kernel {
    %c = tile.channel "sum" : !tile.channel<2 x tensor<128x8xf32, #tile.tensor_memory>>
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{names a ring of a channel of 1}}
      %s = tile.wait %c for(%i) : !tile.channel<2 x tensor<128x8xf32, #tile.tensor_memory>> -> tensor<128x8xf32, #tile.tensor_memory>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @reserve() kernel {
    // expected-error@+1 {{reserves 96 columns, must be a power of two from 32 to 512}}
    tile.tensor_columns columns(96) offset(0)
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @alloc() kernel {
    // expected-error@+1 {{offset is 496 columns, must be 0 to 448}}
    %b = tile.alloc "sum" offset(496) : !tile.buffer<1 x tensor<128x64xf32, #tile.tensor_memory>>
    gpu.return
  }
}

// -----

func.func @move(%t: tensor<128x8xf32, #tile.tensor_memory>) {
  // expected-error@+1 {{goes between tensor memory and registers or from shared memory to registers, not from}}
  %r = tile.move %t : tensor<128x8xf32, #tile.tensor_memory> -> tensor<128x8xf32, #tile.tensor_memory>
  return
}

// -----

#lane = #tile.fragment<registers = [8 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
func.func @write(%x: tensor<128x8xf32, #lane>, %t: tensor<128x8xf32>) {
  // expected-error@+1 {{goes from registers to tensor memory, not from}}
  tile.write_tensor %x, %t : tensor<128x8xf32, #lane>, tensor<128x8xf32>
  return
}

// -----

#lane = #tile.fragment<registers = [8 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
func.func @write_shape(%x: tensor<128x8xf32, #lane>, %t: tensor<128x16xf32, #tile.tensor_memory>) {
  // expected-error@+1 {{writes 'tensor<128x8xf32,}}
  tile.write_tensor %x, %t : tensor<128x8xf32, #lane>, tensor<128x16xf32, #tile.tensor_memory>
  return
}

// -----

#lane = #tile.fragment<registers = [8 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
func.func @move_shape(%t: tensor<128x16xf32, #tile.tensor_memory>) {
  // expected-error@+1 {{changes the tile from}}
  %r = tile.move %t : tensor<128x16xf32, #tile.tensor_memory> -> tensor<128x8xf32, #lane>
  return
}

// -----

func.func @slice(%t: tensor<128x16xf32, #tile.tensor_memory>, %i: index) {
  // expected-error@+1 {{takes 64 of the 128 lanes of a tile in tensor memory, must be all}}
  %r = tile.slice %t[%i] : tensor<128x16xf32, #tile.tensor_memory> -> tensor<64x16xf32, #tile.tensor_memory>
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
func.func @into_registers(%t: !panel, %d: tensor<128x128xf32>, %f: i1) {
  // expected-error@+1 {{accumulates in tensor memory, not in}}
  tile.mma_into %d, %t, %t accumulate(%f) transpose_b : tensor<128x128xf32>, !panel, !panel
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
func.func @left(%t: !panel, %d: !sum, %f: i1, %a: tensor<128x64xbf16>) {
  // expected-error@+1 {{reads a left operand in shared or tensor memory, not}}
  tile.mma_into %d, %a, %t accumulate(%f) transpose_b : !sum, tensor<128x64xbf16>, !panel
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
func.func @right(%t: !panel, %d: !sum, %f: i1, %b: tensor<128x64xbf16>) {
  // expected-error@+1 {{reads a right operand in shared memory, not}}
  tile.mma_into %d, %t, %b accumulate(%f) transpose_b : !sum, !panel, tensor<128x64xbf16>
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
func.func @product(%t: !panel, %d: !sum, %f: i1) {
  // expected-error@+1 {{result is 128x64, operands make 128x128}}
  tile.mma_into %d, %t, %t accumulate(%f) transpose_b : !sum, !panel, !panel
  return
}

// -----

gpu.module @m {
  gpu.func @share_registers() kernel {
    // expected-note@+1 {{the other one is here}}
    tile.role "load" warps(1) registers(24) one_thread {
    }
    // expected-error@+1 {{register budget is 40, the role with which it shares 4 warps has 24}}
    tile.role "mma" warps(3) registers(40) one_thread {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @starts_at() kernel {
    tile.role "load" warps(2) registers(24) one_thread {
    }
    // expected-error@+1 {{of whole workers starts at warp 2, must start at a multiple of 4}}
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @whole_workers() kernel {
    // expected-error@+1 {{has 6 warps, must be a multiple of the 4 of a worker}}
    tile.role "compute" warps(6) registers(240) {
    }
    gpu.return
  }
}

// -----

!wide = !tile.channel<1 x tensor<128x64xbf16, #tile.tensor_memory>>
!narrow = !tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @shares_fewer_columns() kernel {
    %a = tile.channel "a" : !narrow
    // expected-error@+1 {{shares the slots of '!tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>>', must be a channel of its own type '!tile.channel<1 x tensor<128x64xbf16, #tile.tensor_memory>>' and of depth 1, or have slots in tensor memory, as many, whose columns those from 0 on are among}}
    %b = tile.channel "b" shares(%a : !narrow) : !wide
    gpu.return
  }
}

// -----

// expected-error@+1 {{tiles in shared memory follow each other, not 128 columns apart}}
func.func private @apart(!tile.buffer<2 x tensor<128x64xbf16, #tile.shared<swizzle = 128>>, apart = 128>)

// -----

// expected-error@+1 {{tiles of 32 columns are 16 columns apart, must be more and at most 512}}
func.func private @apart(!tile.buffer<2 x tensor<128x64xbf16, #tile.tensor_memory>, apart = 16>)

// -----

// expected-error@+1 {{a buffer has 544 columns, must be at most 512}}
func.func private @apart(!tile.buffer<3 x tensor<128x64xbf16, #tile.tensor_memory>, apart = 256>)

// -----

!two = !tile.channel<2 x tensor<128x8xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @shares_two() kernel {
    %a = tile.channel "a" : !two
    // expected-error@+1 {{must be a channel of its own type}}
    %b = tile.channel "b" shares(%a : !two) : !two
    gpu.return
  }
}

// -----

!one = !tile.channel<1 x tensor<128x8xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @shares_shared() kernel {
    %a = tile.channel "a" : !one
    %b = tile.channel "b" shares(%a : !one) : !one
    // expected-error@+1 {{shares slots with a channel that has none of its own}}
    %c = tile.channel "c" shares(%b : !one) : !one
    gpu.return
  }
}

// -----

!two = !tile.channel<2 x tensor<128x8xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @owns_one_of_two() kernel {
    %a = tile.channel "a" : !two
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{needs a channel of depth 1, not 2}}
      %t = tile.own %a : !two -> tensor<128x8xf32, #tile.tensor_memory>
    }
    gpu.return
  }
}

// -----

func.func @any_of_floats(%t: tensor<128xf32>) {
  // expected-error@+1 {{must be tile of 1-bit integers}}
  %a = tile.any %t : tensor<128xf32>
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
func.func @product_of_a_pair(%t: !panel, %d: !sum, %f: i1) {
  // expected-error@+1 {{result is 128x128, operands make 128x256}}
  tile.mma_into %d, %t, %t accumulate(%f) transpose_b pair : !sum, !panel, !panel
  return
}

// -----

func.func @pair(%a: tensor<128x64xbf16>, %b: tensor<64x64xbf16>) {
  // expected-error@+1 {{result is 128x64, operands make 128x128}}
  %s = tile.mma %a, %b pair : tensor<128x64xbf16>, tensor<64x64xbf16> -> tensor<128x64xf32>
  return
}

// -----

gpu.module @m {
  gpu.func @workers_of_the_leader() kernel {
    // expected-error@+1 {{of whole workers cannot be the leader's alone: only one with one_thread can}}
    tile.role "compute" warps(4) registers(240) leader {
    }
    gpu.return
  }
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
func.func @whose_barrier(%m: memref<128x64xbf16>, %t: !panel, %i: index) {
  // expected-error@+1 {{signals the leader, but no barrier}}
  "tile.copy"(%m, %i, %i, %t) <{leader, operandSegmentSizes = array<i32: 1, 2, 1, 0, 0>}> : (memref<128x64xbf16>, index, index, !panel) -> ()
  return
}

// -----

!narrow = tensor<128x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
func.func @scales_not_copied(%t: !narrow, %d: !sum, %f: i1, %s: !scales) {
  // expected-error@+1 {{reads scales in tensor memory, not}}
  tile.mma_into %d, %t, %t accumulate(%f) scales(%s, %s : !scales, !scales) transpose_b : !sum, !narrow, !narrow
  return
}

// -----

!narrow = tensor<128x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!scales = tensor<32x32xf8E8M0FNU, #tile.tensor_memory>
!sum = tensor<128x128xf32, #tile.tensor_memory>
func.func @scales_of_more(%t: !narrow, %d: !sum, %f: i1, %s: !scales) {
  // expected-error@+1 {{scales of a are 'tensor<32x32xf8E8M0FNU, #tile.tensor_memory>', must be 'tensor<32x16xf8E8M0FNU, #tile.tensor_memory>'}}
  tile.mma_into %d, %t, %t accumulate(%f) scales(%s, %s : !scales, !scales) transpose_b : !sum, !narrow, !narrow
  return
}

// -----

!scales = tensor<32x32xf8E8M0FNU, #tile.shared<swizzle = 32>>
!slot = tensor<32x32xf8E8M0FNU, #tile.tensor_memory>
func.func @scales_with_swizzle(%s: !scales, %d: !slot) {
  // expected-error@+1 {{copies f8E8M0FNU in shared memory, of multiples of 32 rows of 16 without a swizzle, not}}
  tile.copy_scales %s, %d : !scales, !slot
  return
}

// -----

!scales = tensor<64x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!slot = tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
func.func @scales_to_fewer(%s: !scales, %d: !slot) {
  // expected-error@+1 {{copies scales that need 'tensor<32x32xf8E8M0FNU, #tile.tensor_memory>' to 'tensor<32x16xf8E8M0FNU, #tile.tensor_memory>'}}
  tile.copy_scales %s, %d : !scales, !slot
  return
}
