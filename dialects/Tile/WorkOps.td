#ifndef GIRIH_TILE_WORK_OPS
#define GIRIH_TILE_WORK_OPS

// Included by TileOps.td: work items that are handed out while the kernel runs, and
// numbers that one role tells the others.

def Tile_NextWorkOp : Tile_Op<"next_work"> {
  let summary = "take a work item that no CTA has taken";
  let description = [{
    Each CTA starts with the item of its own number, `gpu.block_id x`, and then asks for
    one after another until the answer is `items` or more: nothing is left, and it must
    not ask again. There are as many CTAs as items, or fewer. Then `counter` is 0 when the
    kernel ends, as it must be when it starts. Who asks need not use the answer at once.

    One thread of the CTA runs this op.

    ```mlir
    %next = tile.next_work %counter of %items : memref<1xi32>
    ```
  }];
  let arguments = (ins Arg<AnyTypeOf<[MemRefRankOf<[I32], [1]>, Tile_GlobalPointerType]>, "how many were taken",
                           [MemRead, MemWrite]>:$counter, Index:$items);
  let results = (outs Index:$work);
  let assemblyFormat = "$counter `of` $items attr-dict `:` type($counter)";
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
