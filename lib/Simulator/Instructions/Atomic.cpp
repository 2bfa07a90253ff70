//===- Atomic.cpp - atom, red, red.async ----------------------------------===//
#include "../Machine/Timer.h"
#include "Elementwise.h"
#include "Memory.h"
#include "girih/Support/Float.h"

namespace girih::sim {
namespace {

float addFlushed(float a, float b) { return flush(flush(a) + flush(b)); }

/// One float element of an atomic: add, min or max.
uint32_t combineFloat(uint32_t a, uint32_t b, Type type, const std::string &how) {
  if (type == Type::F32) {
    float x = __builtin_bit_cast(float, a), y = __builtin_bit_cast(float, b);
    return __builtin_bit_cast(uint32_t, how == "add"   ? addFlushed(x, y)
                                        : how == "min" ? std::min(x, y)
                                                       : std::max(x, y));
  }
  Format format = formatOf(type);
  double x = decodeFloat(a & 0xffff, format), y = decodeFloat(b & 0xffff, format);
  double r = how == "add" ? fusedRoundToOdd(1, x, y) : how == "min" ? std::min(x, y) : std::max(x, y);
  return encodeFloat(r, format, Rounding::NearestEven, false);
}

} // namespace

/// The new value of memory for an atomic of up to 8 bytes; b and c are the
/// operands. Also the arithmetic of reducing copies.
uint64_t combineAtomic(uint64_t old, uint64_t b, uint64_t c, Type type, const std::string &how) {
  unsigned bits = typeBits(type);
  if (how == "exch")
    return b;
  if (how == "cas")
    return old == b ? c : old;
  if (type == Type::F64) {
    double x = __builtin_bit_cast(double, old), y = __builtin_bit_cast(double, b);
    return __builtin_bit_cast(uint64_t, x + y);
  }
  if (isFloat(type)) {
    if (type == Type::F16x2 || type == Type::BF16x2)
      return combineFloat(uint32_t(old), uint32_t(b), type, how) |
             combineFloat(uint32_t(old >> 16), uint32_t(b >> 16), type, how) << 16;
    return combineFloat(uint32_t(old), uint32_t(b), type, how);
  }
  auto extend = [=](uint64_t v) { return bits == 64 ? int64_t(v) : int64_t(v << (64 - bits)) >> (64 - bits); };
  if (how == "add")
    return old + b;
  if (how == "and")
    return old & b;
  if (how == "or")
    return old | b;
  if (how == "xor")
    return old ^ b;
  if (how == "inc")
    return old >= b ? 0 : old + 1;
  if (how == "dec")
    return old == 0 || old > b ? b : old - 1;
  bool isLess = isSigned(type) ? extend(old) < extend(b) : old < b;
  return isLess == (how == "min") ? old : b;
}

namespace {

/// exch and cas of 16 bytes.
void decodeWideAtom(Decoder &d, const MemoryOrder &order, StateSpace space, const std::string &how) {
  if (how != "exch" && how != "cas")
    d.unsupported("." + how + " of 128 bits");
  using Wide = unsigned __int128;
  Operand into = d.destination(0);
  AddressOperand address = d.address(1);
  Operand b = d.source(2, Type::B128), c = how == "cas" ? d.source(3, Type::B128) : Operand();
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    auto y = s.read<Wide>(b), z = s.read<Wide>(c);
    Lanes<Wide> old{};
    std::lock_guard<std::mutex> lock(s.cluster().device.memory.atomics);
    s.forLanes([&](unsigned lane) {
      Place place = s.resolve(space, base[lane] + uint64_t(address.offset), 16, true, 16);
      bool isDefined;
      s.load(place, lane, &old[lane], 16, true, &isDefined, order.scope);
      acquireAt(s, place, order, lane);
      if (how == "cas" && old[lane] != y[lane])
        return;
      bool isExchange = how == "exch";
      s.store(place, lane, isExchange ? &y[lane] : &z[lane], 16, true, isExchange || isDefined, order.scope);
      releaseAt(s, place, order, lane, true);
    });
    s.write(into, old);
    return Outcome::Next;
  });
}

