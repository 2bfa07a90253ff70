#ifndef GIRIH_TILE_OPS
#define GIRIH_TILE_OPS

include "dialects/Tile/TileTypes.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Add", 0, "add">,
    I32EnumAttrCase<"Max", 1, "max">]> {
  let cppNamespace = "::girih::tile";
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_Tile : StaticShapeTensorOf<[AnyInteger, AnyFloat]>;
def Tile_Operand : AnyTypeOf<[Tile_Tile, Tile_AsyncType]>;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

def Tile_LoadOp : Tile_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "read a tile of a global tensor";
  let description = [{
    Reads the block of the tile's shape at the given element indices; the tile
    spans the last dimensions of the tensor. Elements outside the tensor read as
    zero. Pipelining names the `ring` of shared-memory slots that the tile goes
    through, and how many `stages` it has; copies of one load share their ring.

    ```mlir
    %t = tile.load %k[%b, %h, %row, %zero] : memref<4x32x?x128xbf16, strided<[?, ?, ?, 1]>> -> tensor<128x128xbf16>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "the tensor", [MemRead]>:$source, Variadic<Index>:$indices,
                       OptionalAttr<StrAttr>:$ring, OptionalAttr<I64Attr>:$stages);
  let results = (outs Tile_Tile:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$source, "::mlir::ValueRange":$indices), [{
    build($_builder, $_state, result, source, indices, /*ring=*/nullptr, /*stages=*/nullptr);
  }]>];
  let assemblyFormat = "$source `[` $indices `]` (`ring` `(` $ring^ `)`)? (`stages` `(` $stages^ `)`)? attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "write a tile to a global tensor";
  let description = [{
    The counterpart of `tile.load`; elements that lie outside the tensor are not
    written. A tile in shared memory is written asynchronously by TMA, and its
    memory may be reused only after `tile.drain_stores`.
  }];
  let arguments = (ins Tile_Tile:$tile, AnyTypeOf<[AnyMemRef, Tile_TensorMapType]>:$dest,
                       Variadic<Index>:$indices);
  let assemblyFormat = "$tile `,` $dest `[` $indices `]` attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

def Tile_MmaOp : Tile_Op<"mma", [Pure]> {
  let summary = "matrix multiply-accumulate";
  let description = [{
    `result = a * b + acc`, accumulated in the result's element type; no `acc`
    means zero. `a` is MxK, `b` is KxN, or NxK with `transpose_b`.
  }];
  let arguments = (ins Tile_Tile:$a, Tile_Tile:$b, Optional<Tile_Tile>:$acc, UnitAttr:$transpose_b);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$a `,` $b (`,` $acc^)? (`transpose_b` $transpose_b^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->` type($result)";
  let hasVerifier = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combine the columns of every row";
  let description = [{
    A MxN tile becomes a tile of M, or, with a result of MxP, P partial results a
    row whose combination is the full one; which columns fall into which partial
    result is the layout's choice. `max` ignores NaN, as IEEE maxNum.
  }];
  let arguments = (ins Tile_ReduceKind:$kind, Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$kind $tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeat a tile of M along N columns";
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "every element's index along one dimension";
  let arguments = (ins I64Attr:$dimension);
  let results = (outs StaticShapeTensorOf<[I32]>:$result);
  let assemblyFormat = "$dimension attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure, TypesMatchWith<"the scalar is of the tile's element type", "result", "scalar",
                                                           "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType()">]> {
  let summary = "a tile whose elements are one scalar";
  let arguments = (ins AnyTypeOf<[I32, AnyFloat]>:$scalar);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$scalar attr-dict `:` type($scalar) `->` type($result)";
}

//===----------------------------------------------------------------------===//
// Partitioned and pipelined
//===----------------------------------------------------------------------===//

def Tile_WorkerOp : Tile_Op<"worker", [Pure]> {
  let summary = "which worker of its role runs this";
  let description = [{
    The rows of a kernel are split over equal workers, each a warpgroup that runs
    the same program. Workers are numbered from 0.
  }];
  let results = (outs Index:$index);
  let assemblyFormat = "attr-dict";
}

def Tile_SliceOp : Tile_Op<"slice", [Pure]> {
  let summary = "some rows of a tile";
  let description = [{
    Rows `offset` to `offset + M` of a tile, all columns; `offset` is a multiple of M.
  }];
  let arguments = (ins Tile_Tile:$tile, Index:$offset);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile `[` $offset `]` attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_MmaAsyncOp : Tile_Op<"mma_async"> {
  let summary = "start a matrix multiply-accumulate";
  let description = [{
    As `tile.mma`, but the result is valid only after `tile.await`. MMAs of one
    worker complete in the order in which they start, so `acc` may still be
    asynchronous. Operands must stay unchanged until the result has been awaited.
  }];
  let arguments = (ins Tile_Tile:$a, Tile_Tile:$b, Optional<Tile_Operand>:$acc, UnitAttr:$transpose_b);
  let results = (outs Tile_AsyncType:$result);
  let assemblyFormat = "$a `,` $b (`,` $acc^)? (`transpose_b` $transpose_b^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->` type($result)";
  let hasVerifier = 1;
}

def Tile_AwaitOp : Tile_Op<"await"> {
  let summary = "wait for an asynchronous MMA";
  let description = [{
    Returns once all but the newest `in_flight` MMAs of this worker are complete;
    the awaited MMA is older than those.
  }];
  let arguments = (ins Tile_AsyncType:$value, I64Attr:$in_flight);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$value `in_flight` `(` $in_flight `)` attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_TakeTurnOp : Tile_Op<"take_turn"> {
  let summary = "wait until it is this worker's turn";
  let description = [{
    Workers take turns in a fixed circle, worker 0 first. Between `tile.take_turn`
    and `tile.pass_turn` a worker runs alone.
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_PassTurnOp : Tile_Op<"pass_turn"> {
  let summary = "let the next worker have its turn";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Placed
//===----------------------------------------------------------------------===//

def Tile_ToSharedOp : Tile_Op<"to_shared"> {
  let summary = "stage a tile of registers in shared memory for an asynchronous store";
  let description = [{
    The result is a worker's own staging buffer, which the following `tile.store`
    reads.
  }];
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

include "dialects/Tile/ChannelOps.td"

#endif // GIRIH_TILE_OPS
