// Accumulators in tensor memory: one thread starts the MMAs of all workers.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize,canonicalize,cse)))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<256x64xbf16, #tile.shared<swizzle = 128>>
!mine = tensor<128x64xbf16, #tile.shared<swizzle = 128, rows = 256>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: gpu.func @two_workers
  // CHECK: %[[A:.*]] = tile.channel "a" : <2 x
  // CHECK: %[[B:.*]] = tile.channel "b" : <2 x
  // CHECK: %[[SUM:.*]] = tile.channel "sum" : <2 x tensor<128x64xf32, #tile.tensor_memory>, copies = 2>
  // CHECK: tile.role "load" warps(1) registers(56) one_thread {
  // CHECK-NOT: tile.acquire %[[SUM]]
  // CHECK: tile.role "mma" warps(3) registers(56) one_thread {
  // Each worker's accumulator is acquired before the loop around its MMAs.
  // CHECK:   %[[S0:.*]] = tile.acquire %[[SUM]] for(%c0)
  // CHECK:   %[[S1:.*]] = tile.acquire %[[SUM]] for(%c1)
  // The loop carries nothing: the sums stay where they are.
  // CHECK:   scf.for %[[I:.*]] = %c0 to %{{[^ ]*}} step %c1 {
  // CHECK:     %[[MORE:.*]] = arith.cmpi ne, %[[I]], %c0
  // CHECK:     %[[TA:.*]] = tile.wait %[[A]]
  // CHECK:     %[[A0:.*]] = tile.slice %[[TA]][%c0]
  // CHECK:     %[[A1:.*]] = tile.slice %[[TA]][%c128]
  // CHECK:     %[[TB:.*]] = tile.wait %[[B]]
  // CHECK:     tile.mma_into %[[S0]], %[[A0]], %[[TB]] accumulate(%[[MORE]])
  // CHECK:     tile.mma_into %[[S1]], %[[A1]], %[[TB]] accumulate(%[[MORE]])
  // Nobody waits for the MMAs here: a release tells when they are done.
  // CHECK-NOT: tile.await
  // CHECK:     tile.release %[[B]]
  // CHECK:     tile.release %[[A]]
  // CHECK:   } {tile.loop = 0 : i64, tile.non_empty}
  // CHECK:   tile.commit %[[SUM]] for(%c0)
  // CHECK:   tile.commit %[[SUM]] for(%c1)
  // CHECK: tile.role "compute" warps(8) registers(200) {
  // CHECK:   %[[W:.*]] = tile.worker
  // CHECK:   %[[T:.*]] = tile.wait %[[SUM]] for(%[[W]])
  // CHECK:   %[[V:.*]] = tile.move %[[T]]
  // CHECK:   tile.release %[[SUM]] for(%[[W]])
  // CHECK:   "use"(%[[V]])
  gpu.func @two_workers(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, accumulators = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> !b
      %w = tile.worker
      %row = arith.muli %w, %c128 : index
      %mine = tile.slice %a[%row] : !a -> !mine
      %async = tile.mma_async %mine, %b, %sum : !mine, !b, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    } {tile.non_empty}
    %values = tile.move %r : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }

  // The first of two MMAs starts from nothing, the second adds to it.
  // CHECK-LABEL: gpu.func @chain
  // CHECK: tile.role "mma"
  // CHECK: %[[S:.*]] = tile.acquire
  // CHECK: tile.mma_into %[[S]], {{.*}} accumulate(%false)
  // CHECK: tile.mma_into %[[S]], {{.*}} accumulate(%true)
  // CHECK: tile.commit
  gpu.func @chain(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %a, %b : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b -> !tile.async<!sum>
    %second = tile.mma_async %a, %b, %first : tensor<128x64xbf16, #tile.shared<swizzle = 128>>, !b, !tile.async<!sum> -> !tile.async<!sum>
    %sum = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %sum : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}
