// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" | FileCheck %s

// Kernels that are right, with MMAs that one thread starts and that accumulate in
// tensor memory. tile-verify-barriers-invalid-tensor-memory.mlir breaks some of them.

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!tall = tensor<256x64xbf16, #tile.shared<swizzle = 128>>
!left = tensor<128x64xbf16, #tile.shared<swizzle = 128, rows = 256>>
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!out = tensor<128x64xbf16, #lane>
!p = tensor<128x64xbf16, #tile.tensor_memory>
!matrix = memref<?x64xbf16>

// One product, whose thread shares four warps with the one that loads.
gpu.module @one_worker {
  // CHECK-LABEL: gpu.func @one_worker
  // CHECK: tile.mma_into
  gpu.func @one_worker(%a: !matrix, %b: !matrix, %c: !matrix, %n: index) kernel attributes {tile.shared_bytes = 40996} {
    tile.tensor_columns columns(64) offset(40992)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %a_buffer = tile.alloc "a" offset(0) : <1 x !block>
    %b_buffer = tile.alloc "b" offset(16384) : <1 x !panel>
    %staging = tile.alloc "staging" offset(24576) : <1 x !block>
    %ab_full = tile.barriers "ab_full" offset(40960) : <1, arrivals = 1>
    %ab_empty = tile.barriers "ab_empty" offset(40968) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(40976) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a_slot = tile.slot %a_buffer[%c0] : <1 x !block> -> !block
    %b_slot = tile.slot %b_buffer[%c0] : <1 x !panel> -> !panel
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    %stage = tile.slot %staging[%c0] : <1 x !block> -> !block
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %k = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %next = arith.addi %count, %c1 : index
        %bit = arith.andi %next, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %ab_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %ab_full[%c0] bytes(24576) : <1, arrivals = 1>
        tile.copy %a[%k, %c0] to %a_slot signals %ab_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        tile.copy %b[%k, %c0] to %b_slot signals %ab_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !panel
        scf.yield %next : index
      } {tile.loop = 0, tile.non_empty}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %k = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %next = arith.addi %count, %c1 : index
        %bit = arith.andi %count, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        %more = arith.cmpi ne, %k, %c0 : index
        tile.barrier_wait %ab_full[%c0] parity(%parity) : <1, arrivals = 1>
        tile.mma_into %sum, %a_slot, %b_slot accumulate(%more) transpose_b : !sum, !block, !panel
        tile.mma_commit %ab_empty[%c0] : <1, arrivals = 1>
        scf.yield %next : index
      } {tile.loop = 0, tile.non_empty}
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
      %narrow = arith.truncf %values : !values to !out
      tile.write_shared %narrow, %stage : !out, !block
      tile.publish barrier(%c1)
      tile.store %stage, %c[%c0, %c0] : !block, !matrix
      tile.drain_stores completed
    }
    gpu.return
  }
}

