//===- Trace.cpp - Chrome trace format ------------------------------------===//
#include "girih/Simulator/Trace.h"

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace girih::sim {

void writeTrace(std::ostream &out, const std::vector<TraceEvent> &events) {
  using nlohmann::json;
  // Perfetto names processes and threads through metadata events.
  std::map<std::pair<uint32_t, std::string>, int> rows;
  out << "{\"traceEvents\":[\n";
  bool isFirst = true;
  auto put = [&](const json &entry) {
    out << (isFirst ? "" : ",\n") << entry.dump();
    isFirst = false;
  };
  for (const TraceEvent &event : events) {
    auto [row, isNew] = rows.emplace(std::pair(event.process, event.row), static_cast<int>(rows.size()) + 1);
    if (isNew) {
      put({{"ph", "M"},
           {"name", "process_name"},
           {"pid", event.process},
           {"args", {{"name", "cta " + std::to_string(event.process)}}}});
      put({{"ph", "M"},
           {"name", "thread_name"},
           {"pid", event.process},
           {"tid", row->second},
           {"args", {{"name", event.row}}}});
    }
    put({{"ph", "X"},
         {"name", event.name},
         {"pid", event.process},
         {"tid", row->second},
         {"ts", event.begin},
         {"dur", event.end - event.begin},
         {"args", {{"detail", event.detail}}}});
  }
  out << "\n],\"displayTimeUnit\":\"ns\"}\n";
}

} // namespace girih::sim
