#ifndef GIRIH_TILE_BARRIER_OPS
#define GIRIH_TILE_BARRIER_OPS

// Included by TileOps.td: what channels become.

//===----------------------------------------------------------------------===//
// Barriers explicit
//===----------------------------------------------------------------------===//

def Tile_AllocOp : Tile_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "memory for an array of tiles, at a fixed offset";
  let description = [{
    The offset of tiles in shared memory counts bytes from the start of the kernel's
    shared memory and is a multiple of 1024, after which the widest swizzle repeats; that
    of tiles in tensor memory counts columns from those that `tile.tensor_columns`
    reserves. Allocations in shared memory may not overlap; in tensor memory they may, and
    what is written in one is lost in the other. `tile-lower-channels` lays them out.

    ```mlir
    %buffer = tile.alloc "k" offset(0) : !tile.buffer<2 x !panel>
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<2 x !sum>
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$offset);
  let results = (outs Tile_BufferType:$buffer);
  let assemblyFormat = "$name `offset` `(` $offset `)` attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Tile_TensorColumnsOp : Tile_Op<"tensor_columns", [MemoryEffects<[MemAlloc]>]> {
  let summary = "reserve columns of tensor memory for the kernel";
  let description = [{
    The CTA waits until it has so many columns, a power of two from 32 to 512 (PTX ISA,
    "tcgen05.alloc"), before any role starts, and gives them back after all roles have
    ended. Where they start is kept in 4 bytes of shared memory at `offset`.

    ```mlir
    tile.tensor_columns columns(256) offset(32784)
    ```
  }];
  let arguments = (ins I64Attr:$columns, I64Attr:$offset);
  let assemblyFormat = "`columns` `(` $columns `)` `offset` `(` $offset `)` attr-dict";
  let hasVerifier = 1;
}

def Tile_SlotOp : Tile_Op<"slot", [Pure, TypesMatchWith<"the tile is one of the buffer's", "buffer", "tile",
                                                         "::llvm::cast<BufferType>($_self).getTile()">]> {
  let summary = "one tile of a buffer";
  let description = [{
    A view; it moves no data and orders nothing.

    ```mlir
    %k = tile.slot %buffer[%i] : !tile.buffer<2 x !panel> -> !panel
    ```
  }];
  let arguments = (ins Tile_BufferType:$buffer, Index:$index);
  let results = (outs Tile_Tile:$tile);
  let assemblyFormat = "$buffer `[` $index `]` attr-dict `:` type($buffer) `->` type($tile)";
}

def Tile_BarriersOp : Tile_Op<"barriers", [MemoryEffects<[MemAlloc]>]> {
  let summary = "an array of initialized barriers, at a fixed byte offset";
  let description = [{
    Each is 8 bytes. They are initialized with the type's `arrivals` before any role
    starts, and are in their phase 0, whose parity is 0.

    ```mlir
    %full = tile.barriers "k_full" offset(32768) : !tile.barriers<2, arrivals = 1>
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$offset);
  let results = (outs Tile_BarriersType:$barriers);
  let assemblyFormat = "$name `offset` `(` $offset `)` attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

class Tile_BarrierOp<string mnemonic> : Tile_Op<mnemonic>;

def Tile_BarrierWaitOp : Tile_BarrierOp<"barrier_wait"> {
  let summary = "wait until the phase of the given parity has completed";
  let description = [{
    Passes while the barrier is in a phase of the other parity, so it waits for the
    current phase if `parity` is that phase's, and passes at once if it is that of
    the phase before. The phase before the first has parity 1 and counts as complete.
    Writes whose bytes the phase counted, and all that threads did before they
    arrived, are visible after the wait; of tensor memory only with `tensor_memory`, and of
    threads of other CTAs of the cluster only with `cluster`.

    ```mlir
    tile.barrier_wait %full[%i] parity(%parity) : !tile.barriers<2, arrivals = 1>
    tile.barrier_wait %full[%i] parity(%parity) tensor_memory : !tile.barriers<2, arrivals = 1>
    tile.barrier_wait %empty[%i] parity(%parity) cluster : !tile.barriers<2, arrivals = 8>
    ```
  }];
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, I32:$parity, UnitAttr:$tensor_memory,
                       UnitAttr:$cluster);
  let assemblyFormat = "$barriers `[` $index `]` `parity` `(` $parity `)` (`tensor_memory` $tensor_memory^)? (`cluster` $cluster^)? attr-dict `:` type($barriers)";
}

