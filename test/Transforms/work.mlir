// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s --check-prefix=ROLES
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse,tile-lower-channels,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s --check-prefix=BARRIERS

// Work items that a kernel takes while it runs: one role asks and tells the others.
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // ROLES-LABEL: gpu.func @dynamic
  // ROLES: %[[K:.*]] = tile.channel "k" : <1 x
  // ROLES: %[[C:.*]] = tile.channel "number" : <3 x tensor<1x8xi32, #tile.shared<swizzle = 32>>>
  // Asked for before the item is worked on, told after it.
  // ROLES: tile.role "load"
  // ROLES: %[[FIRST:.*]] = gpu.block_id x
  // ROLES: scf.while (%[[W:.*]] = %[[FIRST]]) : (index) -> index {
  // ROLES:   %[[LEFT:.*]] = arith.cmpi slt, %[[W]], %{{.*}}
  // ROLES:   scf.condition(%[[LEFT]]) %[[W]]
  // ROLES:   %[[NEXT:.*]] = tile.next_work of %{{.*}} counter(%{{.*}} : memref<1xi32>)
  // ROLES:   tile.copy
  // ROLES:   %[[SLOT:.*]] = tile.acquire %[[C]]
  // ROLES:   tile.write_number %[[NEXT]], %[[SLOT]]
  // ROLES:   tile.commit %[[C]]
  // ROLES:   scf.yield %[[NEXT]]
  // ROLES: } attributes {tile.loop = 0 : i64}
  // ROLES: tile.role "compute"
  // Here it says only whether there is more: the condition does not hand it on.
  // ROLES: scf.while (%{{.*}} = %{{.*}}) : (index) -> () {
  // ROLES-NOT: tile.next_work
  // ROLES:   "use"
  // ROLES:   %[[T:.*]] = tile.wait %[[C]]
  // ROLES:   %[[HEARD:.*]] = tile.read_number %[[T]]
  // ROLES:   tile.release %[[C]]
  // ROLES:   scf.yield %[[HEARD]]
  // ROLES: } attributes {tile.loop = 0 : i64}

  // The count of numbers is carried beside the number itself. One thread tells; the warps of
  // the worker hear.
  // BARRIERS-LABEL: gpu.func @dynamic
  // BARRIERS: %[[BUFFER:.*]] = tile.alloc "number" offset(8192) : <3 x tensor<1x8xi32
  // BARRIERS: %[[FULL:.*]] = tile.barriers "number_full" offset({{.*}}) : <3, arrivals = 1>
  // BARRIERS: %[[EMPTY:.*]] = tile.barriers "number_empty" offset({{.*}}) : <3, arrivals = 4>
  // BARRIERS: tile.role "load"
  // BARRIERS: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %c0, %{{.*}} = %c0)
  // BARRIERS:   scf.condition(%{{.*}}) %{{.*}}, %{{.*}}, %{{.*}} : index, index, index
  // BARRIERS:   %[[NEXT:.*]] = tile.next_work
  // BARRIERS:   tile.barrier_wait %[[EMPTY]]
  // BARRIERS:   %[[SLOT:.*]] = tile.slot %[[BUFFER]]
  // BARRIERS:   tile.write_number %[[NEXT]], %[[SLOT]]
  // BARRIERS:   tile.barrier_arrive %[[FULL]]
  // BARRIERS:   scf.yield %[[NEXT]], %{{.*}}, %{{.*}} : index, index, index
  // BARRIERS: tile.role "compute"
  // BARRIERS:   tile.barrier_wait %[[FULL]]
  // BARRIERS:   %[[T:.*]] = tile.slot %[[BUFFER]]
  // BARRIERS:   %[[HEARD:.*]] = tile.read_number %[[T]]
  // BARRIERS:   tile.barrier_arrive %[[EMPTY]]
  // BARRIERS:   scf.yield %[[HEARD]], %{{.*}}, %{{.*}} : index, index, index
  gpu.func @dynamic(%m: memref<?x64xbf16>, %n: index, %counter: memref<1xi32> {tile.workspace})
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, stages = 3, load_registers = 24, compute_registers = 240>} {
    %first = gpu.block_id x
    %last = scf.while (%work = %first) : (index) -> index {
      %left = arith.cmpi slt, %work, %n : index
      scf.condition(%left) %work : index
    } do {
    ^bb0(%work: index):
      %next = tile.next_work of %n counter(%counter : memref<1xi32>)
      %k = tile.load %m[%work, %work] ring("k") stages(1) : memref<?x64xbf16> -> !shared
      %0 = tile.mma_async %k, %k : !shared, !shared -> !tile.async<!acc>
      %s = tile.await %0 in_flight(0) : !tile.async<!acc> -> !acc
      "use"(%s) : (!acc) -> ()
      scf.yield %next : index
    }
    gpu.return
  }
}

