// RUN: girih-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-verify-barriers)))" --split-input-file --verify-diagnostics

// Loops that go on as long as a number says: every role must go by the same numbers. One
// role draws them and tells the other through one slot.
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
gpu.module @kernels {
  gpu.func @right(%counter: !tile.pointer<i32>, %n: index) kernel attributes {tile.shared_bytes = 64} {
    %buffer = tile.alloc "number" offset(0) : <1 x !number>
    %full = tile.barriers "full" offset(32) : <1, arrivals = 1>
    %empty = tile.barriers "empty" offset(40) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %first = gpu.block_id x
    tile.role "load" warps(4) registers(24) one_thread {
      scf.while (%work = %first, %count = %c0) : (index, index) -> index {
        %left = arith.cmpi slt, %work, %n : index
        scf.condition(%left) %count : index
      } do {
      ^bb0(%count: index):
        %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
        %more = arith.addi %count, %c1 : index
        %bit = arith.andi %more, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%c0] parity(%parity) : <1, arrivals = 4>
        %slot = tile.slot %buffer[%c0] : <1 x !number> -> !number
        tile.write_number %next, %slot : !number
        tile.barrier_arrive %full[%c0] : <1, arrivals = 1>
        scf.yield %next, %more : index, index
      } attributes {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      scf.while (%work = %first, %count = %c0) : (index, index) -> index {
        %left = arith.cmpi slt, %work, %n : index
        scf.condition(%left) %count : index
      } do {
      ^bb0(%count: index):
        %bit = arith.andi %count, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%c0] parity(%parity) : <1, arrivals = 1>
        %slot = tile.slot %buffer[%c0] : <1 x !number> -> !number
        %next = tile.read_number %slot : !number
        tile.barrier_arrive %empty[%c0] : <1, arrivals = 4>
        %more = arith.addi %count, %c1 : index
        scf.yield %next, %more : index, index
      } attributes {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// What the loader goes by is not what it tells.
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
gpu.module @kernels {
  gpu.func @tells_another(%counter: !tile.pointer<i32>, %n: index) kernel attributes {tile.shared_bytes = 64} {
    %buffer = tile.alloc "number" offset(0) : <1 x !number>
    %full = tile.barriers "full" offset(32) : <1, arrivals = 1>
    %empty = tile.barriers "empty" offset(40) : <1, arrivals = 4>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %first = gpu.block_id x
    tile.role "load" warps(4) registers(24) one_thread {
      scf.while (%work = %first, %count = %c0) : (index, index) -> index {
        %left = arith.cmpi slt, %work, %n : index
        scf.condition(%left) %count : index
      } do {
      ^bb0(%count: index):
        %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
        %another = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
        %more = arith.addi %count, %c1 : index
        %bit = arith.andi %more, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %empty[%c0] parity(%parity) : <1, arrivals = 4>
        %slot = tile.slot %buffer[%c0] : <1 x !number> -> !number
        tile.write_number %another, %slot : !number
        tile.barrier_arrive %full[%c0] : <1, arrivals = 1>
        scf.yield %next, %more : index, index
      } attributes {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{role "compute" worker 0 decides on another number than other roles whether this loop goes on after round 1: copies of loop 0 may run more or less often (if loop 0 runs 1x)}}
      scf.while (%work = %first, %count = %c0) : (index, index) -> index {
        %left = arith.cmpi slt, %work, %n : index
        scf.condition(%left) %count : index
      } do {
      ^bb0(%count: index):
        %bit = arith.andi %count, %c1 : index
        %parity = arith.index_cast %bit : index to i32
        tile.barrier_wait %full[%c0] parity(%parity) : <1, arrivals = 1>
        %slot = tile.slot %buffer[%c0] : <1 x !number> -> !number
        %next = tile.read_number %slot : !number
        tile.barrier_arrive %empty[%c0] : <1, arrivals = 4>
        %more = arith.addi %count, %c1 : index
        scf.yield %next, %more : index, index
      } attributes {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// The bounds within such a loop depend on its number, which only the loop makes the same.
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
gpu.module @kernels {
  gpu.func @other_condition(%counter: !tile.pointer<i32>, %n: index, %m: index) kernel attributes {tile.shared_bytes = 64} {
    %buffer = tile.alloc "number" offset(0) : <1 x !number>
    %full = tile.barriers "full" offset(32) : <1, arrivals = 1>
    %c0 = arith.constant 0 : index
    %first = gpu.block_id x
    tile.role "load" warps(4) registers(24) one_thread {
      // expected-note @below {{another copy is here}}
      scf.while (%work = %first) : (index) -> () {
        %left = arith.cmpi slt, %work, %n : index
        scf.condition(%left)
      } do {
        %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
        tile.barrier_arrive %full[%c0] : <1, arrivals = 1>
        scf.yield %next : index
      } attributes {tile.loop = 0}
    }
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{this copy of loop 0 may run more or less often than others: its condition and what that starts from are not the same expressions of what all workers share}}
      scf.while (%work = %first) : (index) -> () {
        %left = arith.cmpi slt, %work, %m : index
        scf.condition(%left)
      } do {
        %slot = tile.slot %buffer[%c0] : <1 x !number> -> !number
        %next = tile.read_number %slot : !number
        scf.yield %next : index
      } attributes {tile.loop = 0}
    }
    gpu.return
  }
}

// -----

// Each of many threads would take an item, and tell another.
!number = tensor<1x8xi32, #tile.shared<swizzle = 32>>
gpu.module @kernels {
  gpu.func @many_threads(%counter: !tile.pointer<i32>, %slot: !number, %n: index) kernel {
    tile.role "compute" warps(4) registers(240) {
      // expected-error @below {{'tile.next_work' is for one thread, but all 128 of role "compute" run it}}
      %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
      // expected-error @below {{'tile.write_number' is for one thread, but all 128 of role "compute" run it}}
      tile.write_number %next, %slot : !number
    }
    // expected-error @below {{the check of barriers cannot follow 'tile.next_work': it is in no role}}
    %next = tile.next_work of %n counter(%counter : !tile.pointer<i32>)
    gpu.return
  }
}
