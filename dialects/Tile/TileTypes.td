#ifndef GIRIH_TILE_TYPES
#define GIRIH_TILE_TYPES

include "dialects/Tile/TileAttrs.td"

class Tile_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<Tile_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def Tile_AsyncType : Tile_Type<"Async", "async"> {
  let summary = "a tile that an asynchronous MMA is still writing";
  let description = [{
    Only `tile.await` gives the tile itself, and only another MMA of the same worker
    may take it as an accumulator before that.

    ```mlir
    !tile.async<!acc>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$tile);
  let assemblyFormat = "`<` $tile `>`";
  let genVerifyDecl = 1;
}

def Tile_ChannelType : Tile_Type<"Channel", "channel"> {
  let summary = "a ring of tiles between a producer and a consumer role";
  let description = [{
    The n-th tile that the producer commits is the n-th tile that each consumer
    waits for; at most `depth` tiles are committed and not yet released. The tiles lie in
    shared or in tensor memory. `copies` is there for a channel that is a ring of its own
    for each worker of one side.

    ```mlir
    !tile.channel<2 x !panel>
    !tile.channel<2 x !sum, copies = 2>
    ```
  }];
  let parameters = (ins "int64_t":$depth, "::mlir::RankedTensorType":$tile, DefaultValuedParameter<"int64_t", "1">:$copies);
  let assemblyFormat = "`<` $depth `x` $tile (`,` `copies` `=` $copies^)? `>`";
  let genVerifyDecl = 1;
}

def Tile_BufferType : Tile_Type<"Buffer", "buffer"> {
  let summary = "an array of equal tiles in shared or tensor memory";
  let description = [{
    So many tiles one after another, each as its encoding says. In tensor memory they may
    start `apart` columns from each other, which is more than they have.

    ```mlir
    !tile.buffer<2 x !panel>
    !tile.buffer<2 x !weights, apart = 128>
    ```
  }];
  let parameters = (ins "int64_t":$count, "::mlir::RankedTensorType":$tile, DefaultValuedParameter<"int64_t", "0">:$apart);
  let assemblyFormat = "`<` $count `x` $tile (`,` `apart` `=` $apart^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// In tensor memory: the columns from one tile to the next, and those of all.
    int64_t getColumnsApart() const;
    int64_t getColumns() const;
  }];
}

def Tile_BarriersType : Tile_Type<"Barriers", "barriers"> {
  let summary = "an array of transaction barriers (mbarrier) in shared memory";
  let description = [{
    The number of barriers, and the arrivals of one phase of each. A phase completes
    after so many arrivals and once all bytes expected in that phase have been
    written.

    ```mlir
    !tile.barriers<2, arrivals = 8>
    ```
  }];
  let parameters = (ins "int64_t":$count, "int64_t":$arrivals);
  let assemblyFormat = "`<` $count `,` `arrivals` `=` $arrivals `>`";
  let genVerifyDecl = 1;
}

def Tile_TensorMapType : Tile_Type<"TensorMap", "tensor_map"> {
  let summary = "a TMA descriptor of a tensor, built by the loader";
  let description = [{
    `box` is the block one copy moves, over the dimensions of the tensor; `panel`
    is how many elements of the last dimension make one swizzled row, and
    `folded` says that the map splits the last dimension into (panel, panels), so
    that one copy moves every panel. Without it a copy moves one panel.

    ```mlir
    !tile.tensor_map<[1, 64, 128] x bf16, swizzle = 128, panel = 64, folded = true>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$box, "::mlir::Type":$elementType,
                        "int64_t":$swizzle, "int64_t":$panel, "bool":$folded);
  let extraClassDeclaration = [{
    /// As recipes of the loader have it: 0 where nothing is permuted.
    int64_t getRecipeSwizzle() const { return getSwizzle() == 16 ? 0 : getSwizzle(); }
  }];
  let assemblyFormat = "`<` `[` $box `]` `x` $elementType `,` `swizzle` `=` $swizzle `,` `panel` `=` $panel `,` `folded` `=` $folded `>`";
  let genVerifyDecl = 1;
}

def Tile_GlobalPointerType : Tile_Type<"GlobalPointer", "pointer"> {
  let summary = "the device address of a tensor's first element";
  let description = [{
    The loader passes it; strides come as arguments of their own.

    ```mlir
    !tile.pointer<f32>
    ```
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

#endif // GIRIH_TILE_TYPES
