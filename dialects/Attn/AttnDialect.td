#ifndef GIRIH_ATTN_DIALECT
#define GIRIH_ATTN_DIALECT

include "mlir/IR/DialectBase.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::girih::attn";
  let summary = "Attention problems: what to compute, not how";
  let description = [{
    One op states an attention problem on whole tensors. Everything about how it
    runs is in its `schedule`, which the compiler fills in where it is open. The
    dialect knows no tiles, no memories and no chip; `attn-tile` leaves it for the
    `tile` dialect.
  }];
  let dependentDialects = ["::girih::tile::TileDialect"];
  let hasRegionArgAttrVerify = 1;
}

#endif // GIRIH_ATTN_DIALECT
