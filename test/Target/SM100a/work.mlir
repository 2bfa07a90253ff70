// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --split-input-file --verify-diagnostics | FileCheck %s

!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: llvm.func @work
  gpu.func @work(%parity: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "number" offset(1024) : !tile.buffer<1 x !number>
    %full = tile.barriers "full" offset(2048) : !tile.barriers<1, arrivals = 1>
    tile.role "load" warps(4) registers(24) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      // CHECK: nvvm.clusterlaunchcontrol.try.cancel %{{.*}}, %{{.*}}
      tile.request_work to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !number
    }
    // The number is asked for only where there is one; the fence lets the next answer come.
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      // CHECK: %[[ANSWER:.*]] = llvm.load %{{.*}} : !llvm.ptr<3> -> i128
      // CHECK: %[[THERE:.*]] = nvvm.clusterlaunchcontrol.query.cancel query = is_canceled, %[[ANSWER]] : i1
      // CHECK: %[[WORK:.*]] = scf.if %[[THERE]] -> (i32) {
      // CHECK:   nvvm.clusterlaunchcontrol.query.cancel query = get_first_cta_id_x, %[[ANSWER]] : i32
      // CHECK: } else {
      // CHECK:   scf.yield %c2147483647_i32
      // CHECK: nvvm.fence.proxy
      // CHECK: nvvm.bar.warp.sync
      // CHECK: nvvm.shfl.sync idx %{{.*}}, %[[WORK]]
      %work = tile.read_work %slot : !number
      %p = arith.index_cast %work : index to i32
      tile.barrier_wait %full[%c0] parity(%p) : !tile.barriers<1, arrivals = 1>
    }
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @no_barrier() kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "number" offset(1024) : !tile.buffer<1 x tensor<1x8xi32, #tile.shared<swizzle = 32>>>
    tile.role "load" warps(4) registers(24) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<1x8xi32, #tile.shared<swizzle = 32>>> -> tensor<1x8xi32, #tile.shared<swizzle = 32>>
      // expected-error@+1 {{has no barrier: run tile-lower-channels first}}
      tile.request_work to %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    }
    gpu.return
  }
}
