//===- MatrixScale.cpp - Scales of mma.sync with .block_scale -------------===//
#include "MatrixFragment.h"

#include "../Numbers/Formats.h"

namespace girih::sim {
namespace {

/// A selector, which is one number for the warp.
uint32_t readSelector(const Step &s, const Operand &operand, const char *name, uint32_t below, uint32_t step) {
  auto values = s.read<uint16_t>(operand);
  if (s.mask & ~s.definedLanes(operand))
    s.stop(VerdictKind::Uninitialised, std::string("selects scales by an undefined ") + name);
  uint32_t first = values[s.firstLane()];
  s.forLanes([&](unsigned lane) {
    if (values[lane] != first)
      s.misuse(std::string(name) + " is " + std::to_string(values[lane]) + " in lane " + std::to_string(lane) +
               " when it is " + std::to_string(first) + " in lane " + std::to_string(s.firstLane()));
  });
  if (first >= below || first % step)
    s.misuse(std::string(name) + " is " + std::to_string(first) + " when it should be " +
             (below <= step
                  ? std::string("0")
                  : "0 to " + std::to_string(below - step) + (step > 1 ? " in steps of " + std::to_string(step) : "")));
  return first;
}

} // namespace

BlockScales readScales(const Step &s, const MmaShape &shape, const ScaleOperand &operand, bool isB,
                       std::vector<uint8_t> &isDefined) {
  // PTX ISA, "Block Scaling for mma.sync": A's come from a pair of each four
  // threads, the lower of which has those of rows 0 to 7; B's from one.
  uint32_t byte = readSelector(s, operand.byte, isB ? "byte-id-b" : "byte-id-a", 4, shape.blocks);
  uint32_t thread = readSelector(s, operand.thread, isB ? "thread-id-b" : "thread-id-a", isB ? 4 : 2, 1);
  auto words = s.read<uint32_t>(operand.data);
  LaneMask known = s.definedLanes(operand.data);
  BlockScales scales{shape.blocks, shape.scale, {}};
  for (uint32_t line = 0; line < isDefined.size(); ++line) {
    uint32_t lane = isB ? line * 4 + thread : line % 8 * 4 + thread * 2 + line / 8;
    isDefined[line] &= known >> lane & 1;
    for (uint32_t block = 0; block < shape.blocks; ++block) {
      uint32_t code = words[lane] >> (8 * (byte + block)) & 0xff;
      // ue4m3 has no sign.
      scales.values.push_back(
          float(decodeFloat(shape.scale == Type::E4M3 ? code & 0x7f : code, formatOf(shape.scale))));
    }
  }
  return scales;
}

} // namespace girih::sim
