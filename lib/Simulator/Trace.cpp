//===- Trace.cpp - Chrome trace format ------------------------------------===//
#include "girih/Simulator/Trace.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace girih::sim {
namespace {

using nlohmann::json;

/// Warps in their order, then asynchronous units by name.
struct RowKey {
  uint32_t process;
  unsigned long warp;
  std::string name;
  auto operator<=>(const RowKey &) const = default;
};
RowKey keyOf(uint32_t process, const std::string &row) {
  bool isWarp = row.starts_with("warp ");
  return {process, isWarp ? std::strtoul(row.c_str() + 5, nullptr, 10) : ~0ul, row};
}

/// Slices of one row may not overlap in the format unless they nest, so work
/// that overlaps gets lines of its own.
struct Row {
  std::vector<std::vector<TraceEvent>> lines;
  int firstThread = 0;

  void add(const TraceEvent &event) {
    for (auto &line : lines) {
      TraceEvent &last = line.back();
      if (last.end == event.begin && last.name == event.name && event.name == "run") {
        last.end = event.end;
        return;
      }
      if (last.end <= event.begin) {
        line.push_back(event);
        return;
      }
    }
    lines.push_back({event});
  }
};

} // namespace

void writeTrace(std::ostream &out, const std::vector<TraceEvent> &events, double stepsOfMicrosecond) {
  std::vector<const TraceEvent *> sorted;
  for (const TraceEvent &event : events)
    sorted.push_back(&event);
  std::sort(sorted.begin(), sorted.end(), [](const TraceEvent *a, const TraceEvent *b) {
    return a->begin != b->begin ? a->begin < b->begin : a < b;
  });
  std::map<RowKey, Row> rows;
  for (const TraceEvent *event : sorted)
    rows[keyOf(event->process, event->row)].add(*event);
  int threads = 0;
  for (auto &[key, row] : rows) {
    row.firstThread = threads + 1;
    threads += int(row.lines.size());
  }

  bool isFirst = true;
  auto put = [&](const json &entry) {
    out << (isFirst ? "" : ",\n") << entry.dump();
    isFirst = false;
  };
  auto nameRow = [&](const char *what, uint32_t process, int thread, const json &arguments) {
    put({{"ph", "M"}, {"name", what}, {"pid", process}, {"tid", thread}, {"args", arguments}});
  };
  // Whole numbers stay whole.
  auto at = [&](uint64_t steps) {
    return stepsOfMicrosecond == 1 ? json(steps) : json(double(steps) / stepsOfMicrosecond);
  };
  int arrows = 0;
  out << "{\"traceEvents\":[\n";
  for (const auto &[key, row] : rows)
    for (size_t i = 0; i < row.lines.size(); ++i) {
      int thread = row.firstThread + int(i);
      nameRow("process_name", key.process, thread, {{"name", "cta " + std::to_string(key.process)}});
      nameRow("thread_name", key.process, thread, {{"name", key.name}});
      nameRow("thread_sort_index", key.process, thread, {{"sort_index", thread}});
      for (const TraceEvent &event : row.lines[i]) {
        json slice = {
            {"ph", "X"}, {"name", event.name}, {"pid", key.process}, {"tid", thread}, {"ts", at(event.begin)}};
        slice["dur"] = at(event.end - event.begin);
        slice["args"] = {{"detail", event.detail}};
        put(slice);
        auto issuer = rows.find(keyOf(key.process, event.issuer));
        if (event.issuer.empty() || issuer == rows.end())
          continue;
        json arrow = {{"cat", "issue"}, {"name", "issue"}, {"id", ++arrows}, {"pid", key.process}};
        arrow.update({{"ph", "s"}, {"tid", issuer->second.firstThread}, {"ts", at(event.issuedAt)}});
        put(arrow);
        arrow.update({{"ph", "f"}, {"bp", "e"}, {"tid", thread}, {"ts", at(event.begin)}});
        put(arrow);
      }
    }
  out << "\n],\"displayTimeUnit\":\"ns\"}\n";
}

} // namespace girih::sim
