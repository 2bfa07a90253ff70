// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Registers: MMAs read and write them until they complete, so nothing else may.

// The second await needs the accumulators as they are before the first, so LLVM copies them there.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @awaited_twice(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-note @below {{the MMA is here}}
      %m = tile.mma_async %p, %b : !out, !block -> <!acc>
      // expected-note @below {{it was taken first here}}
      %s = tile.await %m in_flight(0) : <!acc> -> !acc
      // expected-error @below {{role "compute" worker 0 takes the result of an MMA a second time: the copy that this needs would be made of registers that the MMA writes}}
      %t = tile.await %m in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @awaited_and_accumulated(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-note @below {{the MMA is here}}
      %m = tile.mma_async %p, %b : !out, !block -> <!acc>
      // expected-note @below {{it was taken first here}}
      %more = tile.mma_async %p, %b, %m : !out, !block, !tile.async<!acc> -> <!acc>
      // expected-error @below {{role "compute" worker 0 takes the result of an MMA a second time}}
      %s = tile.await %m in_flight(1) : <!acc> -> !acc
      %t = tile.await %more in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// The next left operand is packed before the await.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @left_operand_written(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      scf.for %j = %c0 to %n step %c1 iter_args(%left = %p) -> (!out) {
        // expected-note @below {{the MMA is here}}
        %m = tile.mma_async %left, %b : !out, !block -> <!acc>
        // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight reads its left operand from (if loop 0 runs 1x)}}
        %next = arith.truncf %acc : !acc to !out
        %s = tile.await %m in_flight(0) : <!acc> -> !acc
        scf.yield %next : !out
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @left_operand_written_by_the_next_iteration(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      %first = tile.mma_async %p, %b : !out, !block -> <!acc>
      %last = scf.for %j = %c0 to %n step %c1 iter_args(%before = %first) -> (!tile.async<!acc>) {
        // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight reads its left operand from (if loop 0 runs 2x)}}
        %left = arith.truncf %acc : !acc to !out
        %s = tile.await %before in_flight(0) : <!acc> -> !acc
        // expected-note @below {{the MMA is here}}
        %m = tile.mma_async %left, %b : !out, !block -> <!acc>
        scf.yield %m : !tile.async<!acc>
      } {tile.loop = 0}
      %t = tile.await %last in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// The MMA is still in flight when another tile takes the place of its left operand.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @left_operand_moved(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      %other = arith.truncf %acc : !acc to !out
      %first = tile.mma_async %p, %b : !out, !block -> <!acc>
      %last:2 = scf.for %j = %c0 to %n step %c1 iter_args(%left = %p, %before = %first) -> (!out, !tile.async<!acc>) {
        %s = tile.await %before in_flight(0) : <!acc> -> !acc
        // expected-note @below {{the MMA is here}}
        %m = tile.mma_async %left, %b : !out, !block -> <!acc>
        // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight reads its left operand from}}
        scf.yield %other, %m : !out, !tile.async<!acc>
      } {tile.loop = 0}
      %t = tile.await %last#1 in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// In a branch that may run: what decides is not known.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @accumulator_written(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      scf.for %j = %c0 to %n step %c1 iter_args(%sum = %acc) -> (!acc) {
        // expected-note @below {{the MMA is here}}
        %m = tile.mma_async %p, %b, %sum : !out, !block, !acc -> <!acc>
        %next = scf.if %masked -> (!acc) {
          // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight accumulates in}}
          %zeroed = arith.negf %acc : !acc
          scf.yield %zeroed : !acc
        } else {
          %kept = arith.addf %acc, %acc : !acc
          scf.yield %kept : !acc
        }
        %s = tile.await %m in_flight(0) : <!acc> -> !acc
        scf.yield %next : !acc
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// Two results in turn need two places, but a loop carries one.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @started_before_the_carried_is_awaited(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-note @below {{the MMA is here}}
      %first = tile.mma_async %p, %b : !out, !block -> <!acc>
      %last = scf.for %j = %c0 to %n step %c1 iter_args(%m = %first) -> (!tile.async<!acc>) {
        // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight accumulates in}}
        %next = tile.mma_async %p, %b : !out, !block -> <!acc>
        %s = tile.await %m in_flight(1) : <!acc> -> !acc
        scf.yield %next : !tile.async<!acc>
      } {tile.loop = 0}
      %t = tile.await %last in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// As above, but the MMA is over.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @awaited_after_its_registers_are_used(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-note @below {{the MMA is here}}
      %first = tile.mma_async %p, %b : !out, !block -> <!acc>
      %last = scf.for %j = %c0 to %n step %c1 iter_args(%m = %first) -> (!tile.async<!acc>) {
        %other = tile.mma_async %p, %b : !out, !block -> <!acc>
        %o = tile.await %other in_flight(0) : <!acc> -> !acc
        // expected-note @below {{the other is here}}
        %next = tile.mma_async %p, %b : !out, !block -> <!acc>
        // expected-error @below {{role "compute" worker 0 takes the result of an MMA after another has started in the same registers}}
        %s = tile.await %m in_flight(1) : <!acc> -> !acc
        scf.yield %next : !tile.async<!acc>
      } {tile.loop = 0}
      %t = tile.await %last in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// A swap at the end of the iteration would move registers in flight.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @carried_crosswise(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-note @below {{the MMA is here}}
      %x = tile.mma_async %p, %b : !out, !block -> <!acc>
      // expected-error @below {{role "compute" worker 0 writes registers that an MMA in flight accumulates in}}
      %y = tile.mma_async %p, %b : !out, !block -> <!acc>
      %xs:2 = scf.for %j = %c0 to %n step %c1 iter_args(%u = %x, %v = %y) -> (!tile.async<!acc>, !tile.async<!acc>) {
        scf.yield %v, %u : !tile.async<!acc>, !tile.async<!acc>
      } {tile.loop = 0}
      %s = tile.await %xs#0 in_flight(0) : <!acc> -> !acc
      %t = tile.await %xs#1 in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// The second await waits for both, but the first result has no place to live until then.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @never_awaited(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-error @below {{role "compute" worker 0 never awaits this MMA: its registers are free for other tiles while it writes them}}
      %m = tile.mma_async %p, %b : !out, !block -> <!acc>
      %other = tile.mma_async %p, %b : !out, !block -> <!acc>
      %s = tile.await %other in_flight(0) : <!acc> -> !acc
    }
    gpu.return
  }
}

