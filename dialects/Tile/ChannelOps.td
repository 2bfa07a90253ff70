#ifndef GIRIH_TILE_CHANNEL_OPS
#define GIRIH_TILE_CHANNEL_OPS

// Included by TileOps.td: roles and channels.

include "mlir/Interfaces/ControlFlowInterfaces.td"

//===----------------------------------------------------------------------===//
// Specialized: roles and channels
//===----------------------------------------------------------------------===//

def Tile_RoleOp : Tile_Op<"role", [NoTerminator, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "the program of one group of warps";
  let description = [{
    All roles of a kernel run at the same time on disjoint warps, in the order in
    which they stand: the first role has warps 0 to `warps` - 1, and so on.
    They stand in the entry block of the kernel, each with a name of its own, as do
    channels, allocations and arrays of barriers.
    The region is run by whole workers, which start at a multiple of four warps. With
    `one_thread`, a single thread of the role's first warp runs it and the other threads
    skip it; such roles may share four warps. Each thread may use `registers` registers,
    a number that all roles of four warps share. Such a role with `leader` runs in the
    first CTA of a cluster only, the leader, and in the others nobody runs it.

    ```mlir
    tile.role "load" warps(4) registers(24) one_thread { ... }
    tile.role "compute" warps(8) registers(240) { ... }
    tile.role "mma" warps(3) registers(56) one_thread leader { ... }
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$warps, I64Attr:$registers, UnitAttr:$one_thread, UnitAttr:$leader);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name `warps` `(` $warps `)` `registers` `(` $registers `)` (`one_thread` $one_thread^)? (`leader` $leader^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The number of the first warp in the kernel.
    int64_t getFirstWarp();
    /// How many times the program runs: once a worker, or once.
    int64_t getWorkers();
  }];
}

def Tile_ChannelOp : Tile_Op<"channel", [MemoryEffects<[MemAlloc]>]> {
  let summary = "make a channel";
  let description = [{
    A channel carries tiles from the one role that acquires and commits to the roles
    that wait and release. The producer does `acquire`, `copy`, `commit` for each
    tile, a consumer `wait`, reads, `release`, in the same order of tiles. A
    release stands in the block of its wait, a commit in that of its acquire, and no
    channel may be used under a condition: every role must agree on how many tiles pass.

    Where a channel has `copies`, these ops say which of its rings they mean, by the
    number of the worker whose it is.

    A slot that changes hands to and fro has two channels, one for each direction, of
    which the second `shares` the slots of the first. There nobody acquires or releases:
    a role takes the slot with `tile.wait`, changes it, and hands it on with a commit to
    the other channel; the first time, with `tile.own`.

    In tensor memory the second may carry other tiles, which are no larger: the n-th of
    them lies in columns of the n-th of the first, from `column` on, so that there may be
    several such channels. Who waits for that has its slot until
    it commits the others, and so acquires these without a wait; nobody releases the
    first. The next acquire of the slot waits until the tile of one of these channels is
    released, if anybody does release these.

    ```mlir
    %c = tile.channel "k" : !channel
    %back = tile.channel "k_back" shares(%c : !channel) : !channel
    %p = tile.channel "p" shares(%s : !scores) column(32) : !weights
    ```
  }];
  let arguments = (ins StrAttr:$name, Optional<Tile_ChannelType>:$shares,
                       DefaultValuedAttr<I64Attr, "0">:$column);
  let results = (outs Tile_ChannelType:$channel);
  let assemblyFormat = "$name (`shares` `(` $shares^ `:` type($shares) `)`)? (`column` `(` $column^ `)`)? attr-dict `:` type($channel)";
  let hasVerifier = 1;
}

class ChannelTile<string result>
    : TypesMatchWith<"the tile is one of the channel's", "channel", result,
                     "::llvm::cast<ChannelType>($_self).getTile()">;

def Tile_AcquireOp : Tile_Op<"acquire", [ChannelTile<"slot">]> {
  let summary = "producer: wait for a free slot of a channel";
  let description = [{
    Waits until every consumer has released the tile that the slot held before; the
    first `depth` acquires do not wait. The slot may be written until `tile.commit`.

    ```mlir
    %slot = tile.acquire %c : !channel -> !panel
    %sum = tile.acquire %sums for(%w) : !sums -> !sum
    ```
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Index>:$copy);
  let results = (outs Tile_Tile:$slot);
  let assemblyFormat = "$channel (`for` `(` $copy^ `)`)? attr-dict `:` type($channel) `->` type($slot)";
  let hasVerifier = 1;
}

def Tile_CopyOp : Tile_Op<"copy", [AttrSizedOperandSegments]> {
  let summary = "start an asynchronous copy of a global tile into shared memory";
  let description = [{
    Reads what `tile.load` would. With a barrier, the bytes written count towards
    that barrier's current phase, also those of elements outside the tensor, which
    are written as zero. A read of the tile is ordered after the copy only by that
    barrier, or by `tile.wait` on the slot's channel. One thread runs this op. The barrier
    is that of the CTA's own array or, with `leader`, of the first CTA of its cluster. With
    `multicast`, the tile is written to the same place in each CTA of the cluster, and its bytes
    count at the barrier of the same number there.

    ```mlir
    tile.copy %k[%b, %row, %zero] to %slot : !global, !panel
    tile.copy %map[%b, %row, %zero] to %slot signals %full[%i] : !tile.barriers<2, arrivals = 1> : !map, !panel
    tile.copy %map[%b, %row, %zero] to %slot signals leader %full[%i] : !tile.barriers<2, arrivals = 1> : !map, !panel
    tile.copy %map[%b, %row, %zero] to %half multicast signals %full[%i] : !tile.barriers<2, arrivals = 1> : !map, !panel
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyMemRef, Tile_TensorMapType]>:$source, Variadic<Index>:$indices,
                       Tile_Tile:$dest, Optional<Tile_BarriersType>:$barriers, Optional<Index>:$barrier,
                       UnitAttr:$leader, UnitAttr:$multicast);
  let assemblyFormat = "$source `[` $indices `]` `to` $dest (`multicast` $multicast^)? (`signals` (`leader` $leader^)? $barriers^ `[` $barrier `]` `:` type($barriers))? attr-dict `:` type($source) `,` type($dest)";
  let hasVerifier = 1;
}

