//===- Video.cpp - Scalar video instructions ------------------------------===//
//
// PTX ISA, "Scalar Video Instructions": operands are parts of registers, wider
// arithmetic, saturation, then a second operation with c or a merge into it.
//
//===----------------------------------------------------------------------===//
#include "Video.h"

namespace girih::sim {

int64_t extractPart(uint32_t word, unsigned first, unsigned bits, bool isSignedType) {
  uint64_t shifted = uint64_t(word) << (64 - first - bits);
  return isSignedType ? int64_t(shifted) >> (64 - bits) : int64_t(shifted >> (64 - bits));
}

int64_t clampTo(int64_t value, unsigned bits, bool isSignedType) {
  int64_t low = isSignedType ? -(int64_t(1) << (bits - 1)) : 0;
  int64_t high = (int64_t(1) << (isSignedType ? bits - 1 : bits)) - 1;
  return std::clamp(value, low, high);
}

int64_t videoOperation(const std::string &operation, int64_t a, int64_t b) {
  if (operation == "add")
    return a + b;
  if (operation == "sub")
    return a - b;
  if (operation == "absdiff")
    return a < b ? b - a : a - b;
  if (operation == "avrg")
    return (a + b >= 0 ? a + b + 1 : a + b) >> 1;
  if (operation == "min")
    return std::min(a, b);
  if (operation == "max")
    return std::max(a, b);
  bool holds = operation == "eq"   ? a == b
               : operation == "ne" ? a != b
               : operation == "lt" ? a < b
               : operation == "le" ? a <= b
               : operation == "gt" ? a > b
                                   : a >= b;
  return holds;
}

bool takeVideoType(Decoder &d) {
  Type type = d.type();
  if (type != Type::U32 && type != Type::S32)
    d.unsupported("type ." + std::string(typeName(type)));
  return isSigned(type);
}

VideoOperand takeVideoOperand(Decoder &d, size_t index, Type type) {
  VideoOperand made;
  SyntaxOperand whole = d.raw(index);
  made.selector = whole.selector;
  made.isNegated = whole.negated;
  whole.selector.clear();
  whole.negated = false;
  made.operand = index == 0 ? d.bindDestination(whole) : d.bindSource(whole, type);
  return made;
}

namespace {

/// A byte, half or all of a register.
struct Part {
  unsigned first = 0, bits = 32;
  bool isSignedType = false;
  Operand operand;

  Lanes<int64_t> read(const Step &s) const {
    auto words = s.read<uint32_t>(operand);
    Lanes<int64_t> values;
    for (unsigned i = 0; i < warpSize; ++i)
      values[i] = extractPart(words[i], first, bits, isSignedType);
    return values;
  }
};

Part partOf(Decoder &d, const VideoOperand &from, bool isSignedType) {
  Part made;
  made.operand = from.operand;
  made.isSignedType = isSignedType;
  if (from.selector.empty())
    return made;
  unsigned index = unsigned(from.selector[1] - '0');
  made.bits = from.selector[0] == 'b' ? 8 : 16;
  made.first = index * made.bits;
  if (from.selector.size() != 2 || made.first >= 32)
    d.fail("'." + from.selector + "' is no byte or half of a register");
  return made;
}

Part takePart(Decoder &d, size_t index, bool isSignedType) {
  VideoOperand from = takeVideoOperand(d, index, Type::B32);
  if (from.isNegated)
    d.fail("operand " + std::to_string(index + 1) + " cannot be negated");
  return partOf(d, from, isSignedType);
}

/// What follows the operation: saturation, the second operation, the merge.
struct Finish {
  bool saturates = false, isSignedType = false;
  std::string second;
  Part into;
  Operand c;

