// Tensor memory: reserved and given back, slots and slices, moves, fences at barriers.
// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm,canonicalize,cse))' --allow-unregistered-dialect | FileCheck %s

#lane = #tile.fragment<registers = [96 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#four = #tile.fragment<registers = [4 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
#one = #tile.fragment<registers = [1 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!sum = tensor<128x96xf32, #tile.tensor_memory>
!values = tensor<128x96xf32, #lane>
!p = tensor<128x4xbf16, #tile.tensor_memory>
!half = tensor<128x2xbf16, #tile.tensor_memory>
!packed = tensor<128x4xbf16, #four>
!row = tensor<128x1xf32, #tile.tensor_memory>
!part = tensor<128x48xf32, #tile.tensor_memory>
!part_values = tensor<128x48xf32, #tile.fragment<registers = [48 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
!scale = tensor<128x1xf32, #one>

gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  // A warp of the last role reserves, while the first thread initializes barriers. After
  // all roles, once the lanes of each warp are together and all warps have come, the same
  // warp gives the columns back.
  // CHECK-LABEL: llvm.func @reserve
  // CHECK: %[[WARP:.*]] = arith.index_cast %{{.*}} : i32 to index
  // CHECK: %[[MINE:.*]] = arith.cmpi eq, %[[WARP]], %c4 : index
  // CHECK-NEXT: scf.if %[[MINE]] {
  // CHECK:        %[[AT:.*]] = arith.addi %{{.*}}, %c72_i32
  // CHECK-NEXT:   %[[KEPT:.*]] = llvm.inttoptr %[[AT]]
  // CHECK-NEXT:   llvm.call_intrinsic "llvm.nvvm.tcgen05.alloc.shared.cg1"(%[[KEPT]], %c256_i32)
  // CHECK-NEXT:   llvm.call_intrinsic "llvm.nvvm.tcgen05.relinq.alloc.permit.cg1"()
  // CHECK-NEXT:   llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.before.thread.sync"()
  // CHECK-NEXT: }
  // CHECK: nvvm.mbarrier.init
  // CHECK: nvvm.barrier0
  // CHECK-NEXT: llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.after.thread.sync"()
  // CHECK: %[[START:.*]] = llvm.load %{{.*}} : !llvm.ptr<3> -> i32
  // CHECK-NEXT: %[[SUMS:.*]] = arith.addi %[[START]], %c32_i32
  // A slot of 96 columns.
  // CHECK: %[[SLOT:.*]] = arith.muli %{{.*}}, %c96_i32
  // CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[SUMS]], %[[SLOT]]
  // CHECK-NEXT: builtin.unrealized_conversion_cast %[[SUM]] : i32 to tensor<128x96xf32
  // CHECK: "use"
  // CHECK: nvvm.bar.warp.sync %c-1_i32
  // CHECK-NEXT: llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.before.thread.sync"()
  // CHECK-NEXT: nvvm.barrier0
  // CHECK-NEXT: scf.if %[[MINE]] {
  // CHECK-NEXT:   llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.after.thread.sync"()
  // CHECK:        %[[AGAIN:.*]] = llvm.load
  // CHECK-NEXT:   %[[COLUMNS:.*]] = llvm.inttoptr %[[AGAIN]] : i32 to !llvm.ptr<6>
  // CHECK-NEXT:   llvm.call_intrinsic "llvm.nvvm.tcgen05.dealloc.cg1"(%[[COLUMNS]], %c256_i32)
  // CHECK: llvm.return
  gpu.func @reserve(%i: index {tile.argument = {kind = "size", size = "i"}}) kernel {
    %sums = tile.alloc "sum" offset(32) : !tile.buffer<2 x !sum>
    %full = tile.barriers "full" offset(64) : !tile.barriers<1, arrivals = 1>
    tile.tensor_columns columns(256) offset(72)
    %sum = tile.slot %sums[%i] : !tile.buffer<2 x !sum> -> !sum
    tile.role "mma" warps(4) registers(24) one_thread {
      "start"(%sum) : (!sum) -> ()
    }
    tile.role "compute" warps(4) registers(240) {
      "use"() : () -> ()
    }
    gpu.return
  }

  // 96 columns are moved by loads of powers of two, at most 64 a load, and waited for once.
  // Warp w of a worker has the lanes from 32 w on; lanes are counted from bit 16 on.
  // CHECK-LABEL: llvm.func @load
  // CHECK: %[[WARP:.*]] = arith.andi %{{.*}}, %c3_i32
  // CHECK-NEXT: %[[LANE:.*]] = arith.shli %[[WARP]], %c21_i32
  // CHECK-NEXT: %[[AT:.*]] = arith.addi %{{.*}}, %[[LANE]]
  // CHECK-NEXT: %[[GROUP:.*]] = llvm.inline_asm has_side_effects {{.*}}"tcgen05.ld.sync.aligned.32x32b.x64.b32 {$0, {{.*}}, $63}, [$96+0]; tcgen05.ld.sync.aligned.32x32b.x32.b32 {$64, {{.*}}, $95}, [$96+64]; tcgen05.wait::ld.sync.aligned;", "=f,{{.*}},=f,r,~{memory}" %[[AT]]
  // CHECK-NEXT: %[[FIRST:.*]] = llvm.extractvalue %[[GROUP]][0]
  // CHECK: builtin.unrealized_conversion_cast %[[FIRST]], {{.*}} to tensor<128x96xf32
  // Narrow elements are packed in pairs, also where they are cut.
  // CHECK: %[[PAIRS:.*]] = llvm.inline_asm {{.*}}"tcgen05.ld.sync.aligned.32x32b.x2.b32 {$0, $1}, [$2+0]; tcgen05.wait::ld.sync.aligned;", "=r,=r,r,~{memory}"
  // CHECK: llvm.bitcast %{{.*}} : i32 to vector<2xbf16>
  // One value a row.
  // CHECK: llvm.inline_asm {{.*}}"tcgen05.ld.sync.aligned.32x32b.x1.b32 {$0}, [$1+0]; tcgen05.wait::ld.sync.aligned;", "=f,r,~{memory}" %{{.*}} : (i32) -> f32
  gpu.func @load() kernel {
    %c0 = arith.constant 0 : index
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %ps = tile.alloc "p" offset(96) : !tile.buffer<1 x !p>
    %rows = tile.alloc "row" offset(98) : !tile.buffer<1 x !row>
    tile.tensor_columns columns(128) offset(0)
    tile.role "compute" warps(4) registers(240) {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %values = tile.move %sum : !sum -> !values
      "use"(%values) : (!values) -> ()
      %p = tile.slot %ps[%c0] : !tile.buffer<1 x !p> -> !p
      %packed = tile.move %p : !p -> !packed
      "use"(%packed) : (!packed) -> ()
      %row = tile.slot %rows[%c0] : !tile.buffer<1 x !row> -> !row
      %scale = tile.move %row : !row -> !scale
      "use"(%scale) : (!scale) -> ()
    }
    gpu.return
  }

  // Of two writes one after the other, the second waits for both.
  // CHECK-LABEL: llvm.func @store
  // CHECK: %[[X:.*]]:96 = builtin.unrealized_conversion_cast
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"tcgen05.st.sync.aligned.32x32b.x64.b32 [$0+0], {$1, {{.*}}, $64}; tcgen05.st.sync.aligned.32x32b.x32.b32 [$0+64], {$65, {{.*}}, $96}; ", "r,f,{{.*}},f,~{memory}" %{{.*}}, %[[X]]#0, {{.*}}, %[[X]]#95
  // CHECK: llvm.bitcast %{{.*}} : vector<2xbf16> to i32
  // CHECK: llvm.inline_asm {{.*}}"tcgen05.st.sync.aligned.32x32b.x2.b32 [$0+0], {$1, $2}; tcgen05.wait::st.sync.aligned;", "r,r,r,~{memory}"
  gpu.func @store() kernel {
    %c0 = arith.constant 0 : index
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    %ps = tile.alloc "p" offset(96) : !tile.buffer<1 x !p>
    tile.tensor_columns columns(128) offset(0)
    tile.role "compute" warps(4) registers(240) {
      %values = "x"() : () -> !values
      %packed = "x"() : () -> !packed
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      tile.write_tensor %values, %sum : !values, !sum
      %p = tile.slot %ps[%c0] : !tile.buffer<1 x !p> -> !p
      tile.write_tensor %packed, %p : !packed, !p
    }
    gpu.return
  }

  // Of a part, the worker gets 32 columns at a time. What is written to it is waited for where the next access is to the
  // same columns, and not where others are read before the next write.
  // CHECK-LABEL: llvm.func @part
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"tcgen05.ld.sync.aligned.32x32b.x32.b32 {$0, {{.*}}, $31}, [$32+0]; tcgen05.wait::ld.sync.aligned;"
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"tcgen05.ld.sync.aligned.32x32b.x16.b32 {$0, {{.*}}, $15}, [$16+32]; tcgen05.wait::ld.sync.aligned;"
  // CHECK: tcgen05.st.{{.*}}x16.b32 [$0+32], {{[^;]*}}; "
  // CHECK: tcgen05.ld
  // CHECK: tcgen05.st.{{.*}}x16.b32 [$0+32], {{[^;]*}}; tcgen05.wait::st.sync.aligned;"
  // CHECK: tcgen05.ld
  // CHECK: tcgen05.st.{{.*}}x16.b32 [$0+32], {{[^;]*}}; tcgen05.wait::st.sync.aligned;"
  gpu.func @part() kernel {
    %c0 = arith.constant 0 : index
    %c48 = arith.constant 48 : index
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<1 x !sum>
    tile.tensor_columns columns(128) offset(0)
    tile.role "compute" warps(4) registers(240) {
      %sum = tile.slot %sums[%c0] : !tile.buffer<1 x !sum> -> !sum
      %low = tile.slice %sum[%c0, %c0] : !sum -> !part
      %high = tile.slice %sum[%c0, %c48] : !sum -> !part
      %a = tile.move %low : !part -> !part_values
      tile.write_tensor %a, %low : !part_values, !part
      %b = tile.move %high : !part -> !part_values
      tile.write_tensor %b, %high : !part_values, !part
      %again = tile.move %high : !part -> !part_values
      tile.write_tensor %again, %low : !part_values, !part
    }
    gpu.return
  }

  // A slice starts as many columns further as its elements fill.
  // CHECK-LABEL: llvm.func @slice
  // CHECK: %[[COLUMN:.*]] = arith.divui %{{.*}}, %c2_i32
  // CHECK: %[[PART:.*]] = arith.addi %{{.*}}, %[[COLUMN]]
  // CHECK: builtin.unrealized_conversion_cast %[[PART]] : i32 to tensor<128x2xbf16
  gpu.func @slice(%column: index {tile.argument = {kind = "size", size = "column"}}) kernel {
    %c0 = arith.constant 0 : index
    %ps = tile.alloc "p" offset(0) : !tile.buffer<1 x !p>
    tile.tensor_columns columns(32) offset(0)
    tile.role "compute" warps(4) registers(240) {
      %p = tile.slot %ps[%c0] : !tile.buffer<1 x !p> -> !p
      %half = tile.slice %p[%c0, %column] : !p -> !half
      "use"(%half) : (!half) -> ()
    }
    gpu.return
  }

  // What threads did in tensor memory is ordered before they signal, what they do after
  // they have waited.
  // CHECK-LABEL: llvm.func @fences
  // CHECK: mbarrier.try_wait
  // CHECK-NEXT: llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.after.thread.sync"()
  // CHECK: llvm.call_intrinsic "llvm.nvvm.tcgen05.fence.before.thread.sync"()
  // CHECK-NEXT: mbarrier.arrive
  // CHECK-NOT: nvvm.tcgen05.fence
  gpu.func @fences() kernel {
    %c0 = arith.constant 0 : index
    %parity = arith.constant 0 : i32
    %full = tile.barriers "full" offset(64) : !tile.barriers<1, arrivals = 4>
    tile.role "compute" warps(4) registers(240) {
      tile.barrier_wait %full[%c0] parity(%parity) tensor_memory : !tile.barriers<1, arrivals = 4>
      tile.barrier_arrive %full[%c0] tensor_memory : !tile.barriers<1, arrivals = 4>
      tile.barrier_wait %full[%c0] parity(%parity) : !tile.barriers<1, arrivals = 4>
      tile.barrier_arrive %full[%c0] : !tile.barriers<1, arrivals = 4>
    }
    gpu.return
  }

  // Threads that hold whole rows write 16 bytes at a time, all that the swizzle keeps
  // together.
  // CHECK-LABEL: llvm.func @write_shared
  // CHECK-COUNT-8: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>, !llvm.ptr<3>
  // CHECK-NOT: llvm.store
  gpu.func @write_shared() kernel {
    %c0 = arith.constant 0 : index
    %buffer = tile.alloc "staging" offset(0) : !tile.buffer<1 x tensor<128x64xbf16, #tile.shared<swizzle = 128>>>
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<128x64xbf16, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>
      %slot = tile.slot %buffer[%c0] : !tile.buffer<1 x tensor<128x64xbf16, #tile.shared<swizzle = 128>>> -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
      tile.write_shared %x, %slot : tensor<128x64xbf16, #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>>, tensor<128x64xbf16, #tile.shared<swizzle = 128>>
    }
    gpu.return
  }
}
