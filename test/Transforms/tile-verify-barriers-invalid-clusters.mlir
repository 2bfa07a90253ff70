// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// CTAs that share work items. tile-verify-barriers-mutants-clusters.test breaks kernels of pairs.

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
gpu.module @kernels {
  gpu.func @one_cta(%a: !a, %b: !b, %sum: !sum) kernel {
    %true = arith.constant true
    tile.role "mma" warps(4) registers(24) one_thread leader {
      // expected-error @below {{'tile.mma_into' is for a pair of CTAs, but clusters have 1}}
      tile.mma_into %sum, %a, %b accumulate(%true) transpose_b pair : !sum, !a, !b
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @commit_of_one() kernel attributes {tile.shared_bytes = 8} {
    %done = tile.barriers "done" offset(0) : <1, arrivals = 1>
    %c0 = arith.constant 0 : index
    tile.role "mma" warps(4) registers(24) one_thread {
      // expected-error @below {{'tile.mma_commit' is for a pair of CTAs, but clusters have 1}}
      tile.mma_commit %done[%c0] pair : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @both() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 8} {
    %done = tile.barriers "done" offset(0) : <1, arrivals = 1>
    %c0 = arith.constant 0 : index
    tile.role "mma" warps(4) registers(24) one_thread {
      // expected-error @below {{'tile.mma_commit' is for the leader of a pair of CTAs, but both run role "mma"}}
      tile.mma_commit %done[%c0] pair : <1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

// Who waits for a phase in which another CTA copies hears how far that has come, and nothing of what it has read before.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @copies_and_reads(%a: !matrix) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 8248} {
    %buffer = tile.alloc "a" offset(0) : <1 x !block>
    %numbers = tile.alloc "number" offset(8192) : <1 x !number>
    %told = tile.barriers "told" offset(8224) : <1, arrivals = 1>
    %again = tile.barriers "again" offset(8232) : <1, arrivals = 1>
    %full = tile.barriers "full" offset(8240) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %c0 = arith.constant 0 : index
    %slot = tile.slot %buffer[%c0] : <1 x !block> -> !block
    %number = tile.slot %numbers[%c0] : <1 x !number> -> !number
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_wait %told[%c0] parity(%zero) cluster : <1, arrivals = 1>
      // expected-note @below {{the read is here}}
      %work = tile.read_work %number : !number
      tile.barrier_expect %full[%c0] bytes(16384) leader : <1, arrivals = 1>
      tile.copy %a[%work, %c0] to %slot signals leader %full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !block
    }
    tile.role "ask" warps(3) registers(24) one_thread leader {
      tile.barrier_expect %told[%c0] bytes(16) pair : <1, arrivals = 1>
      tile.request_work to %number pair signals %told[%c0] : !tile.barriers<1, arrivals = 1> : !number
      tile.barrier_wait %full[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_expect %again[%c0] bytes(16) pair : <1, arrivals = 1>
      // expected-error @below {{role "ask" of CTA 0 overwrites slot 0 of "number" of CTA 1 while role "load" of CTA 1 may still read it}}
      tile.request_work to %number pair signals %again[%c0] : !tile.barriers<1, arrivals = 1> : !number
    }
    gpu.return
  }
}

// -----

// One CTA of a pair that asks does so for both.
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
gpu.module @kernels {
  gpu.func @each_asks() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 40} {
    %numbers = tile.alloc "number" offset(0) : <1 x !number>
    %told = tile.barriers "told" offset(32) : <1, arrivals = 1>
    %c0 = arith.constant 0 : index
    %number = tile.slot %numbers[%c0] : <1 x !number> -> !number
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-error @below {{'tile.barrier_expect' is for the leader of a pair of CTAs, but both run role "load"}}
      tile.barrier_expect %told[%c0] bytes(16) pair : <1, arrivals = 1>
      // expected-error @below {{'tile.request_work' is for the leader of a pair of CTAs, but both run role "load"}}
      tile.request_work to %number pair signals %told[%c0] : !tile.barriers<1, arrivals = 1> : !number
    }
    gpu.return
  }
}

// -----

// Nor of what copies have written for that thread.
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!matrix = memref<?x64xbf16>
gpu.module @kernels {
  gpu.func @copied_before(%m: !matrix) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 24604} {
    tile.tensor_columns columns(128) offset(24600)
    %sums = tile.alloc "sum" offset(0) : <1 x !sum>
    %as = tile.alloc "a" offset(0) : <1 x !a>
    %bs = tile.alloc "b" offset(16384) : <1 x !b>
    %own = tile.barriers "own" offset(24576) : <1, arrivals = 1>
    %full = tile.barriers "full" offset(24584) : <1, arrivals = 1>
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %c0 = arith.constant 0 : index
    %sum = tile.slot %sums[%c0] : <1 x !sum> -> !sum
    %a = tile.slot %as[%c0] : <1 x !a> -> !a
    %b = tile.slot %bs[%c0] : <1 x !b> -> !b
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %own[%c0] bytes(16384) : <1, arrivals = 1>
      // expected-note @below {{the copy is here}}
      tile.copy %m[%c0, %c0] to %a signals %own[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !a
      tile.barrier_wait %own[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_expect %full[%c0] bytes(16384) leader : <1, arrivals = 1>
      tile.copy %m[%c0, %c0] to %b signals leader %full[%c0] : !tile.barriers<1, arrivals = 1> : !matrix, !b
    }
    tile.role "mma" warps(3) registers(24) one_thread leader {
      tile.barrier_wait %own[%c0] parity(%zero) : <1, arrivals = 1>
      tile.barrier_wait %full[%c0] parity(%zero) : <1, arrivals = 1>
      // expected-error @below {{an MMA of role "mma" of CTA 0 reads slot 0 of "a" of CTA 1, filled in phase 0 (parity 0) of barrier "own"[0] of CTA 1, without waiting for that phase; it has not waited there}}
      tile.mma_into %sum, %a, %b accumulate(%false) transpose_b pair : !sum, !a, !b
    }
    gpu.return
  }
}

// -----

// What CTAs exchange tiles through is for that alone, and all that are waited for arrive.
!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slots = !tile.buffer<1 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>
gpu.module @kernels {
  gpu.func @exchange(%x: !row) kernel attributes {known_cluster_size = array<i32: 4, 1, 1>, tile.shared_bytes = 2056} {
    %c0 = arith.constant 0 : index
    %one = tile.alloc "one" offset(0) : !slots
    %other = tile.alloc "other" offset(1024) : !slots
    %full = tile.barriers "full" offset(2048) : <1, arrivals = 16>
    tile.role "compute" warps(4) registers(24) {
      // expected-error @below {{'tile.cluster_reduce' has slots or barriers that another op has too}}
      %r = tile.cluster_reduce max %x through %one, %full[%c0] : !slots, !tile.barriers<1, arrivals = 16> : !row
      // expected-error @below {{'tile.cluster_reduce' has slots or barriers that another op has too}}
      %s = tile.cluster_reduce max %x through %other, %full[%c0] : !slots, !tile.barriers<1, arrivals = 16> : !row
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slots = !tile.buffer<1 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>
gpu.module @kernels {
  gpu.func @arrivals(%x: !row) kernel attributes {known_cluster_size = array<i32: 4, 1, 1>, tile.shared_bytes = 1032} {
    %c0 = arith.constant 0 : index
    %one = tile.alloc "one" offset(0) : !slots
    %full = tile.barriers "full" offset(1024) : <1, arrivals = 8>
    tile.role "compute" warps(8) registers(24) {
      // expected-error @below {{'tile.cluster_reduce' waits for 8 arrivals, 16 come: of each warp of the worker in all CTAs of the cluster}}
      // expected-error @below {{'tile.cluster_reduce' has 1 slots and 1 barriers for 2 workers}}
      %r = tile.cluster_reduce max %x through %one, %full[%c0] : !slots, !tile.barriers<1, arrivals = 8> : !row
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slots = !tile.buffer<1 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>
gpu.module @kernels {
  gpu.func @places(%x: !row, %n: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 2064} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = tile.alloc "one" offset(0) : !slots
    %full = tile.barriers "full" offset(1024) : <1, arrivals = 8>
    tile.role "compute" warps(4) registers(24) {
      // expected-error @below {{'tile.cluster_reduce' has no slots}}
      %r = tile.cluster_reduce max %x : !row
      scf.for %i = %c0 to %n step %c1 {
        // expected-error @below {{the check of barriers cannot follow 'tile.cluster_reduce': it is not in the block of a role, where it runs once}}
        %s = tile.cluster_reduce max %x through %one, %full[%c0] : !slots, !tile.barriers<1, arrivals = 8> : !row
      }
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
!slots = !tile.buffer<1 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>
gpu.module @kernels {
  gpu.func @in_common(%x: !row) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.shared_bytes = 1032} {
    %c0 = arith.constant 0 : index
    %one = tile.alloc "one" offset(0) : !slots
    %full = tile.barriers "full" offset(1024) : <1, arrivals = 8>
    tile.role "mma" warps(4) registers(24) one_thread leader {
    }
    tile.role "compute" warps(4) registers(24) {
      // expected-error @below {{'tile.cluster_reduce' is not followed where CTAs of a cluster have roles in common}}
      %r = tile.cluster_reduce max %x through %one, %full[%c0] : !slots, !tile.barriers<1, arrivals = 8> : !row
    }
    gpu.return
  }
}
