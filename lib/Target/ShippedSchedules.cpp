#include "girih/Target/ShippedSchedules.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace girih {

bool ShippedSchedule::isForItsSizesOnly() const {
  std::string_view text = knobs;
  return std::ranges::any_of(std::array{"workers=", "ctas=", "persistent="},
                             [&](const char *knob) { return text.find(knob) != text.npos; });
}

const ShippedSchedule *findShipped(std::span<const ShippedSchedule> table, const AttentionSizes &sizes) {
  constexpr double kFarthest = 2;
  auto ratio = [](int64_t a, int64_t b) { return double(std::max(a, b)) / double(std::min(a, b)); };
  const ShippedSchedule *nearest = nullptr;
  double least = 0;
  for (const ShippedSchedule &row : table) {
    if (row.head != sizes.head || row.isCausal != sizes.isCausal)
      continue;
    std::array ratios = {ratio(sizes.slices, row.slices), ratio(sizes.queries, row.length),
                         ratio(sizes.keys, row.length)};
    double distance = ratios[0] * ratios[1] * ratios[2];
    if (std::ranges::max(ratios) <= kFarthest && (!nearest || distance < least)) {
      nearest = &row;
      least = distance;
    }
  }
  return nearest && nearest->isForItsSizesOnly() && least != 1 ? nullptr : nearest;
}

} // namespace girih
