#ifndef GIRIH_TILE_DIALECT
#define GIRIH_TILE_DIALECT

include "mlir/IR/DialectBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::girih::tile";
  let summary = "Tiles, their memories, the channels between warp roles, and barriers";
  let description = [{
    A tile is a ranked tensor of static shape. Where it lives is its encoding:
    none (a value, no memory chosen yet), `#tile.fragment` (spread over the
    registers of a warpgroup) or `#tile.shared` (a swizzled block of shared
    memory). Elementwise work on tiles is `arith` and `math`; control flow is
    `scf`; a kernel is a `gpu.func` whose operands are strided memrefs. This
    dialect adds what those lack.

    Its ops fall into the phases of the compiler:

    | phase | ops |
    |---|---|
    | values | `load` `store` `mma` `reduce` `broadcast` `iota` |
    | partitioned, pipelined | `worker` `slice` `mma_async` `await` `take_turn` `pass_turn` |
    | placed | `to_shared` |
    | specialized | `role` `channel` `acquire` `copy` `commit` `wait` `release` |
    | barriers | `alloc` `slot` `barriers` `barrier_wait` `barrier_arrive` `barrier_expect` `write_shared` `publish` `drain_stores` |
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

#endif // GIRIH_TILE_DIALECT
