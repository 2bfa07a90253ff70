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
      // CHECK: %[[WORK:.*]] = llvm.inline_asm {{.*}}"{ .reg .pred there; .reg .b128 answer; ld.shared.b128 answer, [$1]; clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 there, answer; mov.u32 $0, 2147483647; @there clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 $0, answer; }", "=r,r,~{memory}"
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

!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // A pair has one answer on the barriers of both, and two CTAs for each item.
  // CHECK-LABEL: llvm.func @pair
  // CHECK: %[[OTHER:.*]] = llvm.inline_asm {{.*}}"mapa.shared::cluster.u32 $0, $1, 1;", "=r,r" %[[OWN:.*]] : (i32) -> i32
  // CHECK: llvm.inline_asm {{.*}}"mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1; mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [$2], $1;", "r,r,r,~{memory}" %[[OWN]], %c16_i32, %[[OTHER]]
  // CHECK: nvvm.clusterlaunchcontrol.try.cancel multicast, %{{.*}}, %{{.*}}
  // CHECK: @there clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 $0, answer; @there div.u32 $0, $0, 2; }"
  gpu.func @pair(%parity: index {tile.argument = {kind = "size", size = "n"}}) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "number" offset(1024) : !tile.buffer<1 x !number>
    %full = tile.barriers "full" offset(2048) : !tile.barriers<1, arrivals = 1>
    tile.role "ask" warps(4) registers(24) one_thread leader {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      tile.barrier_expect %full[%c0] bytes(16) pair : !tile.barriers<1, arrivals = 1>
      tile.request_work to %slot pair signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !number
    }
    tile.role "compute" warps(4) registers(240) {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      %work = tile.read_work %slot : !number
      %p = arith.index_cast %work : index to i32
      tile.barrier_wait %full[%c0] parity(%p) : !tile.barriers<1, arrivals = 1>
    }
    gpu.return
  }

  // A warp that starts MMAs elects the lane that asks, and which hears of no other cache.
  // CHECK-LABEL: llvm.func @warp
  // CHECK: "{ .reg .pred one; elect.sync _|one, -1; @one mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1; @one mbarrier.arrive.expect_tx.shared::cluster.b64 _, [$2], $1; }"
  // CHECK: "{ .reg .pred one; elect.sync _|one, -1; @one clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.multicast::cluster::all.b128 [$0], [$1]; }"
  // CHECK: "{ .reg .pred one; elect.sync _|one, -1; @one clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.b128 [$0], [$1]; }"
  gpu.func @warp() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.assumes = ["remote_scope"]} {
    %c0 = arith.constant 0 : index
    %false = arith.constant false
    %buffer = tile.alloc "number" offset(1024) : !tile.buffer<1 x !number>
    %full = tile.barriers "full" offset(2048) : !tile.barriers<1, arrivals = 1>
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x tensor<128x128xf32, #tile.tensor_memory>>
    %as = tile.alloc "a" offset(4096) : !tile.buffer<1 x tensor<128x64xbf16, #tile.shared<swizzle = 128>>>
    tile.tensor_columns columns(128) offset(2056)
    tile.role "mma" warps(4) registers(24) one_thread leader {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x !number> -> !number
      tile.barrier_expect %full[%c0] bytes(16) pair : !tile.barriers<1, arrivals = 1>
      tile.request_work to %slot pair signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !number
      tile.request_work to %slot signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !number
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x tensor<128x128xf32, #tile.tensor_memory>> -> tensor<128x128xf32, #tile.tensor_memory>
      %a = tile.slot %as[%c0] : !tile.buffer<1 x tensor<128x64xbf16, #tile.shared<swizzle = 128>>> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
      %b = tile.slice %a[%c0] : tensor<128x64xbf16, #tile.shared<swizzle = 128>> -> tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
      tile.mma_into %sum, %a, %b accumulate(%false) transpose_b pair : tensor<128x128xf32, #tile.tensor_memory>, tensor<128x64xbf16, #tile.shared<swizzle = 128>>, tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
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
