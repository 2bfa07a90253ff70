#ifndef GIRIH_TILE_CHANNEL_OPS
#define GIRIH_TILE_CHANNEL_OPS

// Included by TileOps.td: roles, channels, and the barriers that channels become.

include "mlir/Interfaces/ControlFlowInterfaces.td"

//===----------------------------------------------------------------------===//
// Specialized: roles and channels
//===----------------------------------------------------------------------===//

def Tile_RoleOp : Tile_Op<"role", [NoTerminator, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "the program of one group of warps";
  let description = [{
    All roles of a kernel run at the same time on disjoint warps, in the order in
    which they stand: the first role has warps 0 to 4 * workers - 1, and so on.
    Each thread may use `registers` registers. With `one_thread`, a single thread
    of the role's first warp runs the region and the other threads skip it.

    ```mlir
    tile.role "load" workers(1) registers(24) one_thread { ... }
    tile.role "compute" workers(2) registers(240) { ... }
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$workers, I64Attr:$registers, UnitAttr:$one_thread);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name `workers` `(` $workers `)` `registers` `(` $registers `)` (`one_thread` $one_thread^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Tile_ChannelOp : Tile_Op<"channel", [MemoryEffects<[MemAlloc]>]> {
  let summary = "make a channel";
  let arguments = (ins StrAttr:$name);
  let results = (outs Tile_ChannelType:$channel);
  let assemblyFormat = "$name attr-dict `:` type($channel)";
}

class ChannelTile<string result>
    : TypesMatchWith<"the tile is one of the channel's", "channel", result,
                     "::llvm::cast<ChannelType>($_self).getTile()">;

def Tile_AcquireOp : Tile_Op<"acquire", [ChannelTile<"slot">]> {
  let summary = "producer: wait for a free slot of a channel";
  let arguments = (ins Tile_ChannelType:$channel);
  let results = (outs Tile_Tile:$slot);
  let assemblyFormat = "$channel attr-dict `:` type($channel) `->` type($slot)";
}

def Tile_CopyOp : Tile_Op<"copy", [AttrSizedOperandSegments]> {
  let summary = "start an asynchronous copy of a global tile into shared memory";
  let description = [{
    Reads what `tile.load` would. With a barrier, the bytes written count towards
    that barrier's current phase.
  }];
  let arguments = (ins AnyTypeOf<[AnyMemRef, Tile_TensorMapType]>:$source, Variadic<Index>:$indices,
                       Tile_Tile:$dest, Optional<Tile_BarriersType>:$barriers, Optional<Index>:$barrier);
  let assemblyFormat = "$source `[` $indices `]` `to` $dest (`signals` $barriers^ `[` $barrier `]` `:` type($barriers))? attr-dict `:` type($source) `,` type($dest)";
  let hasVerifier = 1;
}

def Tile_CommitOp : Tile_Op<"commit"> {
  let summary = "producer: the acquired slot will be full once its copies complete";
  let arguments = (ins Tile_ChannelType:$channel);
  let assemblyFormat = "$channel attr-dict `:` type($channel)";
}

def Tile_WaitOp : Tile_Op<"wait", [ChannelTile<"tile">]> {
  let summary = "consumer: wait for the next full slot of a channel";
  let arguments = (ins Tile_ChannelType:$channel);
  let results = (outs Tile_Tile:$tile);
  let assemblyFormat = "$channel attr-dict `:` type($channel) `->` type($tile)";
}

def Tile_ReleaseOp : Tile_Op<"release"> {
  let summary = "consumer: the oldest slot waited for may be overwritten";
  let description = [{
    `after`, if given, is a value that must have been computed first. It keeps the
    assembler from moving the wait for the MMA that follows the release above the
    computation of that value (docs/performance.md, "placing the wait").
  }];
  let arguments = (ins Tile_ChannelType:$channel, Optional<Tile_Tile>:$after);
  let assemblyFormat = "$channel (`after` $after^ `:` type($after))? attr-dict `:` type($channel)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Barriers explicit
//===----------------------------------------------------------------------===//

def Tile_AllocOp : Tile_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "shared memory for an array of tiles, at a fixed byte offset";
  let arguments = (ins StrAttr:$name, I64Attr:$offset);
  let results = (outs Tile_BufferType:$buffer);
  let assemblyFormat = "$name `offset` `(` $offset `)` attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Tile_SlotOp : Tile_Op<"slot", [Pure, TypesMatchWith<"the tile is one of the buffer's", "buffer", "tile",
                                                         "::llvm::cast<BufferType>($_self).getTile()">]> {
  let summary = "one tile of a buffer";
  let arguments = (ins Tile_BufferType:$buffer, Index:$index);
  let results = (outs Tile_Tile:$tile);
  let assemblyFormat = "$buffer `[` $index `]` attr-dict `:` type($buffer) `->` type($tile)";
}

def Tile_BarriersOp : Tile_Op<"barriers", [MemoryEffects<[MemAlloc]>]> {
  let summary = "an array of initialized barriers, at a fixed byte offset";
  let arguments = (ins StrAttr:$name, I64Attr:$offset);
  let results = (outs Tile_BarriersType:$barriers);
  let assemblyFormat = "$name `offset` `(` $offset `)` attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

class Tile_BarrierOp<string mnemonic> : Tile_Op<mnemonic>;

def Tile_BarrierWaitOp : Tile_BarrierOp<"barrier_wait"> {
  let summary = "wait until the phase of the given parity has completed";
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, I32:$parity);
  let assemblyFormat = "$barriers `[` $index `]` `parity` `(` $parity `)` attr-dict `:` type($barriers)";
}

def Tile_BarrierArriveOp : Tile_BarrierOp<"barrier_arrive"> {
  let summary = "one arrival from each warp of the worker";
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, Optional<Tile_Tile>:$after);
  let assemblyFormat = "$barriers `[` $index `]` (`after` $after^ `:` type($after))? attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def Tile_BarrierExpectOp : Tile_BarrierOp<"barrier_expect"> {
  let summary = "one arrival, and `bytes` more to be written in this phase";
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, I64Attr:$bytes);
  let assemblyFormat = "$barriers `[` $index `]` `bytes` `(` $bytes `)` attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def Tile_WriteSharedOp : Tile_Op<"write_shared"> {
  let summary = "write a tile of registers into shared memory";
  let arguments = (ins Tile_Tile:$tile, Tile_Tile:$dest);
  let assemblyFormat = "$tile `,` $dest attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

def Tile_PublishOp : Tile_Op<"publish"> {
  let summary = "make a worker's writes to shared memory visible to its asynchronous stores";
  let description = [{
    A proxy fence in every thread, then a barrier over the worker (PTX ISA,
    "async proxy").
  }];
  let arguments = (ins Index:$barrier);
  let assemblyFormat = "`barrier` `(` $barrier `)` attr-dict";
}

def Tile_DrainStoresOp : Tile_Op<"drain_stores"> {
  let summary = "wait for a worker's asynchronous stores";
  let description = [{
    Until their shared memory has been read, or, with `completed`, until their
    writes to global memory are done too. With a barrier, no thread of the worker
    goes on before that.
  }];
  let arguments = (ins Optional<Index>:$barrier, UnitAttr:$completed);
  let assemblyFormat = "(`barrier` `(` $barrier^ `)`)? (`completed` $completed^)? attr-dict";
}

def Tile_ScatterOp : Tile_Op<"scatter", [AttrSizedOperandSegments]> {
  let summary = "write a tile of registers to global memory element by element";
  let description = [{
    Element (i, j, ...) of the tile goes to element
    `offset + i * strides[0] + j * strides[1] + ...`; an index that reaches
    `limits` in its dimension is skipped.
  }];
  let arguments = (ins Tile_Tile:$tile, Tile_GlobalPointerType:$dest, I64:$offset,
                       Variadic<I64>:$strides, Variadic<Index>:$limits);
  let assemblyFormat = "$tile `,` $dest `[` $offset `]` `strides` `(` $strides `)` `limits` `(` $limits `)` attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_CHANNEL_OPS
