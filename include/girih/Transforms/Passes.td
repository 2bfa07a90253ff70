#ifndef GIRIH_TRANSFORMS_PASSES
#define GIRIH_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def AttnSchedulePass : Pass<"attn-schedule", "::mlir::ModuleOp"> {
  let summary = "Choose the target and complete the schedule of every problem";
  let description = [{
    Records the target on the module and gives each `attn.forward` a schedule
    with no open knob: what the user wrote, else the fastest that `girih-tune`
    measured for this problem with this version of the compiler, if `schedules`
    names its database, else what the target's heuristics say. Kernels written in the tile dialect get the target too. A problem that the
    target cannot run is an error here.
  }];
  let options = [Option<"target", "target", "std::string", "", "the chip to compile for">,
                 Option<"schedules", "schedules", "std::string", "", "a database of girih-tune to take schedules from">];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::NVVM::NVVMDialect", "::mlir::gpu::GPUDialect"];
}

def AttnTilePass : Pass<"attn-tile", "::mlir::ModuleOp"> {
  let summary = "Turn attention problems into tile kernels";
  let description = [{
    Each function with an `attn.forward` becomes a kernel of the same name: a walk
    over work items (one block of queries of one head), and for each a loop over
    tiles of keys and values with online softmax. Tiles are values; nothing is
    said of memory, time or warps.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::math::MathDialect", "::mlir::arith::ArithDialect"];
}

def TilePartitionPass : Pass<"tile-partition", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Split the rows of a kernel over its workers";
  let description = [{
    Every tile that has a row per output row shrinks to the rows of one worker.
    Tiles that all workers read whole stay as they are; a loaded tile of which a
    worker reads only its rows is loaded once and sliced. Where CTAs share work items
    (knob `cluster`), the rows are split over these before, and each loads only its
    rows and its part of the right operands, which MMAs of all of them read; on a chip
    without such MMAs they load right operands for each other (`multicast`).
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::arith::ArithDialect"];
}

def TileScheduleLoopsPass : Pass<"tile-schedule-loops", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Say in which round an op of a loop runs";
  let description = [{
    Gives the ops of a loop with MMAs a stage, by how many rounds they run later than
    their iteration starts, and a position in a round. With `overlap`, an MMA that
    needs what others in its iteration made runs a stage after them, so that a round
    starts the MMAs of all stages before the elementwise work between them. Loops in
    which nothing would overlap, and loops with stages, stay as they are.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TilePipelinePass : Pass<"tile-pipeline", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Overlap loads, matrix units and elementwise work";
  let description = [{
    Marks the loads in loops as `stages` deep. Expands loops whose ops have stages into
    a prologue, a loop over rounds, and an epilogue; a schedule that uses something
    before it is there is an error. Then makes every MMA asynchronous and waits for it as
    late as its users and operands allow. With `ping_pong`, workers take turns at starting
    the MMAs of a loop.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def TileSplitLoopsPass : Pass<"tile-split-loops", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Cut loops where a condition on the induction variable changes";
  let description = [{
    A loop of step 1 whose body asks `iv < bound` or `iv >= bound`, with `bound`
    invariant, becomes two: one up to the bound and one from there on, in each of which
    the answer is a constant. A first loop that can be seen never to run is not made.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def TileKeepLoopsPass : Pass<"tile-keep-loops", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Keep loops with MMAs loops, even where they run once";
  let description = [{
    Makes the step of a loop with MMAs opaque if other MMAs stand beside the loop.
    Canonicalization still drops a loop that never runs, but no longer inlines one
    that runs once.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TilePlacePass : Pass<"tile-place", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Choose a memory and a layout for every tile";
  let description = [{
    Loaded operands of MMAs go to shared memory, swizzled; MMA results to registers
    in the target's accumulator layout, and elementwise tiles follow. On a target that
    accumulates in tensor memory, results go there and are moved to registers for other
    ops. Stores of matrices are staged through shared memory. Checks that shared memory
    and registers suffice.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TileAssignRolesPass : Pass<"tile-assign-roles", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Say which role runs an op";
  let description = [{
    Records the roles that the target and the schedule ask for on the kernel, and on
    each op that only one of them runs, which: loads and work items, MMAs that accumulate in tensor
    memory, with `correction_registers` what threads change of sums in tensor memory and make of
    them, all else. An op that has a role keeps it. Scalars, constants, views and
    control flow have none; each role gets the ones it needs.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TileSpecializePass : Pass<"tile-specialize", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Give every warp role its own program";
  let description = [{
    The kernel's body is cloned into each role, which keeps its own ops and what they
    need. A tile that one role makes and another reads crosses through a channel: a
    loaded tile in shared memory, one channel a ring, what MMAs accumulate and what
    threads compute for them in tensor memory, also a sum that both change in turn.
    A vector in registers crosses through shared memory. A role of one thread, or of the
    warps of one worker, that works for several workers does so for one after the other.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TileCutOperandsPass : Pass<"tile-cut-operands", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Hand a left operand over in two parts, so that its MMA starts on the first";
  let description = [{
    A tile that threads write to tensor memory and MMAs of another role read as their left
    operand crosses in two parts, along the inner dimension of the MMAs, of which the second is
    at most one of `last_part` of it. Each has a channel of its own: threads hand on the first
    before they make the rest, and an MMA becomes two, with a wait between.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::arith::ArithDialect"];
}

def TileShareColumnsPass : Pass<"tile-share-columns", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Let tiles in tensor memory lie where others are over";
  let description = [{
    Where the program of each role shows that a channel's tile is written after all
    reads of another's, and read before that one is written again, the two share slots
    of tensor memory. What then no longer needs a barrier gets none: the slot goes from
    role to role with its tiles. Without `strict`, MMAs of one thread that write what an
    earlier one reads do not wait for it, and the kernel says that it assumes their order.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TileLowerChannelsPass : Pass<"tile-lower-channels", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Turn channels into rings of shared memory and barriers";
  let description = [{
    A channel of depth n becomes a buffer of n tiles and two arrays of n barriers,
    `full` and `empty`, for each of its rings; slot and parity become loop-carried
    counters. Offsets of all shared and tensor memory are fixed, the total of shared
    memory is recorded and columns of tensor memory are reserved.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::NVVM::NVVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

def TileVerifyBarriersPass : Pass<"tile-verify-barriers", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Prove that the barriers of a kernel do what its roles need";
  let description = [{
    Interprets the role programs for trip counts around the depths of their rings,
    and reports arrivals, parities, byte counts, slots and turns that do not fit
    together, reads and writes of shared memory, of tensor memory and of registers in
    flight that nothing orders, deadlocks, and what it does not understand. Changes
    nothing.
    docs/passes/tile-verify-barriers.md says what is proven.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
}

def TileBindArgumentsPass : Pass<"tile-bind-arguments", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Replace tensor arguments by what the loader passes";
  let description = [{
    Each tensor becomes tensor maps, pointers, strides and sizes, as its uses need;
    each new argument carries the recipe by which the loader makes it.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::arith::ArithDialect"];
}

def TileCutColumnsPass : Pass<"tile-cut-columns", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Move wide tiles out of tensor memory a few columns at a time";
  let description = [{
    Where a tile is moved from tensor memory to registers, changed there column by column and
    written, to tensor memory or to shared memory, each of its pieces of columns is moved,
    changed and written before the next. A thread then has registers for a piece only. What is
    gathered from global memory and goes to shared memory with a tile is gathered so, too.
  }];
  let dependentDialects = ["::girih::tile::TileDialect", "::mlir::arith::ArithDialect"];
}

#endif // GIRIH_TRANSFORMS_PASSES
