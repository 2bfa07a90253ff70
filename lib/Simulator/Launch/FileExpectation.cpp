//===- FileExpectation.cpp - A buffer that is as a file -------------------===//
#include "../Numbers/Formats.h"
#include "Parts.h"

#include <cmath>
#include <cstring>

namespace girih::sim {
namespace {

/// Elements of a buffer as numbers; a 64-bit integer in full.
long double valueAt(const uint8_t *bytes, size_t index, Type type) {
  unsigned size = typeBits(type) / 8;
  uint64_t bits = 0;
  std::memcpy(&bits, bytes + index * size, size);
  if (type == Type::F64)
    return __builtin_bit_cast(double, bits);
  if (type == Type::F32 || type == Type::TF32)
    return __builtin_bit_cast(float, uint32_t(bits));
  if (isFloat(type))
    return decodeFloat(uint32_t(bits), formatOf(type));
  if (isSigned(type))
    return int64_t(bits << (64 - 8 * size)) >> (64 - 8 * size);
  return bits;
}

/// Types of one element; the packed ones are bytes of theirs here.
Type elementType(const std::string &name) {
  Type type = parseType(name).value_or(Type::U8);
  bool isNumber = typeBits(type) <= 64 && !std::strchr(name.c_str(), 'x');
  return isNumber ? type : Type::U8;
}

std::string number(long double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9Lg", value);
  return text;
}

} // namespace

std::function<std::optional<Verdict>(const Launch &)>
parseFileExpectation(const DescriptionNode &object, const Launch &launch, const std::string &folder) {
  object.allowOnly({"kind", "buffer", "path", "absolute", "relative"});
  unsigned index = object.at("buffer").buffer(launch);
  const Buffer &buffer = launch.buffers[index];
  std::string path = object.at("path").text(), wanted = fileText(object.at("path"), folder + "/" + path);
  if (wanted.size() != buffer.bytes.size())
    object.at("path").fail("the file has " + std::to_string(wanted.size()) + " bytes when buffer '" + buffer.name +
                           "' has " + std::to_string(buffer.bytes.size()));
  double absolute = object.number("absolute", 0), relative = object.number("relative", 0);
  for (const char *name : {"absolute", "relative"})
    if (object.has(name) && !(object.at(name).number() >= 0))
      object.at(name).fail("should not be negative");
  Type type = elementType(buffer.elementType);
  return [=](const Launch &done) -> std::optional<Verdict> {
    const Buffer &found = done.buffers[index];
    size_t size = typeBits(type) / 8, wrong = 0, first = 0;
    auto expected = reinterpret_cast<const uint8_t *>(wanted.data());
    for (size_t i = 0; i < found.bytes.size() / size; ++i) {
      if (std::memcmp(found.bytes.data() + i * size, expected + i * size, size) == 0)
        continue;
      long double is = valueAt(found.bytes.data(), i, type), should = valueAt(expected, i, type);
      bool areNaN = is != is && should != should;
      if (areNaN || std::fabs(is - should) <= absolute + relative * std::fabs(should))
        continue;
      if (!wrong++)
        first = i;
    }
    if (!wrong)
      return std::nullopt;
    Verdict verdict;
    verdict.kind = VerdictKind::Mismatch;
    verdict.message =
        "'" + found.name + "': " + std::to_string(wrong) + " elements are not as in '" + path + "', first element " +
        std::to_string(first) + ": " + number(valueAt(found.bytes.data(), first, type)) + " when it should be " +
        number(valueAt(expected, first, type)) + " within " + number(absolute) + " + " + number(relative) + " of it";
    return verdict;
  };
}

} // namespace girih::sim