  uint32_t operator()(int64_t value, uint32_t other) const {
    if (saturates)
      value = clampTo(value, into.bits, isSignedType);
    if (!second.empty())
      return uint32_t(videoOperation(second, value, extractPart(other, 0, 32, isSignedType)));
    uint32_t mask = into.bits == 32 ? ~0u : ((1u << into.bits) - 1) << into.first;
    return (uint32_t(value) << into.first & mask) | (other & ~mask);
  }
};

Finish takeFinish(Decoder &d, bool isSignedType) {
  Finish made;
  made.isSignedType = isSignedType;
  made.saturates = d.has("sat");
  made.second = d.oneOf({"add", "min", "max"});
  made.into = takePart(d, 0, isSignedType);
  if (!made.second.empty() || made.into.bits < 32)
    made.c = d.source(3, Type::B32);
  return made;
}

/// Runs f of both operands, then the finish.
template <class F> void runVideo(Decoder &d, const Finish &finish, const Part &a, const Part &b, F f) {
  d.run([=](Step &s) {
    auto x = a.read(s), y = b.read(s);
    auto z = s.read<uint32_t>(finish.c);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = finish(f(x[i], y[i]), z[i]);
    s.write(finish.into.operand, r);
    return Outcome::Next;
  });
}

/// vadd, vsub, vabsdiff, vmin, vmax; the operation follows the `v`.
void decodeArithmetic(Decoder &d) {
  bool isSignedResult = takeVideoType(d), isSignedA = takeVideoType(d), isSignedB = takeVideoType(d);
  std::string operation = d.root().substr(1);
  Finish finish = takeFinish(d, isSignedResult);
  Part a = takePart(d, 1, isSignedA), b = takePart(d, 2, isSignedB);
  runVideo(d, finish, a, b, [=](int64_t x, int64_t y) { return videoOperation(operation, x, y); });
}

/// vset: the result of the comparison is 1 or 0 and unsigned.
void decodeSet(Decoder &d) {
  bool isSignedA = takeVideoType(d), isSignedB = takeVideoType(d);
  std::string comparison = d.oneOf({"eq", "ne", "lt", "le", "gt", "ge"});
  if (comparison.empty())
    d.unsupported("it has no comparison");
  Finish finish = takeFinish(d, false);
  Part a = takePart(d, 1, isSignedA), b = takePart(d, 2, isSignedB);
  runVideo(d, finish, a, b, [=](int64_t x, int64_t y) { return videoOperation(comparison, x, y); });
}

template <bool isLeft> void decodeShift(Decoder &d) {
  bool isSignedResult = takeVideoType(d), isSignedA = takeVideoType(d);
  d.require("u32");
  std::string mode = d.oneOf({"clamp", "wrap"});
  if (mode.empty())
    d.unsupported("expected the modifier '.clamp' or '.wrap'");
  bool wraps = mode == "wrap";
  Finish finish = takeFinish(d, isSignedResult);
  Part a = takePart(d, 1, isSignedA), b = takePart(d, 2, false);
  runVideo(d, finish, a, b, [=](int64_t x, int64_t y) {
    unsigned amount = wraps ? unsigned(y & 31) : unsigned(std::min<int64_t>(y, 32));
    // 33 bits shifted by up to 32 may exceed 64 when saturated; they fit 66.
    if (!isLeft)
      return x >> amount;
    __int128 wide = __int128(x) << amount;
    return int64_t(std::clamp<__int128>(wide, INT64_MIN, INT64_MAX));
  });
}

/// PTX ISA, "vmad": (a b) + c with a sign on the product or on c, plus one
/// with `.po`, scaled by a right shift.
void decodeMultiplyAdd(Decoder &d) {
  takeVideoType(d);
  bool isSignedA = takeVideoType(d), isSignedB = takeVideoType(d);
  bool addsOne = d.has("po"), saturates = d.has("sat");
  std::string scale = d.oneOf({"shr7", "shr15"});
  unsigned shift = scale == "shr7" ? 7 : scale == "shr15" ? 15 : 0;
  Part into = takePart(d, 0, false);
  VideoOperand fromA = takeVideoOperand(d, 1, Type::B32), fromB = takeVideoOperand(d, 2, Type::B32),
               fromC = takeVideoOperand(d, 3, Type::B32);
  Part a = partOf(d, fromA, isSignedA), b = partOf(d, fromB, isSignedB);
  bool negatesProduct = fromA.isNegated != fromB.isNegated, negatesC = fromC.isNegated;
  if (addsOne && (fromA.isNegated || fromB.isNegated || negatesC))
    d.fail("operands cannot be negated with '.po'");
  bool isSignedFinal = isSignedA || isSignedB || negatesProduct || negatesC;
  Operand c = fromC.operand;
  d.run([=](Step &s) {
    auto x = a.read(s), y = b.read(s);
    auto z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      __int128 product = __int128(x[i]) * y[i];
      __int128 addend = extractPart(negatesC && !negatesProduct ? ~z[i] : z[i], 0, 32, isSignedFinal);
      __int128 sum = (negatesProduct ? ~product : product) + addend + (addsOne || negatesProduct || negatesC);
      int64_t result = int64_t(sum >> shift);
      r[i] = uint32_t(saturates ? clampTo(result, 32, isSignedFinal) : result);
    }
    s.write(into.operand, r);
    return Outcome::Next;
  });
}

} // namespace

void registerVideo(DecodeTable &table) {
  for (const char *name : {"vadd", "vsub", "vabsdiff", "vmin", "vmax"})
    table[name] = decodeArithmetic;
  table["vset"] = decodeSet;
  table["vshl"] = decodeShift<true>;
  table["vshr"] = decodeShift<false>;
  table["vmad"] = decodeMultiplyAdd;
}

} // namespace girih::sim
