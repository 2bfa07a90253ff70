// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(tile-assign-roles)))' --split-input-file --verify-diagnostics

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  // expected-error@+1 {{the schedule must say workers, load_registers and compute_registers}}
  gpu.func @open_schedule() kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24>} {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @unknown_role(%i: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // expected-error@+1 {{the kernel has no role "mma"; roles are load compute}}
    %j = arith.addi %i, %i {tile.role = "mma"} : index
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{no target: run attn-schedule with a target first}}
  gpu.func @no_target() kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    gpu.return
  }
}

// -----

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @nobody_hands_out(%n: index)
      kernel attributes {tile.schedule = #tile.schedule<workers = 2, load_registers = 24, compute_registers = 240>} {
    // expected-error@+1 {{needs a counter: sm_90a does not hand out work items}}
    %work = tile.next_work of %n
    gpu.return
  }
}

// -----

// CTAs that share an item's keys have a program each, and so would ask each for itself.
gpu.module @m [#nvvm.target<chip = "sm_100a">] {
  gpu.func @each_of_a_cluster(%n: index)
      kernel attributes {known_cluster_size = array<i32: 4, 1, 1>,
                         tile.schedule = #tile.schedule<workers = 2, load_registers = 56, compute_registers = 200>} {
    // expected-error@+1 {{takes a work item for one CTA, clusters of the kernel have 4}}
    %work = tile.next_work of %n
    gpu.return
  }
}
