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
}
