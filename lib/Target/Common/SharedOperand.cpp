#include "SharedOperand.h"

using namespace mlir;

namespace girih {

/// PTX ISA, "matrix descriptor format". The address is masked because a cluster's shared
/// addresses have high bits set.
static Value lowerHalf(ImplicitLocOpBuilder &b, Value address, int64_t leadingBytes) {
  Value low = arith::AndIOp::create(b, address, constantI32(b, 0x3FFFF));
  low = arith::ShRUIOp::create(b, low, constantI32(b, 4));
  return arith::OrIOp::create(b, low, constantI32(b, (leadingBytes >> 4) << 16));
}

/// A step is 32 bytes inside a panel, then on to the next panel. The leading offset is not
/// used.
SharedOperand SharedOperand::innerContiguous(ImplicitLocOpBuilder &b, Value address, RankedTensorType stored) {
  int64_t swizzle = tile::sharedEncoding(stored).getSwizzle(), perPanel = swizzle / kStepBytes;
  int64_t rowBytes = stored.getDimSize(1) * stored.getElementTypeBitWidth() / 8;
  SharedOperand operand{swizzle, lowerHalf(b, address, 16), {}};
  for (int64_t step = 0; step < rowBytes / kStepBytes; ++step)
    operand.steps.push_back(((step / perPanel) * tile::panelBytes(stored) + (step % perPanel) * kStepBytes) >> 4);
  return operand;
}

/// A step is 16 rows, or 32 of 8 bits; the leading offset leads to the next panel of outer elements.
SharedOperand SharedOperand::outerContiguous(ImplicitLocOpBuilder &b, Value address, RankedTensorType stored) {
  int64_t swizzle = tile::sharedEncoding(stored).getSwizzle();
  int64_t depth = 8 * kStepBytes / stored.getElementTypeBitWidth();
  SharedOperand operand{swizzle, lowerHalf(b, address, tile::panelBytes(stored)), {}};
  for (int64_t step = 0; step < stored.getDimSize(0) / depth; ++step)
    operand.steps.push_back((step * depth * swizzle) >> 4);
  return operand;
}

SharedOperand SharedOperand::unswizzled(ImplicitLocOpBuilder &b, Value address) {
  return {tile::kScaleColumns, lowerHalf(b, address, 8 * tile::kScaleColumns), {}};
}

} // namespace girih
