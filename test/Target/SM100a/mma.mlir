// tcgen05.mma: descriptors, both places of the left operand, both orders of the right one,
// steps along the inner size; and the commit.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' | FileCheck %s

#shared = #tile.shared<swizzle = 128>
!panel = tensor<128x64xbf16, #shared>
!wide = tensor<128x128xbf16, #shared>
!tall = tensor<256x128xbf16, #shared>
!part = tensor<128x128xbf16, #tile.shared<swizzle = 128, rows = 256>>
!v = tensor<32x128xf16, #shared>
!sum = tensor<128x128xf32, #tile.tensor_memory>
!p = tensor<128x32xf16, #tile.tensor_memory>
!narrow = tensor<128x128xf8E4M3FN, #shared>
!half_narrow = tensor<64x128xf8E4M3FN, #shared>
!half_sum = tensor<128x64xf32, #tile.tensor_memory>
!wide_narrow = tensor<256x128xf8E4M3FN, #shared>
!wide_sum = tensor<128x256xf32, #tile.tensor_memory>
!scales = tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!wide_scales = tensor<64x16xf8E8M0FNU, #tile.shared<swizzle = 16>>
!slot = tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
!wide_slot = tensor<32x32xf8E8M0FNU, #tile.tensor_memory>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // Both operands from shared memory, with the inner size contiguous: 64 = 4 steps of 16,
  // 32 bytes or 2 units apart in the 128-byte swizzle. The upper half of the descriptors is
  // 64 units between groups of 8 rows, the constant 1 of bit 46 and swizzle mode 2.
  // 136316048 = 1 << 4 | 1 << 7 | 1 << 10 | 128/8 << 17 | 128/16 << 24.
  // CHECK-LABEL: llvm.func @shared_shared
  // CHECK: %[[MASKED:.*]] = arith.andi %{{.*}}, %c262143_i32
  // CHECK: %[[UNITS:.*]] = arith.shrui %[[MASKED]], %c4_i32
  // CHECK: %[[RIGHT:.*]] = arith.ori %[[UNITS]], %c65536_i32
  // CHECK: %[[LEFT:.*]] = arith.ori %{{.*}}, %c65536_i32
  // CHECK: %[[MORE:.*]] = arith.extui %{{.*}} : i1 to i32
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"{ .reg .pred p; .reg .b32 w; .reg .b64 a, b; setp.ne.b32 p, $3, 0; .reg .pred one; elect.sync _|one, -1;
  // CHECK-SAME: add.s32 w, $1, 0; mov.b64 a, {w, 1073758272}; add.s32 w, $2, 0; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::f16 [$0], a, b, 136316048, p;
  // CHECK-SAME: add.s32 w, $1, 2; mov.b64 a, {w, 1073758272}; add.s32 w, $2, 2; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::f16 [$0], a, b, 136316048, 1;
  // CHECK-SAME: add.s32 w, $1, 4;
  // CHECK-SAME: add.s32 w, $1, 6; {{[^}]*}}}; add.s32 w, $2, 6; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::f16 [$0], a, b, 136316048, 1; }", "r,r,r,r,~{memory}" %{{.*}}, %[[LEFT]], %[[RIGHT]], %[[MORE]] : (i32, i32, i32, i32)
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"{ .reg .pred one; elect.sync _|one, -1; @one tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [$0]; }", "r,~{memory}"
  gpu.func @shared_shared(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !panel>
    %bs = tile.alloc "b" offset(16384) : !tile.buffer<1 x !panel>
    %done = tile.barriers "done" offset(32768) : !tile.barriers<1, arrivals = 1>
    tile.tensor_columns columns(128) offset(32776)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %a = tile.slot %as[%c0] : !tile.buffer<1 x !panel> -> !panel
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !panel> -> !panel
      %more = arith.cmpi ne, %n, %c0 : index
      tile.mma_into %sum, %a, %b accumulate(%more) transpose_b : !sum, !panel, !panel
      tile.mma_commit %done[%c0] : !tile.barriers<1, arrivals = 1>
    }
    gpu.return
  }

  // The left operand from tensor memory, 8 columns of two elements a step. The right one
  // with the outer size contiguous, which sets bit 16: 136380432 = 1 << 4 | 1 << 16 |
  // 128/8 << 17 | 128/16 << 24. A step is 16 rows of 128 bytes; its panels of 64 columns lie
  // 32 rows apart, 4096 bytes or 256 units, 16777216 in bits 16 and up.
  // CHECK-LABEL: llvm.func @tensor_shared
  // CHECK: arith.ori %{{.*}}, %c16777216_i32
  // CHECK: @one tcgen05.mma.cta_group::1.kind::f16 [$0], [$1+0], b, 136380432, p;
  // CHECK-SAME: add.s32 w, $2, 128; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::f16 [$0], [$1+8], b, 136380432, 1; }"
  gpu.func @tensor_shared() kernel {
    %c0 = arith.constant 0 : index
    %true = arith.constant true
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %ps = tile.alloc "p" offset(128) : !tile.buffer<1 x !p>
    %vs = tile.alloc "v" offset(0) : !tile.buffer<1 x !v>
    tile.tensor_columns columns(256) offset(8192)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %p = tile.slot %ps[%c0] : !tile.buffer<1 x !p> -> !p
      %v = tile.slot %vs[%c0] : !tile.buffer<1 x !v> -> !v
      tile.mma_into %sum, %p, %v accumulate(%true) : !sum, !p, !v
    }
    gpu.return
  }

  // A slice keeps the panels of its whole tile: past the first panel of 64 elements, a step
  // jumps over 256 rows of 128 bytes for the left operand, 128 for the right one.
  // CHECK-LABEL: llvm.func @slice
  // CHECK: add.s32 w, $1, 6; {{[^;]*}}; add.s32 w, $2, 6;
  // CHECK-SAME: add.s32 w, $1, 2048; {{[^;]*}}; add.s32 w, $2, 1024;
  gpu.func @slice(%row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %false = arith.constant false
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !tall>
    %bs = tile.alloc "b" offset(65536) : !tile.buffer<1 x !wide>
    tile.tensor_columns columns(128) offset(98304)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %whole = tile.slot %as[%c0] : !tile.buffer<1 x !tall> -> !tall
      %a = tile.slice %whole[%row] : !tall -> !part
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !wide> -> !wide
      tile.mma_into %sum, %a, %b accumulate(%false) transpose_b : !sum, !part, !wide
    }
    gpu.return
  }

  // A role that does more than start MMAs and wait, here for stores, is one thread's: a lane in a branch of its own.
  // CHECK-LABEL: llvm.func @one_thread
  // CHECK: nvvm.elect.sync
  // CHECK: "{ .reg .pred p; .reg .b32 w; .reg .b64 a, b; setp.ne.b32 p, $3, 0; add.s32 w, $1, 0;
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.commit.shared.cg1"
  gpu.func @one_thread(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %false = arith.constant false
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !panel>
    %done = tile.barriers "done" offset(32768) : !tile.barriers<1, arrivals = 1>
    tile.tensor_columns columns(128) offset(32776)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %a = tile.slot %as[%c0] : !tile.buffer<1 x !panel> -> !panel
      tile.mma_into %sum, %a, %a accumulate(%false) transpose_b : !sum, !panel, !panel
      tile.mma_commit %done[%c0] : !tile.barriers<1, arrivals = 1>
      tile.drain_stores completed
    }
    gpu.return
  }

  // Scales of 32 rows of 16 bytes without a swizzle, 8 units between groups of 8 rows, go to 4 columns of all warps' lanes; a
  // step takes the byte of its number. 146800640 = 1 << 23 | 256/8 << 17 | 128/16 << 24; 683671568 has 1 << 4 | 1 << 29 too.
  // CHECK-LABEL: llvm.func @scaled
  // CHECK: arith.ori %{{.*}}, %c524288_i32
  // CHECK: "{ .reg .b32 w; .reg .b64 s; .reg .pred one; elect.sync _|one, -1; add.s32 w, $1, 0; mov.b64 s, {w, 16392}; @one tcgen05.cp.cta_group::1.32x128b.warpx4 [$0+0], s;
  // CHECK-SAME: add.s32 w, $1, 32; mov.b64 s, {w, 16392}; @one tcgen05.cp.cta_group::1.32x128b.warpx4 [$0+4], s; }", "r,r,~{memory}"
  // CHECK: tcgen05.cp.cta_group::1.32x128b.warpx4 [$0+0], s; }"
  // CHECK: add.s32 w, $2, 0; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.scale_vec::1X [$0], a, b, 146800640, [$4], [$5], p;
  // CHECK-SAME: add.s32 w, $2, 2; mov.b64 b, {w, 1073758272}; @one tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.scale_vec::1X [$0], a, b, 683671568, [$4], [$5], 1;
  // CHECK-SAME: b, 1220542496, [$4], [$5], 1; {{.*}}b, 1757413424, [$4], [$5], 1; }", "r,r,r,r,r,r,~{memory}"
  gpu.func @scaled() kernel {
    %c0 = arith.constant 0 : index
    %false = arith.constant false
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !wide_sum>
    %scales_a = tile.alloc "scales" offset(256) : !tile.buffer<1 x !slot>
    %scales_b = tile.alloc "scales_1" offset(260) : !tile.buffer<1 x !wide_slot>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !narrow>
    %bs = tile.alloc "b" offset(16384) : !tile.buffer<1 x !wide_narrow>
    %sas = tile.alloc "sa" offset(49152) : !tile.buffer<1 x !scales>
    %sbs = tile.alloc "sb" offset(50176) : !tile.buffer<1 x !wide_scales>
    tile.tensor_columns columns(512) offset(65536)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !wide_sum> -> !wide_sum
      %a = tile.slot %as[%c0] : !tile.buffer<1 x !narrow> -> !narrow
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !wide_narrow> -> !wide_narrow
      %sa = tile.slot %sas[%c0] : !tile.buffer<1 x !scales> -> !scales
      %sb = tile.slot %sbs[%c0] : !tile.buffer<1 x !wide_scales> -> !wide_scales
      %ta = tile.slot %scales_a[%c0] : !tile.buffer<1 x !slot> -> !slot
      %tb = tile.slot %scales_b[%c0] : !tile.buffer<1 x !wide_slot> -> !wide_slot
      tile.copy_scales %sb, %tb : !wide_scales, !wide_slot
      tile.copy_scales %sa, %ta : !scales, !slot
      tile.mma_into %sum, %a, %b accumulate(%false) scales(%ta, %tb : !slot, !wide_slot) transpose_b : !wide_sum, !narrow, !wide_narrow
    }
    gpu.return
  }

  // In the second half of a block are the scales of 64 rows further on, 2 columns.
  // CHECK-LABEL: llvm.func @second_half
  // CHECK: %[[SKIPPED:.*]] = llvm.select %{{.*}}, %{{.*}}, %{{.*}} : i1, i32
  // CHECK: %[[SCALES:.*]] = llvm.add %{{.*}}, %[[SKIPPED]] : i32
  // CHECK: tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.scale_vec::1X [$0], a, b, {{[0-9]+}}, [$4], [$5], p;
  // CHECK-SAME: "r,r,r,r,r,r,~{memory}" %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[SCALES]] :
  gpu.func @second_half(%n: index {tile.argument = {kind = "size", size = "n"}}) kernel {
    %c0 = arith.constant 0 : index
    %false = arith.constant false
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !half_sum>
    %scales_a = tile.alloc "scales" offset(64) : !tile.buffer<1 x !slot>
    %scales_b = tile.alloc "scales_1" offset(68) : !tile.buffer<1 x !slot>
    %as = tile.alloc "a" offset(0) : !tile.buffer<1 x !narrow>
    %bs = tile.alloc "b" offset(16384) : !tile.buffer<1 x !half_narrow>
    tile.tensor_columns columns(128) offset(65536)
    tile.role "mma" warps(4) registers(24) one_thread {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !half_sum> -> !half_sum
      %a = tile.slot %as[%c0] : !tile.buffer<1 x !narrow> -> !narrow
      %b = tile.slot %bs[%c0] : !tile.buffer<1 x !half_narrow> -> !half_narrow
      %ta = tile.slot %scales_a[%c0] : !tile.buffer<1 x !slot> -> !slot
      %tb = tile.slot %scales_b[%c0] : !tile.buffer<1 x !slot> -> !slot
      %odd = arith.cmpi ne, %n, %c0 : index
      tile.mma_into %sum, %a, %b accumulate(%false) scales(%ta, %tb : !slot, !slot) second_half(%odd) transpose_b : !half_sum, !narrow, !half_narrow
    }
    gpu.return
  }
}
