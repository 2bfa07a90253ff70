// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-lower-channels)))' --split-input-file --verify-diagnostics

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @release_without_wait() kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{no tile of this channel was waited for in this block}}
      tile.release %k : !channel
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @conditional(%c: i1) kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      // expected-error@+1 {{a channel cannot be used under a condition}}
      scf.if %c {
        %t = tile.wait %k : !channel -> !shared
        tile.release %k : !channel
      }
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @conditional_release(%c: i1) kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      %t = tile.wait %k : !channel -> !shared
      // expected-error@+1 {{a channel cannot be used under a condition}}
      scf.if %c {
        tile.release %k : !channel
      }
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @two_staging_tiles(%m: memref<?x64xbf16>, %x: tensor<64x64xbf16, #acc>, %y: tensor<64x64xf32, #acc>) kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      %0 = tile.to_shared %x : tensor<64x64xbf16, #acc> -> !shared
      // expected-error@+1 {{stages another tile than an earlier store, 'tensor<64x64xbf16, #tile.shared<swizzle = 128>>'}}
      %1 = tile.to_shared %y : tensor<64x64xf32, #acc> -> tensor<64x64xf32, #tile.shared<swizzle = 128>>
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @channel_of_unknown_make(%k: !channel) kernel {
    // expected-error@+1 {{a channel of this role is not made in the kernel's own block}}
    tile.role "compute" warps(4) registers(240) {
      %0 = tile.wait %k : !channel -> !shared
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @outside_roles() kernel {
    // expected-error@+1 {{a channel can only be used in roles}}
    %k = tile.channel "k" : !channel
    %0 = tile.wait %k : !channel -> !shared
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
gpu.module @m {
  gpu.func @commits_nothing() kernel {
    %k = tile.channel "k" : !tile.channel<2 x !shared>
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-error@+1 {{no tile of this channel was acquired in this block}}
      tile.commit %k : !tile.channel<2 x !shared>
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x64xf32, #tile.tensor_memory>
gpu.module @m {
  gpu.func @ring_by_argument(%i: index) kernel {
    %k = tile.channel "k" : !tile.channel<1 x !sum, copies = 2>
    tile.role "compute" warps(8) registers(200) {
      // expected-error@+1 {{a ring of a channel is named by a number or by tile.worker}}
      %s = tile.wait %k for(%i) : !tile.channel<1 x !sum, copies = 2> -> !sum
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x256xf32, #tile.tensor_memory>
gpu.module @m {
  gpu.func @columns() kernel {
    %a = tile.channel "a" : !tile.channel<2 x !sum>
    // expected-error@+1 {{tiles need 768 columns of tensor memory, there are 512 (knobs columns, workers and accumulators)}}
    %b = tile.channel "b" : !tile.channel<1 x !sum>
    gpu.return
  }
}

// -----

!one = !tile.channel<1 x tensor<128x64xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @releases_to_and_fro() kernel {
    %k = tile.channel "k" : !one
    %back = tile.channel "back" shares(%k : !one) : !one
    tile.role "compute" warps(8) registers(200) {
      %s = tile.wait %k : !one -> tensor<128x64xf32, #tile.tensor_memory>
      // expected-error@+1 {{a slot that goes to and fro is handed on by a commit, not released}}
      tile.release %k : !one
    }
    gpu.return
  }
}

// -----

!one = !tile.channel<1 x tensor<128x64xf32, #tile.tensor_memory>>
!other = !tile.channel<1 x tensor<128x64xbf16, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @releases_a_host() kernel {
    %k = tile.channel "k" : !one
    %p = tile.channel "p" shares(%k : !one) : !other
    tile.role "compute" warps(4) registers(200) {
      %s = tile.wait %k : !one -> tensor<128x64xf32, #tile.tensor_memory>
      // expected-error@+1 {{this tile's slot is handed on with another tile, not released}}
      tile.release %k : !one
    }
    gpu.return
  }
}

// -----

!one = !tile.channel<1 x tensor<128x64xf32, #tile.tensor_memory>>
gpu.module @m {
  gpu.func @acquires_to_and_fro() kernel {
    %k = tile.channel "k" : !one
    %back = tile.channel "back" shares(%k : !one) : !one
    tile.role "compute" warps(8) registers(200) {
      // expected-error@+1 {{a slot that goes to and fro is taken with a wait, not acquired}}
      %s = tile.acquire %k : !one -> tensor<128x64xf32, #tile.tensor_memory>
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!out = tensor<64x64xbf16, #acc>
gpu.module @m {
  gpu.func @two_roles_store(%o: memref<64x64xbf16>, %t: !out) kernel {
    %c0 = arith.constant 0 : index
    tile.role "one" warps(4) registers(240) {
      %s = tile.to_shared %t : !out -> !shared
      tile.store %s, %o[%c0, %c0] : !shared, memref<64x64xbf16>
    }
    tile.role "two" warps(4) registers(240) {
      // expected-error@+1 {{stages what it stores, as another role does: only one role of a kernel can}}
      %s = tile.to_shared %t : !out -> !shared
      tile.store %s, %o[%c0, %c0] : !shared, memref<64x64xbf16>
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<1 x !shared>
gpu.module @m {
  gpu.func @both_wait() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    // expected-error@+1 {{role "mma" waits for this channel in the leader only, another role in all CTAs of a cluster}}
    %k = tile.channel "k" : !channel
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %k : !channel -> !shared
      tile.commit %k : !channel
    }
    // expected-note@+1 {{the role is here}}
    tile.role "mma" warps(3) registers(24) one_thread leader {
      %0 = tile.wait %k : !channel -> !shared
      tile.release %k : !channel
    }
    tile.role "compute" warps(4) registers(240) {
      %0 = tile.wait %k : !channel -> !shared
      tile.release %k : !channel
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<1 x !shared>
gpu.module @m {
  gpu.func @leader_tells() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    // expected-error@+1 {{role "load" of the leader cannot tell all CTAs of this channel: threads and copies tell the leader}}
    %k = tile.channel "k" : !channel
    // expected-note@+1 {{the role is here}}
    tile.role "load" warps(4) registers(24) one_thread leader {
      %slot = tile.acquire %k : !channel -> !shared
      tile.commit %k : !channel
    }
    tile.role "compute" warps(4) registers(240) {
      %0 = tile.wait %k : !channel -> !shared
      tile.release %k : !channel
    }
    gpu.return
  }
}

// -----

!sum = tensor<128x128xf32, #tile.tensor_memory>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<1 x !sum>
gpu.module @m {
  gpu.func @all_tell(%t: !panel, %f: i1) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    // expected-error@+1 {{role "mma" of all CTAs of a cluster cannot tell the leader of this channel: MMAs of the leader tell all, and the answers that it asks for}}
    %k = tile.channel "k" : !channel
    // expected-note@+1 {{the role is here}}
    tile.role "mma" warps(2) registers(24) one_thread {
      %slot = tile.acquire %k : !channel -> !sum
      tile.mma_into %slot, %t, %t accumulate(%f) transpose_b : !sum, !panel, !panel
      tile.commit %k : !channel
    }
    tile.role "other" warps(2) registers(24) one_thread leader {
      %0 = tile.wait %k : !channel -> !sum
      tile.release %k : !channel
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
gpu.module @m {
  gpu.func @again(%x: !row, %i: index) kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
    tile.role "compute" warps(4) registers(24) {
      scf.for %j = %i to %i step %i {
        // expected-error@+1 {{cannot run in a loop or under a condition: all CTAs of a cluster run it once}}
        %0 = tile.cluster_reduce max %x : !row
      }
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
gpu.module @m {
  gpu.func @thread(%x: !row) kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-error@+1 {{needs all threads of a worker, but role "load" has one_thread}}
      %0 = tile.cluster_reduce max %x : !row
    }
    gpu.return
  }
}

// -----

!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
gpu.module @m {
  gpu.func @alone(%x: !row) kernel {
    tile.role "compute" warps(4) registers(24) {
      // expected-error@+1 {{needs a cluster, the kernel has work items of 1 CTA}}
      %0 = tile.cluster_reduce max %x : !row
    }
    gpu.return
  }
}

// -----

!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>
gpu.module @m {
  gpu.func @for_all_and_one(%m: memref<?x64xbf16>, %i: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    // expected-error@+1 {{is filled by copies for all CTAs of a cluster and by copies for one}}
    %k = tile.channel "k" : !channel
    tile.role "load" warps(4) registers(24) one_thread {
      %one = tile.acquire %k : !channel -> !shared
      // expected-note@+1 {{one for its own is here}}
      tile.copy %m[%i, %i] to %one : memref<?x64xbf16>, !shared
      tile.commit %k : !channel
      %two = tile.acquire %k : !channel -> !shared
      // expected-note@+1 {{one for all is here}}
      tile.copy %m[%i, %i] to %two multicast : memref<?x64xbf16>, !shared
      tile.commit %k : !channel
    }
    tile.role "compute" warps(4) registers(240) {
      %t = tile.wait %k : !channel -> !shared
      tile.release %k : !channel
    }
    gpu.return
  }
}

// -----

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!channel = !tile.channel<3 x !a>
!sums = !tile.channel<1 x !sum>
gpu.module @m {
  gpu.func @read_by_mma(%m: memref<?x64xbf16>, %i: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    // expected-error@+1 {{role "mma" cannot tell all CTAs of a cluster, whose copies fill this channel: only threads that read its slots themselves can}}
    %k = tile.channel "k" : !channel
    %s = tile.channel "s" : !sums
    tile.role "load" warps(1) registers(24) one_thread {
      %slot = tile.acquire %k : !channel -> !a
      tile.copy %m[%i, %i] to %slot multicast : memref<?x64xbf16>, !a
      tile.commit %k : !channel
    }
    // expected-note@+1 {{the role is here}}
    tile.role "mma" warps(3) registers(24) one_thread {
      %true = arith.constant true
      %t = tile.wait %k : !channel -> !a
      %sum = tile.acquire %s : !sums -> !sum
      tile.mma_into %sum, %t, %t accumulate(%true) transpose_b : !sum, !a, !a
      tile.commit %s : !sums
      tile.release %k : !channel
    }
    gpu.return
  }
}
