// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics --allow-unregistered-dialect

// Named barriers: two workers that take turns, broken in one way each.

gpu.module @kernels {
  gpu.func @thread_count_off(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 288 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        // expected-error @below {{role "compute" worker 1 expects 288 threads in round 0 of named barrier 3, but must expect a multiple of 32 up to 256}}
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @threads_of_one_worker_and_a_half(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 192 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        // expected-error @below {{role "compute" worker 1 makes 256 threads in round 0 of named barrier 3, which expects 192}}
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @more_threads_than_there_are(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 384 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        // expected-error @below {{role "compute" worker 1 expects 384 threads in round 0 of named barrier 3, but must expect a multiple of 32 up to 256}}
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @participants_disagree(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        // expected-error @below {{role "compute" worker 1 expects 256 threads in round 0 of named barrier 3, but role "compute" worker 0 expects 224}}
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        %fewer = arith.constant 224 : i32
        // expected-note @below {{the other is here}}
        nvvm.barrier id = %my_turn number_of_threads = %fewer
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @turn_never_passed(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{deadlock: role "compute" worker 1 waits for round 0 of named barrier 4, which has 128 of 256 threads}}
        nvvm.barrier id = %my_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @no_first_turn(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @+2 {{deadlock: role "compute" worker 0 waits for round 0 of named barrier 3, which has 128 of 256 threads}}
        // expected-note @below {{role "compute" worker 1 waits for round 0 of named barrier 4, which has 128 of 256 threads}}
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @passes_turn_to_itself(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.addi %worker, %c0 : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{role "compute" worker 1 joins round 0 of named barrier 4 twice: 256 threads are expected, and its 128 are there already}}
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @turn_taken_once_more(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
        // expected-error @below {{role "compute" worker 0 joins round 1 of named barrier 4 without having seen the round before end: with 128 threads more, that one could have had too many}}
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_many_barriers(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 15 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{role "compute" worker 1 uses named barrier 16, but there are only 16, 0 to 15}}
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @one_thread_syncs(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : i32
    %threads = arith.constant 256 : i32
    tile.role "compute" warps(8) registers(240) one_thread {
      %worker = tile.worker
      %last = arith.cmpi eq, %worker, %c1 : index
      %mine = arith.index_cast %worker : index to i32
      %other = arith.subi %c1, %worker : index
      %next = arith.index_cast %other : index to i32
      %my_turn = arith.addi %mine, %c3 : i32
      %next_turn = arith.addi %next, %c3 : i32
      scf.if %last {
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      }
      scf.for %j = %c0 to %n step %c1 {
        // expected-error @below {{role "compute" uses named barrier 3 with 1 thread, but whole warps of 32 must}}
        nvvm.barrier id = %my_turn number_of_threads = %threads
        nvvm.barrier.arrive id = %next_turn number_of_threads = %threads
      } {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// All threads are meant if no number is given, also of roles that share four warps.
gpu.module @kernels {
  gpu.func @all_threads() kernel {
    %c3 = arith.constant 3 : i32
    tile.role "load" warps(1) registers(24) one_thread {
    }
    tile.role "mma" warps(3) registers(24) one_thread {
    }
    tile.role "compute" warps(8) registers(240) {
      // expected-error @below {{role "compute" worker 0 expects 384 threads in round 0 of named barrier 3, but must expect a multiple of 32 up to 256}}
      nvvm.barrier id = %c3
    }
    gpu.return
  }
}
