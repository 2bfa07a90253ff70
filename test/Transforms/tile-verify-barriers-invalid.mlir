// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Barriers: one ring of two slots between a loader and two workers, broken in one
// way each; tile-verify-barriers.mlir has the ring as it should be.

// The consumer waits for the other parity: it passes before the first copy.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @consumer_parity_flipped(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "compute" worker 0 waits for the phase before the first (parity 1) of barrier "k_full"[0], but phase 0 (parity 0) can end before it looks: it would miss the phase}}
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

// The producer waits for readers of a tile that was never there.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @producer_parity_not_flipped(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %bit = arith.andi %round, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{deadlock: role "load" waits for phase 0 (parity 0) of barrier "k_empty"[0], which has 0 of 8 arrivals}}
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        // expected-note @below {{role "compute" worker 1 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 0 of 1 arrivals}}
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

// The consumer forgets the round.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @parity_never_changes(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %bit = arith.andi %c0, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "compute" worker 0 waits again for phase 0 (parity 0) of barrier "k_full"[0], which it has seen end: the wait passes at once; its next wait there should be for phase 1 (parity 1)}}
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

// The producer forgets the round.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @producer_parity_never_changes(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %bit = arith.andi %c1, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        // expected-error @below {{role "load" waits again for the phase before the first (parity 1) of barrier "k_empty"[0], which it has seen end: the wait passes at once; its next wait there should be for phase 0 (parity 0)}}
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

// The consumer stays at the first tile.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @consumer_count_not_advanced(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{role "compute" worker 0 waits again for phase 0 (parity 0) of barrier "k_full"[0], which it has seen end: the wait passes at once; its next wait there should be for phase 1 (parity 1)}}
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %count : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The producer stays at the first tile.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @producer_count_not_advanced(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{role "load" waits again for the phase before the first (parity 1) of barrier "k_empty"[0], which it has seen end: the wait passes at once; its next wait there should be for phase 0 (parity 0)}}
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %full[%slot] : !tile.barriers<2, arrivals = 1> : memref<?x64xbf16>, !block
        %next = arith.addi %count, %c1 : index
        scf.yield %count : index
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

