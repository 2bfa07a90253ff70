//===- Video.h - What scalar and SIMD video instructions share --*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_VIDEO_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_VIDEO_H

#include "Elementwise.h"

namespace girih::sim {

/// An operand with the part (`.b1`, `.h32`) and sign that the text gives it.
struct VideoOperand {
  Operand operand;
  std::string selector;
  bool isNegated = false;
};

VideoOperand takeVideoOperand(Decoder &d, size_t index, Type type);
/// Takes `.u32` or `.s32`; true when it is signed.
bool takeVideoType(Decoder &d);

/// Bits of a word, extended by sign or zeros.
int64_t extractPart(uint32_t word, unsigned first, unsigned bits, bool isSignedType);
int64_t clampTo(int64_t value, unsigned bits, bool isSignedType);
/// add, sub, absdiff, avrg, min, max, or a comparison that gives 1 or 0.
int64_t videoOperation(const std::string &operation, int64_t a, int64_t b);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_VIDEO_H
