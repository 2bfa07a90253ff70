#ifndef GIRIH_TILE_OPS
#define GIRIH_TILE_OPS

include "dialects/Tile/TileTypes.td"
include "mlir/IR/BuiltinTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "how a reduction combines",
    [I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Max", 1, "max">]> {
  let cppNamespace = "::girih::tile";
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_Tile : Type<CPred<"::girih::tile::isTile($_self)">,
    "tile: 1 or 2 static dimensions, 1 to 1048576 integers or floats of at most 64 bits", "::mlir::RankedTensorType">;
def Tile_Operand : AnyTypeOf<[Tile_Tile, Tile_AsyncType]>;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

def Tile_LoadOp : Tile_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "read a tile of a global tensor";
  let description = [{
    Reads the block of the tile's shape at the given element indices; the tile
    spans the last dimensions of the tensor, and the indices before them choose one
    slice. Elements outside the tensor read as zero. Loads run ahead of the program,
    so a kernel must not load what it stores.

    Pipelining names the `ring` of shared-memory slots that the tile goes through,
    and how many `stages` it has; loads with the same ring share its slots.

    With `multicast`, all CTAs of the cluster run this load with the same indices, and each
    reads a part of the block for all of them.

    ```mlir
    %t = tile.load %k[%b, %row, %zero] : !global -> tensor<64x64xbf16>
    %u = tile.load %k[%b, %row, %zero] ring("k") stages(2) : !global -> tensor<64x64xbf16>
    %v = tile.load %k[%b, %row, %zero] multicast : !global -> tensor<64x64xbf16>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "the tensor", [MemRead]>:$source, Variadic<Index>:$indices,
                       OptionalAttr<StrAttr>:$ring, OptionalAttr<I64Attr>:$stages, UnitAttr:$multicast);
  let results = (outs Tile_Tile:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$source, "::mlir::ValueRange":$indices), [{
    build($_builder, $_state, result, source, indices, /*ring=*/nullptr, /*stages=*/nullptr);
  }]>];
  let assemblyFormat = "$source `[` $indices `]` (`ring` `(` $ring^ `)`)? (`stages` `(` $stages^ `)`)? (`multicast` $multicast^)? attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather", [Pure, AttrSizedOperandSegments]> {
  let summary = "elements of a global tensor that nobody writes, each at an index of its own";
  let description = [{
    Element (i, j) of the result is the tensor's at the given indices, one a dimension:
    `index + step * j`, where the index is one number, one for each row or, with a step of 0,
    one for each element. Without a tile among the operands and steps, the result is one
    number. An index below 0 counts as 0, one beyond the last as the last. Floats become f32,
    and integers i32: of i64 the lower half, of i8 without a sign.

    The tensor must not change while the kernel runs, which is why the op is pure. Once
    arguments are bound, its address, strides and sizes are operands.

    ```mlir
    %slope = tile.gather %slopes[%h] steps [0] : memref<32xf32, strided<[1]>>, i32 -> f32
    %bias = tile.gather %table[%first] steps [1] : memref<?xbf16, strided<[1]>>, i32 -> tensor<128x64xf32>
    %ids = tile.gather %p[%rows] steps [0] strides(%one) limits(%n) : !tile.pointer<i32>, tensor<64xi32, #row> -> tensor<64xi32, #row>
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyMemRef, Tile_GlobalPointerType]>:$source,
                       Variadic<AnyTypeOf<[I32, Tile_Tile]>>:$indices, DenseI64ArrayAttr:$steps,
                       Variadic<I64>:$strides, Variadic<I32>:$limits);
  let results = (outs AnyTypeOf<[Tile_Tile, F32, I32]>:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$source, "::mlir::ValueRange":$indices,
                             "::llvm::ArrayRef<int64_t>":$steps), [{
    build($_builder, $_state, result, source, indices, steps, /*strides=*/{}, /*limits=*/{});
  }]>];
  let assemblyFormat = [{
    $source `[` $indices `]` `steps` $steps (`strides` `(` $strides^ `)` `limits` `(` $limits `)`)? attr-dict
    `:` type($source) `,` type($indices) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "write a tile to a global tensor";
  let description = [{
    The counterpart of `tile.load`; elements that lie outside the tensor are not
    written. A tile in registers is written by the threads that hold it. A tile in
    shared memory is written asynchronously by TMA, and its memory may be reused
    only after `tile.drain_stores`. Stores of different workers are not ordered.

    ```mlir
    tile.store %o, %out[%b, %row, %zero] : tensor<64x64xbf16>, !global
    tile.store %staged, %map[%b, %row, %zero] : !panel, !map
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, AnyTypeOf<[AnyMemRef, Tile_TensorMapType]>:$dest,
                       Variadic<Index>:$indices);
  let assemblyFormat = "$tile `,` $dest `[` $indices `]` attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

include "dialects/Tile/MmaOps.td"

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combine the columns of every row";
  let description = [{
    A MxN tile becomes a tile of M, or, with a result of MxP, P partial results a
    row whose combination is the full one; which columns fall into which partial
    result is the layout's choice. Partial results cost no exchange between lanes, so
    a loop can keep them and combine once at its end. `max` ignores NaN, as IEEE
    maxNum.

    ```mlir
    %m = tile.reduce max %s : tensor<128x64xf32> -> tensor<128xf32>
    %l = tile.reduce add %p : tensor<128x64xf32> -> tensor<128x4xf32>
    ```
  }];
  let arguments = (ins Tile_ReduceKind:$kind, Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$kind $tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_AnyOp : Tile_Op<"any", [Pure]> {
  let summary = "whether an element may be true";
  let description = [{
    False only if all elements are false that the running warp holds, once a tile is spread
    over warps; so the answer may differ between warps, and is right for guarding what does
    nothing for elements that are false.

    ```mlir
    %some = tile.any %grown : tensor<128xi1>
    ```
  }];
  let arguments = (ins ConfinedType<Tile_Tile, [CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isInteger(1)">],
                                    "tile of 1-bit integers">:$tile);
  let results = (outs I1:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile)";
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeat a tile of M along N columns";
  let description = [{
    Element (i, j) of the result is element i of the operand.

    ```mlir
    %wide = tile.broadcast %m : tensor<128xf32> -> tensor<128x64xf32>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "every element's index along one dimension";
  let description = [{
    The index counts from 0 at the tile's own corner; add the tile's position for an
    index into the tensor. Masks are built from it with `arith.cmpi` and
    `arith.select`.

    ```mlir
    %column = tile.iota 1 : tensor<128x64xi32>
    ```
  }];
  let arguments = (ins I64Attr:$dimension);
  let results = (outs ConfinedType<Tile_Tile, [CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isInteger(32)">],
                                   "tile of 32-bit integers">:$result);
  let assemblyFormat = "$dimension attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure, TypesMatchWith<"the scalar is of the tile's element type", "result", "scalar",
                                                           "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType()">]> {
  let summary = "a tile whose elements are one scalar";
  let description = [{
    Like `tensor.splat`, but it can carry the encoding of a placed tile.

    ```mlir
    %limit = tile.splat %n : i32 -> tensor<128x64xi32>
    ```
  }];
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
    the same program. Workers are numbered from 0 within their role. The result is
    uniform over a worker.

    ```mlir
    %w = tile.worker
    ```
  }];
  let results = (outs Index:$index);
  let assemblyFormat = "attr-dict";
}

def Tile_OpaqueOp : Tile_Op<"opaque", [Pure, SameOperandsAndResultType]> {
  let summary = "a value that nothing before the lowering sees through";
  let description = [{
    Its operand. No pass folds it away before `convert-tile-to-nvvm`, so what is
    computed from it is not known: a loop whose step is opaque stays a loop, even
    where it can be seen to run once.

    ```mlir
    %step = tile.opaque %one : index
    ```
  }];
  let arguments = (ins Index:$value);
  let results = (outs Index:$result);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Tile_SliceOp : Tile_Op<"slice", [Pure]> {
  let summary = "a part of a tile";
  let description = [{
    The part of the result's shape at the given offsets, one for each dimension from
    the first on; dimensions without an offset are taken whole. An offset is a
    multiple of the result's size in its dimension, if that divides the tile's; else it is
    constant, and a multiple of the largest size that divides both.

    A slice of a tile in shared memory is a view: it moves no data and lives as long
    as the tile. It has whole groups of 8 rows, after which the swizzle repeats, of
    whole panels. Its type tells the rows of those panels. A slice of a tile in registers
    is some of them: columns at a constant offset that no lane or warp has alone.

    ```mlir
    %mine = tile.slice %q[%row] : tensor<128x64xbf16> -> tensor<64x64xbf16>
    %half = tile.slice %k[%zero, %column] : tensor<128x128xbf16> -> tensor<128x64xbf16>
    %view = tile.slice %whole[%row] : tensor<128x64xbf16, #tile.shared<swizzle = 128>>
        -> tensor<64x64xbf16, #tile.shared<swizzle = 128, rows = 128>>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, Variadic<Index>:$offsets);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile `[` $offsets `]` attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Refuses offsets that are known and do not fit the tile. They are values, so
    /// this is no rule of the IR: code that never runs may have them.
    ::mlir::LogicalResult checkOffsets();
  }];
}

def Tile_MmaAsyncOp : Tile_Op<"mma_async", [AttrSizedOperandSegments]> {
  let summary = "start a matrix multiply-accumulate";
  let description = [{
    As `tile.mma`, but the result is valid only after `tile.await`. MMAs of one
    worker complete in the order in which they start, so `acc` may still be
    asynchronous. Operands must stay unchanged until the result has been awaited:
    a slot of shared memory may not be released, and registers may not be written.

    ```mlir
    %s = tile.mma_async %q, %k transpose_b : !panel, !panel -> !tile.async<!acc>
    %t = tile.mma_async %q, %k, %s transpose_b : !panel, !panel, !tile.async<!acc> -> !tile.async<!acc>
    ```
  }];
  let arguments = (ins Tile_Tile:$a, Tile_Tile:$b, Optional<Tile_Operand>:$acc, Variadic<Tile_Tile>:$scales,
                       Optional<I1>:$second_half, UnitAttr:$transpose_b, UnitAttr:$pair);
  let results = (outs Tile_AsyncType:$result);
  let assemblyFormat = "$a `,` $b (`,` $acc^)? (`scales` `(` $scales^ `:` type($scales) `)`)? (`second_half` `(` $second_half^ `)`)? (`transpose_b` $transpose_b^)? (`pair` $pair^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->` type($result)";
  let hasVerifier = 1;
}

def Tile_AwaitOp : Tile_Op<"await"> {
  let summary = "wait for an asynchronous MMA";
  let description = [{
    Returns once all but the newest `in_flight` MMAs of this worker are complete;
    the awaited MMA is older than those. `in_flight(0)` waits for all.

    ```mlir
    %s = tile.await %a in_flight(1) : !tile.async<!acc> -> !acc
    ```
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
    and `tile.pass_turn` a worker runs alone. All workers of a role must take the
    same number of turns. A turn orders nothing but the workers' instructions: it is
    no fence for memory.

    ```mlir
    tile.take_turn
    %s = tile.mma_async %q, %k transpose_b : !panel, !panel -> !tile.async<!acc>
    tile.pass_turn
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_PassTurnOp : Tile_Op<"pass_turn"> {
  let summary = "let the next worker have its turn";
  let description = [{
    Ends the turn that `tile.take_turn` began; it does not wait. MMAs started in the
    turn may still run.

    ```mlir
    tile.pass_turn
    ```
  }];
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Placed
//===----------------------------------------------------------------------===//

def Tile_ToSharedOp : Tile_Op<"to_shared"> {
  let summary = "stage a tile of registers in shared memory for an asynchronous store";
  let description = [{
    The result is a worker's own staging buffer, which the following `tile.store`
    reads. There is one buffer a worker: the next `tile.to_shared` of that worker
    waits until the store before it has read the buffer.

    ```mlir
    %staged = tile.to_shared %o : tensor<64x64xbf16, #acc> -> !panel
    tile.store %staged, %out[%b, %row, %zero] : !panel, !global
    ```
  }];
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_MoveOp : Tile_Op<"move", [MemoryEffects<[MemRead]>]> {
  let summary = "copy a tile between tensor memory and registers, or from shared memory to registers";
  let description = [{
    The whole worker moves; of a tile in tensor memory warp w of it the 32 lanes from 32 w
    on. The result is there when the op is done. A tile that is moved to tensor memory is a
    new one; which columns it takes is decided when channels are made. A vector comes from
    a slot of one row.

    ```mlir
    %values = tile.move %sum : !sum -> tensor<128x64xf32, #lane>
    %left = tile.move %queries : !panel -> tensor<64x64xbf16, #acc>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_WriteTensorOp : Tile_Op<"write_tensor"> {
  let summary = "write a tile of registers into tensor memory";
  let description = [{
    The whole worker writes, warp w of it the 32 lanes from 32 w on; the tile is there when
    the op is done. Others see it after a barrier with `tensor_memory`.

    ```mlir
    tile.write_tensor %p, %slot : tensor<128x64xbf16, #lane>, tensor<128x64xbf16, #tile.tensor_memory>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, Tile_Tile:$dest);
  let assemblyFormat = "$tile `,` $dest attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

include "dialects/Tile/RandomOps.td"
include "dialects/Tile/ViewOps.td"
include "dialects/Tile/ByteOps.td"
include "dialects/Tile/ChannelOps.td"
include "dialects/Tile/BarrierOps.td"
include "dialects/Tile/WorkOps.td"
include "dialects/Tile/ClusterOps.td"
#endif // GIRIH_TILE_OPS