/// atom and red, by element of a vector, under one lock.
void decodeAtomOf(Decoder &d, bool returns, Addressing addressing = Addressing::Memory) {
  MemoryOrder order = takeOrder(d);
  order.isStrong = true;
  StateSpace space = d.stateSpace();
  d.takeCacheHints();
  std::string how = d.oneOf({"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"});
  if (how.empty())
    d.unsupported();
  d.has("noftz");
  std::string vector = d.oneOf({"v2", "v4", "v8"});
  unsigned count = vector.empty() ? 1 : unsigned(vector[1] - '0');
  Type type = d.type();
  if (type == Type::B128)
    return decodeWideAtom(d, order, space, how);
  size_t at = 0;
  std::vector<Operand> into(count);
  if (returns)
    into = d.destinations(at++);
  AddressOperand address = d.address(at++);
  auto b = d.sources(at++, type);
  Operand c = how == "cas" ? d.source(at, type) : Operand();
  unsigned size = typeBits(type) / 8;
  if (b.size() != count)
    d.fail("has " + std::to_string(b.size()) + " operands for a vector of " + std::to_string(count));
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    std::vector<Lanes<uint64_t>> y, old(count);
    for (const Operand &operand : b)
      y.push_back(s.read<uint64_t>(operand));
    auto z = s.read<uint64_t>(c);
    uint64_t bits = size == 8 ? ~0ull : (1ull << (8 * size)) - 1;
    std::lock_guard<std::mutex> lock(s.cluster().device.memory.atomics);
    s.forLanes([&](unsigned lane) {
      for (unsigned e = 0; e < count; ++e) {
        Place place =
            s.resolve(space, base[lane] + uint64_t(address.offset) + e * size, size, true, e ? size : size * count);
        requireGlobal(s, place, addressing);
        uint64_t value = 0;
        bool isDefined;
        s.load(place, lane, &value, size, true, &isDefined, order.scope);
        // PTX ISA, "Release and Acquire Patterns": the read of red is in none.
        if (returns)
          acquireAt(s, place, order, lane);
        old[e][lane] = value;
        uint64_t next = combineAtomic(value, y[e][lane] & bits, z[lane] & bits, type, how);
        // A cluster that stands for others takes numbers for them, too.
        uint32_t standsFor = returns && (how == "add" || how == "inc") ? s.cluster().device.standsFor : 1;
        uint32_t within = standsFor > 1 ? s.cluster().timer->takeNumber(place.offset) : 0;
        uint64_t given = next;
        for (uint32_t i = 1; i < within; ++i)
          given = combineAtomic(given & bits, y[e][lane] & bits, 0, type, how);
        if (within)
          old[e][lane] = given & bits;
        for (uint32_t i = 1; i < standsFor; ++i)
          next = combineAtomic(next & bits, y[e][lane] & bits, 0, type, how);
        if ((next & bits) != value || how == "exch")
          s.store(place, lane, &next, size, true, isDefined, order.scope);
        if (how != "cas" || value == (y[e][lane] & bits))
          releaseAt(s, place, order, lane, true);
      }
    });
    for (unsigned e = 0; e < count; ++e)
      s.write(into[e], old[e]);
    return Outcome::Next;
  });
}

void decodeAtom(Decoder &d) { decodeAtomOf(d, true); }

void decodeRed(Decoder &d) {
  if (d.has("async"))
    return decodeAsyncReduction(d);
  decodeAtomOf(d, false);
}

} // namespace

void decodeReduction(Decoder &d, Addressing addressing) { decodeAtomOf(d, false, addressing); }

void registerAtomic(DecodeTable &table) {
  table["atom"] = decodeAtom;
  table["red"] = decodeRed;
}

} // namespace girih::sim
