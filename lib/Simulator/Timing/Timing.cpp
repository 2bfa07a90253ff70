//===- Timing.cpp - Names of units, tables by target ----------------------===//
#include "Chip.h"

#include <algorithm>
#include <iterator>

namespace girih::sim {

static constexpr const char *unitNames[unitCount] = {"issue",  "fma",    "alu",           "mufu",
                                                     "shared", "tensor", "tensor_memory", "copy"};

const char *unitName(Unit unit) { return unitNames[unsigned(unit)]; }

std::optional<Unit> parseUnit(const std::string &name) {
  auto found = std::find(std::begin(unitNames), std::end(unitNames), name);
  if (found == std::end(unitNames))
    return std::nullopt;
  return Unit(found - std::begin(unitNames));
}

double TimingReport::busyShare(Unit unit) const {
  double share = 0;
  for (const auto &[key, part] : busy)
    if (key.first == unit)
      share += part;
  return share;
}

Unit TimingReport::bottleneck() const {
  Unit most = Unit::Issue;
  for (unsigned u = 1; u < unitCount; ++u)
    if (busyShare(Unit(u)) > busyShare(most))
      most = Unit(u);
  return most;
}

const ChipTiming *findChipTiming(const std::string &target) {
  if (target.starts_with("sm_90"))
    return &timingSM90a;
  if (target.starts_with("sm_100") || target.starts_with("sm_103"))
    return &timingSM100a;
  return nullptr;
}

} // namespace girih::sim
