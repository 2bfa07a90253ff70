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
    // expected-note@+1 {{what it leaves is read here}}
    %values = tile.move %r : !sum -> !values
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
      // expected-error@+1 {{reads an accumulator before all its MMAs have started, and no thread writes it: nobody hands it back}}
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
  gpu.func @starts_as_zero(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    // expected-error@-3 {{a tile in tensor memory that threads write must start as one they have moved there}}
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (!sum) {
      %values = tile.move %s : !sum -> !values
      %back = tile.move %values : !values -> !sum
      %async = tile.mma_async %a, %b, %back : !a, !b, !sum -> !tile.async<!sum>
      %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
      scf.yield %t : !sum
    } {tile.non_empty}
    %last = tile.move %r : !sum -> !values
    "use"(%last) : (!values) -> ()
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
  gpu.func @left_of_nobody(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 1, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !sum
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %async = tile.mma_async %a, %b, %zero : !a, !b, !sum -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> !values
    "use"(%values) : (!values) -> ()
    %left = arith.constant dense<0.0> : tensor<128x64xbf16, #tile.tensor_memory>
    // expected-error@+1 {{reads a left operand that no thread has written}}
    %other = tile.mma_async %left, %b, %zero : tensor<128x64xbf16, #tile.tensor_memory>, !b, !sum -> !tile.async<!sum>
    %u = tile.await %other in_flight(0) : !tile.async<!sum> -> !sum
    %more = tile.move %u : !sum -> !values
    "use"(%more) : (!values) -> ()
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
    // expected-error@+1 {{role "load" uses a place in tensor memory that role "mma" uses}}
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
    // expected-error@+1 {{control flow that depends on the worker cannot be run by role "mma" for one worker after another}}
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

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @between(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %first = tile.mma_async %a, %b {tile.run = 0 : i64} : !a, !b -> !tile.async<!sum>
    // expected-error@+1 {{stands between ops of run 0, which role "mma" runs for one worker after another}}
    "other"() {tile.role = "mma"} : () -> ()
    // expected-note@+1 {{the last of them is here}}
    %second = tile.mma_async %a, %b {tile.run = 0 : i64} : !a, !b -> !tile.async<!sum>
    %s = tile.await %first in_flight(0) : !tile.async<!sum> -> !sum
    %t = tile.await %second in_flight(0) : !tile.async<!sum> -> !sum
    %x = tile.move %s : !sum -> !values
    %y = tile.move %t : !sum -> !values
    "use"(%x, %y) : (!values, !values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#row = #tile.fragment<registers = [], lanes = [32 : (1)], warps = [4 : (32)]>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!values = tensor<128x64xf32, #lane>
!narrow = tensor<128x64xbf16, #lane>
!left = tensor<128x64xbf16, #tile.tensor_memory>

!row = tensor<128xf32, #row>
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @kept_by_another_role(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 152, correction_registers = 88>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : !values
    %ones = arith.constant dense<1.0> : !row
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    %n0 = "weights"() : () -> !narrow
    %p0 = tile.move %n0 : !narrow -> !left
    %o0 = tile.move %zero : !values -> !sum
    %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%p = %p0, %o = %o0) -> (!left, !sum) {
      %start = tile.mma_async %p, %b, %o : !left, !b, !sum -> !tile.async<!sum>
      %last = tile.await %start in_flight(0) : !tile.async<!sum> -> !sum
      %factor = "factor"() : () -> !row
      %changes = arith.cmpf une, %factor, %ones : !row
      %any = tile.any %changes : tensor<128xi1, #row>
      %new = scf.if %any -> (!sum) {
        %old = tile.move %last : !sum -> !values
        %scaled = tile.move %old : !values -> !sum
        scf.yield %scaled : !sum
      } else {
        scf.yield %last : !sum
      }
      // expected-error@+1 {{role "compute" needs a tile in tensor memory that another role keeps}}
      "use"(%new) {tile.role = "compute"} : (!sum) -> ()
      %n1 = "weights"() : () -> !narrow
      %p1 = tile.move %n1 : !narrow -> !left
      scf.yield %p1, %new : !left, !sum
    }
    %end = tile.mma_async %r#0, %b, %r#1 : !left, !b, !sum -> !tile.async<!sum>
    %t = tile.await %end in_flight(0) : !tile.async<!sum> -> !sum
    %result = tile.move %t : !sum -> !values
    "use"(%result) : (!values) -> ()
    gpu.return
  }
}

// -----

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x64xf32, #tile.tensor_memory>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @too_wide(%m: memref<?x64xbf16>, %n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, accumulators = 5, load_registers = 56, compute_registers = 200>} {
    %c0 = arith.constant 0 : index
    %a = tile.load %m[%n, %c0] ring("a") stages(1) : memref<?x64xbf16> -> !a
    %b = tile.load %m[%n, %c0] ring("b") stages(1) : memref<?x64xbf16> -> !b
    // expected-error@+1 {{tiles of one channel need 640 columns of tensor memory, there are 512 (knobs columns, workers and accumulators)}}
    %async = tile.mma_async %a, %b : !a, !b -> !tile.async<!sum>
    %t = tile.await %async in_flight(0) : !tile.async<!sum> -> !sum
    %values = tile.move %t : !sum -> tensor<128x64xf32, #lane>
    "use"(%values) : (tensor<128x64xf32, #lane>) -> ()
    gpu.return
  }
}
