// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics --allow-unregistered-dialect

// What the check does not understand it refuses by name. Effects decide.

gpu.module @kernels {
  func.func private @outside()
  gpu.func @unknown_effects(%p: !llvm.ptr<3>, %n: i32) kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{the check of barriers cannot follow 'gpu.barrier': its effects are not known}}
      gpu.barrier
      // expected-error @below {{the check of barriers cannot follow 'nvvm.fence.mbarrier.init': its effects are not known}}
      nvvm.fence.mbarrier.init
      // expected-error @below {{the check of barriers cannot follow 'nvvm.mbarrier.init': its effects are not known}}
      nvvm.mbarrier.init %p, %n : !llvm.ptr<3>, i32
      // expected-error @below {{the check of barriers cannot follow 'llvm.call_intrinsic': its effects are not known}}
      llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.all"(%n) : (i32) -> ()
      // expected-error @below {{the check of barriers cannot follow 'func.call': its effects are not known}}
      func.call @outside() : () -> ()
      // expected-error @below {{the check of barriers cannot follow 'test.op': its effects are not known}}
      %0 = "test.op"() : () -> i32
      // expected-error @below {{the check of barriers cannot follow 'tile.take_turn': its effects are not known}}
      tile.take_turn
    }
    gpu.return
  }
}

// -----

// Assembly can hide a barrier, whatever the op says of its effects.
gpu.module @kernels {
  gpu.func @assembly() kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{the check of barriers cannot follow 'llvm.inline_asm': assembly may do anything}}
      llvm.inline_asm has_side_effects "bar.sync 5, 256;", "" : () -> ()
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @assembly_said_to_be_pure() kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{the check of barriers cannot follow 'llvm.inline_asm': assembly may do anything}}
      %0 = llvm.inline_asm "bar.sync 5, 256; mov.u32 $0, 1;", "=r" : () -> i32
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @memory(%global: memref<4xf32>, %shared: memref<4xf32, #gpu.address_space<workgroup>>, %p: !llvm.ptr, %i: index) kernel {
    tile.role "compute" warps(4) registers(240) {
      %read = memref.load %global[%i] : memref<4xf32>
      // expected-error @below {{the check of barriers cannot follow 'memref.load': it has effects on memory that the check does not know}}
      %other = memref.load %shared[%i] : memref<4xf32, #gpu.address_space<workgroup>>
      // expected-error @below {{the check of barriers cannot follow 'memref.store': it has effects on memory that the check does not know}}
      memref.store %read, %global[%i] : memref<4xf32>
      // expected-error @below {{the check of barriers cannot follow 'llvm.load': it has effects on memory that the check does not know}}
      %any = llvm.load %p : !llvm.ptr -> f32
    }
    gpu.return
  }
}

// -----

// Loops that may not end, and choices that the interpreter does not make.
gpu.module @kernels {
  gpu.func @control(%n: index, %b: i1) kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{the check of barriers cannot follow 'scf.while': of control flow, only 'scf.for' and 'scf.if' are followed, and 'scf.while' on numbers that roles tell each other}}
      scf.while : () -> () {
        scf.condition(%b)
      } do {
        scf.yield
      }
      // expected-error @below {{the check of barriers cannot follow 'scf.execute_region': of control flow, only 'scf.for' and 'scf.if' are followed, and 'scf.while' on numbers that roles tell each other}}
      scf.execute_region {
        scf.yield
      }
      // expected-error @below {{the check of barriers cannot follow 'scf.index_switch': of control flow, only 'scf.for' and 'scf.if' are followed, and 'scf.while' on numbers that roles tell each other}}
      scf.index_switch %n
      case 2 {
        scf.yield
      }
      default {
        scf.yield
      }
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @blocks(%b: i1) kernel {
    // expected-error @below {{the check of barriers cannot follow 'cf.cond_br': it branches between blocks}}
    cf.cond_br %b, ^second, ^third
  ^second:
    // expected-error @below {{the check of barriers cannot follow 'cf.br': it branches between blocks}}
    cf.br ^third
  ^third:
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @out_of_place(%i: i32, %n: i32) kernel attributes {tile.shared_bytes = 16} {
    %full = tile.barriers "k_full" offset(0) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    // expected-error @below {{the check of barriers cannot follow 'tile.barrier_arrive': it is in no role}}
    tile.barrier_arrive %full[%c0] : <1, arrivals = 4>
    tile.role "compute" warps(4) registers(240) {
    }
    gpu.return
  }
}

// -----

!acc = tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
!row = tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
gpu.module @kernels {
  gpu.func @one_thread_for_a_worker(%acc: !acc) kernel {
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-error @below {{'tile.reduce' needs all threads of a worker, but role "load" has one_thread}}
      %0 = tile.reduce max %acc : !acc -> !row
    }
    gpu.return
  }
}
