// CTAs that share work items: what is reserved, started, committed, copied and told by both.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' | FileCheck %s

!a = tensor<128x64xbf16, #tile.shared<swizzle = 128>>
!b = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!map = !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>
#recipe = {kind = "tensor_map", tensor = "b", swizzle = 128, modes = [{dim = 1, box = 64}, {dim = 0, box = 64}]}

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // CHECK-LABEL: llvm.func @pair
  // CHECK-SAME: nvvm.cluster_dim = array<i32: 2, 1, 1>
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.alloc.shared.cg2"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.relinq.alloc.permit.cg2"
  // Nobody signals a barrier of the other CTA before that is initialized.
  // CHECK: nvvm.mbarrier.init
  // CHECK: nvvm.cluster.arrive {aligned}
  // CHECK: nvvm.cluster.wait {aligned}
  // CHECK-NOT: nvvm.barrier0
  gpu.func @pair(%map: !map {tile.argument = #recipe}, %i: index {tile.argument = {kind = "size", size = "n"}}) kernel
      attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %false = arith.constant false
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !a>
    %bs = tile.alloc "b" offset(16384) : !tile.buffer<1 x !b>
    %full = tile.barriers "full" offset(24576) : !tile.barriers<1, arrivals = 1>
    %done = tile.barriers "done" offset(24584) : !tile.barriers<1, arrivals = 1>
    tile.tensor_columns columns(128) offset(24592)
    // The leader expects the bytes of both; each copy counts on its barrier.
    // CHECK: %[[CTA:.*]] = nvvm.read.ptx.sreg.cluster.ctaid.x
    // CHECK: %[[LEADER:.*]] = arith.extui %{{.*}} : i1 to i32
    // CHECK: llvm.inline_asm {{.*}}"{ .reg .pred leader; setp.ne.b32 leader, $2, 0; @leader mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1; }", "r,r,r,~{memory}" %[[FULL:.*]], %c16384_i32, %[[LEADER]]
    // CHECK: %[[FIRST:.*]] = llvm.inline_asm {{.*}}"mapa.shared::cluster.u32 $0, $1, 0;", "=r,r" %[[FULL]]
    // CHECK: %[[TO:.*]] = llvm.inttoptr %{{.*}} : i32 to !llvm.ptr<7>
    // CHECK: %[[SIGNAL:.*]] = llvm.inttoptr %[[FIRST]] : i32 to !llvm.ptr<3>
    // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %[[TO]], %{{.*}}, %[[SIGNAL]], box[%{{.*}}] {group = #nvvm.cta_group<cta_2>} : !llvm.ptr<7>
    // By the scope of the cluster the leader hears of this thread.
    // CHECK: %[[DONE:.*]] = llvm.inline_asm {{.*}}"mapa.shared::cluster.u32 $0, $1, 0;"
    // CHECK: llvm.inline_asm {{.*}}"mbarrier.arrive.release.cluster.shared::cluster.b64 _, [$0];", "r,~{memory}" %[[DONE]]
    tile.role "load" warps(1) registers(24) one_thread {
      tile.barrier_expect %full[%c0] bytes(16384) leader : !tile.barriers<1, arrivals = 1>
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !b> -> !b
      tile.copy %map[%i, %c0] to %b signals leader %full[%c0] : !tile.barriers<1, arrivals = 1> : !map, !b
      tile.barrier_arrive %done[%c0] leader : !tile.barriers<1, arrivals = 1>
    }
    // Only the leader's warp runs the role. 270533776 = 1 << 4 | 1 << 7 | 1 << 10 | 128/8 << 17 | 256/16 << 24: the rows of both.
    // CHECK: arith.andi %{{.*}}, %{{.*}} : i1
    // CHECK: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [$0], $1;
    // CHECK: @one tcgen05.mma.cta_group::2.kind::f16 [$0], a, b, 270533776, p;
    // CHECK: "{ .reg .b16 both; mov.b16 both, 3; .reg .pred one; elect.sync _|one, -1; @one tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 [$0], both; }"
    // One for the leader alone is of the same group.
    // CHECK: @one tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.b64 [$0]; }"
    tile.role "mma" warps(3) registers(24) one_thread leader {
      tile.barrier_wait %full[%c0] parity(%zero) cluster : !tile.barriers<1, arrivals = 1>
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %a = tile.slot %as[%c0] : !tile.buffer<1 x !a> -> !a
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !b> -> !b
      tile.mma_into %sum, %a, %b accumulate(%false) transpose_b pair : !sum, !a, !b
      tile.mma_commit %full[%c0] pair : !tile.barriers<1, arrivals = 1>
      tile.mma_commit %done[%c0] : !tile.barriers<1, arrivals = 1>
    }
    // CHECK: nvvm.cluster.arrive {aligned}
    // CHECK: nvvm.cluster.wait {aligned}
    // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.dealloc.cg2"
    gpu.return
  }

  // A kernel may say that it relies on there being no cache between CTAs of a cluster. One lane of each warp arrives.
  // CHECK-LABEL: llvm.func @assumed
  // CHECK: mbarrier.try_wait.parity.shared::cta.b64
  // CHECK: "{ .reg .pred first; setp.ne.b32 first, $1, 0; @first mbarrier.arrive.shared::cluster.b64 _, [$0]; }"
  // No CTA ends while another may arrive at its barriers.
  // CHECK: nvvm.bar.warp.sync
  // CHECK-NEXT: nvvm.cluster.arrive {aligned}
  // CHECK-NEXT: nvvm.cluster.wait {aligned}
  gpu.func @assumed() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>, tile.assumes = ["remote_scope"]} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %done = tile.barriers "done" offset(0) : !tile.barriers<1, arrivals = 8>
    tile.role "wait" warps(4) registers(24) one_thread leader {
      tile.barrier_wait %done[%c0] parity(%zero) cluster : !tile.barriers<1, arrivals = 8>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_arrive %done[%c0] leader : !tile.barriers<1, arrivals = 8>
    }
    gpu.return
  }

  // A thread of its own branch, which expects bytes, commits by an intrinsic.
  // CHECK-LABEL: llvm.func @one_thread
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.commit.mc.shared.cg2"({{.*}}) : (!llvm.ptr<3>, i16) -> ()
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.commit.shared.cg2"({{.*}}) : (!llvm.ptr<3>) -> ()
  gpu.func @one_thread() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %done = tile.barriers "done" offset(0) : !tile.barriers<1, arrivals = 1>
    tile.role "mma" warps(4) registers(24) one_thread leader {
      tile.mma_commit %done[%c0] pair : !tile.barriers<1, arrivals = 1>
      tile.mma_commit %done[%c0] : !tile.barriers<1, arrivals = 1>
      tile.barrier_expect %done[%c0] bytes(16) : !tile.barriers<1, arrivals = 1>
    }
    gpu.return
  }
}
