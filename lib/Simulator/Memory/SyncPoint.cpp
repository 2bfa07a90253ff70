//===- SyncPoint.cpp - Release and acquire at one address -----------------===//
#include "SyncPoint.h"

#include <algorithm>

namespace girih::sim {

void SyncPoint::write(uint64_t thread, const Access &access, bool isAtomic, const std::vector<Release> &released) {
  if (!isAtomic)
    written.clear();
  written[access.cluster].raise(access.component, access.tick, access.lanes);
  // A strong write after a release of the same thread is part of its pattern.
  if (!isAtomic)
    std::erase_if(releases, [&](const Release &old) { return old.thread != thread; });
  for (const Release &release : released) {
    auto same = std::find_if(releases.begin(), releases.end(), [&](const Release &old) {
      return old.thread == release.thread && old.scope == release.scope;
    });
    if (same != releases.end())
      same->passed.join(release.passed);
    else
      releases.push_back(release);
  }
}

} // namespace girih::sim
