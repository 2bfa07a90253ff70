// What the CTAs of a cluster combine goes through the shared memory of each.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
!row = tensor<64xf32, #row>
!wide = tensor<64x128xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 16 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!slot = tensor<1x256xf32, #tile.shared<swizzle = 32>>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // All threads of all CTAs combine in the order of the CTAs.
  // CHECK-LABEL: llvm.func @all
  // CHECK-SAME: nvvm.cluster_dim = array<i32: 4, 1, 1>
  // CHECK: llvm.store %{{.*}} : vector<2xf32>, !llvm.ptr<3>
  // CHECK: nvvm.bar.warp.sync
  // CHECK: setp.lt.u32 one, $1, 4; @one mapa.shared::cluster.u32 remote, $0, $1; @one mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]
  // CHECK: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [$0], $1;
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %c0_i32
  // CHECK: llvm.load %{{.*}} : !llvm.ptr<7> -> vector<2xf32>
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %c1_i32
  // CHECK: llvm.load %{{.*}} : !llvm.ptr<7> -> vector<2xf32>
  // CHECK: arith.maxnumf
  // CHECK: arith.maxnumf
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %c3_i32
  gpu.func @all() kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
    %buffer = tile.alloc "x" offset(0) : !tile.buffer<1 x !slot>
    %full = tile.barriers "x_full" offset(1024) : !tile.barriers<1, arrivals = 16>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !row
      %w = tile.worker
      %r = tile.cluster_reduce max %x through %buffer, %full[%w] : !tile.buffer<1 x !slot>, !tile.barriers<1, arrivals = 16> : !row
      "use"(%r) : (!row) -> ()
    }
    gpu.return
  }

  // Others than the leader wait for nobody, and threads without rows read and write nothing.
  // CHECK-LABEL: llvm.func @leader
  // CHECK: %[[HAS:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : i32
  // CHECK: scf.if %[[HAS]] {
  // CHECK: llvm.store %{{.*}} : vector<2xf32>, !llvm.ptr<3>
  // CHECK: mbarrier.arrive.release.cluster
  // CHECK: nvvm.read.ptx.sreg.cluster.ctaid.x
  // CHECK: scf.if %{{.*}} -> (f32, f32) {
  // CHECK: mbarrier.try_wait.parity.acquire.cluster
  // CHECK: scf.if %[[HAS]] -> (f32, f32) {
  // CHECK: arith.addf
  gpu.func @leader() kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %buffer = tile.alloc "x" offset(0) : !tile.buffer<1 x !slot>
    %full = tile.barriers "x_full" offset(1024) : !tile.barriers<1, arrivals = 8>
    tile.role "compute" warps(4) registers(240) {
      %x, %n = "x"() : () -> (!row, index)
      %w = tile.worker
      %r = tile.cluster_reduce add %x leader rows(%n) through %buffer, %full[%w] : !tile.buffer<1 x !slot>, !tile.barriers<1, arrivals = 8> : !row
      "use"(%r) : (!row) -> ()
    }
    gpu.return
  }

  // Of many registers, those of two CTAs at a time, after the first ones.
  // CHECK-LABEL: llvm.func @many
  // CHECK-COUNT-16: llvm.load %{{.*}} : !llvm.ptr<7> -> vector<4xf32>
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %c1_i32
  // CHECK: scf.for %[[CTA:.*]] = %c2_i32 to %c8_i32 step %c2_i32
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %[[CTA]]
  // CHECK: %[[NEXT:.*]] = arith.addi %[[CTA]], %c1_i32
  // CHECK: mapa.shared::cluster.u32 $0, $1, $2;{{.*}} %[[NEXT]]
  gpu.func @many() kernel attributes {known_cluster_size = array<i32: 8, 1, 1>} {
    %buffer = tile.alloc "x" offset(0) : !tile.buffer<1 x tensor<1x8192xf32, #tile.shared<swizzle = 32>>>
    %full = tile.barriers "x_full" offset(32768) : !tile.barriers<1, arrivals = 32>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> !wide
      %w = tile.worker
      %r = tile.cluster_reduce add %x through %buffer, %full[%w] : !tile.buffer<1 x tensor<1x8192xf32, #tile.shared<swizzle = 32>>>, !tile.barriers<1, arrivals = 32> : !wide
      "use"(%r) : (!wide) -> ()
    }
    gpu.return
  }
  // A copy for all CTAs, and arrivals at the barriers of all: a lane for each, or one thread for all.
  // CHECK-LABEL: llvm.func @multicast
  // CHECK-DAG: %[[ALL:.*]] = arith.constant 15 : i16
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask = %[[ALL]]
  // CHECK: mapa.shared::cluster.u32 $0, $1, 0;
  // CHECK: mbarrier.arrive.release.cluster.shared::cluster.b64 _, [$0];
  // CHECK: mapa.shared::cluster.u32 $0, $1, 3;
  // CHECK: setp.lt.u32 one, $1, 4; @one mapa.shared::cluster.u32 remote, $0, $1; @one mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];
  gpu.func @multicast(%map: !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false> {tile.argument = {kind = "tensor_map", tensor = "k", swizzle = 128, modes = [{dim = 1 : i64, box = 64 : i64}, {dim = 0 : i64, box = 64 : i64}]}}, %i: index {tile.argument = {kind = "size", size = "i"}})
      kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>
    %full = tile.barriers "k_full" offset(8192) : !tile.barriers<1, arrivals = 1>
    %empty = tile.barriers "k_empty" offset(8200) : !tile.barriers<1, arrivals = 20>
    %c0 = arith.constant 0 : index
    tile.role "load" warps(4) registers(24) one_thread {
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>> -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
      tile.copy %map[%i, %c0] to %slot multicast signals %full[%c0] : !tile.barriers<1, arrivals = 1> : !tile.tensor_map<[64, 64] x bf16, swizzle = 128, panel = 64, folded = false>, tensor<64x64xbf16, #tile.shared<swizzle = 128>>
      tile.barrier_arrive %empty[%c0] multicast : !tile.barriers<1, arrivals = 20>
    }
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_arrive %empty[%c0] multicast : !tile.barriers<1, arrivals = 20>
    }
    gpu.return
  }
}
