//===- Report.cpp - Tables for people -------------------------------------===//

#include "girih/Runtime/Report.h"
#include "girih/Runtime/Statistics.h"
#include <cmath>
#include <cstdio>

using namespace girih::runtime;

namespace {

using Row = std::vector<std::string>;

std::string number(const char *format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string milliseconds(const std::optional<Timing> &timing) {
  return timing ? number("%.4f", median(timing->milliseconds)) : "-";
}

std::string peerColumn(const RunReport &report) {
  return report.peer.empty() ? "peer ms" : report.peer.substr(0, report.peer.find(' ')) + " ms";
}

std::string checkMark(const KernelReport &kernel) {
  if (!kernel.passed())
    return "FAILED";
  if (!kernel.verdict)
    return "-";
  return kernel.verdict->hasReference ? "ok" : "no reference";
}

Row headRow(const RunReport &report) {
  return {"shape", "our ms", peerColumn(report), "speedup", "TFLOP/s", "max difference", "check"};
}

Row kernelRow(const KernelReport &kernel) {
  bool hasDifference = kernel.verdict && kernel.verdict->hasReference;
  return {kernel.shape,
          milliseconds(kernel.ours),
          milliseconds(kernel.peer),
          kernel.speedup() > 0 ? number("%.3f", kernel.speedup()) : "-",
          kernel.teraflops() > 0 ? number("%.1f", kernel.teraflops()) : "-",
          hasDifference           ? number("%.2e", kernel.verdict->maxDifference)
          : kernel.peerDifference ? number("%.2e", *kernel.peerDifference)
                                  : "-",
          checkMark(kernel)};
}

std::string deviceLine(const RunReport &report) {
  const DeviceFacts &device = report.device;
  std::string line = device.name + ", " + std::to_string(device.multiprocessors) + " multiprocessors, CUDA driver " +
                     std::to_string(device.driverVersion / 1000) + "." +
                     std::to_string(device.driverVersion % 1000 / 10);
  return report.peer.empty() ? line : line + ", " + report.peer;
}

std::string summaryText(const RunReport &report) {
  Summary summary = summarize(report);
  if (!summary.timed)
    return "";
  std::string text =
      "peak TFLOP/s " + number("%.1f", summary.peakTeraflops) + ", average " + number("%.1f", summary.averageTeraflops);
  if (summary.bestSpeedup > 0)
    text += ", best speedup " + number("%.3f", summary.bestSpeedup) + ", average speedup " +
            number("%.3f", summary.averageSpeedup);
  if (summary.shareOfPeak > 0)
    text += ", " + number("%.1f", 100 * summary.shareOfPeak) + " % of the chip's peak of " +
            number("%.0f", summary.peakOfShare) + " TFLOP/s";
  return text + "\n";
}

/// What went wrong, and how steady the clock and the times were.
std::string notes(const RunReport &report) {
  std::string text;
  double spread = 0, megahertz = 0;
  for (const KernelReport &kernel : report.kernels) {
    if (!kernel.failure.empty())
      text += "FAILED " + kernel.name + ": " + kernel.failure + "\n";
    if (!kernel.peerFailure.empty())
      text += "note " + kernel.name + ": " + kernel.peerFailure + "\n";
    if (!kernel.ours)
      continue;
    spread = std::max(spread, spreadPercent(kernel.ours->milliseconds));
    megahertz = std::max(megahertz, median(kernel.ours->clockMHz));
  }
  if (spread > 0)
    text += "largest interquartile range " + number("%.1f", spread) + " %" +
            (megahertz > 0 ? ", highest median SM clock " + number("%.0f", megahertz) + " MHz" : std::string()) + "\n";
  return text;
}

} // namespace

double KernelReport::teraflops() const {
  double time = ours ? median(ours->milliseconds) : 0;
  return time > 0 ? flops / time / 1e9 : 0;
}

double KernelReport::peerTeraflops() const {
  double time = peer ? median(peer->milliseconds) : 0;
  return time > 0 ? flops / time / 1e9 : 0;
}

double KernelReport::speedup() const { return ours && peer ? medianRatio(ours->milliseconds, peer->milliseconds) : 0; }

bool RunReport::passed() const {
  return std::all_of(kernels.begin(), kernels.end(), [](const KernelReport &kernel) { return kernel.passed(); });
}

Summary girih::runtime::summarize(const RunReport &report) {
  Summary summary;
  double logSpeedups = 0;
  int compared = 0;
  for (const KernelReport &kernel : report.kernels) {
    // A wrong kernel's speed means nothing.
    if (kernel.teraflops() <= 0 || !kernel.passed())
      continue;
    ++summary.timed;
    summary.peakTeraflops = std::max(summary.peakTeraflops, kernel.teraflops());
    summary.averageTeraflops += kernel.teraflops();
    // MMAs of operands half as wide are twice as fast.
    double peak = report.peakFlops.value_or(0) / 1e12 * 16 / kernel.operandBits;
    if (peak > 0 && kernel.teraflops() / peak > summary.shareOfPeak) {
      summary.shareOfPeak = kernel.teraflops() / peak;
      summary.peakOfShare = peak;
    }
    if (double speedup = kernel.speedup(); speedup > 0) {
      summary.bestSpeedup = std::max(summary.bestSpeedup, speedup);
      logSpeedups += std::log(speedup);
      ++compared;
    }
  }
  if (summary.timed)
    summary.averageTeraflops /= summary.timed;
  if (compared)
    summary.averageSpeedup = std::exp(logSpeedups / compared);
  return summary;
}

std::string girih::runtime::formatTable(const RunReport &report) {
  std::vector<Row> rows{headRow(report)};
  for (const KernelReport &kernel : report.kernels)
    rows.push_back(kernelRow(kernel));
  std::vector<size_t> widths(rows[0].size());
  for (const Row &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text = deviceLine(report) + "\n\n";
  for (const Row &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string gap(widths[i] - row[i].size(), ' ');
      // Names to the left, numbers to the right.
      line += i == 0 ? row[i] + gap : "  " + gap + row[i];
    }
    text += line + "\n";
  }
  std::string below = summaryText(report) + notes(report);
  return below.empty() ? text : text + "\n" + below;
}

std::string girih::runtime::formatMarkdown(const RunReport &report) {
  auto line = [](const Row &row) {
    std::string text = "|";
    for (const std::string &cell : row)
      text += " " + cell + " |";
    return text + "\n";
  };
  std::string text = deviceLine(report) + "\n\n" + line(headRow(report)) + "|---|";
  for (size_t i = 1; i < headRow(report).size(); ++i)
    text += "---:|";
  text += "\n";
  for (const KernelReport &kernel : report.kernels)
    text += line(kernelRow(kernel));
  std::string below = summaryText(report) + notes(report);
  return below.empty() ? text : text + "\n" + below;
}
