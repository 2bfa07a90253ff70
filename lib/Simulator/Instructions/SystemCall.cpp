//===- SystemCall.cpp - vprintf and __assertfail --------------------------===//
#include "SystemCall.h"

#include <cstdio>

namespace girih::sim {
namespace {

/// Copies memory at a generic address; the call itself is no access that
/// could race.
void copyFrom(Step &s, unsigned lane, uint64_t address, void *into, uint64_t size) {
  const uint8_t *bytes = nullptr;
  if (address >= localWindow && address - localWindow < windowSize)
    bytes = s.warp.localBytes(lane, address - localWindow, size);
  else if (address >= sharedWindow && address - sharedWindow < windowSize) {
    Cta *owner;
    uint32_t offset = s.sharedOffset(address, true, owner);
    owner->checkShared(offset, size, s.line(), s.instruction.opcode.c_str());
    bytes = owner->shared.data() + offset;
  } else if (const Region *region = s.cluster().device.memory.find(address, size))
    bytes = region->bytes + (address - region->base);
  if (!bytes)
    s.misuse("a call reads " + std::to_string(size) + " bytes at " + s.cluster().device.memory.describe(address) +
             ", which are out of range");
  std::memcpy(into, bytes, size);
}

std::string textAt(Step &s, unsigned lane, uint64_t address) {
  std::string text;
  for (char c;; text += c) {
    copyFrom(s, lane, address + text.size(), &c, 1);
    if (!c)
      return text;
  }
}

uint64_t argumentOf(Step &s, unsigned lane, const ActualParameter &actual) {
  if (actual.value)
    return s.read<uint64_t>(actual.value)[lane];
  uint64_t value = 0;
  std::memcpy(&value, s.warp.local[lane].data() + s.group.frame().localBase + actual.offset,
              std::min<uint64_t>(actual.size, sizeof value));
  return value;
}

/// The arguments behind a format, each at a multiple of its size.
struct VariableArguments {
  Step &s;
  unsigned lane;
  uint64_t next;

  template <class T> T take() {
    next = (next + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    T value;
    copyFrom(s, lane, next, &value, sizeof value);
    next += sizeof value;
    return value;
  }
};

template <class... T> std::string formatted(const std::string &how, T... values) {
  std::string text(size_t(std::snprintf(nullptr, 0, how.c_str(), values...)), 0);
  std::snprintf(text.data(), text.size() + 1, how.c_str(), values...);
  return text;
}

/// One conversion, from behind its `%` up to its letter.
std::string convert(const std::string &flags, bool isWide, char letter, VariableArguments &from) {
  std::string how = "%" + flags;
  switch (letter) {
  case 'd':
  case 'i':
    return formatted(how + "lld", isWide ? from.take<long long>() : (long long)from.take<int>());
  case 'u':
  case 'x':
  case 'X':
  case 'o':
    return formatted(how + "ll" + letter,
                     isWide ? from.take<unsigned long long>() : (unsigned long long)from.take<unsigned>());
  case 'c':
    return formatted(how + "c", from.take<int>());
  case 'p':
    return formatted(how + "p", reinterpret_cast<void *>(from.take<uint64_t>()));
  case 's':
    return formatted(how + "s", textAt(from.s, from.lane, from.take<uint64_t>()).c_str());
  default:
    return formatted(how + letter, from.take<double>());
  }
}

std::string print(const std::string &format, VariableArguments from) {
  std::string text;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      text += format[at++];
      continue;
    }
    std::string flags;
    bool isWide = false;
    for (++at; at < format.size() && std::strchr("-+ #0123456789.*hljztL", format[at]); ++at) {
      if (format[at] == '*')
        flags += std::to_string(from.take<int>());
      else if (std::strchr("ljzt", format[at]))
        isWide = true;
      else if (!std::strchr("hL", format[at]))
        flags += format[at];
    }
    char letter = at < format.size() ? format[at++] : '%';
    if (letter == '%')
      text += '%';
    else if (std::strchr("diuxXocpsfFeEgGaA", letter))
      text += convert(flags, isWide, letter, from);
    else
      from.s.misuse(std::string("vprintf has the conversion '%") + letter + "', which does not exist");
  }
  return text;
}

Lanes<uint32_t> callPrintf(Step &s, const std::vector<ActualParameter> &arguments) {
  Lanes<uint32_t> result{};
  s.forLanes([&](unsigned lane) {
    std::string format = textAt(s, lane, argumentOf(s, lane, arguments[0]));
    std::string text = print(format, {s, lane, argumentOf(s, lane, arguments[1])});
    s.cluster().device.print(text);
    result[lane] = uint32_t(text.size());
  });
  return result;
}

/// (assertion, file, line, function, bytes of a character).
Lanes<uint32_t> callAssert(Step &s, const std::vector<ActualParameter> &arguments) {
  unsigned lane = s.firstLane();
  auto text = [&](unsigned i) { return textAt(s, lane, argumentOf(s, lane, arguments[i])); };
  s.end(VerdictKind::Assertion, "'" + text(0) + "' does not hold at " + text(1) + ":" +
                                    std::to_string(uint32_t(argumentOf(s, lane, arguments[2]))) + " in '" + text(3) +
                                    "'");
}

} // namespace

const SystemCall *findSystemCall(const std::string &name) {
  static const std::map<std::string, SystemCall> calls = {{"vprintf", {2, 1, callPrintf}},
                                                          {"__assertfail", {5, 0, callAssert}}};
  auto found = calls.find(name);
  return found == calls.end() ? nullptr : &found->second;
}

} // namespace girih::sim
