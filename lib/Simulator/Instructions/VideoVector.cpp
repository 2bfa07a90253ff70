//===- VideoVector.cpp - SIMD video instructions --------------------------===//
//
// PTX ISA, "SIMD Video Instructions": two halves or four bytes, each selected
// from those of a and b.
//
//===----------------------------------------------------------------------===//
#include "Video.h"

namespace girih::sim {
namespace {

/// Which of the elements of {b, a} each element of an operand is; the last
/// digit of the selector is that of element 0.
std::vector<unsigned> sourcesOf(Decoder &d, const std::string &selector, unsigned count, unsigned firstDefault) {
  std::vector<unsigned> list;
  char letter = count == 2 ? 'h' : 'b';
  if (!selector.empty() && (selector[0] != letter || selector.size() != count + 1))
    d.fail("'." + selector + "' does not name " + std::to_string(count) + " elements of an operand");
  for (unsigned e = 0; e < count; ++e) {
    unsigned which = selector.empty() ? firstDefault + e : unsigned(selector[count - e] - '0');
    if (which >= 2 * count)
      d.fail("'." + selector + "' names element " + std::to_string(which) + " of " + std::to_string(2 * count));
    list.push_back(which);
  }
  return list;
}

/// Which elements the result takes from the operation.
unsigned maskOf(Decoder &d, const std::string &selector, unsigned count) {
  if (selector.empty())
    return (1u << count) - 1;
  unsigned mask = 0;
  for (size_t i = 1; i < selector.size(); ++i)
    mask |= 1u << (selector[i] - '0');
  if (selector[0] != (count == 2 ? 'h' : 'b') || mask >= 1u << count)
    d.fail("'." + selector + "' is no mask of " + std::to_string(count) + " elements");
  return mask;
}

void decodeVector(Decoder &d) {
  unsigned count = unsigned(d.root().back() - '0'), bits = 32 / count;
  std::string operation = d.root().substr(1, d.root().size() - 2);
  bool isComparison = operation == "set";
  bool isSignedResult = !isComparison && takeVideoType(d), isSignedA = takeVideoType(d), isSignedB = takeVideoType(d);
  if (isComparison)
    operation = d.oneOf({"eq", "ne", "lt", "le", "gt", "ge"});
  if (operation.empty())
    d.unsupported("it has no comparison");
  bool saturates = d.has("sat"), accumulates = d.has("add");
  VideoOperand into = takeVideoOperand(d, 0, Type::B32), a = takeVideoOperand(d, 1, Type::B32),
               b = takeVideoOperand(d, 2, Type::B32);
  Operand c = d.source(3, Type::B32);
  auto fromA = sourcesOf(d, a.selector, count, 0), fromB = sourcesOf(d, b.selector, count, count);
  unsigned mask = maskOf(d, into.selector, count);
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(a.operand), y = s.read<uint32_t>(b.operand), z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    uint32_t low = (1u << bits) - 1;
    for (unsigned i = 0; i < warpSize; ++i) {
      auto element = [&](unsigned which, bool isSignedType) {
        return extractPart(which < count ? x[i] : y[i], which % count * bits, bits, isSignedType);
      };
      r[i] = accumulates ? z[i] : 0;
      for (unsigned e = 0; e < count; ++e) {
        int64_t value = videoOperation(operation, element(fromA[e], isSignedA), element(fromB[e], isSignedB));
        if (saturates)
          value = clampTo(value, bits, isSignedResult);
        bool isTaken = mask >> e & 1;
        if (accumulates)
          r[i] += isTaken ? uint32_t(value) : 0;
        else
          r[i] |= (isTaken ? uint32_t(value) & low : z[i] >> (bits * e) & low) << (bits * e);
      }
    }
    s.write(into.operand, r);
    return Outcome::Next;
  });
}

} // namespace

void registerVideoVector(DecodeTable &table) {
  for (const char *name : {"vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax", "vset"})
    for (const char *count : {"2", "4"})
      table[std::string(name) + count] = decodeVector;
}

} // namespace girih::sim
