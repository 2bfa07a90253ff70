//===- TimeReport.cpp - What girih-sim --time prints ----------------------===//
#include "TimeReport.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace girih::sim {
namespace {

std::string format(const char *how, double value) {
  char text[64];
  std::snprintf(text, sizeof text, how, value);
  return text;
}

/// One label, and a value for each kernel.
struct Row {
  std::string label;
  std::vector<std::string> values;
};

void print(std::ostream &out, const std::vector<Row> &rows) {
  size_t width = 0;
  std::vector<size_t> widths;
  for (const Row &row : rows) {
    width = std::max(width, row.label.size());
    widths.resize(std::max(widths.size(), row.values.size()));
    for (size_t i = 0; i < row.values.size(); ++i)
      widths[i] = std::max(widths[i], row.values[i].size());
  }
  for (const Row &row : rows) {
    out << "  " << row.label << std::string(width - row.label.size(), ' ');
    for (size_t i = 0; i < row.values.size(); ++i)
      out << "  " << std::string(widths[i] - row.values[i].size(), ' ') << row.values[i];
    out << "\n";
  }
}

/// The shares of a table of each kernel, the largest first; small ones are
/// left out.
template <class Map, class Label>
void printShares(std::ostream &out, const char *title, const std::vector<TimedKernel> &kernels,
                 Map TimingReport::*table, Label label) {
  std::map<std::string, std::vector<double>> shares;
  for (size_t i = 0; i < kernels.size(); ++i)
    for (const auto &[key, share] : kernels[i].report.*table) {
      auto &row = shares[label(key)];
      row.resize(kernels.size());
      row[i] += share;
    }
  std::vector<std::pair<double, Row>> rows;
  for (const auto &[name, values] : shares) {
    double most = *std::max_element(values.begin(), values.end());
    if (most < 0.005)
      continue;
    Row row{name, {}};
    for (double value : values)
      row.values.push_back(format("%.1f %%", 100 * value));
    rows.emplace_back(-most, std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) {
    return a.first != b.first ? a.first < b.first : a.second.label < b.second.label;
  });
  std::vector<Row> sorted;
  for (auto &[most, row] : rows)
    sorted.push_back(std::move(row));
  out << title << "\n";
  print(out, sorted);
}

} // namespace

void printTiming(std::ostream &out, const std::vector<TimedKernel> &kernels, double clock) {
  out << "modelled, not measured, at " << format("%.0f MHz", clock) << "\n";
  std::vector<Row> rows{{"kernel", {}},          {"cycles of the launch", {}}, {"milliseconds", {}},
                        {"TFLOP/s of MMAs", {}}, {"cycles of a cluster", {}},  {"clusters simulated", {}},
                        {"busiest unit", {}},    {"clock by power", {}}};
  for (const TimedKernel &kernel : kernels) {
    const TimingReport &report = kernel.report;
    double seconds = report.seconds(clock);
    size_t row = 0;
    auto add = [&](std::string text) { rows[row++].values.push_back(std::move(text)); };
    add(kernel.name);
    add(format("%.0f", report.cycles));
    add(format("%.6f", 1e3 * seconds));
    add(format("%.1f", report.operations / seconds / 1e12));
    add(format("%.0f", report.clusterCycles));
    add(std::to_string(report.simulated) + " of " + std::to_string(report.clusters));
    Unit unit = report.bottleneck();
    add(std::string(unitName(unit)) + format(" (%.1f %%)", 100 * report.busyShare(unit)));
    add(kernel.power ? format("%.0f MHz", kernel.power->clock) + format(" (%.0f W)", kernel.power->watts) : "unknown");
  }
  print(out, rows);
  printShares(out, "units, by the role that keeps them busy", kernels, &TimingReport::busy,
              [](const auto &key) { return std::string(unitName(key.first)) + ", " + key.second; });
  printShares(out, "waits of each role, by what ends them", kernels, &TimingReport::waits,
              [](const auto &key) { return key.first + " for " + key.second; });
  printShares(out, "critical path", kernels, &TimingReport::path,
              [](const auto &key) { return key.first + " " + key.second; });
}

void printFaster(std::ostream &out, Unit unit, const TimingReport &before, const TimingReport &after) {
  out << "  " << unitName(unit) << " twice as fast: " << format("%.3f", before.cycles / after.cycles)
      << " times as fast\n";
}

} // namespace girih::sim
