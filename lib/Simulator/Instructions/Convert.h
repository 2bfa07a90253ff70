//===- Convert.h - What the files of cvt share ------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_CONVERT_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_CONVERT_H

#include "Elementwise.h"

namespace girih::sim {

struct ConvertMode {
  Rounding rounding = Rounding::NearestEven;
  /// `.rni/.rzi/.rmi/.rpi`: round to an integral value.
  bool toIntegral = false;
  bool flushes = false, saturates = false, satfinite = false, isRelu = false;
};

/// A number as the code of a float type; a double holds every source exactly.
uint64_t fromDouble(double x, Type type, const ConvertMode &mode);

// ConvertPacked.cpp: conversions of two and four elements.
bool isPackedType(Type type);
void decodePackedConvert(Decoder &d, Type into, Type from, const ConvertMode &mode);
void decodeStochasticConvert(Decoder &d, Type into, Type from, const ConvertMode &mode);
void decodeIntegerPack(Decoder &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_CONVERT_H
