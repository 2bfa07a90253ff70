// RUN: girih-opt %s --split-input-file --verify-diagnostics

func.func @wide_number(%n: index, %slot: tensor<1x8xi64, #tile.shared<swizzle = 64>>) {
  // expected-error@+1 {{has its number in i32 in shared memory, not in 'tensor<1x8xi64, #tile.shared<swizzle = 64>>'}}
  tile.write_number %n, %slot : tensor<1x8xi64, #tile.shared<swizzle = 64>>
  return
}

// -----

func.func @number_nowhere(%slot: tensor<1x8xi32>) {
  // expected-error@+1 {{has its number in i32 in shared memory, not in 'tensor<1x8xi32>'}}
  %n = tile.read_number %slot : tensor<1x8xi32>
  return
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.workspace stands on a memref of static size, not on 'memref<?xi32>'}}
  gpu.func @workspace_size(%counter: memref<?xi32> {tile.workspace}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.workspace is 1 : i64 when it should be without a value}}
  gpu.func @workspace_unit(%counter: memref<1xi32> {tile.workspace = 1}) kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{argument 0: tile.argument makes a workspace, but the argument is 'index'}}
  gpu.func @workspace_recipe(%counter: index {tile.argument = {kind = "workspace", bytes = 4}}) kernel {
    gpu.return
  }
}

// -----

func.func @answer_nowhere(%slot: tensor<1x8xi32>) {
  // expected-error@+1 {{has its number in i32 in shared memory, not in 'tensor<1x8xi32>'}}
  %n = tile.read_work %slot : tensor<1x8xi32>
  return
}

// -----

gpu.module @m {
  // expected-error@+1 {{tile.queued is 2 : i64 when it should be without a value}}
  gpu.func @queued() kernel attributes {tile.queued = 2} {
    gpu.return
  }
}

// -----

func.func @combined_element(%x: tensor<64xbf16>) {
  // expected-error@+1 {{combines tiles of f32, not of 'bf16'}}
  %0 = tile.cluster_reduce add %x : tensor<64xbf16>
  return
}

// -----

!slots = !tile.buffer<2 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>
func.func @combined_place(%x: tensor<64xf32>, %buffer: !slots, %full: !tile.barriers<2, arrivals = 16>, %w: index) {
  // expected-error@+1 {{needs registers that go through the buffer, not 'tensor<64xf32>'}}
  %0 = tile.cluster_reduce add %x through %buffer, %full[%w] : !slots, !tile.barriers<2, arrivals = 16> : tensor<64xf32>
  return
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slots = !tile.buffer<2 x tensor<1x64xf32, #tile.shared<swizzle = 32>>>
func.func @combined_slot(%x: !row, %buffer: !slots, %full: !tile.barriers<2, arrivals = 16>, %w: index) {
  // expected-error@+1 {{goes through slots of 'tensor<1x64xf32, #tile.shared<swizzle = 32>>', its registers fill 'tensor<1x256xf32, #tile.shared<swizzle = 32>>'}}
  %0 = tile.cluster_reduce add %x through %buffer, %full[%w] : !slots, !tile.barriers<2, arrivals = 16> : !row
  return
}