// -----

// Worker 0 of 1 takes the other branch.
!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @awaited_in_one_branch(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      // expected-error @below {{role "compute" worker 0 ends with this MMA in flight}}
      %m = tile.mma_async %p, %b : !out, !block -> <!acc>
      %worker = tile.worker
      %second = arith.cmpi eq, %worker, %c1 : index
      scf.if %second {
        %s = tile.await %m in_flight(0) : <!acc> -> !acc
      }
    }
    gpu.return
  }
}

// -----

!block = tensor<64x64xbf16, #tile.shared<swizzle = 128>>
!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!out = tensor<64x64xbf16, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
gpu.module @kernels {
  gpu.func @still_in_flight(%n: index, %p: !out, %acc: !acc, %masked: i1) kernel attributes {tile.shared_bytes = 8192} {
    %buffer = tile.alloc "b" offset(0) : <1 x !block>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    tile.role "compute" warps(4) registers(240) {
      %b = tile.slot %buffer[%c0] : <1 x !block> -> !block
      tile.write_shared %p, %b : !out, !block
      tile.publish barrier(%c1)
      %m = tile.mma_async %p, %b : !out, !block -> <!acc>
      // expected-note @below {{the MMA is here}}
      %other = tile.mma_async %p, %b : !out, !block -> <!acc>
      %s = tile.await %m in_flight(1) : <!acc> -> !acc
      // expected-error @below {{role "compute" worker 0 awaits an MMA after which it has started 0, but allows 1 in flight: it may not be over}}
      %t = tile.await %other in_flight(1) : <!acc> -> !acc
    }
    gpu.return
  }
}
