//===- Trace.h - The timeline of a run --------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_TRACE_H
#define GIRIH_SIMULATOR_TRACE_H

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace girih::sim {

/// One bar of the timeline. Time counts the steps of the cluster's schedule,
/// which order events and measure nothing, or modelled cycles when it is timed.
struct TraceEvent {
  uint32_t process = 0; ///< the CTA
  std::string row;      ///< the warp or asynchronous unit
  std::string name;
  std::string detail;
  uint64_t begin = 0, end = 0;
  /// Of asynchronous work: the row of the warp that issued it, and when.
  std::string issuer;
  uint64_t issuedAt = 0;
};

/// Writes Chrome trace format, which Perfetto opens: a row for each warp and
/// asynchronous unit, more where its work overlaps, and an arrow from the
/// issue of asynchronous work to it. A step is a microsecond there, unless so
/// many make one.
void writeTrace(std::ostream &out, const std::vector<TraceEvent> &events, double stepsOfMicrosecond = 1);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TRACE_H
