// Views of global tensors.
#ifndef GIRIH_TILE_VIEW_OPS
#define GIRIH_TILE_VIEW_OPS

include "dialects/Tile/TileDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_InterleaveOp : Tile_Op<"interleave", [Pure, InferTypeOpAdaptor]> {
  let summary = "a global tensor in which neighbours of one dimension are rows of the next";
  let description = [{
    Of dimension `dim`, each `count` neighbours are one, and their rows, which are indices of the
    dimension after it, take turns of `slots` each: index (.., i, j, ..) of the view is
    (.., i * count + j mod slots, j / slots, ..) of the tensor, and outside of it where j mod slots
    is `count` or more. The size of `dim` is known, and a multiple of `count`.

    ```mlir
    %rows = tile.interleave %q dim(1) count(7) slots(8) : memref<2x14x4x128xbf16, strided<[?, ?, ?, 1]>>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, I64Attr:$dim, I64Attr:$count, I64Attr:$slots);
  let results = (outs AnyMemRef:$view);
  let assemblyFormat = "$source `dim` `(` $dim `)` `count` `(` $count `)` `slots` `(` $slots `)` attr-dict `:` type($source)";
}

#endif // GIRIH_TILE_VIEW_OPS
