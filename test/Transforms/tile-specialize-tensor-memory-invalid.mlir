// What tile-specialize cannot make of accumulators in tensor memory.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles,tile-specialize)))' --split-input-file --verify-diagnostics --allow-unregistered-dialect

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @may_not_run(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    // expected-error@+1 {{a loop that starts an accumulator in tensor memory must run: mark it tile.non_empty}}
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (!sum) {
      %async = tile.mma_async %a, %b, %s : !a, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    }
    %more = tile.mma_async %a, %b, %r : !a, !b, !sum -> !tile.async<!sum>
    %t = tile.await %more in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @starts_with_one(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    // expected-error@+1 {{an accumulator in tensor memory starts as zero or as the result of an MMA}}
    %one = arith.constant dense<1.0> : !sum
    %async = tile.mma_async %a, %b, %one : !a, !b, !sum -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @unread(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    // expected-error@+1 {{nothing reads what this MMA accumulates}}
    %async = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @changes_hands_twice(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (!sum) {
      // expected-error@+1 {{reads an accumulator before all its MMAs have started: it cannot change hands twice}}
      %values = tile.move %s : !sum -> !values
      "use"(%values) : (!values) -> ()
      // expected-note@+1 {{an MMA is here}}
      %async = tile.mma_async %a, %b, %s : !a, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    } {tile.non_empty}
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @moved_back(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %async = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    // expected-error@+1 {{a tile that is moved to tensor memory cannot be handed to another role yet}}
    %back = tile.move %values : !values -> !sum
    %more = tile.mma_async %a, %b, %back : !a, !b, !sum -> !tile.async<!sum>
    %u = tile.await %more in_flight(0) : !tile.async<!sum> -> !sum
    %twice = tile.move %u : !sum -> !values
    "use"(%twice) : (!values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @two_roles(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
    // expected-error@+1 {{role "load" adds to what role "mma" accumulates}}
    %second = tile.mma_async %a, %b, %first {tile.role = "load"} : !a, !b, !tile.async<!sum> -> !tile.async<!sum>
    %t = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @worker_decides(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %w = tile.worker
    %mine = arith.cmpi eq, %w, %n : index
    // expected-error@+1 {{control flow that depends on the worker cannot be run by the one thread of role "mma"}}
    %r = scf.if %mine -> (!sum) {
      %async = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    } else {
      %async = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    }
    %values = tile.move %r : !sum -> !values
    "use"(%values) : (!values) -> ()
    gpu.return
  }
}
