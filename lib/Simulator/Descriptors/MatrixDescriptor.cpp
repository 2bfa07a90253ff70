//===- MatrixDescriptor.cpp - Shared memory matrix descriptors ------------===//
#include "MatrixDescriptor.h"

#include "Swizzle.h"

namespace girih::sim {
namespace {

uint32_t field(uint64_t bits, unsigned first, unsigned count) {
  return static_cast<uint32_t>(bits >> first & ((1ull << count) - 1));
}

MatrixDescriptor decodeCommon(uint64_t bits) {
  MatrixDescriptor made;
  made.start = field(bits, 0, 14) << 4;
  made.leading = field(bits, 16, 14) << 4;
  made.stride = field(bits, 32, 14) << 4;
  if (field(bits, 49, 3))
    made.problem = "a base offset of " + std::to_string(field(bits, 49, 3)) + " is not simulated";
  return made;
}

} // namespace

MatrixDescriptor decodeMatrixDescriptor90(uint64_t bits) {
  MatrixDescriptor made = decodeCommon(bits);
  static constexpr uint32_t spans[] = {0, 128, 64, 32};
  made.swizzle = spans[field(bits, 62, 2)];
  // Bits [14,16), [30,32), [46,49) and [52,62) have no meaning; addresses that
  // carry more than 18 bits spill into them.
  if (field(bits, 14, 2) || field(bits, 30, 2) || field(bits, 46, 3) || field(bits, 52, 10))
    made.problem = "reserved bits are set (was the address masked to 18 bits "
                   "before it was shifted?)";
  return made;
}

MatrixDescriptor decodeMatrixDescriptor100(uint64_t bits) {
  MatrixDescriptor made = decodeCommon(bits);
  switch (field(bits, 61, 3)) {
  case 0:
    made.swizzle = 0;
    break;
  case 2:
    made.swizzle = 128;
    break;
  case 4:
    made.swizzle = 64;
    break;
  case 6:
    made.swizzle = 32;
    break;
  default:
    made.problem = "layout type " + std::to_string(field(bits, 61, 3)) + " is not simulated";
  }
  if (field(bits, 46, 2) != 1)
    made.problem = "descriptor version is " + std::to_string(field(bits, 46, 2)) + " when it should be 1";
  if (field(bits, 52, 1))
    made.problem = "an absolute leading dimension offset is not simulated";
  return made;
}

uint32_t MatrixDescriptor::offsetOf(uint32_t outer, uint32_t inner, bool isMnMajor) const {
  if (!isMnMajor) {
    if (!swizzle)
      return outer / 8 * stride + outer % 8 * 16 + inner / 16 * leading + inner % 16;
    return outer / 8 * stride + outer % 8 * swizzle + inner;
  }
  if (!swizzle)
    return inner / 16 * stride + inner % 16 + outer % 8 * 16 + outer / 8 * leading;
  return inner / swizzle * leading + inner % swizzle + outer % 8 * swizzle + outer / 8 * stride;
}

uint32_t MatrixDescriptor::addressOf(uint32_t outer, uint32_t inner, bool isMnMajor) const {
  return girih::sim::swizzle(start + offsetOf(outer, inner, isMnMajor), swizzle);
}

} // namespace girih::sim
