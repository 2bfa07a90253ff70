#ifndef GIRIH_TILE_MMA_OPS
#define GIRIH_TILE_MMA_OPS

// Included by TileOps.td: the MMA of values.

def Tile_MmaOp : Tile_Op<"mma", [Pure, AttrSizedOperandSegments]> {
  let summary = "matrix multiply-accumulate";
  let description = [{
    `result = a * b + acc`, accumulated in the result's element type; no `acc` means zero. `a` is
    MxK, `b` is KxN, or NxK with `transpose_b`. The order of the additions along K is the hardware's.
    With `pair`, the CTAs of a cluster run it together: each has M rows, and half of the columns of `b`.

    Operands of 8 bits may have `scales`, of `a` and of `b`: for each row of `a`, and each column of `b`, a
    power of two for every 32 elements along K, by which they are multiplied (OCP microscaling formats). K is
    at most 128. Scales of 128 rows or columns are 32 rows of 16 bytes: byte 4 g + i of row r is that
    of row or column 32 g + r, elements 32 i to 32 i + 31. Those of the next 128 are the next 32
    rows. Where `second_half` is true, the first column of `b` is column 64 of those that scales are of. Scales of what an
    operand does not have are not used.

    ```mlir
    %s = tile.mma %q, %k transpose_b : tensor<128x64xbf16>, tensor<32x64xbf16> -> tensor<128x32xf32>
    %o = tile.mma %p, %v, %acc : tensor<128x32xbf16>, tensor<32x64xbf16>, tensor<128x64xf32> -> tensor<128x64xf32>
    %t = tile.mma %x, %y scales(%sx, %sy : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) transpose_b
        : tensor<128x128xf8E4M3FN>, tensor<64x128xf8E4M3FN> -> tensor<128x64xf32>
    %u = tile.mma %x, %y scales(%sx, %sy : tensor<32x16xf8E8M0FNU>, tensor<32x16xf8E8M0FNU>) second_half(%odd) transpose_b
        : tensor<128x128xf8E4M3FN>, tensor<64x128xf8E4M3FN> -> tensor<128x64xf32>
    ```
  }];
  let arguments = (ins Tile_Tile:$a, Tile_Tile:$b, Optional<Tile_Tile>:$acc, Variadic<Tile_Tile>:$scales,
                       Optional<I1>:$second_half, UnitAttr:$transpose_b, UnitAttr:$pair);
  let results = (outs Tile_Tile:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$a, "::mlir::Value":$b, "::mlir::Value":$acc,
                             "bool":$transposeB, CArg<"bool", "false">:$pair), [{
    build($_builder, $_state, result, a, b, acc, /*scales=*/{}, /*second_half=*/{}, transposeB, pair);
  }]>];
  let assemblyFormat = "$a `,` $b (`,` $acc^)? (`scales` `(` $scales^ `:` type($scales) `)`)? (`second_half` `(` $second_half^ `)`)? (`transpose_b` $transpose_b^)? (`pair` $pair^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->` type($result)";
  let hasVerifier = 1;
}

#endif // GIRIH_TILE_MMA_OPS
