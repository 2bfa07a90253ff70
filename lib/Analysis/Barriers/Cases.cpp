// For why few trip counts suffice, see docs/passes/tile-verify-barriers.md.
#include "Cases.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;

namespace girih {

static constexpr size_t kMaxCases = 512; ///< runs of a kernel

Cases::Cases(const BarrierProgram &program) : period(program.period) {
  std::map<int64_t, bool> numbers; // and whether the loop runs at least once
  for (const BarrierProgram::Role &role : program.roles)
    for (const BarrierProgram::Loop &loop : role.loops)
      if (loop.number >= 0 && !loop.isConstant)
        numbers[loop.number] |= loop.nonEmpty;
  for (auto [number, nonEmpty] : numbers) {
    SmallVector<int64_t> counts = {1, program.depth - 1, program.depth, program.depth + 1, period + 1};
    if (!nonEmpty)
      counts.push_back(0);
    llvm::sort(counts);
    counts.erase(llvm::unique(counts), counts.end());
    if (nonEmpty)
      llvm::erase(counts, 0); // depth - 1 may be 0
    loops.push_back({number, counts});
  }
}

int64_t Cases::tripCount(const Case &chosen, int64_t number, int64_t execution) const {
  auto loop = llvm::find_if(loops, [&](auto &entry) { return entry.first == number; });
  if (loop == loops.end())
    return 1; // its bounds are constant, and wrong
  size_t choice = chosen.choice[loop - loops.begin()];
  if (choice == Case::kTwoPeriods)
    return 2 * period + 1;
  return loop->second[(choice + (chosen.turns ? execution : 0)) % loop->second.size()];
}

/// All combinations, small ones first so that an error is shown on a short run; if
/// there are too many, all choices of each loop beside small and large ones of the
/// others. Then loops whose count changes from one start to the next, and for each
/// loop two periods.
std::vector<Case> Cases::list() const {
  std::vector<Case> cases;
  uint64_t total = 1;
  for (auto &[number, counts] : loops)
    total = llvm::SaturatingMultiply<uint64_t>(total, counts.size());
  if (total <= kMaxCases) {
    for (size_t i = 0; i < total; ++i)
      cases.push_back(combination(i));
  } else {
    for (size_t loop = 0; loop < loops.size(); ++loop)
      for (size_t others : {0, 1, 5})
        for (size_t choice = 0; choice < sizeOf(loop); ++choice)
          cases.push_back(oneDiffers(loop, choice, others));
  }
  for (size_t loop = 0; loop < loops.size(); ++loop)
    cases.push_back(oneDiffers(loop, Case::kTwoPeriods, 1));
  for (size_t start = 0; start < 6 && loops.size() > 1; ++start) {
    cases.push_back(oneDiffers(0, sizeOf(0) - 1, start));
    cases.back().turns = true;
  }
  llvm::sort(cases, [&](const Case &a, const Case &b) {
    return std::tuple(cost(a), a.turns, a.choice) < std::tuple(cost(b), b.turns, b.choice);
  });
  return cases;
}

std::string Cases::text(const Case &chosen) const {
  std::string text;
  for (auto &[number, counts] : loops) {
    text += (text.empty() ? " (if loop " : ", loop ") + std::to_string(number) + " runs ";
    text += std::to_string(tripCount(chosen, number, 0)) + (chosen.turns ? "x at first" : "x");
  }
  return text.empty() ? text : text + ")";
}

Case Cases::combination(size_t i) const {
  Case result;
  for (auto &[number, counts] : loops) {
    result.choice.push_back(i % counts.size());
    i /= counts.size();
  }
  return result;
}

Case Cases::oneDiffers(size_t loop, size_t choice, size_t others) const {
  Case result;
  for (size_t i = 0; i < loops.size(); ++i)
    result.choice.push_back(i == loop ? choice : std::min(others, sizeOf(i) - 1));
  return result;
}

uint64_t Cases::cost(const Case &chosen) const {
  uint64_t product = 1;
  for (auto &[number, counts] : loops)
    product = llvm::SaturatingMultiply<uint64_t>(product, 1 + tripCount(chosen, number, 0));
  return product;
}

} // namespace girih
