// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-lower-channels,canonicalize,cse)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<3 x !shared>

gpu.module @m {
  // Tiles first, at multiples of 1024 bytes, then barriers. A full barrier has one
  // arrival, the loader's; an empty one has one from each warp that reads the tile.
  // CHECK-LABEL: gpu.func @ring
  // CHECK-SAME: tile.shared_bytes = 24624 : i64
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
  // CHECK: %[[BUFFER:.*]] = tile.alloc "k" offset(0) : <3 x
  // CHECK: %[[FULL:.*]] = tile.barriers "k_full" offset(24576) : <3, arrivals = 1>
  // CHECK: %[[EMPTY:.*]] = tile.barriers "k_empty" offset(24600) : <3, arrivals = 8>
  // The producer waits for the round before, expects the bytes, and copies.
  // CHECK: tile.role "load"
  // CHECK: scf.for {{.*}} iter_args(%[[N:.*]] = %[[C0]])
  // CHECK:   %[[SLOT:.*]] = arith.remui %[[N]], %[[C3]]
  // CHECK:   %[[ROUND:.*]] = arith.divui %[[N]], %[[C3]]
  // CHECK:   %[[BEFORE:.*]] = arith.addi %[[ROUND]], %[[C1]]
  // CHECK:   %[[BIT:.*]] = arith.andi %[[BEFORE]], %[[C1]]
  // CHECK:   %[[PARITY:.*]] = arith.index_cast %[[BIT]] : index to i32
  // CHECK:   tile.barrier_wait %[[EMPTY]][%[[SLOT]]] parity(%[[PARITY]])
  // CHECK:   tile.barrier_expect %[[FULL]][%[[SLOT]]] bytes(8192)
  // CHECK:   %[[TILE:.*]] = tile.slot %[[BUFFER]][%[[SLOT]]]
  // CHECK:   %[[NEXT:.*]] = arith.addi %[[N]], %[[C1]]
  // CHECK:   tile.copy %{{.*}} to %[[TILE]] signals %[[FULL]][%[[SLOT]]]
  // CHECK-NOT: tile.commit
  // CHECK:   scf.yield %[[NEXT]]
  // The consumer waits for this round and gives the slot back.
  // CHECK: tile.role "compute"
  // CHECK: scf.for {{.*}} iter_args(%[[M:.*]] = %[[C0]])
  // CHECK:   %[[S:.*]] = arith.remui %[[M]], %[[C3]]
  // CHECK:   %[[R:.*]] = arith.divui %[[M]], %[[C3]]
  // CHECK:   %[[B:.*]] = arith.andi %[[R]], %[[C1]]
  // CHECK:   %[[P:.*]] = arith.index_cast %[[B]] : index to i32
  // CHECK:   tile.barrier_wait %[[FULL]][%[[S]]] parity(%[[P]])
  // CHECK:   %[[T:.*]] = tile.slot %[[BUFFER]][%[[S]]]
  // CHECK:   "use"(%[[T]])
  // CHECK:   tile.barrier_arrive %[[EMPTY]][%[[S]]]
  gpu.func @ring(%m: memref<?x64xbf16>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %k = tile.channel "k" : !channel
    tile.role "load" warps(4) registers(24) one_thread {
      scf.for %i = %c0 to %n step %c1 {
        %slot = tile.acquire %k : !channel -> !shared
        tile.copy %m[%i, %c0] to %slot : memref<?x64xbf16>, !shared
        tile.commit %k : !channel
      }
    }
    tile.role "compute" warps(8) registers(240) {
      scf.for %i = %c0 to %n step %c1 {
        %t = tile.wait %k : !channel -> !shared
        "use"(%t) : (!shared) -> ()
        tile.release %k : !channel
      }
    }
    gpu.return
  }

  // The count goes on from one loop to the next, and through an outer loop.
  // CHECK-LABEL: gpu.func @counts_go_on
  // CHECK: tile.role "compute"
  // CHECK: %{{.*}} = scf.for {{.*}} iter_args(%[[OUTER:.*]] = %{{.*}}) -> (index)
  // CHECK:   %[[FIRST:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[OUTER]]) -> (index)
  // CHECK:   %[[SLOT:.*]] = arith.remui %[[FIRST]]
  // CHECK:   %[[NEXT:.*]] = arith.addi %[[FIRST]]
  // CHECK:   "second"
  // CHECK:   scf.yield %[[NEXT]]
  gpu.func @counts_go_on(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      scf.for %w = %c0 to %n step %c1 {
        scf.for %i = %c0 to %n step %c1 {
          %t = tile.wait %k : !channel -> !shared
          "first"(%t) : (!shared) -> ()
          tile.release %k : !channel
        }
        %u = tile.wait %k : !channel -> !shared
        "second"(%u) : (!shared) -> ()
        tile.release %k : !channel
      }
    }
    gpu.return
  }

  // Slots are given back in the order in which they were waited for.
  // CHECK-LABEL: gpu.func @oldest_first
  // CHECK: tile.barrier_wait %[[FULL:.*]][%[[C0:.*]]] parity
  // CHECK: tile.barrier_wait %[[FULL]][%[[C1:.*]]] parity
  // CHECK: tile.barrier_arrive %[[EMPTY:.*]][%[[C0]]]
  // CHECK: tile.barrier_arrive %[[EMPTY]][%[[C1]]]
  gpu.func @oldest_first() kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      %0 = tile.wait %k : !channel -> !shared
      %1 = tile.wait %k : !channel -> !shared
      "use"(%0, %1) : (!shared, !shared) -> ()
      tile.release %k : !channel
      tile.release %k : !channel
    }
    gpu.return
  }

  // A release that waits for a value keeps it.
  // CHECK-LABEL: gpu.func @after
  // CHECK: tile.barrier_arrive %{{.*}} after %{{.*}}[5] : tensor<64x64xf32
  gpu.func @after(%x: tensor<64x64xf32, #acc>) kernel {
    %k = tile.channel "k" : !channel
    tile.role "compute" warps(4) registers(240) {
      %t = tile.wait %k : !channel -> !shared
      "use"(%t) : (!shared) -> ()
      tile.release %k after %x[5] : tensor<64x64xf32, #acc> : !channel
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>

gpu.module @m {
  // Each worker stages its stores in its own slot, once the store before has read
  // it, under a barrier of its own; the role ends when its stores are done.
  // CHECK-LABEL: gpu.func @staging
  // CHECK-SAME: tile.shared_bytes = 16384
  // CHECK: %[[STAGING:.*]] = tile.alloc "staging" offset(0) : <2 x
  // CHECK: %[[W:.*]] = tile.worker
  // CHECK: %[[ID:.*]] = arith.addi %[[W]], %{{.*}}
  // CHECK: tile.drain_stores barrier(%[[ID]])
  // CHECK: %[[SLOT:.*]] = tile.slot %[[STAGING]][%[[W]]]
  // CHECK: tile.write_shared %{{.*}}, %[[SLOT]]
  // CHECK: tile.publish barrier(%[[ID]])
  // CHECK: tile.store %[[SLOT]]
  // CHECK: tile.drain_stores completed
  gpu.func @staging(%m: memref<?x64xbf16>, %x: tensor<64x64xbf16, #acc>, %i: index) kernel {
    tile.role "compute" warps(8) registers(240) {
      %t = tile.to_shared %x : tensor<64x64xbf16, #acc> -> !shared
      tile.store %t, %m[%i, %i] : !shared, memref<?x64xbf16>
    }
    gpu.return
  }

  // A tile may be stored under a condition.
  // CHECK-LABEL: gpu.func @conditional_store
  // CHECK: scf.if
  // CHECK:   tile.write_shared
  // CHECK:   tile.publish
  // CHECK:   tile.store
  // CHECK: }
  // CHECK: tile.drain_stores completed
  gpu.func @conditional_store(%m: memref<?x64xbf16>, %x: tensor<64x64xbf16, #acc>, %i: index, %c: i1) kernel {
    tile.role "compute" warps(8) registers(240) {
      scf.if %c {
        %t = tile.to_shared %x : tensor<64x64xbf16, #acc> -> !shared
        tile.store %t, %m[%i, %i] : !shared, memref<?x64xbf16>
      }
    }
    gpu.return
  }

  // Worker w waits for its own turn and wakes the next; the last one starts the circle.
  // CHECK-LABEL: gpu.func @turns
  // CHECK-DAG: %[[BOTH:.*]] = arith.constant 256 : i32
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK: %[[W:.*]] = tile.worker
  // CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[W]], %[[C1]]
  // CHECK: scf.if %[[LAST]] {
  // CHECK:   nvvm.barrier.arrive id = %{{.*}} number_of_threads = %[[BOTH]]
  // CHECK: }
  // CHECK: %[[MINE:.*]] = arith.index_cast %{{.*}} : index to i32
  // CHECK: tile.sync barrier(%[[MINE]]) threads(%[[BOTH]])
  // CHECK: "mma"
  // CHECK: arith.select
  // CHECK: nvvm.barrier.arrive id = %{{.*}} number_of_threads = %[[BOTH]]
  gpu.func @turns() kernel {
    tile.role "compute" warps(8) registers(240) {
      tile.take_turn
      "mma"() : () -> ()
      tile.pass_turn
    }
    gpu.return
  }
}

// -----

!whole = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!half = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!channel = !tile.channel<2 x !whole>

gpu.module @m {
  // Copies of both CTAs fill the slots of both: each expects all bytes, and waits for the readers of both.
  // CHECK-LABEL: gpu.func @multicast
  // CHECK-SAME: tile.assumes = ["remote_scope"]
  // CHECK: %[[FULL:.*]] = tile.barriers "k_full" offset(32768) : <2, arrivals = 1>
  // CHECK: %[[EMPTY:.*]] = tile.barriers "k_empty" offset(32784) : <2, arrivals = 8>
  // CHECK: tile.barrier_wait %[[EMPTY]][%{{.*}}] parity(%{{.*}}) cluster : <2, arrivals = 8>
  // CHECK: tile.barrier_expect %[[FULL]][%{{.*}}] bytes(16384)
  // CHECK: tile.copy %{{.*}} multicast signals %[[FULL]][%{{.*}}]
  // CHECK: tile.barrier_wait %[[FULL]][%{{.*}}] parity(%{{[^ ]*}}) : <2, arrivals = 1>
  // CHECK: tile.barrier_arrive %[[EMPTY]][%{{.*}}] multicast : <2, arrivals = 8>
  gpu.func @multicast(%m: memref<?x128xbf16>, %i: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %k = tile.channel "k" : !channel
    tile.role "load" warps(4) registers(24) one_thread {
      %slot = tile.acquire %k : !channel -> !whole
      %cta = gpu.cluster_block_id x
      %column = arith.muli %cta, %c64 : index
      %part = tile.slice %slot[%c0, %column] : !whole -> !half
      tile.copy %m[%i, %column] to %part multicast : memref<?x128xbf16>, !half
      tile.commit %k : !channel
    }
    tile.role "compute" warps(4) registers(240) {
      %t = tile.wait %k : !channel -> !whole
      "use"(%t) : (!whole) -> ()
      tile.release %k : !channel
    }
    gpu.return
  }
}
