#ifndef GIRIH_TILE_RANDOM_OPS
#define GIRIH_TILE_RANDOM_OPS

include "dialects/Tile/TileTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_RandomOp : Tile_Op<"random", !listconcat([Pure, SameOperandsAndResultType], ElementwiseMappable.traits)> {
  let summary = "random numbers of 16 bits, each by its index";
  let description = [{
    The generator is Philox 4x32-10, which makes four words of a key of two words and a counter of four. An element
    is number n of the stream that begins at the counter, where n, the index, is from 0 to 2^31 - 1:

    | of | it is |
    |---|---|
    | the call | the counter's first word plus 4 (n / 32) + n mod 8 / 2 |
    | the word of its result | n / 8 mod 4 |
    | the half of that word, 0 being the lower one | n mod 2 |

    So 32 numbers that follow each other are those of four calls, and any lanes make them without waste: one that has all of
    them, and those of an accumulator in registers, of which each has two numbers of every 8. Where the index
    is a `tile.iota` along the columns, each thread calls once for 8 numbers; another index takes a call for each.

    ```mlir
    %columns = tile.iota 1 : tensor<64x128xi32>
    %r = tile.random key(%k0, %k1) counter(%call, %query, %head, %batch) at %columns : tensor<64x128xi32>
    ```
  }];
  let arguments = (ins Tile_Tile:$key0, Tile_Tile:$key1, Tile_Tile:$counter0, Tile_Tile:$counter1,
                       Tile_Tile:$counter2, Tile_Tile:$counter3, Tile_Tile:$index);
  let results = (outs ConfinedType<Tile_Tile, [CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isInteger(32)">],
                                   "tile of 32-bit integers">:$result);
  let assemblyFormat = [{
    `key` `(` $key0 `,` $key1 `)` `counter` `(` $counter0 `,` $counter1 `,` $counter2 `,` $counter3 `)` `at` $index
    attr-dict `:` type($result)
  }];
}

#endif // GIRIH_TILE_RANDOM_OPS
