// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Each role keeps what it needs: addresses and loops here, arithmetic there.
  // CHECK-LABEL: gpu.func @roles
  // CHECK: %[[A:.*]] = tile.channel "a" : <1 x
  // CHECK: %[[B:.*]] = tile.channel "b" : <3 x
  // CHECK: tile.role "load" warps(4) registers(24) one_thread {
  // CHECK-NOT: tile.mma_async
  // CHECK:   %[[SA:.*]] = tile.acquire %[[A]]
  // CHECK:   tile.copy %{{.*}}[%{{.*}}] to %[[SA]]
  // CHECK:   tile.commit %[[A]]
  // The loop carries nothing that only the other role needs.
  // CHECK:   scf.for %[[I:.*]] = %{{[^ ]*}} to %{{[^ ]*}} step %{{[^ ]*}} {
  // CHECK:     %[[ROW:.*]] = arith.muli %[[I]]
  // CHECK:     %[[SB:.*]] = tile.acquire %[[B]]
  // CHECK:     tile.copy %{{.*}}[%[[ROW]], %{{.*}}] to %[[SB]]
  // CHECK:     tile.commit %[[B]]
  // CHECK:   } {tile.loop = 0 : i64}
  // CHECK-NOT: "use"
  // CHECK: tile.role "compute" warps(8) registers(240) {
  // CHECK-NOT: tile.copy
  // CHECK-NOT: arith.muli
  // A tile of a single load is waited for where it is first read, in or around the loop.
  // CHECK:   %[[TA:.*]] = tile.wait %[[A]]
  // CHECK:   scf.for {{.*}} iter_args
  // CHECK:     %[[TB:.*]] = tile.wait %[[B]]
  // CHECK:     tile.mma_async %[[TA]], %[[TB]]
  // A slot is given back only when no MMA can read it any more.
  // CHECK-NOT: tile.release
  // CHECK:     tile.await
  // CHECK-NEXT: tile.release %[[B]]
  // CHECK:   } {tile.loop = 0 : i64}
  // CHECK:   tile.release %[[A]]
  // CHECK:   "use"
  gpu.func @roles(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant dense<0.0> : !acc
    %a = tile.load %m[%c0, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !shared
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!acc) {
      %row = arith.muli %i, %c64 : index
      %b = tile.load %m[%row, %c0] ring("b") stages(3) : memref<?x64xbf16> -> !shared
      %async = tile.mma_async %a, %b, %sum : !shared, !shared, !acc -> !tile.async<!acc>
      %s = tile.await %async in_flight(0) : !tile.async<!acc> -> !acc
      scf.yield %s : !acc
    }
    "use"(%r) : (!acc) -> ()
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!shared = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A loop over scalars that the loads need is kept whole.
  // CHECK-LABEL: gpu.func @scalar_while
  // CHECK: tile.role "load"
  // CHECK: %[[ROW:.*]] = scf.while
  // CHECK:   scf.condition
  // CHECK:   arith.addi
  // CHECK: tile.copy %{{.*}}[%[[ROW]], %[[ROW]]]
  // CHECK: tile.role "compute"
  gpu.func @scalar_while(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 24, compute_registers = 240>} {
    %c0 = arith.constant 0 : index
    %row = scf.while (%i = %c0) : (index) -> index {
      %more = arith.cmpi slt, %i, %n : index
      scf.condition(%more) %i : index
    } do {
    ^bb0(%i: index):
      %next = arith.addi %i, %n : index
      scf.yield %next : index
    }
    %k = tile.load %m[%row, %row] ring("k") stages(1) : memref<?x64xbf16> -> !shared
    %0 = tile.mma_async %k, %k : !shared, !shared -> !tile.async<!acc>
    %s = tile.await %0 in_flight(0) : !tile.async<!acc> -> !acc
    "use"(%s) : (!acc) -> ()
    gpu.return
  }

  // Two loads of one ring share its channel, in the order of the program.
  // CHECK-LABEL: gpu.func @shared_ring
  // CHECK: %[[C:.*]] = tile.channel "k"
  // CHECK-NOT: tile.channel
  // CHECK: tile.role "load"
  // CHECK: tile.acquire %[[C]]
  // CHECK: tile.acquire %[[C]]
  // CHECK: tile.role "compute"
  // CHECK: tile.wait %[[C]]
  // CHECK: tile.release %[[C]]
  // CHECK: tile.wait %[[C]]
  // CHECK: tile.release %[[C]]
  gpu.func @shared_ring(%m: memref<?x64xbf16>, %i: index, %j: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 24, compute_registers = 240>} {
    %k0 = tile.load %m[%i, %i] ring("k") stages(2) : memref<?x64xbf16> -> !shared
    %0 = tile.mma_async %k0, %k0 : !shared, !shared -> !tile.async<!acc>
    %s = tile.await %0 in_flight(0) : !tile.async<!acc> -> !acc
    %k1 = tile.load %m[%j, %i] ring("k") stages(2) : memref<?x64xbf16> -> !shared
    %1 = tile.mma_async %k1, %k1, %s : !shared, !shared, !acc -> !tile.async<!acc>
    %t = tile.await %1 in_flight(0) : !tile.async<!acc> -> !acc
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!whole = tensor<128x128xbf16, #tile.shared<swizzle = 128>>
!rows = tensor<64x128xbf16, #tile.shared<swizzle = 128, rows = 128>>
!part = tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
!acc = tensor<64x64xf32, #acc>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // The wait moves down to the first reader, and slices follow their tile, also slices
  // of slices.
  // CHECK-LABEL: gpu.func @slices_follow
  // CHECK: tile.role "compute"
  // CHECK: "work"
  // CHECK: %[[TILE:.*]] = tile.wait
  // CHECK: %[[ROWS:.*]] = tile.slice %[[TILE]]
  // CHECK: %[[PART:.*]] = tile.slice %[[ROWS]]
  // CHECK: tile.mma_async %[[PART]], %[[PART]]
  gpu.func @slices_follow(%m: memref<?x128xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 24, compute_registers = 240>} {
    %k = tile.load %m[%i, %i] ring("k") stages(1) : memref<?x128xbf16> -> !whole
    %rows = tile.slice %k[%i] : !whole -> !rows
    %part = tile.slice %rows[%i, %i] : !rows -> !part
    "work"() : () -> ()
    %0 = tile.mma_async %part, %part : !part, !part -> !tile.async<!acc>
    %s = tile.await %0 in_flight(0) : !tile.async<!acc> -> !acc
    gpu.return
  }
}

// -----

!rows = tensor<32x64xf8E4M3FN, #tile.shared<swizzle = 64>>
!columns = tensor<64x32xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 32>>
#left = #tile.fragment<registers = [2 : (0, 1), 2 : (0, 8), 2 : (8, 0), 2 : (0, 16), 1 : (0, 32)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // A role reads the slots of one ring and fills those of another.
  // CHECK-LABEL: gpu.func @transposed
  // CHECK: %[[B:.*]] = tile.channel "b" : <2 x
  // CHECK: %[[T:.*]] = tile.channel "t" : <2 x
  // CHECK: tile.role "load" warps(4) registers(32) one_thread {
  // CHECK:   tile.acquire %[[B]]
  // CHECK-NOT: tile.transpose
  // CHECK: tile.role "transpose" warps(4) registers(32) {
  // CHECK:   %[[FROM:.*]] = tile.wait %[[B]]
  // CHECK:   %[[INTO:.*]] = tile.acquire %[[T]]
  // CHECK:   tile.transpose_into %[[FROM]], %[[INTO]]
  // CHECK:   tile.commit %[[T]]
  // CHECK:   tile.release %[[B]]
  // CHECK: tile.role "compute" warps(8) registers(224) {
  // CHECK-NOT: tile.wait %[[B]]
  // CHECK:   %[[READ:.*]] = tile.wait %[[T]]
  // CHECK:   tile.mma_async %{{.*}}, %[[READ]] transpose_b
  // CHECK:   tile.release %[[T]]
  gpu.func @transposed(%m: memref<?x64xf8E4M3FN>, %n: index) kernel
      attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 32, compute_registers = 224>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      %left = "left"() : () -> tensor<64x32xf8E4M3FN, #left>
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xf8E4M3FN> -> !rows
      %t = tile.transpose %b ring("t") stages(2) : !rows -> !columns
      %async = tile.mma_async %left, %t transpose_b : tensor<64x32xf8E4M3FN, #left>, !columns -> !tile.async<tensor<64x64xf32, #acc>>
      %s = tile.await %async in_flight(0) : !tile.async<tensor<64x64xf32, #acc>> -> tensor<64x64xf32, #acc>
      "use"(%s) : (tensor<64x64xf32, #acc>) -> ()
    }
    gpu.return
  }
}

