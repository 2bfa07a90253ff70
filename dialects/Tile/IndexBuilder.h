// Short names for index arithmetic.
#ifndef GIRIH_DIALECTS_TILE_INDEXBUILDER_H
#define GIRIH_DIALECTS_TILE_INDEXBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace girih {

/// Builds arith ops on `index` values; constants fold as they are built.
class IndexBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(*this, value); }
  mlir::Value add(mlir::Value a, mlir::Value b) { return fold<mlir::arith::AddIOp>(a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return fold<mlir::arith::SubIOp>(a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return fold<mlir::arith::MulIOp>(a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return fold<mlir::arith::DivUIOp>(a, b); }
  mlir::Value rem(mlir::Value a, mlir::Value b) { return fold<mlir::arith::RemUIOp>(a, b); }
  mlir::Value minimum(mlir::Value a, mlir::Value b) { return fold<mlir::arith::MinSIOp>(a, b); }
  mlir::Value maximum(mlir::Value a, mlir::Value b) { return fold<mlir::arith::MaxSIOp>(a, b); }

  /// ceil(a / b) for a >= 0 and a constant b.
  mlir::Value ceilDiv(mlir::Value a, int64_t b) { return div(add(a, index(b - 1)), index(b)); }

private:
  template <typename OpTy> mlir::Value fold(mlir::Value a, mlir::Value b) { return createOrFold<OpTy>(a, b); }
};

} // namespace girih

#endif // GIRIH_DIALECTS_TILE_INDEXBUILDER_H
