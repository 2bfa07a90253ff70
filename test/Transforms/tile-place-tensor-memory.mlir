// Where MMAs accumulate in tensor memory, results go there.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-place)))' --split-input-file --allow-unregistered-dialect | FileCheck %s

!a = tensor<128x64xbf16>
!b = tensor<64x64xbf16>
!sum = tensor<128x64xf32>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // The accumulator is in tensor memory under all its names, and is moved to registers
  // once, before the first of its readers; these follow the layout.
  // CHECK-LABEL: gpu.func @accumulator
  // CHECK: arith.constant dense<0.000000e+00> : tensor<128x64xf32, #tile.tensor_memory>
  // CHECK: scf.for {{.*}} -> (tensor<128x64xf32, #tile.tensor_memory>)
  // CHECK:   tile.mma_async {{.*}} -> <tensor<128x64xf32, #tile.tensor_memory>>
  // CHECK:   tile.await {{.*}} -> tensor<128x64xf32, #tile.tensor_memory>
  // CHECK: "other"()
  // CHECK-NEXT: %[[V:.*]] = tile.move %{{.*}} : tensor<128x64xf32, #tile.tensor_memory> -> tensor<128x64xf32, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
  // CHECK-NEXT: arith.mulf %[[V]], %[[V]]
  // CHECK-NEXT: arith.truncf
  // CHECK-NEXT: tile.reduce max %[[V]]
  // CHECK-NOT: tile.move
  gpu.func @accumulator(%m: memref<?x64xbf16>, %o: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> !b
      %async = tile.mma_async %a, %b, %sum : !a, !b, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    }
    "other"() : () -> ()
    %square = arith.mulf %r, %r : !sum
    %narrow = arith.truncf %square : !sum to tensor<128x64xbf16>
    %max = tile.reduce max %r : !sum -> tensor<128xf32>
    tile.store %narrow, %o[%n, %c0] : tensor<128x64xbf16>, memref<?x64xbf16>
    "use"(%max) : (tensor<128xf32>) -> ()
    gpu.return
  }
}

// -----

!a = tensor<128x64xbf16>
!b = tensor<64x64xbf16>
!sum = tensor<128x64xf32>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // What threads write into a place they also start, where it is handed on; a choice moves
  // only on the way that computes.
  // CHECK-LABEL: gpu.func @chosen
  // CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<128x64xf32, #tile.fragment<
  // CHECK: %[[START:.*]] = tile.move %[[ZERO]] : {{.*}} -> tensor<128x64xf32, #tile.tensor_memory>
  // CHECK: scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[START]])
  // CHECK:   %[[SCALED:.*]] = scf.if %{{.*}} -> (tensor<128x64xf32, #tile.tensor_memory>) {
  // CHECK:     %[[OLD:.*]] = tile.move %[[SUM]]
  // CHECK:     %[[NEW:.*]] = arith.addf %[[OLD]], %[[OLD]]
  // CHECK:     %[[BACK:.*]] = tile.move %[[NEW]]
  // CHECK:     scf.yield %[[BACK]]
  // CHECK:   } else {
  // CHECK-NEXT: scf.yield %[[SUM]]
  // CHECK:   tile.mma_async %{{.*}}, %{{.*}}, %[[SCALED]]
  gpu.func @chosen(%m: memref<?x64xbf16>, %n: index, %some: i1)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> (!sum) {
      %a = tile.load %m[%i, %c0] ring("a") stages(2) : memref<?x64xbf16> -> !a
      %b = tile.load %m[%i, %c0] ring("b") stages(2) : memref<?x64xbf16> -> !b
      %scaled = scf.if %some -> (!sum) {
        %twice = arith.addf %sum, %sum : !sum
        scf.yield %twice : !sum
      } else {
        scf.yield %sum : !sum
      }
      %async = tile.mma_async %a, %b, %scaled : !a, !b, !sum -> !tile.async<!sum>
      %s = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %s : !sum
    }
    "use"(%r) : (!sum) -> ()
    gpu.return
  }
}