// One worker ends the phase for both.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @too_few_arrivals_allowed(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 4>
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
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 4>
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
        // expected-error @below {{role "compute" worker 1 arrives too often in phase 0 (parity 0) of barrier "k_empty"[0]: 4 arrivals end it, and 4 more come from an agent that has not waited for its end}}
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 4>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The readers cannot end a phase.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @too_many_arrivals_needed(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 12>
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
        // expected-error @below {{deadlock: role "load" waits for phase 0 (parity 0) of barrier "k_empty"[0], which has 8 of 12 arrivals}}
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 12>
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        // expected-note @below {{role "compute" worker 1 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 12>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// Each worker releases a slot twice.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @arrives_twice(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        // expected-error @below {{role "compute" worker 1 arrives too often in phase 0 (parity 0) of barrier "k_empty"[0]: 8 arrivals end it, and 4 more come from an agent that has not waited for its end}}
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// One worker of four warps arrives where three are expected.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @arrivals_exceed_the_phase(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 3>
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
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 3>
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
        // expected-error @below {{role "compute" worker 0 arrives too often in phase 0 (parity 0) of barrier "k_empty"[0]: 3 arrivals end it, 0 have come, and these are 4 more}}
        tile.barrier_arrive %empty[%slot] : <2, arrivals = 3>
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
  gpu.func @expects_too_many_bytes(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{phase 0 (parity 0) of barrier "k_full"[0] expects 16384 bytes, but 8192 are copied}}
        tile.barrier_expect %full[%slot] bytes(16384) : <2, arrivals = 1>
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 1 of 1 arrivals and 8192 of 16384 bytes}}
        // expected-note @below {{role "compute" worker 1 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 1 of 1 arrivals and 8192 of 16384 bytes}}
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
  gpu.func @expects_too_few_bytes(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        tile.barrier_expect %full[%slot] bytes(4096) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        // expected-error @below {{phase 0 (parity 0) of barrier "k_full"[0] expects 4096 bytes, but 8192 are copied}}
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
  gpu.func @not_released(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{deadlock: role "load" waits for phase 0 (parity 0) of barrier "k_empty"[0], which has 0 of 8 arrivals}}
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        // expected-note @below {{role "compute" worker 1 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
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

// Worker 1 keeps the slot.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @released_by_one_worker(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{deadlock: role "load" waits for phase 0 (parity 0) of barrier "k_empty"[0], which has 4 of 8 arrivals}}
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        // expected-note @below {{role "compute" worker 1 waits for phase 1 (parity 1) of barrier "k_full"[0], which has 0 of 1 arrivals}}
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        %worker = tile.worker
        %first = arith.cmpi eq, %worker, %c0 : index
        scf.if %first {
            tile.barrier_arrive %empty[%slot] : <2, arrivals = 8>
        }
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The copy counts for the barrier of the readers.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @signals_other_barrier(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        // expected-error @below {{phase 0 (parity 0) of barrier "k_full"[0] expects 8192 bytes, but 0 are copied}}
        tile.barrier_expect %full[%slot] bytes(8192) : <2, arrivals = 1>
        %tile = tile.slot %buffer[%slot] : <2 x !block> -> !block
        tile.copy %k[%j, %c0] to %tile signals %empty[%slot] : !tile.barriers<2, arrivals = 8> : memref<?x64xbf16>, !block
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
        // expected-note @+2 {{role "compute" worker 0 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 1 of 1 arrivals and 0 of 8192 bytes}}
        // expected-note @below {{role "compute" worker 1 waits for phase 0 (parity 0) of barrier "k_full"[0], which has 1 of 1 arrivals and 0 of 8192 bytes}}
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

// The readers arrive where the copies count.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @arrives_at_other_barrier(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        %mma = tile.mma_async %tile, %tile transpose_b : !block, !block -> <!acc>
        %s = tile.await %mma in_flight(0) : <!acc> -> !acc
        // expected-error @below {{role "compute" worker 0 arrives too often in phase 1 (parity 1) of barrier "k_full"[0]: 1 arrivals end it, 0 have come, and these are 4 more}}
        tile.barrier_arrive %full[%slot] : <2, arrivals = 1>
        %next = arith.addi %count, %c1 : index
        scf.yield %next : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The producer waits for its own copies.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @waits_for_other_barrier(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
        tile.barrier_wait %full[%slot] parity(%parity) : <2, arrivals = 1>
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
        // expected-error @below {{role "compute" worker 0 waits for phase 0 (parity 0) of barrier "k_full"[0], but phase 1 (parity 1) can end before it looks: it would miss the phase}}
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
  gpu.func @expects_in_every_thread(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    tile.role "load" warps(4) registers(24) {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
        %round = arith.divui %count, %c2 : index
        %flipped = arith.addi %round, %c1 : index
        %bit = arith.andi %flipped, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%slot] parity(%parity) : <2, arrivals = 8>
        // expected-error @below {{role "load" worker 0 has many threads, and each would expect the bytes: only a role with one_thread can}}
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

// Nothing says that both loops run equally often.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @unnumbered_loop(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
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
      // expected-error @below {{role "compute" worker 0 runs a loop around barriers or shared memory a number of times that is not known here, and no tile.loop tells which loops of other roles run as often}}
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
      }
    }
    gpu.return
  }
}

// -----

// Right for three rounds only.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @saturating_count(%k: memref<?x64xbf16>, %n: index) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c6 = arith.constant 6 : index
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %j = %c0 to %n step %c1 iter_args(%count = %c0) -> (index) {
        %slot = arith.remui %count, %c2 : index
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
        %bounded = arith.minui %next, %c6 : index
        scf.yield %bounded : index
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
        %bounded = arith.minui %next, %c6 : index
        scf.yield %bounded : index
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @mbarrier_by_hand(%k: memref<?x64xbf16>, %n: index, %p: !llvm.ptr<3>, %c8: i32) kernel attributes {tile.shared_bytes = 16416} {
    %buffer = tile.alloc "k" offset(0) : <2 x !block>
    %full = tile.barriers "k_full" offset(16384) : <2, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(16400) : <2, arrivals = 8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    // expected-error @below {{the check of barriers cannot follow 'nvvm.mbarrier.init'}}
    nvvm.mbarrier.init %p, %c8 : !llvm.ptr<3>, i32
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