def Tile_CommitOp : Tile_Op<"commit"> {
  let summary = "producer: the acquired slot will be full once what writes it completes";
  let description = [{
    Does not wait for the copies or MMAs that write the slot. It belongs to the consumers
    from here on.

    ```mlir
    tile.commit %c : !channel
    ```
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Index>:$copy);
  let assemblyFormat = "$channel (`for` `(` $copy^ `)`)? attr-dict `:` type($channel)";
  let hasVerifier = 1;
}

def Tile_WaitOp : Tile_Op<"wait", [ChannelTile<"tile">]> {
  let summary = "consumer: wait for the next full slot of a channel";
  let description = [{
    Returns the slot of the next tile, in the order of the commits, once what writes it
    is complete. The tile may be read until the consumer's `tile.release`.

    ```mlir
    %k = tile.wait %c : !channel -> !panel
    ```
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Index>:$copy);
  let results = (outs Tile_Tile:$tile);
  let assemblyFormat = "$channel (`for` `(` $copy^ `)`)? attr-dict `:` type($channel) `->` type($tile)";
  let hasVerifier = 1;
}

def Tile_OwnOp : Tile_Op<"own", [Pure, ChannelTile<"slot">]> {
  let summary = "the slot of a channel that this role holds";
  let description = [{
    Waits for nothing. The channel has a depth of 1, and the role has waited for the slot
    last, or is the one that begins with it.

    ```mlir
    %sum = tile.own %one for(%w) : !one -> !sum
    ```
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Index>:$copy);
  let results = (outs Tile_Tile:$slot);
  let assemblyFormat = "$channel (`for` `(` $copy^ `)`)? attr-dict `:` type($channel) `->` type($slot)";
  let hasVerifier = 1;
}

def Tile_ReleaseOp : Tile_Op<"release", [AttrSizedOperandSegments]> {
  let summary = "consumer: the oldest slot waited for may be overwritten";
  let description = [{
    All reads of the slot by this worker must be complete: an asynchronous MMA that
    reads it must have been awaited. `tile.mma_into` is the exception: what it reads is
    released once it completes, and nobody waits for that here. The producer gets the
    slot when all workers of all consumers have released it.

    `after`, if given, is a tile of which each thread must have computed the element
    of the given register first. It keeps the assembler from moving the wait for the
    MMA that follows the release above that computation (docs/performance.md,
    "placing the wait"). The element must not be negative: its sign bit, taken to be
    zero, makes the dependence.

    ```mlir
    tile.release %c : !channel
    tile.release %c after %p[15] : !acc : !channel
    ```
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Index>:$copy, Optional<Tile_Tile>:$after,
                       DefaultValuedAttr<I64Attr, "0">:$element);
  let assemblyFormat = "$channel (`for` `(` $copy^ `)`)? (`after` $after^ `[` $element `]` `:` type($after))? attr-dict `:` type($channel)";
  let hasVerifier = 1;
}

def Tile_MmaIntoOp : Tile_Op<"mma_into", [AttrSizedOperandSegments]> {
  let summary = "start a matrix multiply-accumulate into a tile in tensor memory";
  let description = [{
    As `tile.mma`, with `dest` for the accumulator and the result: where `accumulate` is
    false, what `dest` held before does not count. One thread runs this op, and waits for
    nothing; the MMAs of one thread complete in the order in which they start. Until then
    the operands must stay as they are, and `dest` belongs to the MMA; `tile.mma_commit`
    tells others when that is over. `a` lies in shared or tensor memory, `b` in shared
    memory, and `scales`, if any, in tensor memory, where `tile.copy_scales` has put them.
    With `pair`, the leader starts it for both CTAs of the cluster: it reads and
    writes the slots of the same number in both.

    ```mlir
    tile.mma_into %sum, %a, %b accumulate(%more) : !sum, !panel128, !panel
    tile.mma_into %wide, %a, %b accumulate(%more) pair : !wide, !panel128, !panel
    tile.mma_into %sum, %x, %y accumulate(%more) scales(%sx, %sy : !scales, !scales) : !sum, !narrow128, !narrow
    ```
  }];
  let arguments = (ins Tile_Tile:$dest, Tile_Tile:$a, Tile_Tile:$b, I1:$accumulate, Variadic<Tile_Tile>:$scales,
                       Optional<I1>:$second_half, UnitAttr:$transpose_b, UnitAttr:$pair);
  let assemblyFormat = "$dest `,` $a `,` $b `accumulate` `(` $accumulate `)` (`scales` `(` $scales^ `:` type($scales) `)`)? (`second_half` `(` $second_half^ `)`)? (`transpose_b` $transpose_b^)? (`pair` $pair^)? attr-dict `:` type($dest) `,` type($a) `,` type($b)";
  let hasVerifier = 1;
}

def Tile_CopyScalesOp : Tile_Op<"copy_scales"> {
  let summary = "start a copy of scales from shared to tensor memory";
  let description = [{
    Of every 32 rows of `scales`, row r goes to lane r, and to the lanes 32, 64 and 96 after it; each
    32 rows have 4 columns of `dest`. One thread runs this op, and waits for nothing: MMAs that it
    starts before have read what they need of `dest`, those that it starts after read what is copied, and
    `tile.mma_commit` tells others when `scales` has been read.

    ```mlir
    tile.copy_scales %sx, %slot : tensor<32x16xf8E8M0FNU, #tile.shared<swizzle = 16>>, tensor<32x16xf8E8M0FNU, #tile.tensor_memory>
    ```
  }];
  let arguments = (ins Tile_Tile:$scales, Tile_Tile:$dest);
  let assemblyFormat = "$scales `,` $dest attr-dict `:` type($scales) `,` type($dest)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_CHANNEL_OPS
