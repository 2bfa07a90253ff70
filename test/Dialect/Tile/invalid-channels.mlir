// Rules of roles, channels and barriers.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

gpu.module @m {
  gpu.func @role_workers() kernel {
    // expected-error@+1 {{has 0 warps, must be 1 to 32}}
    tile.role "compute" warps(0) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @role_registers() kernel {
    // expected-error@+1 {{register budget is 100, must be a multiple of 8 from 24 to 256}}
    tile.role "compute" warps(4) registers(100) {
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @role_few_registers() kernel {
    // expected-error@+1 {{register budget is 16, must be a multiple of 8 from 24 to 256}}
    tile.role "compute" warps(4) registers(16) {
    }
    gpu.return
  }
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @acquire(%c: !tile.channel<2 x !panel>) {
  // expected-error@+1 {{the tile is one of the channel's}}
  %0 = tile.acquire %c : !tile.channel<2 x !panel> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @wait(%c: !tile.channel<2 x !panel>) {
  // expected-error@+1 {{the tile is one of the channel's}}
  %0 = tile.wait %c : !tile.channel<2 x !panel> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @release(%c: !tile.channel<2 x !panel>, %x: tensor<64x64xf32>) {
  // expected-error@+1 {{waits for f32 in registers, not for 'tensor<64x64xf32>'}}
  tile.release %c after %x[0] : tensor<64x64xf32> : !tile.channel<2 x !panel>
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @slot(%b: !tile.buffer<2 x !panel>, %i: index) {
  // expected-error@+1 {{the tile is one of the buffer's}}
  %0 = tile.slot %b[%i] : !tile.buffer<2 x !panel> -> tensor<32x64xbf16, #tile.shared<swizzle = 128>>
  return
}

// -----

func.func @copy_place(%m: memref<?x64xbf16>, %t: tensor<64x64xbf16>, %i: index) {
  // expected-error@+1 {{goes to shared memory, not to 'tensor<64x64xbf16>'}}
  tile.copy %m[%i, %i] to %t : memref<?x64xbf16>, tensor<64x64xbf16>
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @copy_indices(%m: memref<?x64xbf16>, %t: !panel, %i: index) {
  // expected-error@+1 {{has 1 indices, tensor has 2 dimensions}}
  tile.copy %m[%i] to %t : memref<?x64xbf16>, !panel
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!map = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>
func.func @copy_map_indices(%m: !map, %t: !panel, %i: index) {
  // expected-error@+1 {{has 2 indices, tensor has 3 dimensions}}
  tile.copy %m[%i, %i] to %t : !map, !panel
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @copy_element(%m: memref<?x64xf16>, %t: !panel, %i: index) {
  // expected-error@+1 {{element types differ: tile has 'bf16', tensor has 'f16'}}
  tile.copy %m[%i, %i] to %t : memref<?x64xf16>, !panel
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @copy_half_barrier(%m: memref<?xbf16>, %t: !panel, %i: index) {
  // expected-error@+1 {{needs the barriers and the number of one of them, or neither}}
  "tile.copy"(%m, %i, %t, %i) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 1>}> : (memref<?xbf16>, index, !panel, index) -> ()
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @alloc() kernel {
    // expected-error@+1 {{offset is 512, must be a multiple of 1024}}
    %0 = tile.alloc "k" offset(512) : !tile.buffer<2 x !panel>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @barriers() kernel {
    // expected-error@+1 {{offset is -8, must be a multiple of 8}}
    %0 = tile.barriers "full" offset(-8) : !tile.barriers<2, arrivals = 1>
    gpu.return
  }
}

// -----

func.func @arrive(%b: !tile.barriers<2, arrivals = 1>, %i: index, %x: tensor<64x64xf32>) {
  // expected-error@+1 {{waits for f32 in registers, not for 'tensor<64x64xf32>'}}
  tile.barrier_arrive %b[%i] after %x[0] : tensor<64x64xf32> : !tile.barriers<2, arrivals = 1>
  return
}

// -----

func.func @expect(%b: !tile.barriers<2, arrivals = 1>, %i: index) {
  // expected-error@+1 {{expects 1048576 bytes, must be 1 to 1048575}}
  tile.barrier_expect %b[%i] bytes(1048576) : !tile.barriers<2, arrivals = 1>
  return
}

// -----

func.func @expect_where(%b: !tile.barriers<2, arrivals = 1>, %i: index) {
  // expected-error@+1 {{is for the barrier of the leader or for those of a pair, not for both}}
  tile.barrier_expect %b[%i] bytes(16) leader pair : !tile.barriers<2, arrivals = 1>
  return
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
func.func @write_shared_place(%t: tensor<64x64xbf16>, %s: !panel) {
  // expected-error@+1 {{goes from registers to shared memory, not from 'tensor<64x64xbf16>'}}
  tile.write_shared %t, %s : tensor<64x64xbf16>, !panel
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!wide = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
func.func @write_shared_shape(%t: tensor<64x64xbf16, #acc>, %s: !wide) {
  // expected-error@+1 {{writes 'tensor<64x64xbf16}}
  tile.write_shared %t, %s : tensor<64x64xbf16, #acc>, !wide
  return
}

// -----

func.func @scatter_rank(%t: tensor<64xf32>, %p: !tile.pointer<f32>, %o: i64, %i: index) {
  // expected-error@+1 {{tile has 1 dimensions, given are 2 strides and 1 limits}}
  tile.scatter %t, %p[%o] strides(%o, %o) limits(%i) : tensor<64xf32>, !tile.pointer<f32>
  return
}

// -----

func.func @scatter_element(%t: tensor<64xf32>, %p: !tile.pointer<bf16>, %o: i64, %i: index) {
  // expected-error@+1 {{tile has elements of 'f32', pointer of 'bf16'}}
  tile.scatter %t, %p[%o] strides(%o) limits(%i) : tensor<64xf32>, !tile.pointer<bf16>
  return
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
func.func @after_element(%b: !tile.barriers<2, arrivals = 1>, %i: index, %x: tensor<64x64xf32, #acc>) {
  // expected-error @below {{waits for element 32, a thread has 32}}
  tile.barrier_arrive %b[%i] after %x[32] : tensor<64x64xf32, #acc> : !tile.barriers<2, arrivals = 1>
  return
}

// -----

gpu.module @m {
  gpu.func @role_many_workers() kernel {
    // expected-error@+1 {{has 4611686018427387904 warps, must be 1 to 32}}
    tile.role "compute" warps(4611686018427387904) registers(240) {
    }
    gpu.return
  }
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @alloc_end() kernel {
    // expected-error@+1 {{offset is 16777216, must be at most 16760832}}
    %0 = tile.alloc "k" offset(16777216) : !tile.buffer<2 x !panel>
    gpu.return
  }
}

// -----

func.func @scatter_interleaved(%t: tensor<64xf32>, %p: !tile.pointer<f32>, %o: i64, %i: index) {
  // expected-error@+1 {{tile has 2 dimensions, given are 1 strides and 1 limits}}
  tile.scatter %t, %p[%o] strides(%o) limits(%i) interleaved(8) : tensor<64xf32>, !tile.pointer<f32>
  return
}

// -----

func.func @scatter_none(%t: tensor<64xf32>, %p: !tile.pointer<f32>, %o: i64, %i: index) {
  // expected-error@+1 {{interleaves 0 rows, must be 1 or more}}
  tile.scatter %t, %p[%o] strides(%o) limits(%i) interleaved(0) : tensor<64xf32>, !tile.pointer<f32>
  return
}

// -----

!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
func.func @copy_for_whom(%m: memref<128x64xbf16>, %t: !panel, %full: !tile.barriers<1, arrivals = 1>, %i: index) {
  // expected-error@+1 {{signals the leader alone, and each CTA of the cluster}}
  tile.copy %m[%i, %i] to %t multicast signals leader %full[%i] : !tile.barriers<1, arrivals = 1> : memref<128x64xbf16>, !panel
  return
}

// -----

func.func @arrive_where(%full: !tile.barriers<1, arrivals = 1>, %i: index) {
  // expected-error@+1 {{arrives at the leader alone, and at each CTA of the cluster}}
  tile.barrier_arrive %full[%i] leader multicast : !tile.barriers<1, arrivals = 1>
  return
}
