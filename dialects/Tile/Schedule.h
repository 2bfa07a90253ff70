// The knobs of a schedule, as C++ fields.
#ifndef GIRIH_DIALECTS_TILE_SCHEDULE_H
#define GIRIH_DIALECTS_TILE_SCHEDULE_H

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace girih::tile {

/// Every choice about how a kernel runs; a knob without a value is open.
/// Schedule.cpp holds the table of names, ranges and meanings.
struct Schedule {
  using Knob = std::optional<int64_t>;

  static constexpr int64_t kDynamic = 2; ///< of `persistent`: items are taken from a counter

  Knob rows, columns;
  Knob workers, stages, itemStages, accumulators;
  Knob loadRegisters, computeRegisters, correctionRegisters;
  Knob overlap, oldestFirst, leftInRegisters, pingPong, lazyRescale, fixedMaximum, exp2Polynomial, twoLevel;
  Knob heads, persistent, ctas, cluster, splits, longestFirst, groupBytes;
  Knob anchor, strict, lastPart;

  static Schedule decode(ScheduleAttr attr);
  /// The attribute, or null and a diagnostic where a knob is outside its range.
  ScheduleAttr encode(mlir::MLIRContext *context, llvm::function_ref<mlir::InFlightDiagnostic()> emitError) const;

  /// Warpgroups beside the workers: one that loads and starts MMAs, and one for correction.
  int64_t otherWarpgroups() const { return correctionRegisters.value_or(0) > 0 ? 2 : 1; }

  /// This schedule with its open knobs taken from `defaults`.
  Schedule completedFrom(const Schedule &defaults) const;
};

/// One row of the table of knobs.
struct KnobInfo {
  llvm::StringLiteral name;
  Schedule::Knob Schedule::*field;
  int64_t minimum, maximum;
  llvm::StringLiteral meaning;
};

llvm::ArrayRef<KnobInfo> scheduleKnobs();

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_SCHEDULE_H
