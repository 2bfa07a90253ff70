//===- Chip.h - What a chip could do at best --------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_CHIP_H
#define GIRIH_RUNTIME_CHIP_H

#include "girih/Runtime/Device.h"
#include <optional>

namespace girih::runtime {

/// Dense 16-bit tensor FLOP/s with float accumulation: multiprocessors times
/// FLOP per clock times the clock of the data sheet (or the device's highest,
/// when that is lower). Nothing for a chip that is not in the table.
std::optional<double> peakFlops(const DeviceFacts &device);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_CHIP_H
