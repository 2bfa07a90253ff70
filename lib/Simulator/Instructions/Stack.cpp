//===- Stack.cpp - alloca, stacksave, stackrestore ------------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

void takeType(Decoder &d) {
  Type type = d.type();
  if (type != Type::U32 && type != Type::U64)
    d.unsupported("type ." + std::string(typeName(type)));
}

/// The stack pointers of the current frame.
Lanes<uint32_t> &pointersOf(Step &s) { return s.warp.stackPointers[s.group.stack.size() - 1]; }

Lanes<uint64_t> widened(const Lanes<uint32_t> &from) {
  Lanes<uint64_t> wide;
  for (unsigned i = 0; i < warpSize; ++i)
    wide[i] = from[i];
  return wide;
}

/// PTX ISA, "alloca": the stack grows down; the memory lives until the stack
/// pointer is restored or the function returns.
void decodeAlloca(Decoder &d) {
  takeType(d);
  Operand into = d.destination(0), size = d.source(1, Type::U64);
  int64_t alignment = d.count() > 2 ? d.literal(2) : 8;
  if (alignment <= 0 || alignment > 1 << 23 || (alignment & (alignment - 1)))
    d.fail("alignment " + std::to_string(alignment) + " is not a power of two of at most 8388608");
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto sizes = s.read<uint64_t>(size);
    Lanes<uint32_t> &pointers = pointersOf(s);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      if (!(s.mask >> lane & 1))
        continue;
      uint64_t lowest = stackTop - largestStack;
      uint64_t next = sizes[lane] > pointers[lane] - lowest ? 0 : pointers[lane] - sizes[lane];
      next &= ~uint64_t(std::max<int64_t>(alignment, 8) - 1);
      if (next < lowest)
        s.misuse("alloca of " + std::to_string(sizes[lane]) + " bytes exceeds the stack of " +
                 std::to_string(largestStack));
      pointers[lane] = uint32_t(next);
      auto &bytes = s.warp.stack[lane];
      if (stackTop - next > bytes.size())
        bytes.insert(bytes.begin(), stackTop - next - bytes.size(), 0);
    }
    s.write(into, widened(pointers));
    return Outcome::Next;
  });
}

void decodeStacksave(Decoder &d) {
  takeType(d);
  Operand into = d.destination(0);
  d.run([=](Step &s) {
    s.write(into, widened(pointersOf(s)));
    return Outcome::Next;
  });
}

void decodeStackrestore(Decoder &d) {
  takeType(d);
  Operand from = d.source(0, Type::U64);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(from);
    Lanes<uint32_t> &pointers = pointersOf(s);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      if (!(s.mask >> lane & 1))
        continue;
      // Only what a stacksave of this frame gave lies above the pointer.
      if (x[lane] < pointers[lane] || x[lane] > stackTop)
        s.misuse("stackrestore of " + std::to_string(x[lane]) + " when the stack pointer is " +
                 std::to_string(pointers[lane]));
      pointers[lane] = uint32_t(x[lane]);
    }
    return Outcome::Next;
  });
}

} // namespace

void registerStack(DecodeTable &table) {
  table["alloca"] = decodeAlloca;
  table["stacksave"] = decodeStacksave;
  table["stackrestore"] = decodeStackrestore;
}

} // namespace girih::sim
