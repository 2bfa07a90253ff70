#ifndef GIRIH_TILE_CLUSTER_OPS
#define GIRIH_TILE_CLUSTER_OPS

// Included by TileOps.td: what the CTAs of a cluster do together.

def Tile_ClusterReduceOp : Tile_Op<"cluster_reduce", [Elementwise, MemoryEffects<[MemRead, MemWrite]>,
                                                      AllTypesMatch<["tile", "result"]>, AttrSizedOperandSegments]> {
  let summary = "combine a tile with those of the other CTAs of the cluster, element by element";
  let description = [{
    All CTAs of a cluster run this op, once, and each waits for the others. They combine in the
    order of their numbers, so the result has the same bits in all of them. With `leader` only
    the first CTA has it; the others go on with their own tile and wait for nobody. With
    `rows`, only so many are combined, and what the others are then is not said. `max`
    ignores NaN, as IEEE maxNum.

    A thread has the same elements in all CTAs. They go `through` its worker's slot of a
    buffer, as they lie in registers, and an arrival from each warp at the barriers of all
    CTAs says that they are there. No slot is written twice.

    ```mlir
    %m = tile.cluster_reduce max %x : tensor<64xf32>
    %o = tile.cluster_reduce add %y leader rows(%n) : tensor<64x128xf32>
    %n = tile.cluster_reduce max %z through %buffer, %full[%worker] : !tile.buffer<2 x !slot>, !tile.barriers<2, arrivals = 16> : tensor<64xf32, #row>
    ```
  }];
  let arguments = (ins Tile_ReduceKind:$kind, Tile_Tile:$tile, UnitAttr:$leader, Optional<Index>:$rows,
                       Optional<Tile_BufferType>:$buffer, Optional<Tile_BarriersType>:$barriers,
                       Optional<Index>:$worker);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$kind $tile (`leader` $leader^)? (`rows` `(` $rows^ `)`)? (`through` $buffer^ `,` $barriers `[` $worker `]` `:` type($buffer) `,` type($barriers))? attr-dict `:` type($result)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "ReduceKind":$kind, "::mlir::Value":$tile, "bool":$leader, "::mlir::Value":$rows), [{
    build($_builder, $_state, tile.getType(), kind, tile, leader, rows, /*buffer=*/{}, /*barriers=*/{}, /*worker=*/{});
  }]>];
  let extraClassDeclaration = [{
    /// What the tile of one worker goes through: the registers of all threads, one after another.
    ::mlir::RankedTensorType slotType();
  }];
}

#endif // GIRIH_TILE_CLUSTER_OPS