// A product after another; each worker has an accumulator.
gpu.module @two_workers {
  // CHECK-LABEL: gpu.func @two_workers
  gpu.func @two_workers(%a: !matrix, %b: !matrix, %c: !matrix, %items: index, %n: index) kernel attributes {tile.shared_bytes = 114788} {
    tile.tensor_columns columns(128) offset(114784)
    %sums = tile.alloc "sum" offset(0) : <2 x !sum>
    %a_buffer = tile.alloc "a" offset(0) : <2 x !tall>
    %b_buffer = tile.alloc "b" offset(65536) : <2 x !panel>
    %staging = tile.alloc "staging" offset(81920) : <2 x !block>
    %a_full = tile.barriers "a_full" offset(114688) : <2, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(114704) : <2, arrivals = 1>
    %b_full = tile.barriers "b_full" offset(114720) : <2, arrivals = 1>
    %b_empty = tile.barriers "b_empty" offset(114736) : <2, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(114752) : <2, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(114768) : <2, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c128 = arith.constant 128 : index
    tile.role "load" warps(1) registers(24) one_thread {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%start = %c0) -> (index) {
        %last = scf.for %k = %c0 to %n step %c1 iter_args(%count = %start) -> (index) {
          %i = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %flipped = arith.addi %round, %c1 : index
          %bit = arith.andi %flipped, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %a_empty[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_expect %a_full[%i] bytes(32768) : <2, arrivals = 1>
          %a_slot = tile.slot %a_buffer[%i] : <2 x !tall> -> !tall
          tile.copy %a[%k, %c0] to %a_slot signals %a_full[%i] : !tile.barriers<2, arrivals = 1> : !matrix, !tall
          tile.barrier_wait %b_empty[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_expect %b_full[%i] bytes(8192) : <2, arrivals = 1>
          %b_slot = tile.slot %b_buffer[%i] : <2 x !panel> -> !panel
          tile.copy %b[%k, %c0] to %b_slot signals %b_full[%i] : !tile.barriers<2, arrivals = 1> : !matrix, !panel
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        scf.yield %last : index
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%start = %c0, %sum_count = %c0) -> (index, index) {
        %sum_round = arith.divui %sum_count, %c1 : index
        %in_ring = arith.remui %sum_count, %c1 : index
        %sum_0 = arith.addi %c0, %in_ring : index
        %sum_1 = arith.addi %c1, %in_ring : index
        %flipped = arith.addi %sum_round, %c1 : index
        %sum_bit = arith.andi %flipped, %c1 : index
        %sum_parity = arith.index_cast %sum_bit : index to i32
        tile.barrier_wait %sum_empty[%sum_0] parity(%sum_parity) tensor_memory : <2, arrivals = 4>
        tile.barrier_wait %sum_empty[%sum_1] parity(%sum_parity) tensor_memory : <2, arrivals = 4>
        %first = tile.slot %sums[%sum_0] : <2 x !sum> -> !sum
        %second = tile.slot %sums[%sum_1] : <2 x !sum> -> !sum
        %last = scf.for %k = %c0 to %n step %c1 iter_args(%count = %start) -> (index) {
          %i = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %bit = arith.andi %round, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %a_full[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_wait %b_full[%i] parity(%parity) : <2, arrivals = 1>
          %a_slot = tile.slot %a_buffer[%i] : <2 x !tall> -> !tall
          %b_slot = tile.slot %b_buffer[%i] : <2 x !panel> -> !panel
          %top = tile.slice %a_slot[%c0] : !tall -> !left
          %bottom = tile.slice %a_slot[%c128] : !tall -> !left
          %more = arith.cmpi ne, %k, %c0 : index
          tile.mma_into %first, %top, %b_slot accumulate(%more) transpose_b : !sum, !left, !panel
          tile.mma_into %second, %bottom, %b_slot accumulate(%more) transpose_b : !sum, !left, !panel
          tile.mma_commit %a_empty[%i] : <2, arrivals = 1>
          tile.mma_commit %b_empty[%i] : <2, arrivals = 1>
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        tile.mma_commit %sum_full[%sum_0] : <2, arrivals = 1>
        tile.mma_commit %sum_full[%sum_1] : <2, arrivals = 1>
        %sum_next = arith.addi %sum_count, %c1 : index
        scf.yield %last, %sum_next : index, index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %stage = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %item = %block to %items step %grid iter_args(%sum_count = %c0) -> (index) {
        %sum_round = arith.divui %sum_count, %c1 : index
        %in_ring = arith.remui %sum_count, %c1 : index
        %mine = arith.addi %worker, %in_ring : index
        %bit = arith.andi %sum_round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %sum_full[%mine] parity(%parity) tensor_memory : <2, arrivals = 1>
        %sum = tile.slot %sums[%mine] : <2 x !sum> -> !sum
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%mine] tensor_memory : <2, arrivals = 4>
        %narrow = arith.truncf %values : !values to !out
        tile.drain_stores barrier(%barrier)
        tile.write_shared %narrow, %stage : !out, !block
        tile.publish barrier(%barrier)
        tile.store %stage, %c[%item, %c0] : !block, !matrix
        %sum_next = arith.addi %sum_count, %c1 : index
        scf.yield %sum_next : index
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// Each worker has a ring of two, in one buffer: the MMAs go on while it reads.
gpu.module @two_workers_depth_2 {
  // CHECK-LABEL: gpu.func @two_workers_depth_2
  gpu.func @two_workers_depth_2(%a: !matrix, %b: !matrix, %c: !matrix, %items: index, %n: index) kernel attributes {tile.shared_bytes = 114820} {
    tile.tensor_columns columns(256) offset(114816)
    %sums = tile.alloc "sum" offset(0) : <4 x !sum>
    %a_buffer = tile.alloc "a" offset(0) : <2 x !tall>
    %b_buffer = tile.alloc "b" offset(65536) : <2 x !panel>
    %staging = tile.alloc "staging" offset(81920) : <2 x !block>
    %a_full = tile.barriers "a_full" offset(114688) : <2, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(114704) : <2, arrivals = 1>
    %b_full = tile.barriers "b_full" offset(114720) : <2, arrivals = 1>
    %b_empty = tile.barriers "b_empty" offset(114736) : <2, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(114752) : <4, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(114784) : <4, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c128 = arith.constant 128 : index
    tile.role "load" warps(1) registers(24) one_thread {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%start = %c0) -> (index) {
        %last = scf.for %k = %c0 to %n step %c1 iter_args(%count = %start) -> (index) {
          %i = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %flipped = arith.addi %round, %c1 : index
          %bit = arith.andi %flipped, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %a_empty[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_expect %a_full[%i] bytes(32768) : <2, arrivals = 1>
          %a_slot = tile.slot %a_buffer[%i] : <2 x !tall> -> !tall
          tile.copy %a[%k, %c0] to %a_slot signals %a_full[%i] : !tile.barriers<2, arrivals = 1> : !matrix, !tall
          tile.barrier_wait %b_empty[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_expect %b_full[%i] bytes(8192) : <2, arrivals = 1>
          %b_slot = tile.slot %b_buffer[%i] : <2 x !panel> -> !panel
          tile.copy %b[%k, %c0] to %b_slot signals %b_full[%i] : !tile.barriers<2, arrivals = 1> : !matrix, !panel
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        scf.yield %last : index
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%start = %c0, %sum_count = %c0) -> (index, index) {
        %sum_round = arith.divui %sum_count, %c2 : index
        %in_ring = arith.remui %sum_count, %c2 : index
        %sum_0 = arith.addi %c0, %in_ring : index
        %sum_1 = arith.addi %c2, %in_ring : index
        %flipped = arith.addi %sum_round, %c1 : index
        %sum_bit = arith.andi %flipped, %c1 : index
        %sum_parity = arith.index_cast %sum_bit : index to i32
        tile.barrier_wait %sum_empty[%sum_0] parity(%sum_parity) tensor_memory : <4, arrivals = 4>
        tile.barrier_wait %sum_empty[%sum_1] parity(%sum_parity) tensor_memory : <4, arrivals = 4>
        %first = tile.slot %sums[%sum_0] : <4 x !sum> -> !sum
        %second = tile.slot %sums[%sum_1] : <4 x !sum> -> !sum
        %last = scf.for %k = %c0 to %n step %c1 iter_args(%count = %start) -> (index) {
          %i = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %bit = arith.andi %round, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %a_full[%i] parity(%parity) : <2, arrivals = 1>
          tile.barrier_wait %b_full[%i] parity(%parity) : <2, arrivals = 1>
          %a_slot = tile.slot %a_buffer[%i] : <2 x !tall> -> !tall
          %b_slot = tile.slot %b_buffer[%i] : <2 x !panel> -> !panel
          %top = tile.slice %a_slot[%c0] : !tall -> !left
          %bottom = tile.slice %a_slot[%c128] : !tall -> !left
          %more = arith.cmpi ne, %k, %c0 : index
          tile.mma_into %first, %top, %b_slot accumulate(%more) transpose_b : !sum, !left, !panel
          tile.mma_into %second, %bottom, %b_slot accumulate(%more) transpose_b : !sum, !left, !panel
          tile.mma_commit %a_empty[%i] : <2, arrivals = 1>
          tile.mma_commit %b_empty[%i] : <2, arrivals = 1>
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1, tile.non_empty}
        tile.mma_commit %sum_full[%sum_0] : <4, arrivals = 1>
        tile.mma_commit %sum_full[%sum_1] : <4, arrivals = 1>
        %sum_next = arith.addi %sum_count, %c1 : index
        scf.yield %last, %sum_next : index, index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %stage = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %item = %block to %items step %grid iter_args(%sum_count = %c0) -> (index) {
        %ring = arith.muli %worker, %c2 : index
        %sum_round = arith.divui %sum_count, %c2 : index
        %in_ring = arith.remui %sum_count, %c2 : index
        %mine = arith.addi %ring, %in_ring : index
        %bit = arith.andi %sum_round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %sum_full[%mine] parity(%parity) tensor_memory : <4, arrivals = 1>
        %sum = tile.slot %sums[%mine] : <4 x !sum> -> !sum
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%mine] tensor_memory : <4, arrivals = 4>
        %narrow = arith.truncf %values : !values to !out
        tile.drain_stores barrier(%barrier)
        tile.write_shared %narrow, %stage : !out, !block
        tile.publish barrier(%barrier)
        tile.store %stage, %c[%item, %c0] : !block, !matrix
        %sum_next = arith.addi %sum_count, %c1 : index
        scf.yield %sum_next : index
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// Where the counter starts is not known, but that it is there in the first round only.
// The second loop carries whether this is its first round.
gpu.module @where_a_loop_starts {
  // CHECK-LABEL: gpu.func @where_a_loop_starts
  gpu.func @where_a_loop_starts(%a: !matrix, %first: index, %n: index) kernel attributes {tile.shared_bytes = 8224} {
    tile.tensor_columns columns(64) offset(8216)
    %sums = tile.alloc "sum" offset(0) : <2 x tensor<64x32xf32, #tile.tensor_memory>>
    %buffer = tile.alloc "a" offset(0) : <1 x !panel>
    %a_full = tile.barriers "a_full" offset(8192) : <1, arrivals = 1>
    %done = tile.barriers "done" offset(8200) : <1, arrivals = 1>
    %full = tile.barriers "full" offset(8208) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %true = arith.constant true
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %slot = tile.slot %buffer[%c0] : <1 x !panel> -> !panel
    %half = tile.slice %slot[%c0] : !panel -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
    %one = tile.slot %sums[%c0] : <2 x tensor<64x32xf32, #tile.tensor_memory>> -> tensor<64x32xf32, #tile.tensor_memory>
    %two = tile.slot %sums[%c1] : <2 x tensor<64x32xf32, #tile.tensor_memory>> -> tensor<64x32xf32, #tile.tensor_memory>
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(8192) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !panel
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      scf.for %k = %first to %n step %c1 {
        %is_first = arith.cmpi eq, %k, %first : index
        %more = arith.xori %is_first, %true : i1
        tile.mma_into %one, %slot, %half accumulate(%more) transpose_b : tensor<64x32xf32, #tile.tensor_memory>, !panel, tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
      } {tile.loop = 0, tile.non_empty}
      scf.for %k = %first to %n step %c1 iter_args(%more = %false) -> (i1) {
        tile.mma_into %two, %slot, %half accumulate(%more) transpose_b : tensor<64x32xf32, #tile.tensor_memory>, !panel, tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
        scf.yield %true : i1
      } {tile.loop = 0, tile.non_empty}
      // The thread may wait for its own MMAs and tell others.
      tile.mma_commit %done[%c0] : <1, arrivals = 1>
      tile.barrier_wait %done[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      tile.barrier_arrive %full[%c0] tensor_memory : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %one : tensor<64x32xf32, #tile.tensor_memory> -> tensor<64x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [16 : (1, 0), 2 : (0, 0)], warps = [4 : (16, 0)]>>
      %others = tile.move %two : tensor<64x32xf32, #tile.tensor_memory> -> tensor<64x32xf32, #tile.fragment<registers = [32 : (0, 1)], lanes = [16 : (1, 0), 2 : (0, 0)], warps = [4 : (16, 0)]>>
    }
    gpu.return
  }
}

// A worker writes what an MMA reads; the result is the left operand of the next MMA,
// which needs no wait: they complete in their order.
gpu.module @one_after_another {
  // CHECK-LABEL: gpu.func @one_after_another
  gpu.func @one_after_another(%p: !out) kernel attributes {tile.shared_bytes = 16408} {
    tile.tensor_columns columns(128) offset(16400)
    %halves = tile.alloc "half" offset(0) : <1 x tensor<128x128xf16, #tile.tensor_memory>>
    %sums = tile.alloc "sum" offset(64) : <1 x tensor<128x64xf32, #tile.tensor_memory>>
    %buffer = tile.alloc "b" offset(0) : <1 x tensor<128x64xf16, #tile.shared<swizzle = 128>>>
    %full = tile.barriers "b_full" offset(16384) : <1, arrivals = 4>
    %done = tile.barriers "done" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %slot = tile.slot %buffer[%c0] : <1 x tensor<128x64xf16, #tile.shared<swizzle = 128>>> -> tensor<128x64xf16, #tile.shared<swizzle = 128>>
    %half = tile.slot %halves[%c0] : <1 x tensor<128x128xf16, #tile.tensor_memory>> -> tensor<128x128xf16, #tile.tensor_memory>
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "mma" warps(4) registers(24) one_thread {
      tile.barrier_wait %full[%c0] parity(%zero) : <1, arrivals = 4>
      tile.mma_into %half, %slot, %slot accumulate(%false) transpose_b : tensor<128x128xf16, #tile.tensor_memory>, tensor<128x64xf16, #tile.shared<swizzle = 128>>, tensor<128x64xf16, #tile.shared<swizzle = 128>>
      tile.mma_into %sum, %half, %slot accumulate(%false) : !sum, tensor<128x128xf16, #tile.tensor_memory>, tensor<128x64xf16, #tile.shared<swizzle = 128>>
      tile.mma_commit %done[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      %value = arith.constant dense<0.0> : tensor<128x64xf16, #lane>
      tile.write_shared %value, %slot : tensor<128x64xf16, #lane>, tensor<128x64xf16, #tile.shared<swizzle = 128>>
      tile.publish barrier(%c1)
      tile.barrier_arrive %full[%c0] : <1, arrivals = 4>
      tile.barrier_wait %done[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
      tile.write_shared %value, %slot : tensor<128x64xf16, #lane>, tensor<128x64xf16, #tile.shared<swizzle = 128>>
      %read = arith.negf %slot : tensor<128x64xf16, #tile.shared<swizzle = 128>>
    }
    gpu.return
  }
}

// The left operand comes out of registers, by way of tensor memory.
gpu.module @write_tensor {
  // CHECK-LABEL: gpu.func @write_tensor
  gpu.func @write_tensor(%a: !matrix, %weights: !out) kernel attributes {tile.shared_bytes = 8220} {
    tile.tensor_columns columns(128) offset(8216)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %ps = tile.alloc "p" offset(64) : <1 x !p>
    %buffer = tile.alloc "a" offset(0) : <1 x !panel>
    %a_full = tile.barriers "a_full" offset(8192) : <1, arrivals = 1>
    %p_full = tile.barriers "p_full" offset(8200) : <1, arrivals = 4>
    %sum_full = tile.barriers "sum_full" offset(8208) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !panel> -> !panel
    %p = tile.slot %ps[%c0] : <1 x !p> -> !p
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(8192) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !panel
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %p_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %p, %slot accumulate(%false) : !sum, !p, !panel
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.write_tensor %weights, %p : !out, !p
      tile.barrier_arrive %p_full[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// A sum that goes to and fro, which the threads may leave as it is: both ways are looked at.
!wide = tensor<128x128xf32, #tile.tensor_memory>
!wide_values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @may_change {
  // CHECK-LABEL: gpu.func @may_change
  // CHECK: scf.if
  gpu.func @may_change(%a: !matrix, %some: i1) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !wide>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %back = tile.barriers "back" offset(16400) : <1, arrivals = 4>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %true = arith.constant true
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %start = arith.constant dense<0.0> : !wide_values
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !wide> -> !wide
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !wide, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%one) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !wide, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.write_tensor %start, %sum : !wide_values, !wide
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      scf.if %some {
        %old = tile.move %sum : !wide -> !wide_values
        tile.write_tensor %old, %sum : !wide_values, !wide
      }
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%one) tensor_memory : <1, arrivals = 1>
      %last = tile.move %sum : !wide -> !wide_values
    }
    gpu.return
  }
}

// The last MMA adds to what a loop has left, if that had a round.
gpu.module @after_a_loop {
  // CHECK-LABEL: gpu.func @after_a_loop
  gpu.func @after_a_loop(%a: !matrix, %b: !matrix, %n: index) kernel attributes {tile.shared_bytes = 24596} {
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %a_buffer = tile.alloc "a" offset(0) : <1 x !block>
    %b_buffer = tile.alloc "b" offset(16384) : <1 x !panel>
    %ab_full = tile.barriers "ab_full" offset(24576) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(24584) : <1, arrivals = 1>
    tile.tensor_columns columns(64) offset(24592)
    %zero = arith.constant 0 : i32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a_slot = tile.slot %a_buffer[%c0] : <1 x !block> -> !block
    %b_slot = tile.slot %b_buffer[%c0] : <1 x !panel> -> !panel
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %ab_full[%c0] bytes(24576) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %a_slot signals %ab_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
      tile.copy %b[%c0, %c0] to %b_slot signals %ab_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !panel
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %ab_full[%c0] parity(%zero) : <1, arrivals = 1>
      scf.for %k = %c1 to %n step %c1 {
        %more = arith.cmpi ne, %k, %c1 : index
        tile.mma_into %sum, %a_slot, %b_slot accumulate(%more) transpose_b : !sum, !block, !panel
      } {tile.loop = 0}
      %ran = arith.cmpi sgt, %n, %c1 : index
      tile.mma_into %sum, %a_slot, %b_slot accumulate(%ran) transpose_b : !sum, !block, !panel
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}
