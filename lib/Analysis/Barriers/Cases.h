// How often loops go round when their bounds do not say: the runs of a proof.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_CASES_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_CASES_H

#include "Program.h"

namespace girih {

/// How often each loop goes round in one run.
struct Case {
  static constexpr size_t kTwoPeriods = -1;

  llvm::SmallVector<size_t, 4> choice; ///< by loop, an index into its trip counts, or kTwoPeriods
  bool turns = false;                  ///< each start of a loop takes the next choice
};

/// The loops whose trip count has to be chosen, and what to choose from.
class Cases {
public:
  explicit Cases(const BarrierProgram &program);

  int64_t tripCount(const Case &chosen, int64_t number, int64_t execution) const;
  std::vector<Case> list() const;

  /// Whether the case proves that a loop repeats; no limit on work may drop it.
  static bool isNecessary(const Case &chosen) { return llvm::is_contained(chosen.choice, Case::kTwoPeriods); }

  /// " (if loop 0 runs 2x, ...)", for diagnostics.
  std::string text(const Case &chosen) const;

private:
  size_t sizeOf(size_t loop) const { return loops[loop].second.size(); }
  Case combination(size_t i) const;
  Case oneDiffers(size_t loop, size_t choice, size_t others) const;
  uint64_t cost(const Case &chosen) const;

  std::vector<std::pair<int64_t, llvm::SmallVector<int64_t>>> loops; ///< number and trip counts
  int64_t period;
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_CASES_H
