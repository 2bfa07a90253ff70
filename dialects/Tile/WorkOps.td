#ifndef GIRIH_TILE_WORK_OPS
#define GIRIH_TILE_WORK_OPS

// Included by TileOps.td: work items that are handed out while the kernel runs, and
// numbers that one role tells the others.

def Tile_NextWorkOp : Tile_Op<"next_work", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "take a work item that no CTA has taken";
  let description = [{
    Each CTA starts with the item of its own number, `gpu.block_id x`, and then asks for
    one after another until the answer is `items` or more: nothing is left, and it must
    not ask again. Who asks need not use the answer at once. CTAs of a cluster that share
    work items start with that of the cluster's number, `gpu.cluster_id x`, and one of them asks.

    With a counter there are as many CTAs as items, or fewer, and `counter` is 0 when the
    kernel ends, as it must be when it starts. Without one, the chip hands out the items of
    CTAs that have not started yet: the kernel is launched with a CTA for each.

    One thread of those that share an item runs this op.

    ```mlir
    %next = tile.next_work of %items
    %next = tile.next_work of %items counter(%counter : memref<1xi32>)
    ```
  }];
  let arguments = (ins Index:$items,
                       Optional<AnyTypeOf<[MemRefRankOf<[I32], [1]>, Tile_GlobalPointerType]>>:$counter);
  let results = (outs Index:$work);
  let assemblyFormat = "`of` $items (`counter` `(` $counter^ `:` type($counter) `)`)? attr-dict";
}

def Tile_RequestWorkOp : Tile_Op<"request_work", [AttrSizedOperandSegments]> {
  let summary = "ask the chip for a work item of a CTA that has not started";
  let description = [{
    The answer comes by itself: 16 bytes at the start of the slot, which count towards the
    barrier's current phase. `tile.read_work` understands them. One thread runs this op. With
    `pair`, one item is asked for that both CTAs of the cluster share: the answer comes to the
    slots and barriers of both.

    ```mlir
    tile.request_work to %slot : !number
    tile.request_work to %slot signals %full[%i] : !tile.barriers<2, arrivals = 1> : !number
    tile.request_work to %slot pair signals %full[%i] : !tile.barriers<2, arrivals = 1> : !number
    ```
  }];
  let arguments = (ins Tile_Tile:$dest, Optional<Tile_BarriersType>:$barriers, Optional<Index>:$barrier,
                       UnitAttr:$pair);
  let assemblyFormat = "`to` $dest (`pair` $pair^)? (`signals` $barriers^ `[` $barrier `]` `:` type($barriers))? attr-dict `:` type($dest)";
  let hasVerifier = 1;
}

def Tile_ReadWorkOp : Tile_Op<"read_work"> {
  let summary = "the work item that the chip has answered, or the largest number";
  let description = [{
    For every thread of the role, of a slot that `tile.request_work` has filled. No kernel
    has as many items as the answer if none is left. Of CTAs that share items, it is the
    number of the cluster that would have had it.

    ```mlir
    %next = tile.read_work %slot : !number
    ```
  }];
  let arguments = (ins Tile_Tile:$source);
  let results = (outs Index:$work);
  let assemblyFormat = "$source attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Tile_WriteNumberOp : Tile_Op<"write_number"> {
  let summary = "put a number into a slot of shared memory";
  let description = [{
    It becomes the first element of the tile. One thread runs this op.

    ```mlir
    tile.write_number %next, %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    ```
  }];
  let arguments = (ins Index:$number, Tile_Tile:$dest);
  let assemblyFormat = "$number `,` $dest attr-dict `:` type($dest)";
  let hasVerifier = 1;
}

def Tile_ReadNumberOp : Tile_Op<"read_number"> {
  let summary = "the number in a slot of shared memory";
  let description = [{
    The counterpart of `tile.write_number`, for every thread of the role.

    ```mlir
    %next = tile.read_number %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    ```
  }];
  let arguments = (ins Tile_Tile:$source);
  let results = (outs Index:$number);
  let assemblyFormat = "$source attr-dict `:` type($source)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_WORK_OPS