// -----

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 16 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!left = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!right = tensor<64x128xbf16, #tile.shared<swizzle = 128>>
!three = tensor<64x192xbf16, #tile.shared<swizzle = 128>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Of a tile that all CTAs load each copies whole panels, or rows of each panel where there are three.
  // CHECK-LABEL: gpu.func @multicast
  // CHECK-DAG: %[[ROWS:.*]] = arith.constant 32 : index
  // CHECK-DAG: %[[COLUMNS:.*]] = arith.constant 64 : index
  // CHECK: tile.role "load"
  // CHECK: tile.copy %{{.*}} to %{{[^ ]*}} : memref
  // CHECK: %[[B:.*]] = tile.acquire
  // CHECK: %[[CTA:.*]] = gpu.cluster_block_id x
  // CHECK: %[[PANEL:.*]] = arith.muli %[[CTA]], %[[COLUMNS]]
  // CHECK: %[[COLUMN:.*]] = arith.addi %arg1, %[[PANEL]]
  // CHECK: %[[PART:.*]] = tile.slice %[[B]][%{{.*}}, %[[PANEL]]] : {{.*}} -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  // CHECK: tile.copy %{{.*}}[%arg1, %[[COLUMN]]] to %[[PART]] multicast
  // CHECK: %[[C:.*]] = tile.acquire
  // CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %[[ROWS]]
  // CHECK: %[[ROW:.*]] = arith.addi %arg1, %[[FIRST]]
  // CHECK: %[[HALF:.*]] = tile.slice %[[C]][%[[FIRST]], %{{.*}}] : {{.*}} -> tensor<32x192xbf16, #tile.shared<swizzle = 128, rows = 64>>
  // CHECK: tile.copy %{{.*}}[%[[ROW]], %arg1] to %[[HALF]] multicast
  gpu.func @multicast(%m: memref<?x512xbf16>, %i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 24, compute_registers = 240>, known_cluster_size = array<i32: 2, 1, 1>} {
    %a = tile.load %m[%i, %i] ring("a") stages(1) : memref<?x512xbf16> -> !left
    %b = tile.load %m[%i, %i] ring("b") stages(1) multicast : memref<?x512xbf16> -> !right
    %c = tile.load %m[%i, %i] ring("c") stages(1) multicast : memref<?x512xbf16> -> !three
    "use"(%a, %b, %c) : (!left, !right, !three) -> ()
    gpu.return
  }
}
