//===- Verdicts.cpp - What a run records, and when it goes on -------------===//
#include "Device.h"

namespace girih::sim {

const Suppression *Device::suppressionOf(const Verdict &verdict) const {
  for (const Suppression &suppression : options.suppressions)
    if (suppression.matches(verdict))
      return &suppression;
  return nullptr;
}

void Device::record(const Verdict &verdict) {
  std::lock_guard<std::mutex> lock(reportLock);
  if (const Suppression *suppression = suppressionOf(verdict)) {
    ++suppressed[size_t(suppression - options.suppressions.data())];
    return;
  }
  auto [known, isNew] = seen.try_emplace({verdict.kind, verdict.line}, verdicts.size());
  if (isNew)
    verdicts.push_back(verdict);
  else
    ++verdicts[known->second].times;
}

void Device::report(Verdict verdict) {
  record(verdict);
  std::lock_guard<std::mutex> lock(reportLock);
  if (options.mostVerdicts && verdicts.size() >= options.mostVerdicts)
    throw EnoughVerdicts();
}

void Device::end(const Verdict &verdict) {
  record(verdict);
  if (!options.keepsGoing && !suppressionOf(verdict))
    isStopped = true;
  std::lock_guard<std::mutex> lock(reportLock);
  if (options.mostVerdicts && verdicts.size() >= options.mostVerdicts)
    isStopped = true;
}

bool Device::goesOnAfter(const Verdict &verdict) {
  // What cannot be executed at all was found when the module was read.
  if (!options.keepsGoing && !suppressionOf(verdict))
    return false;
  ++skipped;
  report(verdict);
  return true;
}

void Device::print(const std::string &text) {
  std::lock_guard<std::mutex> lock(reportLock);
  output += text;
}

} // namespace girih::sim
