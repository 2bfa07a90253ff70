//===- Timeline.cpp - The timeline as a picture ---------------------------===//
#include "Markup.h"
#include "girih/Simulator/Findings.h"

#include <algorithm>

namespace girih::sim {
namespace {

constexpr double labels = 220, width = 1180, rowHeight = 14;
constexpr size_t mostRows = 200;

const char *colourOf(const TraceEvent &event) {
  if (event.name.starts_with("wait"))
    return event.detail.find("without an end") != std::string::npos ? "#c00" : "#e6b800";
  return event.name == "run" ? "#4a7" : "#58c";
}

/// Warps by number, then asynchronous units by name, of one CTA after another.
struct RowKey {
  uint32_t process;
  unsigned long warp;
  std::string name;
  auto operator<=>(const RowKey &) const = default;
};
RowKey keyOf(const TraceEvent &event) {
  bool isWarp = event.row.starts_with("warp ");
  return {event.process, isWarp ? std::strtoul(event.row.c_str() + 5, nullptr, 10) : ~0ul, event.row};
}

/// Bars of one row; what is too narrow to be seen joins the one before.
std::string drawRow(std::vector<const TraceEvent *> events, double y, double scale) {
  std::sort(events.begin(), events.end(), [](const TraceEvent *a, const TraceEvent *b) {
    return a->begin != b->begin ? a->begin < b->begin : a < b;
  });
  std::string text;
  for (size_t i = 0; i < events.size();) {
    const TraceEvent &first = *events[i];
    uint64_t end = first.end;
    size_t next = i + 1;
    for (; next < events.size(); ++next) {
      const TraceEvent &event = *events[next];
      bool isNear = double(event.end - first.begin) * scale < 1.5 || (event.begin <= end && event.name == first.name);
      if (colourOf(event) != colourOf(first) || !isNear)
        break;
      end = std::max(end, event.end);
    }
    std::string title = first.name + " " + first.detail + ", " + std::to_string(first.begin) + " to " +
                        std::to_string(end) + (next - i > 1 ? ", " + std::to_string(next - i) + " together" : "");
    text += "<rect x=" + quoted(labels + double(first.begin) * scale) + " y=" + quoted(y) +
            " width=" + quoted(std::max(0.5, double(end - first.begin) * scale)) + " height=" + quoted(rowHeight - 3) +
            " fill=\"" + colourOf(first) + "\"><title>" + escaped(title) + "</title></rect>\n";
    i = next;
  }
  return text;
}

} // namespace

std::string drawTimeline(const std::vector<TraceEvent> &events) {
  std::map<RowKey, std::vector<const TraceEvent *>> rows;
  uint64_t last = 1;
  for (const TraceEvent &event : events) {
    rows[keyOf(event)].push_back(&event);
    last = std::max(last, event.end);
  }
  double y = 4;
  std::string body;
  size_t count = 0;
  for (auto &[key, row] : rows) {
    if (count++ == mostRows)
      break;
    std::string name = "cta " + std::to_string(key.process) + " " + key.name;
    body += "<text x=\"4\" y=" + quoted(y + 9) + ">" + escaped(name) + "</text>\n";
    body += drawRow(row, y, (width - labels) / double(last));
    y += rowHeight;
  }
  if (rows.size() > mostRows) {
    body +=
        "<text x=\"4\" y=" + quoted(y + 9) + ">and " + std::to_string(rows.size() - mostRows) + " more rows</text>\n";
    y += rowHeight;
  }
  return "<svg class=\"timeline\" xmlns=\"http://www.w3.org/2000/svg\" width=" + quoted(width) +
         " height=" + quoted(y + 4) + " font-size=\"10\" font-family=\"monospace\">\n" + body + "</svg>\n";
}

} // namespace girih::sim
