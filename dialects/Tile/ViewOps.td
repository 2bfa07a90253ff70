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
    dimension after it, take turns: index (.., i, j, ..) of the view is
    (.., i * count + j mod count, j / count, ..) of the tensor. The size of `dim` is known, and a
    multiple of `count`.

    ```mlir
    %rows = tile.interleave %q dim(1) count(8) : memref<2x16x4x128xbf16, strided<[?, ?, ?, 1]>>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, I64Attr:$dim, I64Attr:$count);
  let results = (outs AnyMemRef:$view);
  let assemblyFormat = "$source `dim` `(` $dim `)` `count` `(` $count `)` attr-dict `:` type($source)";
}

#endif // GIRIH_TILE_VIEW_OPS
