#ifndef GIRIH_TILE_BYTE_OPS
#define GIRIH_TILE_BYTE_OPS

// Included by TileOps.td: what MMAs of 8-bit elements need of their operands.

//===----------------------------------------------------------------------===//
// Tiles of 8-bit elements
//===----------------------------------------------------------------------===//

def Tile_TransposeOp : Tile_Op<"transpose", [Pure]> {
  let summary = "the columns of a tile as rows";
  let description = [{
    Element (i, j) of the result is element (j, i) of the operand. Tiles of 8 bits are
    transposed from one slot of shared memory to another, by a role of its own; pipelining
    names the `ring` of the second, and how many `stages` it has.

    ```mlir
    %t = tile.transpose %v : tensor<64x128xf8E4M3FN> -> tensor<128x64xf8E4M3FN>
    %u = tile.transpose %v ring("v_transposed") stages(2) : !panel -> !transposed
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, OptionalAttr<StrAttr>:$ring, OptionalAttr<I64Attr>:$stages);
  let results = (outs Tile_Tile:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$tile), [{
    build($_builder, $_state, result, tile, /*ring=*/nullptr, /*stages=*/nullptr);
  }]>];
  let assemblyFormat = "$tile (`ring` `(` $ring^ `)`)? (`stages` `(` $stages^ `)`)? attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_RelayoutOp : Tile_Op<"relayout", [Pure]> {
  let summary = "the same tile, held by other registers";
  let description = [{
    Elements stay in their warp, and move between the lanes of four at most: an accumulator
    that was rounded to 8 bits becomes the left operand of an MMA.

    ```mlir
    %left = tile.relayout %p : tensor<64x128xf8E4M3FN, #acc> -> tensor<64x128xf8E4M3FN, #left>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_TransposeIntoOp : Tile_Op<"transpose_into"> {
  let summary = "write a tile of shared memory transposed into another";
  let description = [{
    All threads of the role run it, each worker a part of the rows. Others may read `dest`
    through the asynchronous proxy after `tile.publish`.

    ```mlir
    tile.transpose_into %v, %slot : !panel, !transposed
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, Tile_Tile:$dest);
  let assemblyFormat = "$tile `,` $dest attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_BYTE_OPS
