// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Shared memory: a ring between a loader and two workers, and workers that stage
// their stores, broken in one way each.

// The consumer does not wait for the copy.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @no_wait_for_full(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-note @below {{the copy is here}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "compute" worker 0 reads slot 0 of "k", filled in phase 0 (parity 0) of barrier "k_full"[0], without waiting for that phase; it has not waited there}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// A tile is copied to registers before it is there.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!left = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @moved_before_wait(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-note @below {{the copy is here}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "compute" worker 0 reads slot 0 of "k", filled in phase 0 (parity 0) of barrier "k_full"[0], without waiting for that phase; it has not waited there}}
        %x = tile.move %tile : !block -> !left
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// A tile is copied to registers after its slot has been released.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!left = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @moved_after_release(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "load" overwrites slot 0 of "k" while role "compute" worker 0 may still read it (if loop 0 runs 3x)}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        // expected-note @below {{the read is here}}
        %x = tile.move %tile : !block -> !left
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The producer does not wait for the readers.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @no_wait_for_empty(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "load" arrives too often in phase 0 (parity 0) of barrier "k_full"[0]: 1 arrivals end it, and 1 more come from an agent that has not waited for its end}}
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// Two copies fill one slot.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @copied_twice(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        // expected-error @below {{role "load" copies 8192 bytes that may count in phase 0 (parity 0) of barrier "k_full"[0] or the one after: it has not waited for its end}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The MMA still reads the slot when it is released.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @released_before_await(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "load" overwrites slot 0 of "k" while role "compute" worker 0 may still read it}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-note @below {{the read is here}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        // expected-note @below {{this is the newest that role "load" has heard of role "compute" worker 0: the read has started, but need not have ended}}
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The newest MMA is not over.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @awaits_too_little(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-note @below {{the MMA is here}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        // expected-error @below {{role "compute" worker 0 awaits an MMA after which it has started 0, but allows 1 in flight: it may not be over}}
        %s = tile.await %mma in_flight(1) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @never_awaited(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "compute" worker 0 ends with this MMA in flight}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The consumer waits for one slot and reads the other.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @reads_next_slot(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %after = arith.addi %count, %c1 : index
        %other = arith.remui %after, %c2 : index
        %tile = tile.slot %buffer[%other] : <2 x !block> -> !block
        // expected-error @below {{role "compute" worker 0 reads slot 1 of "k", which nothing need have filled yet}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The producer waits for one slot and fills the other.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @fills_next_slot(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %other = arith.remui %flipped, %c2 : index
        %tile = tile.slot %buffer[%other] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "compute" worker 0 reads slot 0 of "k", which nothing need have filled yet}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @released_before_read(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{role "load" overwrites slot 0 of "k" while role "compute" worker 0 may still read it}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        // expected-note @below {{the read is here}}
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @never_read(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{nothing ever reads what is copied here to slot 0 of "k"}}
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @slot_out_of_range(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.addi %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "load" uses barrier "k_empty" at index 2, but it has 2}}
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The last copy is still in flight when the kernel ends.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @consumer_runs_once_less(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-note @below {{another copy is here}}
      scf.for %j = %c0 to %c3 step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      // expected-error @below {{this copy of loop 0 may run more or less often than others: its bounds are not the same expressions of what all workers share}}
      scf.for %j = %c0 to %c2 step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The slot comes from an argument.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @unknown_slot(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %n, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "load" uses barrier "k_empty" at an index that is not known here}}
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @overlapping_memory(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16408} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    // expected-error @below {{"k_empty" starts at byte 16392 but "k_full" ends at byte 16400: the check of barriers needs them apart}}
    %empty = tile.barriers "k_empty" offset(16392) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The second store overwrites what the first still reads.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @not_drained(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
    %staging = tile.alloc "staging" offset(0) : <2 x !block>
    %value = arith.constant dense<0.0> : !out
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %slot = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{role "compute" worker 0 overwrites slot 0 of "staging" before its store from there has been drained}}
        tile.write_shared %value, %slot : !out, !block
        tile.publish barrier(%barrier)
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

// Only the thread that stores knows.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @drained_by_one_thread(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
    %staging = tile.alloc "staging" offset(0) : <2 x !block>
    %value = arith.constant dense<0.0> : !out
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %slot = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %j = %c0 to %n step %c1 {
        tile.drain_stores
        // expected-error @below {{role "compute" worker 0 overwrites slot 0 of "staging" when only the thread that stored from there knows that the store has been drained}}
        tile.write_shared %value, %slot : !out, !block
        tile.publish barrier(%barrier)
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @not_published(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
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
        // expected-note @below {{the write is here}}
        tile.write_shared %value, %slot : !out, !block
        // expected-error @below {{role "compute" worker 0 reads slot 0 of "staging" before what was written there has been published}}
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @ends_before_drained(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
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
        // expected-error @below {{role "compute" worker 0 ends before its store from slot 0 of "staging" has been drained}}
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @workers_share_a_slot(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
    %staging = tile.alloc "staging" offset(0) : <2 x !block>
    %value = arith.constant dense<0.0> : !out
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %barrier = arith.addi %worker, %c1 : index
      %slot = tile.slot %staging[%c0] : <2 x !block> -> !block
      scf.for %j = %c0 to %n step %c1 {
        tile.drain_stores barrier(%barrier)
        // expected-error @below {{role "compute" worker 1 overwrites slot 0 of "staging" while role "compute" worker 0 may still read it}}
        tile.write_shared %value, %slot : !out, !block
        tile.publish barrier(%barrier)
        // expected-note @below {{the read is here}}
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @workers_share_a_barrier(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
    %staging = tile.alloc "staging" offset(0) : <2 x !block>
    %value = arith.constant dense<0.0> : !out
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %barrier = arith.addi %c0, %c1 : index
      %slot = tile.slot %staging[%worker] : <2 x !block> -> !block
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{role "compute" worker 1 joins round 2 of named barrier 1 without having seen the round before end: with 128 threads more, that one could have had too many}}
        tile.drain_stores barrier(%barrier)
        tile.write_shared %value, %slot : !out, !block
        tile.publish barrier(%barrier)
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @store_of_nothing(%o: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16384} {
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
        tile.publish barrier(%barrier)
        // expected-error @below {{role "compute" worker 0 reads slot 0 of "staging", which nothing need have filled yet}}
        tile.store %slot, %o[%j, %c0] : !block, memref<?x64xbf16>
      } {tile.loop = 0}
      tile.drain_stores completed
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>

gpu.module @kernels {
  // A search for something else.
  gpu.func @other_search(%k: memref<?x64xbf16>, %ids: memref<64xi32>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
      // expected-note @below {{another copy is here}}
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
        %goes = arith.cmpi sle, %id, %limit : i32
        %next = arith.select %goes, %at, %passed : index
        scf.yield %next : index
      } {tile.loop = 0}
      // expected-error @below {{this copy of loop 1 may run more or less often than others: its bounds are not the same expressions of what all workers share}}
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
}
