//===- Timeline.cpp - What a cluster tells of its run ---------------------===//
#include "Cluster.h"

namespace girih::sim {

void Cluster::trace(uint32_t cta, const std::string &row, const std::string &name, uint64_t begin, std::string detail) {
  if (!device.options.wantsTrace)
    return;
  TraceEvent event;
  event.process = index * static_cast<uint32_t>(std::max<size_t>(ctas.size(), 1)) + cta;
  event.row = row;
  event.name = name;
  event.detail = std::move(detail);
  event.begin = begin;
  event.end = std::max(now, begin + 1);
  timeline.push_back(std::move(event));
}

/// The step in which a warp blocks is one of work; the wait follows it.
void Cluster::traceWait(const Warp &warp, const Wait &wait, const char *note) {
  if (wait.since + 1 < now)
    trace(warp.cta.rank, warp.name, "wait " + wait.what, wait.since + 1, "line " + std::to_string(wait.line) + note);
}

void Cluster::traceOperation(const AsyncUnit &unit, const AsyncOperation &operation, const char *note) {
  if (!device.options.wantsTrace)
    return;
  uint64_t begin = unit.isOrdered ? std::max(operation.issuedAt, unit.idleSince) : operation.issuedAt;
  trace(unit.cta, unit.name, operation.name, begin,
        "line " + std::to_string(operation.line) + (operation.detail.empty() ? "" : ", " + operation.detail) + note);
  timeline.back().issuer = operation.issuer;
  timeline.back().issuedAt = operation.issuedAt;
}

std::vector<TraceEvent> Cluster::takeEvents() {
  for (const auto &unit : units)
    for (const AsyncOperation &operation : unit->queue)
      traceOperation(*unit, operation, ", not complete");
  for (const Warp *warp : warps)
    for (const auto &group : warp->groups)
      if (group->isBlocked)
        traceWait(*warp, group->wait, ", without an end");
  return std::move(timeline);
}

} // namespace girih::sim