def Tile_BarrierArriveOp : Tile_BarrierOp<"barrier_arrive"> {
  let summary = "one arrival from each warp of the worker";
  let description = [{
    One lane of each of the worker's four warps arrives, so a worker counts as four
    arrivals. The op waits for nothing: what the arrival permits to overwrite must
    have been read by then, in tensor memory too if `tensor_memory` is there. `after` is
    as in `tile.release`. With `leader`, the barrier is that of the first CTA of the
    cluster, with `multicast`, that of the same number in each CTA of the cluster; there
    it is waited for with `cluster`.

    ```mlir
    tile.barrier_arrive %empty[%i] : !tile.barriers<2, arrivals = 8>
    tile.barrier_arrive %empty[%i] after %p[15] : !acc : !tile.barriers<2, arrivals = 8>
    tile.barrier_arrive %empty[%i] tensor_memory leader : !tile.barriers<2, arrivals = 8>
    tile.barrier_arrive %empty[%i] multicast : !tile.barriers<2, arrivals = 16>
    ```
  }];
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, Optional<Tile_Tile>:$after,
                       DefaultValuedAttr<I64Attr, "0">:$element, UnitAttr:$tensor_memory,
                       UnitAttr:$leader, UnitAttr:$multicast);
  let assemblyFormat = "$barriers `[` $index `]` (`after` $after^ `[` $element `]` `:` type($after))? (`tensor_memory` $tensor_memory^)? (`leader` $leader^)? (`multicast` $multicast^)? attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def Tile_BarrierExpectOp : Tile_BarrierOp<"barrier_expect"> {
  let summary = "one arrival, and `bytes` more to be written in this phase";
  let description = [{
    The phase completes when all arrivals have come and as many bytes as were
    expected have been written. Expect before the copies start, or the phase may
    complete without them. One thread runs this op. With `leader`, that of the first CTA
    of the cluster does, for the copies of all CTAs, and the others do nothing. With `pair`,
    as many bytes come to the barriers of both CTAs, and so does the arrival, which is waited
    for with `cluster`.

    ```mlir
    tile.barrier_expect %full[%i] bytes(8192) : !tile.barriers<2, arrivals = 1>
    tile.barrier_expect %full[%i] bytes(16384) leader : !tile.barriers<2, arrivals = 1>
    tile.barrier_expect %full[%i] bytes(16) pair : !tile.barriers<2, arrivals = 1>
    ```
  }];
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, I64Attr:$bytes, UnitAttr:$leader, UnitAttr:$pair);
  let assemblyFormat = "$barriers `[` $index `]` `bytes` `(` $bytes `)` (`leader` $leader^)? (`pair` $pair^)? attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def Tile_MmaCommitOp : Tile_BarrierOp<"mma_commit"> {
  let summary = "one arrival, once the MMAs that this thread has started are complete";
  let description = [{
    Does not wait. What those MMAs read may be overwritten, and what they wrote may be
    read, by whoever waits for the phase. One thread runs this op. With `pair`, the arrival
    comes to the barriers of both CTAs of the cluster.

    ```mlir
    tile.mma_commit %full[%i] : !tile.barriers<2, arrivals = 1>
    tile.mma_commit %full[%i] pair : !tile.barriers<2, arrivals = 1>
    ```
  }];
  let arguments = (ins Tile_BarriersType:$barriers, Index:$index, UnitAttr:$pair);
  let assemblyFormat = "$barriers `[` $index `]` (`pair` $pair^)? attr-dict `:` type($barriers)";
}

