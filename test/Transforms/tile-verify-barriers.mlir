// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" | FileCheck %s

// Kernels whose barriers are right. The check changes nothing.

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!half = tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @depth_1
  // CHECK: tile.barrier_expect %{{.*}} bytes(8192)
  gpu.func @depth_1(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 8208} {
    %buffer = tile.alloc "k" offset(0) : <1 x !block>
    %full = tile.barriers "k_full" offset(8192) : <1, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(8200) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %flipped = arith.addi %count, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%c0] parity(%parity) : <1, arrivals = 4>
        tile.barrier_expect %full[%c0] bytes(8192) : <1, arrivals = 1>
        %tile = tile.slot %buffer[%c0] : <1 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%c0] : !tile.barriers<1, arrivals = 1> : memref<?x64xbf16>, !block
        scf.yield %flipped : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %bit = arith.andi %count, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%c0] parity(%parity) : <1, arrivals = 1>
        %tile = tile.slot %buffer[%c0] : <1 x !block> -> !block
        %read = arith.negf %tile : !block
        tile.barrier_arrive %empty[%c0] : <1, arrivals = 4>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }

  // A ring of two in a loop inside another, with a ring of one around it; MMAs stay
  // in flight into the next iteration.
  // CHECK-LABEL: gpu.func @depth_2_nested
  gpu.func @depth_2_nested(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %items: index, %n: index) kernel attributes {tile.shared_bytes = 24624} {
    %q_buffer = tile.alloc "q" offset(0) : <1 x !block>
    %k_buffer = tile.alloc "k" offset(8192) : <2 x !block>
    %q_full = tile.barriers "q_full" offset(24576) : <1, arrivals = 1>
    %q_empty = tile.barriers "q_empty" offset(24584) : <1, arrivals = 8>
    %k_full = tile.barriers "k_full" offset(24592) : <2, arrivals = 1>
    %k_empty = tile.barriers "k_empty" offset(24608) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%q_count = %c0, %k_count = %c0) -> (index, index) {
        %q_next = arith.addi %q_count, %c1 : index
        %q_bit = arith.andi %q_next, %c1 : index
        %q_parity = arith.index_cast %q_bit : index to i32
        tile.barrier_wait %q_empty[%c0] parity(%q_parity) : <1, arrivals = 8>
        tile.barrier_expect %q_full[%c0] bytes(8192) : <1, arrivals = 1>
        %q_tile = tile.slot %q_buffer[%c0] : <1 x !block> -> !block
        tile.copy %q[%item, %c0] to %q_tile signals %q_full[%c0] : !tile.barriers<1, arrivals = 1> : memref<?x64xbf16>, !block
        %k_last = scf.for %j = %c0 to %n step %c1 iter_args(%count = %k_count) -> (index) {
          %slot = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %flipped = arith.addi %round, %c1 : index
          %bit = arith.andi %flipped, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %k_empty[%slot] parity(%parity) : <2, arrivals = 8>
          tile.barrier_expect %k_full[%slot] bytes(8192) : <2, arrivals = 1>
          %tile = tile.slot %k_buffer[%slot] : <2 x !block> -> !block
          tile.copy %k[%j, %c0] to %tile signals %k_full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
          %next = arith.addi %count, %c1 : index
          scf.yield %next : index
        } {tile.loop = 1}
        scf.yield %q_next, %k_last : index, index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      %block = gpu.block_id x
      %grid = gpu.grid_dim x
      scf.for %item = %block to %items step %grid iter_args(%q_count = %c0, %k_count = %c0) -> (index, index) {
        %q_bit = arith.andi %q_count, %c1 : index
        %q_parity = arith.index_cast %q_bit : index to i32
        tile.barrier_wait %q_full[%c0] parity(%q_parity) : <1, arrivals = 1>
        %q_tile = tile.slot %q_buffer[%c0] : <1 x !block> -> !block
        %first = tile.mma_async %q_tile, %q_tile transpose_b : !block, !block -> <!acc>
        %last, %k_last = scf.for %j = %c0 to %n step %c1 iter_args(%mma = %first, %count = %k_count) -> (!tile.async<!acc>, index) {
          %slot = arith.remui %count, %c2 : index
          %round = arith.divui %count, %c2 : index
          %bit = arith.andi %round, %c1 : index
          %parity = arith.index_cast %bit : index to i32
          tile.barrier_wait %k_full[%slot] parity(%parity) : <2, arrivals = 1>
          %tile = tile.slot %k_buffer[%slot] : <2 x !block> -> !block
          %s = tile.mma_async %q_tile, %tile transpose_b : !block, !block -> <!acc>
          %before = tile.await %mma in_flight(1) : <!acc> -> !acc
          %t = tile.mma_async %q_tile, %q_tile transpose_b : !block, !block -> <!acc>
          %done = tile.await %s in_flight(1) : <!acc> -> !acc
          tile.barrier_arrive %k_empty[%slot] : <2, arrivals = 8>
          %next = arith.addi %count, %c1 : index
          scf.yield %t, %next : !tile.async<!acc>, index
        } {tile.loop = 1}
        %s = tile.await %last in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %q_empty[%c0] : <1, arrivals = 8>
        %q_next = arith.addi %q_count, %c1 : index
        scf.yield %q_next, %k_last : index, index
      } {tile.loop = 0}
    }
    gpu.return
  }

  // Slot and parity carried instead of a count; each slot filled by two copies.
  // CHECK-LABEL: gpu.func @depth_3_carries_slot_and_parity
  gpu.func @depth_3_carries_slot_and_parity(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 24624} {
    %buffer = tile.alloc "k" offset(0) : <3 x !block>
    %full = tile.barriers "k_full" offset(24576) : <3, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(24600) : <3, arrivals = 4>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c32 = arith.constant 32 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%slot = %c0, %parity = %one) -> (index, i32) {
        tile.barrier_wait %empty[%slot] parity(%parity) : <3, arrivals = 4>
        tile.barrier_expect %full[%slot] bytes(8192) : <3, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <3 x !block> -> !block
        %top = tile.slice %tile[%c0] : !block -> !half
        %bottom = tile.slice %tile[%c32] : !block -> !half
        tile.copy %k[%j, %c0] to %top signals %full[%slot] : !tile.barriers<3, arrivals = 1> : memref<?x64xbf16>, !half
        tile.copy %k[%j, %c0] to %bottom signals %full[%slot] : !tile.barriers<3, arrivals = 1> : memref<?x64xbf16>, !half
        %after = arith.addi %slot, %c1 : index
        %wraps = arith.cmpi eq, %after, %c3 : index
        %next = arith.select %wraps, %c0, %after : index
        %flipped = arith.xori %parity, %one : i32
        %next_parity = arith.select %wraps, %flipped, %parity : i32
        scf.yield %next, %next_parity : index, i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%slot = %c0, %parity = %zero) -> (index, i32) {
        tile.barrier_wait %full[%slot] parity(%parity) : <3, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <3 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <3, arrivals = 4>
        %after = arith.addi %slot, %c1 : index
        %wraps = arith.cmpi eq, %after, %c3 : index
        %next, %next_parity = scf.if %wraps -> (index, i32) {
          %flipped = arith.xori %parity, %one : i32
          scf.yield %c0, %flipped : index, i32
        } else {
          scf.yield %after, %parity : index, i32
        }
        scf.yield %next, %next_parity : index, i32
      } {tile.loop = 0}
    }
    gpu.return
  }

  // Slot and parity from the counter of a loop that is known to run ten times.
  // CHECK-LABEL: gpu.func @constant_bounds
  gpu.func @constant_bounds(%k: memref<?x64xbf16>) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c10 = arith.constant 10 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %c10 step %c1 {
        %slot = arith.remui %j, %c2 : index
        %round = arith.divui %j, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 4>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
      }
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %j = %c0 to %c10 step %c1 {
        %slot = arith.remui %j, %c2 : index
        %round = arith.divui %j, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 4>
      }
    }
    gpu.return
  }

  // What a loop runs often it runs as for any number of the same remainder; its
  // bounds may be all that an index can hold.
  // CHECK-LABEL: gpu.func @constant_bounds_far_apart
  gpu.func @constant_bounds_far_apart(%k: memref<?x64xbf16>) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 4>
    %first = arith.constant -9223372036854775808 : index
    %last = arith.constant 9223372036854775807 : index
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %first to %last step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 4>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      }
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %j = %first to %last step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 4>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      }
    }
    gpu.return
  }

  // The wait for the MMA that reads the packed scores stands before the next packing.
  // What is masked does not matter to the registers, nor what global memory says.
  // CHECK-LABEL: gpu.func @registers_in_flight
  gpu.func @registers_in_flight(%n: index, %sizes: memref<4xindex>, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %size = memref.load %sizes[%c0] : memref<4xindex>
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      scf.for %j = %c0 to %size step %c1 iter_args(%left = %p, %sum = %acc) -> (!out, !acc) {
        %m = tile.mma_async %b, %b transpose_b : !block, !block -> <!acc>
        %late = tile.mma_async %left, %b, %sum : !out, !block, !acc -> <!acc>
        %s = tile.await %m in_flight(1) : <!acc> -> !acc
        %scores = scf.if %masked -> (!acc) {
          %half = arith.addf %s, %s : !acc
          scf.yield %half : !acc
        } else {
          scf.yield %s : !acc
        }
        %o = tile.await %late in_flight(0) : <!acc> -> !acc
        %next = arith.truncf %scores : !acc to !out
        %scaled = arith.mulf %o, %o : !acc
        scf.yield %next, %scaled : !out, !acc
      } {tile.loop = 0}
    }
    gpu.return
  }

  // Each role searches for the end of its loop by itself, and finds the same.
  // CHECK-LABEL: gpu.func @searches
  gpu.func @searches(%k: memref<?x64xbf16>, %ids: memref<64xi32>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<2 x !block>
    %full = tile.barriers "k_full" offset(16384) : !tile.barriers<2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : !tile.barriers<2, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c6 = arith.constant 6 : index
    %limit = arith.constant 7 : i32
    tile.role "load" warps(4) registers(24) one_thread {
      %found = scf.for %i = %c0 to %c6 step %c1 iter_args(%passed = %c0) -> (index) {
        %at = arith.addi %passed, %i : index
        %number = arith.index_cast %at : index to i32
        %id = tile.gather %ids[%number] steps [0] : memref<64xi32>, i32 -> i32
        %goes = arith.cmpi slt, %id, %limit : i32
        %next = arith.select %goes, %at, %passed : index
        scf.yield %next : index
      } {tile.loop = 0}
      scf.for %j = %c0 to %found step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 4>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 1}
    }
    tile.role "compute" warps(4) registers(240) {
      %found = scf.for %i = %c0 to %c6 step %c1 iter_args(%passed = %c0) -> (index) {
        %at = arith.addi %passed, %i : index
        %number = arith.index_cast %at : index to i32
        %id = tile.gather %ids[%number] steps [0] : memref<64xi32>, i32 -> i32
        %goes = arith.cmpi slt, %id, %limit : i32
        %next = arith.select %goes, %at, %passed : index
        scf.yield %next : index
      } {tile.loop = 0}
      scf.for %j = %c0 to %found step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 4>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 1}
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @workers_take_turns
  gpu.func @workers_take_turns(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(12) registers(160) {
      %worker = tile.worker
      %mine = arith.addi %worker, %c3 : index
      %my_turn = arith.index_cast %mine : index to i32
      %last = arith.cmpi eq, %worker, %c2 : index
      %after = arith.addi %worker, %c1 : index
      %next = arith.select %last, %c0, %after : index
      %other = arith.addi %next, %c3 : index
      %next_turn = arith.index_cast %other : index to i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @staged_stores
  gpu.func @staged_stores(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
    %staging = tile.alloc "staging" offset(0) : <2 x !block>
    %value = arith.constant dense<0.0> : !out
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %slot = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %j = %c0 to %n step %c1 {
        tile.drain_stores barrier(%barrier)
        tile.write_shared %value, %slot : !out, !block
        tile.publish barrier(%barrier)
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @no_roles
  gpu.func @no_roles(%n: index) kernel {
    gpu.return
  }
}
