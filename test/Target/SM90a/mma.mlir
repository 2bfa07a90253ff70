// wgmma: descriptors, both forms of the left operand, steps along the inner size.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#a = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 2 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!acc = tensor<64x16xf32, #acc>
!q = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!k = tensor<16x64xbf16, #tile.shared<swizzle = 128>>
!rows = tensor<64x128xbf16, #tile.shared<swizzle = 128, rows = 128>>
#wide = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 16 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
!wide = tensor<64x128xf32, #wide>

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // Both operands from shared memory, the right one stored by rows of the outer size:
  // 64 = 4 steps of 16, 32 bytes or 2 units apart in the 128-byte swizzle. The first
  // step overwrites the accumulators, the others add to them.
  // CHECK-LABEL: llvm.func @shared_shared
  // CHECK: %[[MASKED:.*]] = arith.andi %{{.*}}, %c262143_i32
  // CHECK: %[[UNITS:.*]] = arith.shrui %[[MASKED]], %c4_i32
  // CHECK: %[[LOW:.*]] = arith.ori %[[UNITS]], %{{.*}}
  // CHECK: %[[WIDE:.*]] = arith.extui %[[LOW]] : i32 to i64
  // Swizzle mode 1 in the two highest bits, 1024 bytes between groups of 8 rows.
  // CHECK: arith.ori %[[WIDE]], %c4611686293305294848_i64
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"{ .reg .pred p; .reg .b64 a, b; wgmma.fence.sync.aligned;
  // CHECK-SAME: add.s64 a, $8, 0; add.s64 b, $9, 0; setp.ne.b32 p, 0, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7}, a, b, p, 1, 1, 0, 0;
  // CHECK-SAME: add.s64 a, $8, 2; add.s64 b, $9, 2; setp.ne.b32 p, 1, 0;
  // CHECK-SAME: add.s64 a, $8, 4; add.s64 b, $9, 4; setp.ne.b32 p, 1, 0;
  // CHECK-SAME: add.s64 a, $8, 6; add.s64 b, $9, 6; setp.ne.b32 p, 1, 0;
  // CHECK-SAME: wgmma.commit_group.sync.aligned; }", "=f,=f,=f,=f,=f,=f,=f,=f,l,l,~{memory}"
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"wgmma.wait_group.sync.aligned 1;", "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7,~{memory}"
  gpu.func @shared_shared() kernel {
    %c0 = arith.constant 0 : index
    %qs = tile.alloc "q" offset(0) : !tile.buffer<1 x !q>
    %ks = tile.alloc "k" offset(8192) : !tile.buffer<1 x !k>
    tile.role "compute" warps(4) registers(240) {
      %q = tile.slot %qs[%c0] : !tile.buffer<1 x !q> -> !q
      %k = tile.slot %ks[%c0] : !tile.buffer<1 x !k> -> !k
      %s = tile.mma_async %q, %k transpose_b : !q, !k -> !tile.async<!acc>
      %r = tile.await %s in_flight(1) : !tile.async<!acc> -> !acc
      "use"(%r) : (!acc) -> ()
    }
    gpu.return
  }

  // The left operand from registers, 4 a step; the right one stored by rows of the
  // inner size: a step is 16 rows of 128 bytes; accumulators in place.
  // CHECK-LABEL: llvm.func @registers_shared
  // CHECK: llvm.bitcast %{{.*}} : vector<2xf16> to i32
  // CHECK: llvm.inline_asm has_side_effects {{.*}}wgmma.fence.sync.aligned;
  // CHECK-SAME: add.s64 b, $40, 0; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {{.*}}, {$32, $33, $34, $35}, b, p, 1, 1, 1;
  // CHECK-SAME: add.s64 b, $40, 128; setp.ne.b32 p, 1, 0; {{.*}}, {$36, $37, $38, $39}, b, p, 1, 1, 1;
  // CHECK-SAME: "=f,{{.*}},r,r,r,r,r,r,r,r,l,0,1,2,
  gpu.func @registers_shared() kernel {
    %c0 = arith.constant 0 : index
    %vs = tile.alloc "v" offset(0) : !tile.buffer<1 x tensor<32x64xf16, #tile.shared<swizzle = 128>>>
    tile.role "compute" warps(4) registers(240) {
      %p = "p"() : () -> tensor<64x32xf16, #a>
      %o = "o"() : () -> tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
      %v = tile.slot %vs[%c0] : !tile.buffer<1 x tensor<32x64xf16, #tile.shared<swizzle = 128>>> -> tensor<32x64xf16, #tile.shared<swizzle = 128>>
      %s = tile.mma_async %p, %v, %o : tensor<64x32xf16, #a>, tensor<32x64xf16, #tile.shared<swizzle = 128>>, tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>> -> !tile.async<tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>>
      %r = tile.await %s in_flight(0) : !tile.async<tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>> -> tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
      "use"(%r) : (tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>) -> ()
    }
    gpu.return
  }

  // A slice keeps the panels of its whole tile: past the first panel of 64 elements, a
  // step jumps over 128 rows of 128 bytes.
  // CHECK-LABEL: llvm.func @slice
  // CHECK: add.s64 a, $8, 6; add.s64 b, $9, 6;
  // CHECK-SAME: add.s64 a, $8, 1024; add.s64 b, $9, 128;
  gpu.func @slice(%row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %qs = tile.alloc "q" offset(0) : !tile.buffer<1 x tensor<128x128xbf16, #tile.shared<swizzle = 128>>>
    %ks = tile.alloc "k" offset(32768) : !tile.buffer<1 x tensor<16x128xbf16, #tile.shared<swizzle = 128>>>
    tile.role "compute" warps(4) registers(240) {
      %whole = tile.slot %qs[%c0] : !tile.buffer<1 x tensor<128x128xbf16, #tile.shared<swizzle = 128>>> -> tensor<128x128xbf16, #tile.shared<swizzle = 128>>
      %q = tile.slice %whole[%row] : tensor<128x128xbf16, #tile.shared<swizzle = 128>> -> !rows
      %k = tile.slot %ks[%c0] : !tile.buffer<1 x tensor<16x128xbf16, #tile.shared<swizzle = 128>>> -> tensor<16x128xbf16, #tile.shared<swizzle = 128>>
      %s = tile.mma_async %q, %k transpose_b : !rows, tensor<16x128xbf16, #tile.shared<swizzle = 128>> -> !tile.async<!acc>
      %r = tile.await %s in_flight(0) : !tile.async<!acc> -> !acc
      "use"(%r) : (!acc) -> ()
    }
    gpu.return
  }
  // A right operand along the inner dimension: its panels of 64 columns lie 128 rows
  // of 128 bytes apart, also when only its type tells where it comes from.
  // CHECK-LABEL: llvm.func @right_slice
  // CHECK: %[[LEADING:.*]] = arith.constant 67108864 : i32
  // CHECK: arith.ori %{{.*}}, %[[LEADING]] : i32
  // CHECK: add.s64 b, ${{[0-9]+}}, 128;
  gpu.func @right_slice(%row: index {tile.argument = {kind = "size", size = "row"}}) kernel {
    %c0 = arith.constant 0 : index
    %qs = tile.alloc "q" offset(0) : !tile.buffer<1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>
    %vs = tile.alloc "v" offset(8192) : !tile.buffer<1 x tensor<128x128xbf16, #tile.shared<swizzle = 128>>>
    tile.role "compute" warps(4) registers(240) {
      %q = tile.slot %qs[%c0] : !tile.buffer<1 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>> -> tensor<64x64xbf16, #tile.shared<swizzle = 128>>
      %whole = tile.slot %vs[%c0] : !tile.buffer<1 x tensor<128x128xbf16, #tile.shared<swizzle = 128>>> -> tensor<128x128xbf16, #tile.shared<swizzle = 128>>
      %upper = tile.slice %whole[%c0] : tensor<128x128xbf16, #tile.shared<swizzle = 128>> -> !rows
      %condition = arith.cmpi eq, %row, %c0 : index
      %v = scf.if %condition -> (!rows) {
        scf.yield %upper : !rows
      } else {
        %lower = tile.slice %whole[%row] : tensor<128x128xbf16, #tile.shared<swizzle = 128>> -> !rows
        scf.yield %lower : !rows
      }
      %s = tile.mma_async %q, %v : tensor<64x64xbf16, #tile.shared<swizzle = 128>>, !rows -> !tile.async<!wide>
      %r = tile.await %s in_flight(0) : !tile.async<!wide> -> !wide
      "use"(%r) : (!wide) -> ()
    }
    gpu.return
  }
}
