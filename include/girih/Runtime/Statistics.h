//===- Statistics.h - Medians and spreads -----------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_STATISTICS_H
#define GIRIH_RUNTIME_STATISTICS_H

#include <algorithm>
#include <vector>

namespace girih::runtime {

/// The value below which `share` of `values` lie, interpolated; 0 when empty.
inline double quantile(std::vector<double> values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  double place = share * double(values.size() - 1);
  size_t below = size_t(place);
  size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - double(below)) * (values[above] - values[below]);
}

inline double median(const std::vector<double> &values) { return quantile(values, 0.5); }

/// Interquartile range over the median, in percent.
inline double spreadPercent(const std::vector<double> &values) {
  double middle = median(values);
  return middle > 0 ? 100 * (quantile(values, 0.75) - quantile(values, 0.25)) / middle : 0;
}

/// Median over rounds of b[i] / a[i]: what changes between rounds cancels.
inline double medianRatio(const std::vector<double> &a, const std::vector<double> &b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i] > 0)
      ratios.push_back(b[i] / a[i]);
  return median(ratios);
}

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_STATISTICS_H