// What the chip hands out it writes by itself: the role that loads asks before the item is worked on, and then hears the
// answer like all others.
#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!half = tensor<64x32xbf16, #tile.shared<swizzle = 64>>
!sum = tensor<128x64xf32, #tile.tensor_memory>

gpu.module @queue [#nvvm.target<chip = "sm_100a">] {
  // ROLES-LABEL: gpu.func @handed_out
  // ROLES: %[[C:.*]] = tile.channel "number" : <2 x
  // ROLES: tile.role "load"
  // ROLES:   %[[SLOT:.*]] = tile.acquire %[[C]]
  // ROLES:   tile.request_work to %[[SLOT]]
  // ROLES:   tile.commit %[[C]]
  // ROLES:   tile.copy
  // ROLES:   %[[T:.*]] = tile.wait %[[C]]
  // ROLES:   %[[NEXT:.*]] = tile.read_work %[[T]]
  // ROLES:   tile.release %[[C]]
  // ROLES:   scf.yield %[[NEXT]]
  // ROLES: tile.role "mma"
  // ROLES-NOT: tile.request_work
  // ROLES:   tile.read_work
  // ROLES: tile.role "compute"
  // ROLES-NOT: tile.request_work
  // ROLES:   tile.read_work

  // Who asks counts what it has asked for and what it has heard apart. The answer is 16 bytes; three roles hear it, two of
  // them with one thread each.
  // BARRIERS-LABEL: gpu.func @handed_out
  // BARRIERS: %[[FULL:.*]] = tile.barriers "number_full" offset({{.*}}) : <2, arrivals = 1>
  // BARRIERS: %[[EMPTY:.*]] = tile.barriers "number_empty" offset({{.*}}) : <2, arrivals = 6>
  // BARRIERS: tile.role "load"
  // BARRIERS: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %c0, %{{.*}} = %c0, %{{.*}} = %c0, %{{.*}} = %c0)
  // BARRIERS:   tile.barrier_wait %[[EMPTY]]
  // BARRIERS:   tile.barrier_expect %[[FULL]][%[[I:.*]]] bytes(16)
  // BARRIERS:   tile.request_work to %{{.*}} signals %[[FULL]][%[[I]]]
  // BARRIERS:   tile.barrier_wait %[[FULL]]
  // BARRIERS:   tile.read_work
  // BARRIERS:   tile.barrier_arrive %[[EMPTY]]
  gpu.func @handed_out(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, stages = 2, load_registers = 56, compute_registers = 200>} {
    %first = gpu.block_id x
    %last = scf.while (%work = %first) : (index) -> index {
      %left = arith.cmpi slt, %work, %n : index
      scf.condition(%left) %work : index
    } do {
    ^bb0(%work: index):
      %next = tile.next_work of %n
      %k = tile.load %m[%work, %work] ring("k") stages(1) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%work, %work] ring("b") stages(1) : memref<?x64xbf16> -> !shared
      %0 = tile.mma_async %k, %b : !a, !shared -> !tile.async<!sum>
      %s = tile.await %0 in_flight(0) : !tile.async<!sum> -> !sum
      %values = tile.move %s : !sum -> tensor<128x64xf32, #lane>
      "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
      scf.yield %next : index
    }
    gpu.return
  }

  // One of two CTAs that share items asks for both, a role that runs there only; each role of both hears, and tells the
  // one that asks.
  // ROLES-LABEL: gpu.func @handed_out_to_pair
  // ROLES: %[[C:.*]] = tile.channel "number" : <2 x
  // ROLES: tile.role "load"
  // ROLES-NOT: tile.request_work
  // ROLES:   tile.read_work
  // ROLES: tile.role "mma"{{.*}} leader
  // ROLES:   %[[SLOT:.*]] = tile.acquire %[[C]]
  // ROLES:   tile.request_work to %[[SLOT]] : tensor
  // ROLES:   tile.commit %[[C]]
  // ROLES:   tile.mma_into
  // ROLES:   %[[T:.*]] = tile.wait %[[C]]
  // ROLES:   tile.read_work %[[T]]
  // ROLES:   tile.release %[[C]]
  // ROLES: tile.role "compute"
  // ROLES-NOT: tile.request_work
  // ROLES:   tile.read_work

  // Each CTA has its answer on its own barrier, which the asking thread expects in both. Five arrivals of each CTA and one
  // of the leader's role say that both may be overwritten.
  // BARRIERS-LABEL: gpu.func @handed_out_to_pair
  // BARRIERS: %[[FULL:.*]] = tile.barriers "number_full" offset({{.*}}) : <2, arrivals = 1>
  // BARRIERS: %[[EMPTY:.*]] = tile.barriers "number_empty" offset({{.*}}) : <2, arrivals = 11>
  // BARRIERS: tile.role "load"
  // BARRIERS-NOT: tile.barrier_expect %[[FULL]]
  // BARRIERS:   tile.barrier_wait %[[FULL]][%{{.*}}] parity(%{{.*}}) cluster
  // BARRIERS:   tile.read_work
  // BARRIERS:   tile.barrier_arrive %[[EMPTY]][%{{.*}}] leader
  // BARRIERS: tile.role "mma"
  // BARRIERS:   tile.barrier_wait %[[EMPTY]][%{{.*}}] parity(%{{.*}}) cluster
  // BARRIERS:   tile.barrier_expect %[[FULL]][%[[I:.*]]] bytes(16) pair
  // BARRIERS:   tile.request_work to %{{.*}} pair signals %[[FULL]][%[[I]]]
  // BARRIERS:   tile.barrier_wait %[[FULL]][%{{.*}}] parity(%{{.*}}) cluster
  // BARRIERS:   tile.read_work
  // BARRIERS:   tile.barrier_arrive %[[EMPTY]][%{{[^]]*}}] : <2
  gpu.func @handed_out_to_pair(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {known_cluster_size = array<i32: 2, 1, 1>,
                         tile.schedule = #tile.schedule<cluster = 2, workers = 1, stages = 2, load_registers = 56, compute_registers = 200>} {
    %first = gpu.cluster_id x
    %last = scf.while (%work = %first) : (index) -> index {
      %left = arith.cmpi slt, %work, %n : index
      scf.condition(%left) %work : index
    } do {
    ^bb0(%work: index):
      %next = tile.next_work of %n
      %k = tile.load %m[%work, %work] ring("k") stages(1) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%work, %work] ring("b") stages(1) : memref<?x64xbf16> -> !half
      %0 = tile.mma_async %k, %b pair : !a, !half -> !tile.async<!sum>
      %s = tile.await %0 in_flight(0) : !tile.async<!sum> -> !sum
      %values = tile.move %s : !sum -> tensor<128x64xf32, #lane>
      "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
      scf.yield %next : index
    }
    gpu.return
  }
}