def Tile_WriteSharedOp : Tile_Op<"write_shared"> {
  let summary = "write a tile of registers into shared memory";
  let description = [{
    The whole worker writes, each thread what it holds. Other threads see the writes
    after a barrier, TMA after `tile.publish`. A vector is written for threads only, into
    a slot of one row.

    ```mlir
    tile.write_shared %o, %slot : tensor<64x64xbf16, #acc>, !panel
    tile.write_shared %factor, %slot : tensor<128xf32, #row>, tensor<1x128xf32, #tile.shared<swizzle = 32>>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, Tile_Tile:$dest);
  let assemblyFormat = "$tile `,` $dest attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

def Tile_SyncOp : Tile_Op<"sync"> {
  let summary = "wait at a hardware barrier until all its threads have come";
  let description = [{
    `threads` counts the threads that wait here and those that only arrive
    (`nvvm.barrier.arrive`). All lanes of a warp run this op together. It stands for
    `nvvm.barrier`, whose text cannot be parsed when it has a location.

    ```mlir
    tile.sync barrier(%id) threads(%threads)
    ```
  }];
  let arguments = (ins I32:$barrier, I32:$threads);
  let assemblyFormat = "`barrier` `(` $barrier `)` `threads` `(` $threads `)` attr-dict";
}

def Tile_PublishOp : Tile_Op<"publish"> {
  let summary = "make a worker's writes to shared memory visible to its asynchronous stores";
  let description = [{
    A proxy fence in every thread, then a barrier over the worker (PTX ISA,
    "async proxy"). `barrier` is the number of a hardware barrier that only this
    worker uses.

    ```mlir
    tile.publish barrier(%id)
    ```
  }];
  let arguments = (ins Index:$barrier);
  let assemblyFormat = "`barrier` `(` $barrier `)` attr-dict";
}

def Tile_DrainStoresOp : Tile_Op<"drain_stores"> {
  let summary = "wait for a worker's asynchronous stores";
  let description = [{
    Until their shared memory has been read, or, with `completed`, until their
    writes to global memory are done too. With a barrier, no thread of the worker
    goes on before that; without one, only the thread that started the stores waits.

    ```mlir
    tile.drain_stores barrier(%id)
    tile.drain_stores completed
    ```
  }];
  let arguments = (ins Optional<Index>:$barrier, UnitAttr:$completed);
  let assemblyFormat = "(`barrier` `(` $barrier^ `)`)? (`completed` $completed^)? attr-dict";
}

def Tile_ScatterOp : Tile_Op<"scatter", [AttrSizedOperandSegments]> {
  let summary = "write a tile of registers to global memory element by element";
  let description = [{
    Element (i, j, ...) of the tile goes to element
    `offset + i * strides[0] + j * strides[1] + ...`; an index that reaches
    `limits` in its dimension is skipped. Of lanes that hold copies, the first
    writes. With `interleaved`, index i of the first dimension is two, i mod
    `interleaved` and i / `interleaved`, with a stride and a limit each.

    ```mlir
    tile.scatter %lse, %p[%offset] strides(%stride) limits(%left) : tensor<64xf32, #row>, !tile.pointer<f32>
    ```
  }];
  let arguments = (ins Tile_Tile:$tile, Tile_GlobalPointerType:$dest, I64:$offset,
                       Variadic<I64>:$strides, Variadic<Index>:$limits,
                       DefaultValuedAttr<I64Attr, "1">:$interleaved);
  let assemblyFormat = "$tile `,` $dest `[` $offset `]` `strides` `(` $strides `)` `limits` `(` $limits `)` (`interleaved` `(` $interleaved^ `)`)? attr-dict `:` type($tile) `,` type($dest)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_BARRIER_OPS
