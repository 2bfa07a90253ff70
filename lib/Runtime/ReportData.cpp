//===- ReportData.cpp - CSV and JSON for programs -------------------------===//

#include "girih/Runtime/Report.h"
#include "girih/Runtime/Statistics.h"
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace girih::runtime;
using Json = nlohmann::ordered_json;

namespace {

/// A field of a CSV line: in quotes when it holds a comma, a quote or a line
/// end.
std::string field(const std::string &text) {
  if (text.find_first_of(",\"\n") == std::string::npos)
    return text;
  std::string quoted = "\"";
  for (char c : text)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string field(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6g", value);
  return value == 0 || !std::isfinite(value) ? "" : text;
}

double medianOf(const std::optional<Timing> &timing) { return timing ? median(timing->milliseconds) : 0; }

/// JSON has no infinity.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json timingJson(const Timing &timing) {
  return {{"median_ms", median(timing.milliseconds)},
          {"spread_percent", spreadPercent(timing.milliseconds)},
          {"sm_mhz", timing.clockMHz.empty() ? Json(nullptr) : Json(median(timing.clockMHz))},
          {"cycles_mhz", timing.cyclesMHz.empty() ? Json(nullptr) : Json(median(timing.cyclesMHz))},
          {"launches_per_turn", timing.launchesPerTurn},
          {"rounds_ms", timing.milliseconds}};
}

Json verdictJson(const KernelReport &kernel) {
  const Verdict &verdict = *kernel.verdict;
  return {{"inputs", kernel.checks},
          {"has_reference", verdict.hasReference},
          {"checked_rows", verdict.checkedRows},
          {"rows", verdict.rows},
          {"max_difference", finite(verdict.maxDifference)},
          {"max_yardstick_error", finite(verdict.maxYardstick)},
          {"relative_error", finite(verdict.relativeError)},
          {"share_of_bound", finite(verdict.worstShare)},
          {"max_lse_difference", finite(verdict.maxLogSumExpDifference)}};
}

Json kernelJson(const KernelReport &kernel) {
  Json json = {{"name", kernel.name},           {"manifest", kernel.manifest},      {"shape", kernel.shape},
               {"passed", kernel.passed()},     {"failure", kernel.failure},        {"flops", kernel.flops},
               {"registers", kernel.registers}, {"local_bytes", kernel.localBytes}, {"schedule", kernel.schedule}};
  if (kernel.verdict)
    json["check"] = verdictJson(kernel);
  if (kernel.ours) {
    json["ours"] = timingJson(*kernel.ours);
    json["teraflops"] = kernel.teraflops();
  }
  if (kernel.peer) {
    json["peer"] = timingJson(*kernel.peer);
    json["peer_teraflops"] = kernel.peerTeraflops();
    json["speedup"] = kernel.speedup();
  }
  if (kernel.peerDifference)
    json["max_difference_from_peer"] = finite(*kernel.peerDifference);
  if (!kernel.peerFailure.empty())
    json["peer_failure"] = kernel.peerFailure;
  return json;
}

} // namespace

std::string girih::runtime::formatCsv(const RunReport &report) {
  std::string text = "name,shape,passed,our_ms,our_spread_percent,our_sm_mhz,our_cycles_mhz,peer,peer_ms,"
                     "peer_spread_percent,peer_sm_mhz,peer_cycles_mhz,speedup,teraflops,max_difference,"
                     "relative_error,share_of_bound\n";
  for (const KernelReport &kernel : report.kernels) {
    auto timing = [](const std::optional<Timing> &timed) {
      return field(medianOf(timed)) + "," + field(timed ? spreadPercent(timed->milliseconds) : 0) + "," +
             field(timed ? median(timed->clockMHz) : 0) + "," + field(timed ? median(timed->cyclesMHz) : 0) + ",";
    };
    bool checked = kernel.verdict && kernel.verdict->hasReference;
    text += field(kernel.name) + "," + field(kernel.shape) + "," + (kernel.passed() ? "1" : "0") + "," +
            timing(kernel.ours) + field(report.peer) + "," + timing(kernel.peer) + field(kernel.speedup()) + "," +
            field(kernel.teraflops()) + "," + field(checked ? kernel.verdict->maxDifference : 0) + "," +
            field(checked ? kernel.verdict->relativeError : 0) + "," + field(checked ? kernel.verdict->worstShare : 0) +
            "\n";
  }
  return text;
}

std::string girih::runtime::formatJson(const RunReport &report) {
  Summary summary = summarize(report);
  Json json = {
      {"device",
       {{"name", report.device.name},
        {"multiprocessors", report.device.multiprocessors},
        {"compute_capability", std::to_string(report.device.major) + "." + std::to_string(report.device.minor)},
        {"driver", report.device.driverVersion}}},
      {"peer", report.peer},
      {"peak_teraflops", report.peakFlops ? Json(*report.peakFlops / 1e12) : Json(nullptr)},
      {"passed", report.passed()},
      {"summary",
       {{"timed", summary.timed},
        {"peak_teraflops", summary.peakTeraflops},
        {"average_teraflops", summary.averageTeraflops},
        {"best_speedup", summary.bestSpeedup},
        {"average_speedup", summary.averageSpeedup},
        {"share_of_peak", summary.shareOfPeak}}},
      {"kernels", Json::array()}};
  for (const KernelReport &kernel : report.kernels)
    json["kernels"].push_back(kernelJson(kernel));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
