// The schedules that a problem can have on a chip, and what each is likely to cost.
#ifndef GIRIH_TUNE_SPACE_H
#define GIRIH_TUNE_SPACE_H

#include "girih/Target/Target.h"
#include "llvm/ADT/MapVector.h"
#include <map>

namespace girih::tune {

/// Microseconds that the problem would take on the chip. A roofline of each iteration
/// (MMAs, exponentials, other instructions, bytes from L2), what of it overlaps by the
/// schedule, what each work item costs besides, and how the items fill the chip. It
/// orders schedules; docs/tuning.md says what it rests on and what it leaves out.
double predictMicroseconds(attn::ForwardOp op, const tile::Schedule &schedule, const Target &target);

/// The values that are tried of a knob, by its name.
using KnobValues = llvm::MapVector<llvm::StringRef, llvm::SmallVector<int64_t>>;

/// What is tried where the user does not say.
KnobValues usualKnobValues();

struct ScheduleCost {
  tile::Schedule schedule; ///< complete
  double microseconds;     ///< predicted
};

struct Space {
  /// Without those that the target refuses; the target's own choice first, then by cost,
  /// variants of the same tiles spread out.
  std::vector<ScheduleCost> schedules;
  /// How many were refused, by the diagnostic with its numbers left out.
  std::map<std::string, int64_t> refusals;
};

/// All schedules of the problem with knobs from `values`; knobs that the problem has
/// already, and those that change nothing, keep one value. Fails with a diagnostic if a
/// size is left to the launch or the target refuses all of them.
mlir::FailureOr<Space> enumerateSchedules(attn::ForwardOp op, const Target &target, const KnobValues &values);

/// A diagnostic without its numbers, to count those that are alike.
std::string withoutNumbers(llvm::StringRef message);

} // namespace girih::tune

#endif // GIRIH_TUNE_SPACE_H
