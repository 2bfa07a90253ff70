//===- WaitGraph.cpp - A deadlock as a picture ----------------------------===//
//
// Waiters stand on the left, what they wait for on the right. A line leads from
// a waiter to its object, a dashed one from the object to those that could end
// the wait; a cycle is red.
//
//===----------------------------------------------------------------------===//
#include "Markup.h"
#include "girih/Simulator/Findings.h"

#include <algorithm>

namespace girih::sim {
namespace {

constexpr size_t mostDrawn = 40;
constexpr double step = 44, height = 30, boxWidth = 330, left = 10, right = 620, width = 970;

double middle(size_t row) { return 24 + double(row) * step; }

std::string box(double x, size_t row, const std::string &text, const std::string &title, bool isInCycle) {
  std::string shown = text.size() > 50 ? text.substr(0, 47) + "..." : text;
  return "<g><title>" + escaped(title) + "</title><rect x=" + quoted(x) + " y=" + quoted(middle(row) - height / 2) +
         " width=" + quoted(boxWidth) + " height=" + quoted(height) + " rx=\"4\" fill=\"#fff\" stroke=\"" +
         (isInCycle ? "#c00" : "#555") + "\"/><text x=" + quoted(x + 8) + " y=" + quoted(middle(row) + 4) + ">" +
         escaped(shown) + "</text></g>\n";
}

/// From the right side of the left box to the left side of the right one, or
/// back.
std::string arrow(size_t from, size_t to, bool goesBack, bool isInCycle) {
  double x1 = left + boxWidth, x2 = right, shift = goesBack ? 6 : -4;
  double y1 = middle(from) + shift, y2 = middle(to) + shift;
  if (goesBack)
    std::swap(x1, x2);
  return "<line x1=" + quoted(x1) + " y1=" + quoted(y1) + " x2=" + quoted(x2) + " y2=" + quoted(y2) + " stroke=\"" +
         (isInCycle ? "#c00" : "#555") + "\" marker-end=\"url(#arrow)\"" +
         (goesBack ? " stroke-dasharray=\"5 4\"" : "") + "/>\n";
}

} // namespace

std::string drawWaitGraph(const std::vector<Waiter> &waiters) {
  size_t drawn = std::min(waiters.size(), mostDrawn);
  std::vector<std::string> objects;
  std::vector<bool> isRed;
  auto rowOf = [&](const Waiter &waiter) {
    size_t row = size_t(std::find(objects.begin(), objects.end(), waiter.object) - objects.begin());
    if (row == objects.size()) {
      objects.push_back(waiter.object);
      isRed.push_back(false);
    }
    isRed[row] = isRed[row] || waiter.isInCycle;
    return row;
  };
  std::string boxes, lines;
  for (size_t i = 0; i < drawn; ++i) {
    const Waiter &waiter = waiters[i];
    size_t object = rowOf(waiter);
    boxes += box(left, i, waiter.name + ", line " + std::to_string(waiter.line), waiter.state, waiter.isInCycle);
    lines += arrow(i, object, false, waiter.isInCycle);
    for (size_t other : waiter.others)
      if (other < drawn)
        lines += arrow(object, other, true, waiter.isInCycle && waiters[other].isInCycle);
  }
  for (size_t i = 0; i < objects.size(); ++i)
    boxes += box(right, i, objects[i], objects[i], isRed[i]);
  double bottom = middle(std::max(drawn, objects.size()));
  std::string text = "<svg class=\"waits\" xmlns=\"http://www.w3.org/2000/svg\" width=" + quoted(width) +
                     " height=" + quoted(bottom) + " font-size=\"12\" font-family=\"monospace\">\n" +
                     "<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"8\" refY=\"4\" "
                     "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n" +
                     lines + boxes;
  if (drawn < waiters.size())
    text +=
        "<text x=\"10\" y=" + quoted(bottom - 4) + ">and " + std::to_string(waiters.size() - drawn) + " more</text>\n";
  return text + "</svg>\n";
}

} // namespace girih::sim
