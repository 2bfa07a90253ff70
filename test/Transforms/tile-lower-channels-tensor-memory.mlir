// Channels of tiles in tensor memory.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-lower-channels,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!panel = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!sums = !tile.channel<2 x !sum, copies = 2>

gpu.module @m {
  // Four accumulators, two for each worker; 256 columns. A commit of MMAs fills a slot,
  // four warps free it.
  // CHECK-LABEL: gpu.func @accumulators
  // CHECK: %[[SUMS:.*]] = tile.alloc "sum" offset(0) : <4 x
  // CHECK: %[[A_FULL:.*]] = tile.barriers "a_full" offset({{[0-9]+}}) : <1, arrivals = 1>
  // MMAs read the loaded tile: one arrival frees it.
  // CHECK: %[[A_EMPTY:.*]] = tile.barriers "a_empty" offset({{[0-9]+}}) : <1, arrivals = 1>
  // CHECK: %[[FULL:.*]] = tile.barriers "sum_full" offset({{[0-9]+}}) : <4, arrivals = 1>
  // CHECK: %[[EMPTY:.*]] = tile.barriers "sum_empty" offset({{[0-9]+}}) : <4, arrivals = 4>
  // CHECK: tile.tensor_columns columns(256) offset({{[0-9]+}})
  // CHECK: tile.role "mma"
  // CHECK:   scf.for {{.*}} iter_args(%{{.*}} = %c0, %[[M:.*]] = %c0)
  // CHECK:     tile.barrier_wait %[[A_FULL]]
  // The second ring starts at slot 2.
  // CHECK:     %[[SLOT:.*]] = arith.remui %[[M]], %c2
  // CHECK:     %[[I:.*]] = arith.addi %[[SLOT]], %c2
  // CHECK:     tile.barrier_wait %[[EMPTY]][%[[I]]] parity(%{{.*}}) tensor_memory
  // CHECK-NOT: tile.barrier_expect
  // CHECK:     %[[SUM:.*]] = tile.slot %[[SUMS]][%[[I]]]
  // CHECK:     tile.mma_into %[[SUM]]
  // CHECK:     tile.mma_commit %[[A_EMPTY]]
  // CHECK:     tile.mma_commit %[[FULL]][%[[I]]]
  // CHECK: tile.role "compute"
  // CHECK:   scf.for
  // CHECK:     %[[W:.*]] = tile.worker
  // CHECK:     %[[FIRST:.*]] = arith.muli %[[W]], %c2
  // CHECK:     %[[J:.*]] = arith.addi %[[FIRST]],
  // CHECK:     tile.barrier_wait %[[FULL]][%[[J]]] parity(%{{.*}}) tensor_memory
  // CHECK:     tile.move
  // CHECK:     tile.barrier_arrive %[[EMPTY]][%[[J]]] tensor_memory
  gpu.func @accumulators(%m: memref<?x64xbf16>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %new = arith.constant false
    %a = tile.channel "a" : !tile.channel<1 x !panel>
    %c = tile.channel "sum" : !sums
    tile.role "load" warps(1) registers(56) one_thread {
      scf.for %i = %c0 to %n step %c1 {
        %slot = tile.acquire %a : !tile.channel<1 x !panel> -> !panel
        tile.copy %m[%i, %c0] to %slot : memref<?x64xbf16>, !panel
        tile.commit %a : !tile.channel<1 x !panel>
      }
    }
    tile.role "mma" warps(3) registers(56) one_thread {
      scf.for %i = %c0 to %n step %c1 {
        %t = tile.wait %a : !tile.channel<1 x !panel> -> !panel
        %b = tile.slice %t[%c0] : !panel -> tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
        %sum = tile.acquire %c for(%c1) : !sums -> !sum
        tile.mma_into %sum, %t, %b accumulate(%new) : !sum, !panel, tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
        tile.release %a : !tile.channel<1 x !panel>
        tile.commit %c for(%c1) : !sums
      }
    }
    tile.role "compute" warps(8) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %w = tile.worker
        %sum = tile.wait %c for(%w) : !sums -> !sum
        %values = tile.move %sum : !sum -> tensor<128x64xf32, #lane>
        tile.release %c for(%w) : !sums
        "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
      }
    }
    gpu.return
  }

  // A slot that goes to and fro has a barrier for each direction and none for free slots.
  // Threads tell by an arrival of each warp, MMAs by a commit.
  // CHECK-LABEL: gpu.func @to_and_fro
  // CHECK: %[[SLOTS:.*]] = tile.alloc "sum" offset(0) : <2 x
  // CHECK-NOT: tile.alloc "back"
  // CHECK: %[[FULL:.*]] = tile.barriers "sum_full" offset({{[0-9]+}}) : <2, arrivals = 1>
  // CHECK: %[[BACK:.*]] = tile.barriers "back_full" offset({{[0-9]+}}) : <2, arrivals = 4>
  // CHECK-NOT: tile.barriers "sum_empty"
  // CHECK: tile.role "mma"
  // CHECK:     tile.barrier_wait %[[BACK]][%c1] parity(%{{.*}}) tensor_memory
  // CHECK:     tile.slot %[[SLOTS]][%c1]
  // CHECK:     tile.mma_commit %[[FULL]][%c1]
  // CHECK: tile.role "compute"
  // CHECK:   tile.slot %[[SLOTS]][%[[W:.*]]]
  // CHECK:   tile.write_tensor
  // CHECK:   tile.barrier_arrive %[[BACK]][%[[W]]] tensor_memory
  // CHECK:     tile.barrier_wait %[[FULL]][%[[W]]] parity(%{{.*}}) tensor_memory
  gpu.func @to_and_fro(%a: !panel, %b: !b, %zero: tensor<128x64xf32, #lane>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %true = arith.constant true
    %forth = tile.channel "sum" : !tile.channel<1 x !sum, copies = 2>
    %back = tile.channel "back" shares(%forth : !tile.channel<1 x !sum, copies = 2>) : !tile.channel<1 x !sum, copies = 2>
    tile.role "mma" warps(4) registers(56) one_thread {
      scf.for %i = %c0 to %n step %c1 {
        %slot = tile.wait %back for(%c1) : !tile.channel<1 x !sum, copies = 2> -> !sum
        tile.mma_into %slot, %a, %b accumulate(%true) : !sum, !panel, !b
        tile.commit %forth for(%c1) : !tile.channel<1 x !sum, copies = 2>
      }
    }
    tile.role "compute" warps(8) registers(200) {
      %w = tile.worker
      %first = tile.own %forth for(%w) : !tile.channel<1 x !sum, copies = 2> -> !sum
      tile.write_tensor %zero, %first : tensor<128x64xf32, #lane>, !sum
      tile.commit %back for(%w) : !tile.channel<1 x !sum, copies = 2>
      scf.for %i = %c0 to %n step %c1 {
        %slot = tile.wait %forth for(%w) : !tile.channel<1 x !sum, copies = 2> -> !sum
        %values = tile.move %slot : !sum -> tensor<128x64xf32, #lane>
        tile.write_tensor %values, %slot : tensor<128x64xf32, #lane>, !sum
        tile.commit %back for(%w) : !tile.channel<1 x !sum, copies = 2>
      }
    }
    gpu.return
  }

  // CTAs that share work items, one of which starts the MMAs of both: what it waits for is counted on its barriers, by the
  // bytes and the warps of both; what both wait for is committed to both. The kernel assumes that arrivals need no scope.
  // CHECK-LABEL: gpu.func @pair
  // CHECK-SAME: tile.assumes = ["remote_scope"]
  // CHECK: %[[A_FULL:.*]] = tile.barriers "a_full" offset({{[0-9]+}}) : <1, arrivals = 1>
  // CHECK: %[[A_EMPTY:.*]] = tile.barriers "a_empty" offset({{[0-9]+}}) : <1, arrivals = 1>
  // CHECK: %[[FULL:.*]] = tile.barriers "sum_full" offset({{[0-9]+}}) : <1, arrivals = 1>
  // CHECK: %[[EMPTY:.*]] = tile.barriers "sum_empty" offset({{[0-9]+}}) : <1, arrivals = 8>
  // CHECK: tile.role "load"
  // CHECK:     tile.barrier_wait %[[A_EMPTY]][%c0] parity(%{{.*}}) :
  // CHECK:     tile.barrier_expect %[[A_FULL]][%c0] bytes(32768) leader
  // CHECK:     tile.copy {{.*}} signals leader %[[A_FULL]][%c0]
  // CHECK: tile.role "mma" warps(3) registers(56) one_thread leader
  // CHECK:     tile.barrier_wait %[[A_FULL]][%c0] parity(%{{.*}}) :
  // CHECK:     tile.barrier_wait %[[EMPTY]][%c0] parity(%{{.*}}) tensor_memory cluster :
  // CHECK:     tile.mma_commit %[[A_EMPTY]][%c0] pair
  // CHECK:     tile.mma_commit %[[FULL]][%c0] pair
  // CHECK: tile.role "compute"
  // CHECK:     tile.barrier_wait %[[FULL]][%c0] parity(%{{.*}}) tensor_memory :
  // CHECK:     tile.barrier_arrive %[[EMPTY]][%c0] tensor_memory leader
  gpu.func @pair(%m: memref<?x64xbf16>, %n: index) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %new = arith.constant false
    %a = tile.channel "a" : !tile.channel<1 x !panel>
    %c = tile.channel "sum" : !tile.channel<1 x !sum>
    tile.role "load" warps(1) registers(56) one_thread {
      scf.for %i = %c0 to %n step %c1 {
        %slot = tile.acquire %a : !tile.channel<1 x !panel> -> !panel
        tile.copy %m[%i, %c0] to %slot : memref<?x64xbf16>, !panel
        tile.commit %a : !tile.channel<1 x !panel>
      }
    }
    tile.role "mma" warps(3) registers(56) one_thread leader {
      scf.for %i = %c0 to %n step %c1 {
        %t = tile.wait %a : !tile.channel<1 x !panel> -> !panel
        %b = tile.slice %t[%c0] : !panel -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
        %sum = tile.acquire %c : !tile.channel<1 x !sum> -> !sum
        tile.mma_into %sum, %t, %b accumulate(%new) transpose_b pair : !sum, !panel, tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
        tile.release %a : !tile.channel<1 x !panel>
        tile.commit %c : !tile.channel<1 x !sum>
      }
    }
    tile.role "compute" warps(4) registers(200) {
      scf.for %i = %c0 to %n step %c1 {
        %sum = tile.wait %c : !tile.channel<1 x !sum> -> !sum
        %values = tile.move %sum : !sum -> tensor<128x64xf32, #lane>
        tile.release %c : !tile.channel<1 x !sum>
        "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
      }
    }
    gpu.return
  }

  // With strict, arrivals and waits have their scope: it assumes nothing.
  // CHECK-LABEL: gpu.func @strict
  // CHECK-NOT: tile.assumes
  // CHECK: tile.barrier_wait {{.*}} cluster
  gpu.func @strict(%a: !panel, %b: tensor<32x64xbf16, #tile.shared<swizzle = 128>>) kernel
      attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.schedule = #tile.schedule<strict = 1>} {
    %true = arith.constant true
    %c = tile.channel "sum" : !tile.channel<1 x !sum>
    tile.role "mma" warps(4) registers(56) one_thread leader {
      %sum = tile.acquire %c : !tile.channel<1 x !sum> -> !sum
      tile.mma_into %sum, %a, %b accumulate(%true) transpose_b pair : !sum, !panel, tensor<32x64xbf16, #tile.shared<swizzle = 128>>
      tile.commit %c : !tile.channel<1 x !sum>
    }
    tile.role "compute" warps(4) registers(200) {
      %sum = tile.wait %c : !tile.channel<1 x !sum> -> !sum
      tile.release %c : !tile.channel<1 x !sum>
    }
    gpu.return
  }
}
