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
  made.base = field(bits, 49, 3) << 7;
  return made;
}

/// Addresses that carry more than 18 bits spill into bits without a meaning.
constexpr const char *unmasked = "reserved bits are set (was the address masked to 18 bits before it was shifted?)";

void checkBase(MatrixDescriptor &made) {
  // PTX ISA, "Matrix-Descriptor Format": valid for all modes but this one.
  if (made.base && !made.swizzle)
    made.problem = "a base offset of " + std::to_string(made.base >> 7) + " without a swizzle";
}

} // namespace

MatrixDescriptor decodeMatrixDescriptor90(uint64_t bits) {
  MatrixDescriptor made = decodeCommon(bits);
  static constexpr uint32_t spans[] = {0, 128, 64, 32};
  made.swizzle = spans[field(bits, 62, 2)];
  checkBase(made);
  if (field(bits, 14, 2) || field(bits, 30, 2) || field(bits, 46, 3) || field(bits, 52, 10))
    made.problem = unmasked;
  return made;
}

MatrixDescriptor decodeMatrixDescriptor100(uint64_t bits) {
  MatrixDescriptor made = decodeCommon(bits);
  uint32_t layout = field(bits, 61, 3);
  static constexpr uint32_t spans[] = {0, 128, 128, 0, 64, 0, 32, 0};
  made.swizzle = spans[layout];
  made.atom = layout == 1 ? 32 : 16;
  checkBase(made);
  if (layout == 3 || layout == 5 || layout == 7)
    made.problem = "layout type is " + std::to_string(layout) + " when it should be 0, 1, 2, 4 or 6";
  if (field(bits, 14, 2) || field(bits, 30, 2))
    made.problem = unmasked;
  if (field(bits, 46, 3) != 1)
    made.problem = "bits 46 to 48 are " + std::to_string(field(bits, 46, 3)) + " when they should be 1";
  if (field(bits, 53, 8))
    made.problem = "bits 53 to 60 are " + std::to_string(field(bits, 53, 8)) + " when they should be 0";
  // PTX ISA, "Leading Dimension Stride": for 48 bytes of K, a shape that only
  // sm_103a has.
  if (field(bits, 52, 1))
    made.problem = "an absolute leading dimension address, which only sm_103a has";
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
  uint32_t lines = linesPerStride();
  return inner / swizzle * leading + inner % swizzle + outer % lines * swizzle + outer / lines * stride;
}

uint32_t MatrixDescriptor::addressOf(uint32_t outer, uint32_t inner, bool isMnMajor) const {
  // Rows of the pattern are counted from its first, not from the boundary.
  return girih::sim::swizzle(start + offsetOf(outer, inner, isMnMajor) - base, swizzle, atom) + base;
}

} // namespace girih::sim
