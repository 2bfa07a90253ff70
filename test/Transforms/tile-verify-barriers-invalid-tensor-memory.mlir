// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Tensor memory: MMAs that one thread starts, broken in one way each.
// tile-verify-barriers-mutants-tensor-memory.test breaks kernels with rings and two workers.

// The thread never says that its MMA is complete.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @no_commit(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{deadlock: role "compute" worker 0 waits for phase 0 (parity 0) of barrier "sum_full"[0], which has 0 of 1 arrivals}}
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A commit is for the MMAs before it.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @commit_before_mma(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// An arrival of the thread says nothing of its MMAs.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @arrives_instead(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.barrier_arrive %sum_full[%c0] tensor_memory : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @commit_twice(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      // expected-error @below {{role "mma" arrives too often in phase 0 (parity 0) of barrier "sum_full"[0]: 1 arrivals end it, and 1 more come from an agent that has not waited for its end}}
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A commit is one arrival, not one for each warp.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @arrivals_of_commit(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 4>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 4>
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{deadlock: role "compute" worker 0 waits for phase 0 (parity 0) of barrier "sum_full"[0], which has 1 of 4 arrivals}}
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @no_wait_for_sum(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @waits_for_phase_before_first(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{role "compute" worker 0 waits for the phase before the first (parity 1) of barrier "sum_full"[0], but phase 0 (parity 0) can end before it looks: it would miss the phase}}
      tile.barrier_wait %sum_full[%c0] parity(%one) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// The MMA reads what need not have been copied.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @no_wait_for_operands(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      // expected-note @below {{the copy is here}}
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      // expected-error @below {{an MMA of role "mma" reads slot 0 of "a", filled in phase 0 (parity 0) of barrier "a_full"[0], without waiting for that phase; it has not waited there}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// Tensor memory is ordered by fences on both sides only: the wait of who reads, ...
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @reads_without_fence(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write: what it has heard of that came by an arrive or a wait without tensor_memory}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// ... the wait of a thread for its own MMAs, when it tells others, ...
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @waits_without_fence(%a: !matrix) kernel attributes {tile.shared_bytes = 16424} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %done = tile.barriers "done" offset(16416) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %done[%c0] : <1, arrivals = 1>
      tile.barrier_wait %done[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_arrive %sum_full[%c0] tensor_memory : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write: what it has heard of that came by an arrive or a wait without tensor_memory}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// ... and the arrive by which it tells them.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @tells_without_fence(%a: !matrix) kernel attributes {tile.shared_bytes = 16424} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %done = tile.barriers "done" offset(16416) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %done[%c0] : <1, arrivals = 1>
      tile.barrier_wait %done[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      tile.barrier_arrive %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write: what it has heard of that came by an arrive or a wait without tensor_memory}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A fence at another barrier does not help: each is taken to be for its own.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @fence_elsewhere(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the MMA is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %a_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "sum", which an MMA of role "mma" may still write: what it has heard of that came by an arrive or a wait without tensor_memory}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @never_filled(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %true = arith.constant true
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{an MMA of role "mma" accumulates in slot 0 of "sum", which nothing need have filled yet}}
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// Nobody knows whether the first MMA accumulates.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @may_accumulate(%a: !matrix, %more: i1) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{an MMA of role "mma" accumulates in slot 0 of "sum", which nothing need have filled yet; whether it accumulates is not known here}}
      tile.mma_into %sum, %slot, %slot accumulate(%more) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @never_read(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{nothing ever reads what is written here to slot 0 of "sum"}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

// What accumulates onto a sum reads it, but somebody else must in the end.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @only_accumulated(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %true = arith.constant true
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{nothing ever reads what is written here to slot 0 of "sum"}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

// Nobody waits for the last MMA.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @in_flight_at_end(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(256) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <2 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <2 x !sum> -> !sum
    %other = tile.slot %sums[%c1] : <2 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      // expected-error @below {{nothing waits for an MMA of role "mma" to complete: the kernel may end with this one in flight}}
      tile.mma_into %other, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @committed_but_not_awaited(%a: !matrix) kernel attributes {tile.shared_bytes = 16424} {
    tile.tensor_columns columns(256) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <2 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %done = tile.barriers "done" offset(16416) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <2 x !sum> -> !sum
    %other = tile.slot %sums[%c1] : <2 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      // expected-error @below {{nothing waits for an MMA of role "mma" to complete: the kernel may end with this one in flight}}
      tile.mma_into %other, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %done[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @slot_not_known(%a: !matrix, %which: i1) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      %mine = arith.select %which, %sum, %sum : !sum
      // expected-error @below {{role "mma" uses a slot that is not known here}}
      tile.mma_into %mine, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// An MMA into a part of a slot fills no slot.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!wide = tensor<128x256xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @part_of_slot(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(256) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !wide>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %whole = tile.slot %sums[%c0] : <1 x !wide> -> !wide
    %sum = tile.slice %whole[%c0, %c0] : !wide -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{an MMA of role "mma" writes 128 of the 256 columns of slot 0 of "sum": the check of barriers follows whole slots only}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @reads_its_own_result() kernel attributes {tile.shared_bytes = 8196} {
    tile.tensor_columns columns(32) offset(8192)
    %halves = tile.alloc "half" offset(0) : <1 x tensor<64x64xf16, #tile.tensor_memory>>
    %buffer = tile.alloc "b" offset(0) : <1 x tensor<64x64xf16, #tile.shared<swizzle = 128>>>
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x tensor<64x64xf16, #tile.shared<swizzle = 128>>> -> tensor<64x64xf16, #tile.shared<swizzle = 128>>
    %half = tile.slot %halves[%c0] : <1 x tensor<64x64xf16, #tile.tensor_memory>> -> tensor<64x64xf16, #tile.tensor_memory>
    tile.role "mma" warps(4) registers(24) one_thread {
      // expected-error @below {{an MMA of role "mma" reads slot 0 of "half", into which it accumulates}}
      tile.mma_into %half, %half, %slot accumulate(%false) : tensor<64x64xf16, #tile.tensor_memory>, tensor<64x64xf16, #tile.tensor_memory>, tensor<64x64xf16, #tile.shared<swizzle = 128>>
    }
    gpu.return
  }
}

// -----

// Published too late for who has heard of the write.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!out = tensor<128x64xbf16, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @published_after_arrive(%p: !out) kernel attributes {tile.shared_bytes = 16404} {
    tile.tensor_columns columns(128) offset(16400)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "p" offset(0) : <1 x !block>
    %p_full = tile.barriers "p_full" offset(16384) : <1, arrivals = 4>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "compute" warps(4) registers(240) {
      // expected-note @below {{the write is here}}
      tile.write_shared %p, %slot : !out, !block
      tile.barrier_arrive %p_full[%c0] : <1, arrivals = 4>
      tile.publish barrier(%c1)
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    tile.role "mma" warps(4) registers(24) one_thread {
      tile.barrier_wait %p_full[%c0] parity(%zero) : <1, arrivals = 4>
      // expected-error @below {{an MMA of role "mma" reads slot 0 of "p" before what was written there has been published}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

// Two threads write one slot, and nothing says in which order.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @two_threads(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 2>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(1) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the other is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 2>
    }
    tile.role "other" warps(2) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{an MMA of role "other" overwrites slot 0 of "sum" while an MMA of role "mma" may still write it}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 2>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 2>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// The operands are given back before the MMA that reads them starts.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @operands_before_mma(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        // expected-error @below {{role "load" overwrites slot 0 of "a" while an MMA of role "mma" may still read it (if loop 0 runs 2x)}}
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_empty[%c0] parity(%parity) tensor_memory : <1, arrivals = 4>
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        // expected-note @below {{the read is here}}
        tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : <1, arrivals = 4>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The thread that starts an MMA knows no more of it than others.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @copies_without_wait(%a: !matrix) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-note @below {{the read is here}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      // expected-error @below {{role "mma" overwrites slot 0 of "a" while an MMA of role "mma" may still read it}}
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @no_wait_for_empty_sum(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        // expected-error @below {{an MMA of role "mma" overwrites slot 0 of "sum" while role "compute" worker 0 may still read it (if loop 0 runs 2x)}}
        tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        // expected-note @below {{the read is here}}
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : <1, arrivals = 4>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The fences again, of who has read ...
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @arrives_without_fence(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_empty[%c0] parity(%parity) tensor_memory : <1, arrivals = 4>
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        // expected-error @below {{an MMA of role "mma" overwrites slot 0 of "sum" while role "compute" worker 0 may still read it: what it has heard of that came by an arrive or a wait without tensor_memory (if loop 0 runs 2x)}}
        tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        // expected-note @below {{the read is here}}
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] : <1, arrivals = 4>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// ... and who overwrites.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @overwrites_without_fence(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_empty[%c0] parity(%parity) : <1, arrivals = 4>
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        // expected-error @below {{an MMA of role "mma" overwrites slot 0 of "sum" while role "compute" worker 0 may still read it: what it has heard of that came by an arrive or a wait without tensor_memory (if loop 0 runs 2x)}}
        tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        // expected-note @below {{the read is here}}
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : <1, arrivals = 4>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @released_before_move(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %false = arith.constant false
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_empty[%c0] parity(%parity) tensor_memory : <1, arrivals = 4>
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        // expected-error @below {{an MMA of role "mma" overwrites slot 0 of "sum" while role "compute" worker 0 may still read it (if loop 0 runs 2x)}}
        tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : <1, arrivals = 4>
        // expected-note @below {{the read is here}}
        %values = tile.move %sum : !sum -> !values
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @accumulates_in_first_round(%a: !matrix, %items: index) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %a_empty = tile.barriers "a_empty" offset(16392) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16400) : <1, arrivals = 1>
    %sum_empty = tile.barriers "sum_empty" offset(16408) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        tile.barrier_wait %a_empty[%c0] parity(%parity) : <1, arrivals = 1>
        tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
        tile.copy %a[%i, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
        %next = arith.xori %parity, %one : i32
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_empty[%c0] parity(%parity) tensor_memory : <1, arrivals = 4>
        tile.barrier_wait %a_full[%c0] parity(%next) : <1, arrivals = 1>
        %first = arith.cmpi eq, %i, %c0 : index
        // expected-error @below {{an MMA of role "mma" accumulates in slot 0 of "sum", which nothing need have filled yet (if loop 0 runs 1x)}}
        tile.mma_into %sum, %slot, %slot accumulate(%first) transpose_b : !sum, !block, !block
        tile.mma_commit %a_empty[%c0] : <1, arrivals = 1>
        tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.for %i = %c0 to %items step %c1 iter_args(%parity = %one) -> (i32) {
        %next = arith.xori %parity, %one : i32
        tile.barrier_wait %sum_full[%c0] parity(%next) tensor_memory : <1, arrivals = 1>
        %values = tile.move %sum : !sum -> !values
        tile.barrier_arrive %sum_empty[%c0] tensor_memory : <1, arrivals = 4>
        scf.yield %next : i32
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @move_in_one_thread() kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %c0 = arith.constant 0 : index
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "mma" warps(4) registers(24) one_thread {
      // expected-error @below {{'tile.move' needs all threads of a worker, but role "mma" has one_thread}}
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!scale_slot = tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @mma_in_workers() kernel attributes {tile.shared_bytes = 17920} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %scale_slots = tile.alloc "scales" offset(0) : <1 x !scale_slot>
    %scale_buffer = tile.alloc "s" offset(17408) : <1 x !scales>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    %scales = tile.slot %scale_buffer[%c0] : <1 x !scales> -> !scales
    %scale_slot = tile.slot %scale_slots[%c0] : <1 x !scale_slot> -> !scale_slot
    tile.role "compute" warps(8) registers(240) {
      // expected-error @below {{'tile.mma_into' is for one thread, but all 256 of role "compute" run it}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
      // expected-error @below {{'tile.copy_scales' is for one thread, but all 256 of role "compute" run it}}
      tile.copy_scales %scales, %scale_slot : !scales, !scale_slot
      // expected-error @below {{'tile.mma_commit' is for one thread, but all 256 of role "compute" run it}}
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @mma_in_no_role() kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    // expected-error @below {{the check of barriers cannot follow 'tile.mma_into': it is in no role}}
    tile.mma_into %sum, %slot, %slot accumulate(%false) transpose_b : !sum, !block, !block
    // expected-error @below {{the check of barriers cannot follow 'tile.mma_commit': it is in no role}}
    tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    // expected-error @below {{the check of barriers cannot follow 'tile.move': it is in no role}}
    %values = tile.move %sum : !sum -> !values
    gpu.return
  }
}

// -----

// A tile that is moved to tensor memory has no place there yet.
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @move_to_tensor_memory() kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %c0 = arith.constant 0 : index
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "compute" warps(4) registers(240) {
      %value = arith.constant dense<0.0> : !values
      // expected-error @below {{the check of barriers cannot follow 'tile.move': it does not say where in tensor memory the tile goes}}
      %moved = tile.move %value : !values -> !sum
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @other_ops(%sources: memref<?x128xf32>) kernel attributes {tile.shared_bytes = 16412} {
    tile.tensor_columns columns(128) offset(16408)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %c0 = arith.constant 0 : index
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{the check of barriers cannot follow 'arith.negf': it has a tile in tensor memory}}
      %read = arith.negf %sum : !sum
      // expected-error @below {{the check of barriers cannot follow 'tile.store': it has a tile in tensor memory}}
      tile.store %sum, %sources[%c0, %c0] : !sum, memref<?x128xf32>
    }
    gpu.return
  }
}

// -----

// What is written in columns of another tile is lost there.
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @overlap() kernel attributes {tile.shared_bytes = 4} {
    tile.tensor_columns columns(256) offset(0)
    %ones = tile.alloc "one" offset(0) : <1 x !sum>
    %others = tile.alloc "other" offset(64) : <1 x !sum>
    %c0 = arith.constant 0 : index
    %one = tile.slot %ones[%c0] : <1 x !sum> -> !sum
    %other = tile.slot %others[%c0] : <1 x !sum> -> !sum
    tile.role "compute" warps(4) registers(240) {
      %value = arith.constant dense<0.0> : !values
      tile.write_tensor %value, %one : !values, !sum
      %before = tile.move %one : !sum -> !values
      // expected-note @below {{that is here}}
      tile.write_tensor %value, %other : !values, !sum
      // expected-error @below {{role "compute" worker 0 reads slot 0 of "one", of which columns were written as slot 0 of "other"}}
      %after = tile.move %one : !sum -> !values
    }
    gpu.return
  }
}

// -----

// Another role may still read what lies in these columns.
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @overlap_in_use() kernel attributes {tile.shared_bytes = 12} {
    tile.tensor_columns columns(256) offset(8)
    %full = tile.barriers "full" offset(0) : <1, arrivals = 4>
    %ones = tile.alloc "one" offset(0) : <1 x !sum>
    %others = tile.alloc "other" offset(127) : <1 x !sum>
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %one = tile.slot %ones[%c0] : <1 x !sum> -> !sum
    %other = tile.slot %others[%c0] : <1 x !sum> -> !sum
    tile.role "compute" warps(4) registers(240) {
      %value = arith.constant dense<0.0> : !values
      tile.write_tensor %value, %one : !values, !sum
      tile.barrier_arrive %full[%c0] tensor_memory : <1, arrivals = 4>
      // expected-note @below {{that is here}}
      tile.write_tensor %value, %other : !values, !sum
      %kept = tile.move %other : !sum -> !values
    }
    tile.role "reader" warps(4) registers(240) {
      tile.barrier_wait %full[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      // expected-error @below {{role "reader" worker 0 reads slot 0 of "one", of which columns were written as slot 0 of "other"}}
      %read = tile.move %one : !sum -> !values
    }
    gpu.return
  }
}

// -----

// An MMA reads columns that it writes.
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!p = tensor<128x64xbf16, #tile.tensor_memory>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xbf16, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
gpu.module @kernels {
  gpu.func @reads_what_it_writes(%a: memref<?x64xbf16>) kernel attributes {tile.shared_bytes = 16404} {
    tile.tensor_columns columns(64) offset(16400)
    %buffer = tile.alloc "a" offset(0) : <1 x !panel>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %full = tile.barriers "full" offset(16392) : <1, arrivals = 4>
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %ps = tile.alloc "p" offset(32) : <1 x !p>
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    %p = tile.slot %ps[%c0] : <1 x !p> -> !p
    %slot = tile.slot %buffer[%c0] : <1 x !panel> -> !panel
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(8192) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : memref<?x64xbf16>, !panel
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %full[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      // expected-error @below {{an MMA of role "mma" reads slot 0 of "p", into which it accumulates}}
      tile.mma_into %sum, %p, %slot accumulate(%false) : !sum, !p, !panel
    }
    tile.role "compute" warps(4) registers(240) {
      %value = arith.constant dense<0.0> : !values
      tile.write_tensor %value, %p : !values, !p
      tile.barrier_arrive %full[%c0] tensor_memory : <1, arrivals = 4>
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @too_few_columns() kernel attributes {tile.shared_bytes = 4} {
    tile.tensor_columns columns(128) offset(0)
    // expected-error @below {{"sum" ends at column 256 of tensor memory, but the kernel reserves 128 (tile.tensor_columns)}}
    %sums = tile.alloc "sum" offset(0) : <2 x !sum>
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @no_columns() kernel {
    // expected-error @below {{"sum" ends at column 256 of tensor memory, but the kernel reserves 0 (tile.tensor_columns)}}
    %sums = tile.alloc "sum" offset(0) : <2 x !sum>
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @reserved_twice() kernel attributes {tile.shared_bytes = 8} {
    tile.tensor_columns columns(128) offset(0)
    // expected-error @below {{the kernel reserves 32 columns of tensor memory beside the 128 that it has reserved: the check of barriers knows one block}}
    tile.tensor_columns columns(32) offset(4)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    gpu.return
  }
}

// -----

// The address of the columns lies in a buffer, and outside of shared memory.
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @address_in_buffer() kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !panel>
    // expected-error @below {{the address of tensor memory starts at byte 1024 but "b" ends at byte 8192: the check of barriers needs them apart}}
    tile.tensor_columns columns(128) offset(1024)
    gpu.return
  }
}

// -----

!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @kernels {
  gpu.func @address_outside() kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !panel>
    // expected-error @below {{the address of tensor memory ends at byte 8196 of shared memory, but the kernel is launched with 8192 (tile.shared_bytes)}}
    tile.tensor_columns columns(128) offset(8192)
    gpu.return
  }
}

// -----

gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_tensor_memory() kernel attributes {tile.shared_bytes = 4} {
    // expected-error @below {{the kernel reserves 128 columns of tensor memory, sm_90a has 0}}
    tile.tensor_columns columns(128) offset(0)
    gpu.return
  }
}

// -----

// What an arrive without tensor_memory tells is nothing about writes there.
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!p = tensor<128x64xbf16, #tile.tensor_memory>
!sum = tensor<128x64xf32, #tile.tensor_memory>
#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!weights = tensor<128x64xbf16, #lane>
!values = tensor<128x64xf32, #lane>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @write_unfenced(%a: !matrix, %weights: !weights) kernel attributes {tile.shared_bytes = 8220} {
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
      // expected-error @below {{reads slot 0 of "p", which role "compute" worker 0 may still write}}
      tile.mma_into %sum, %p, %slot accumulate(%false) : !sum, !p, !panel
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-note @below {{the write is here}}
      tile.write_tensor %weights, %p : !weights, !p
      tile.barrier_arrive %p_full[%c0] : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// Columns of a slot are written together.
#half = #tile.fragment<registers = [32 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!p = tensor<128x64xbf16, #tile.tensor_memory>
!sum = tensor<128x64xf32, #tile.tensor_memory>
#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!weights = tensor<128x64xbf16, #lane>
!values = tensor<128x64xf32, #lane>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @write_part(%a: !matrix, %part: tensor<128x32xbf16, #half>) kernel attributes {tile.shared_bytes = 8220} {
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
      %half = tile.slice %p[%c0, %c0] : !p -> tensor<128x32xbf16, #tile.tensor_memory>
      // expected-error @below {{writes 16 of the 32 columns of slot 0 of "p": the check of barriers follows whole slots only}}
      tile.write_tensor %part, %half : tensor<128x32xbf16, #half>, tensor<128x32xbf16, #tile.tensor_memory>
      tile.barrier_arrive %p_full[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// All threads of a worker write.
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!p = tensor<128x64xbf16, #tile.tensor_memory>
!sum = tensor<128x64xf32, #tile.tensor_memory>
#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!weights = tensor<128x64xbf16, #lane>
!values = tensor<128x64xf32, #lane>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @write_one_thread(%a: !matrix, %weights: !weights) kernel attributes {tile.shared_bytes = 8220} {
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
      // expected-error @below {{'tile.write_tensor' needs all threads of a worker, but role "mma" has one_thread}}
      tile.write_tensor %weights, %p : !weights, !p
      tile.mma_into %sum, %p, %slot accumulate(%false) : !sum, !p, !panel
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.write_tensor %weights, %p : !weights, !p
      tile.barrier_arrive %p_full[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      %values = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A branch that may be taken reads what nobody has waited for.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @branch_before_wait {
  gpu.func @branch_before_wait(%a: !matrix, %some: i1) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %back = tile.barriers "back" offset(16400) : <1, arrivals = 4>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %true = arith.constant true
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %start = arith.constant dense<0.0> : !values
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      // expected-error @below {{an MMA of role "mma" overwrites slot 0 of "sum" while role "compute" worker 0 may still write it}}
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%one) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.write_tensor %start, %sum : !values, !sum
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      scf.if %some {
        %old = tile.move %sum : !sum -> !values
        // expected-note @below {{the other is here}}
        tile.write_tensor %old, %sum : !values, !sum
      }
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%one) tensor_memory : <1, arrivals = 1>
      %last = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A branch that need not be taken is the only one that starts the sum.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @branch_starts {
  gpu.func @branch_starts(%a: !matrix, %some: i1) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %back = tile.barriers "back" offset(16400) : <1, arrivals = 4>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %true = arith.constant true
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %start = arith.constant dense<0.0> : !values
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      // expected-error @below {{an MMA of role "mma" accumulates in slot 0 of "sum", which nothing need have filled yet}}
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%one) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      scf.if %some {
        tile.write_tensor %start, %sum : !values, !sum
      }
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      scf.if %some {
        %old = tile.move %sum : !sum -> !values
        tile.write_tensor %old, %sum : !values, !sum
      }
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%one) tensor_memory : <1, arrivals = 1>
      %last = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// A branch in which others are told is not left open.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!values = tensor<128x128xf32, #tile.fragment<registers = [128 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @branch_tells {
  gpu.func @branch_tells(%a: !matrix, %some: i1) kernel attributes {tile.shared_bytes = 16420} {
    tile.tensor_columns columns(128) offset(16416)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %a_full = tile.barriers "a_full" offset(16384) : <1, arrivals = 1>
    %sum_full = tile.barriers "sum_full" offset(16392) : <1, arrivals = 1>
    %back = tile.barriers "back" offset(16400) : <1, arrivals = 4>
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %true = arith.constant true
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %start = arith.constant dense<0.0> : !values
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %a_full[%c0] bytes(16384) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %a_full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %a_full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%zero) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
      tile.barrier_wait %back[%c0] parity(%one) tensor_memory : <1, arrivals = 4>
      tile.mma_into %sum, %slot, %slot accumulate(%true) transpose_b : !sum, !block, !block
      tile.mma_commit %sum_full[%c0] : <1, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.write_tensor %start, %sum : !values, !sum
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%zero) tensor_memory : <1, arrivals = 1>
      // expected-error @below {{branches around barriers or shared memory on a condition that is not known here}}
      scf.if %some {
        tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      }
      tile.barrier_arrive %back[%c0] tensor_memory : <1, arrivals = 4>
      tile.barrier_wait %sum_full[%c0] parity(%one) tensor_memory : <1, arrivals = 1>
      %last = tile.move %sum : !sum -> !values
    }
    gpu.return
  }
}

// -----

// An MMA reads scales of which one was copied for it.
!block = tensor<128x128xf8E4M3FN, #tile.shared<swizzle = 128>>
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!slot = tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!matrix = memref<?x128xf8E4M3FN>
!matrix_of_scales = memref<?x16xf8E8M0FNU>
gpu.module @kernels {
  gpu.func @scales_not_copied(%a: !matrix, %s: !matrix_of_scales) kernel attributes {tile.shared_bytes = 17436} {
    tile.tensor_columns columns(256) offset(17432)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %left = tile.alloc "scales" offset(128) : <1 x !slot>
    %right = tile.alloc "scales_1" offset(132) : <1 x !slot>
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %scale_buffer = tile.alloc "s" offset(16384) : <1 x !scales>
    %full = tile.barriers "full" offset(17408) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %scales = tile.slot %scale_buffer[%c0] : <1 x !scales> -> !scales
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    %l = tile.slot %left[%c0] : <1 x !slot> -> !slot
    %r = tile.slot %right[%c0] : <1 x !slot> -> !slot
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %full[%c0] bytes(16896) : <1, arrivals = 1>
      tile.copy %a[%c0, %c0] to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
      tile.copy %s[%c0, %c0] to %scales signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix_of_scales, !scales
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      tile.barrier_wait %full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.copy_scales %scales, %l : !scales, !slot
      // expected-error @below {{an MMA of role "mma" reads slot 0 of "scales_1", which nothing need have filled yet}}
      tile.mma_into %sum, %slot, %slot accumulate(%false) scales(%l, %r : !slot, !slot) transpose_b : !sum, !block, !block
    }
    gpu.return
  }
}

// -----

// Scales are copied before they are there.
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!slot = tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
!matrix_of_scales = memref<?x16xf8E8M0FNU>
gpu.module @kernels {
  gpu.func @scales_too_early(%s: !matrix_of_scales) kernel attributes {tile.shared_bytes = 1052} {
    tile.tensor_columns columns(32) offset(1048)
    %left = tile.alloc "scales" offset(0) : <1 x !slot>
    %scale_buffer = tile.alloc "s" offset(0) : <1 x !scales>
    %full = tile.barriers "full" offset(1024) : <1, arrivals = 1>
    %c0 = arith.constant 0 : index
    %scales = tile.slot %scale_buffer[%c0] : <1 x !scales> -> !scales
    %l = tile.slot %left[%c0] : <1 x !slot> -> !slot
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %full[%c0] bytes(512) : <1, arrivals = 1>
      // expected-note @below {{the copy is here}}
      tile.copy %s[%c0, %c0] to %scales signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix_of_scales, !scales
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      // expected-error @below {{role "mma" reads slot 0 of "s"}}
      tile.copy_scales %scales, %l : !scales, !slot
    }
    gpu.return
  }
}

// -----

// That a loop before has run is not known from another number.
!block = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!panel = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
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
      %ran = arith.cmpi sgt, %n, %c0 : index
      // expected-error @below {{an MMA of role "mma" accumulates in slot 0 of "sum", which nothing need have filled yet; whether it accumulates is not known here (if loop 0 runs 0x)}}
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
