//===- Buffers.cpp - Buffers of a launch description ----------------------===//
#include "../Numbers/Formats.h"
#include "Parts.h"
#include "girih/Support/ElementType.h"

#include <cmath>
#include <cstring>
#include <random>

namespace girih::sim {
namespace {

using Node = DescriptionNode;

/// The types of PTX whose elements are bytes.
std::vector<std::pair<const char *, Type>> bufferTypes() {
  std::vector<std::pair<const char *, Type>> types;
  for (unsigned i = 0; i <= unsigned(Type::B1); ++i)
    if (Type type = Type(i); typeBits(type) % 8 == 0)
      types.emplace_back(typeName(type), type);
  return types;
}

/// Random numbers in the element type of the buffer.
void fillRandom(std::vector<uint8_t> &bytes, const std::string &type, uint64_t seed, double scale) {
  std::mt19937_64 random(seed);
  // A fixed recipe, so that other loaders can make the same numbers: the top
  // 24 bits of each draw as a number in [-1, 1).
  auto next = [&] { return (double(random() >> 40) * 0x1p-23 - 1.0) * scale; };
  if (auto known = parseElementType(type); known && *known != ElementType::UE8M0) {
    size_t size = elementBytes(*known);
    for (size_t i = 0; i < bytes.size() / size; ++i)
      storeElement(*known, bytes.data(), i, float(next()));
  } else if (auto parsed = parseType(type); parsed && isFloat(*parsed) && typeBits(*parsed) == 8) {
    // Scale factors (ue8m0) have no sign.
    for (uint8_t &byte : bytes)
      byte = uint8_t(encodeFloat(parsed == Type::UE8M0 ? std::fabs(next()) : next(), formatOf(*parsed),
                                 Rounding::NearestEven, true));
  } else if (type == "s8") {
    for (uint8_t &byte : bytes)
      byte = uint8_t(int8_t(next() * 100));
  } else if (type == "f64") {
    for (size_t i = 0; i < bytes.size() / 8; ++i) {
      double value = next();
      std::memcpy(bytes.data() + 8 * i, &value, 8);
    }
  } else {
    for (uint8_t &byte : bytes)
      byte = uint8_t(random());
  }
}

} // namespace

/// The file that a member names.
std::string fileText(const Node &member, const std::string &path) {
  try {
    return readTextFile(path);
  } catch (const Stop &stop) {
    member.fail(stop.found.message);
  }
}

Buffer parseBuffer(const Node &object, const std::string &folder) {
  object.allowOnly({"name", "dtype", "bytes", "elements", "access", "fill", "seed", "scale", "contents", "address"});
  Buffer buffer;
  buffer.name = object.at("name").text();
  buffer.elementType = object.text("dtype", "u8");
  uint64_t size = object.has("dtype") ? typeBits(object.at("dtype").choice(bufferTypes())) / 8 : 1;
  constexpr uint64_t mostBytes = 1ull << 32;
  if (object.has("bytes") && object.has("elements"))
    object.fail("has both 'bytes' and 'elements'");
  if (object.has("bytes"))
    buffer.bytes.resize(object.at("bytes").integer<uint64_t>(0, mostBytes) / size * size);
  else
    buffer.bytes.resize(object.at("elements").integer<uint64_t>(0, mostBytes / size) * size);
  if (object.has("address"))
    buffer.address = object.at("address").integer<uint64_t>(leastAddress, mostAddress);
  constexpr std::pair<const char *, bool> accesses[] = {{"read", true}, {"write", false}};
  buffer.isReadOnly = object.has("access") && object.at("access").choice(accesses);
  std::string fill = object.text("fill", "zero");
  if (fill.starts_with("file:")) {
    std::string bytes = fileText(object.at("fill"), folder + "/" + fill.substr(5));
    if (bytes.size() != buffer.bytes.size())
      object.at("fill").fail("the file has " + std::to_string(bytes.size()) + " bytes when it should have " +
                             std::to_string(buffer.bytes.size()));
    std::memcpy(buffer.bytes.data(), bytes.data(), bytes.size());
    return buffer;
  }
  enum class Fill { Zero, Ones, Random, File };
  constexpr std::pair<const char *, Fill> fills[] = {
      {"zero", Fill::Zero}, {"ones", Fill::Ones}, {"random", Fill::Random}, {"file:PATH", Fill::File}};
  Fill how = object.has("fill") ? object.at("fill").choice(fills) : Fill::Zero;
  if (how == Fill::Random)
    fillRandom(buffer.bytes, buffer.elementType, object.integerOr<uint64_t>("seed", 1), object.number("scale", 1.0));
  else if (how == Fill::Ones)
    std::fill(buffer.bytes.begin(), buffer.bytes.end(), 0xff);
  return buffer;
}

} // namespace girih::sim
