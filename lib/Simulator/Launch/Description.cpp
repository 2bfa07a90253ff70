//===- Description.cpp - A launch described in JSON -----------------------===//
#include "Description.h"

#include "../Numbers/Formats.h"
#include "girih/Support/ElementType.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

namespace girih::sim {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string &message) {
  throw Stop(VerdictKind::Syntax, "launch description: " + message);
}

const json &member(const json &object, const char *name) {
  if (!object.is_object() || !object.contains(name))
    fail(std::string("member '") + name + "' is missing");
  return object.at(name);
}

std::array<uint32_t, 3> triple(const json &object, const char *name) {
  std::array<uint32_t, 3> value{1, 1, 1};
  if (!object.contains(name))
    return value;
  const json &list = object.at(name);
  if (list.is_number_unsigned()) {
    value[0] = list;
    return value;
  }
  if (!list.is_array() || list.size() > 3)
    fail(std::string("'") + name + "' should be a number or up to three");
  for (size_t i = 0; i < list.size(); ++i)
    value[i] = list[i];
  return value;
}

MapElement mapElement(const std::string &name) {
  static const std::pair<const char *, MapElement> names[] = {{"u8", MapElement::U8},
                                                              {"u16", MapElement::U16},
                                                              {"u32", MapElement::U32},
                                                              {"s32", MapElement::S32},
                                                              {"u64", MapElement::U64},
                                                              {"s64", MapElement::S64},
                                                              {"f16", MapElement::F16},
                                                              {"f32", MapElement::F32},
                                                              {"f64", MapElement::F64},
                                                              {"bf16", MapElement::BF16},
                                                              {"tf32", MapElement::TF32},
                                                              {"f32_ftz", MapElement::F32Ftz},
                                                              {"tf32_ftz", MapElement::TF32Ftz},
                                                              {"b4x16", MapElement::U4x16},
                                                              {"b4x16_p64", MapElement::U4x16Padded},
                                                              {"b6x16_p32", MapElement::U6x16Padded}};
  for (const auto &[text, element] : names)
    if (name == text)
      return element;
  fail("unknown element type '" + name + "'");
}

/// Random numbers in the element type of the buffer.
void fillRandom(std::vector<uint8_t> &bytes, const std::string &type, uint64_t seed, double scale) {
  std::mt19937_64 random(seed);
  // A fixed recipe, so that other loaders can make the same numbers: the top
  // 24 bits of each draw as a number in [-1, 1).
  auto next = [&] { return (double(random() >> 40) * 0x1p-23 - 1.0) * scale; };
  if (auto known = parseElementType(type)) {
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

Buffer parseBuffer(const json &object, const std::string &folder) {
  Buffer buffer;
  buffer.name = member(object, "name");
  std::string type = object.value("dtype", "u8");
  uint64_t size = 1;
  if (auto parsed = parseType(type))
    size = std::max(1u, typeBits(*parsed) / 8);
  uint64_t count = object.contains("bytes") ? uint64_t(object["bytes"]) / size : uint64_t(member(object, "elements"));
  if (count * size > 1ull << 32)
    fail("buffer '" + buffer.name + "' has " + std::to_string(count * size) + " bytes when 4 GiB is the most");
  buffer.bytes.resize(count * size);
  buffer.isReadOnly = object.value("access", "write") == "read";
  buffer.elementType = type;
  std::string fill = object.value("fill", "zero");
  if (fill == "random") {
    fillRandom(buffer.bytes, type, object.value("seed", 1), object.value("scale", 1.0));
  } else if (fill == "ones") {
    std::fill(buffer.bytes.begin(), buffer.bytes.end(), 0xff);
  } else if (fill.starts_with("file:")) {
    std::string bytes = readTextFile(folder + "/" + fill.substr(5));
    if (bytes.size() != buffer.bytes.size())
      fail("file of buffer '" + buffer.name + "' has " + std::to_string(bytes.size()) + " bytes when it should have " +
           std::to_string(buffer.bytes.size()));
    std::memcpy(buffer.bytes.data(), bytes.data(), bytes.size());
  } else if (fill != "zero") {
    fail("unknown fill '" + fill + "'");
  }
  return buffer;
}

unsigned bufferIndex(const Launch &launch, const json &object) {
  std::string name = member(object, "buffer");
  for (unsigned i = 0; i < launch.buffers.size(); ++i)
    if (launch.buffers[i].name == name)
      return i;
  fail("no buffer '" + name + "'");
}

std::vector<uint8_t> scalarBytes(const json &object) {
  std::string type = member(object, "type");
  const json &value = member(object, "value");
  std::vector<uint8_t> bytes;
  auto put = [&](auto number) {
    bytes.resize(sizeof number);
    std::memcpy(bytes.data(), &number, sizeof number);
  };
  if (type == "f32")
    put(float(value));
  else if (type == "f64")
    put(double(value));
  else if (type == "u64" || type == "s64")
    put(int64_t(value));
  else if (type == "u32" || type == "s32")
    put(int32_t(int64_t(value)));
  else if (type == "u16" || type == "s16")
    put(int16_t(int64_t(value)));
  else
    fail("unknown scalar type '" + type + "'");
  return bytes;
}

/// Numbers of a member that may be absent, as many as `into` has room for.
template <class T, size_t N> void numbers(const json &object, const char *name, std::array<T, N> &into) {
  if (!object.contains(name))
    return;
  const json &list = object.at(name);
  if (!list.is_array() || list.size() > N)
    fail(std::string("'") + name + "' should be a list of up to " + std::to_string(N));
  for (size_t i = 0; i < list.size(); ++i)
    into[i] = list[i];
}

TensorMapRecipe parseMap(const json &object) {
  TensorMapRecipe recipe;
  recipe.element = mapElement(member(object, "dtype"));
  const json &sizes = member(object, "sizes");
  recipe.rank = uint32_t(sizes.size());
  if (!sizes.is_array() || recipe.rank < 1 || recipe.rank > 5)
    fail("a tensor map has " + std::to_string(sizes.size()) + " sizes when it should have 1 to 5");
  numbers(object, "sizes", recipe.sizes);
  numbers(object, "element_strides", recipe.elementStrides);
  uint64_t packed = recipe.sizes[0] * mapElementBits(recipe.element) / 8;
  for (uint32_t i = 1; i < recipe.rank; ++i) {
    recipe.strides[i] = object.contains("strides") ? uint64_t(object["strides"].at(i - 1)) : packed;
    packed = recipe.strides[i] * recipe.sizes[i];
  }
  if (object.contains("im2col")) {
    const json &column = object["im2col"];
    recipe.mode = MapMode::Im2col;
    numbers(column, "lower", recipe.lowerCorner);
    numbers(column, "upper", recipe.upperCorner);
    recipe.channelsPerPixel = member(column, "channels");
    recipe.pixelsPerColumn = member(column, "pixels");
  } else {
    const json &box = member(object, "box");
    if (box.size() != recipe.rank)
      fail("a tensor map has " + std::to_string(sizes.size()) + " sizes and " + std::to_string(box.size()) +
           " box sizes when both should be 1 to 5");
    numbers(object, "box", recipe.box);
  }
  recipe.swizzle = object.value("swizzle", 0);
  recipe.swizzleAtom = object.value("swizzle_atom", 16);
  recipe.flipsHalves = object.value("swizzle_flip", false);
  recipe.interleave = object.value("interleave", 0);
  recipe.fillsNaN = object.value("fill", "zero") == "nan";
  return recipe;
}

Argument parseArgument(const json &object, const Launch &launch) {
  Argument argument;
  std::string kind = member(object, "kind");
  if (kind == "scalar") {
    argument.bytes = scalarBytes(object);
    return argument;
  }
  argument.buffer = bufferIndex(launch, object);
  argument.offset = object.value("offset", 0);
  if (kind == "pointer") {
    argument.kind = Argument::Kind::Pointer;
  } else if (kind == "tensor_map") {
    argument.kind = Argument::Kind::TensorMap;
    argument.map = parseMap(object);
  } else {
    fail("unknown argument kind '" + kind + "'");
  }
  return argument;
}

} // namespace

std::string readTextFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Stop(VerdictKind::Syntax, "cannot read '" + path + "'");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

LaunchTask parseDescription(const json &object, const std::string &folder) {
  if (object.value("girih_launch", 0) != 1)
    fail("'girih_launch' is not 1");
  LaunchTask task;
  task.ptxPath = folder + "/" + std::string(member(object, "ptx"));
  task.ptx = readTextFile(task.ptxPath);
  Launch &launch = task.launch;
  launch.kernel = member(object, "kernel");
  launch.grid = triple(object, "grid");
  launch.block = triple(object, "block");
  launch.cluster = triple(object, "cluster");
  launch.dynamicSharedBytes = object.value("shared_bytes", 0);
  launch.registersPerThread = object.value("registers", 0);
  launch.multiprocessors = object.value("multiprocessors", 132);
  if (object.contains("roles"))
    for (const json &role : object["roles"])
      launch.roles.push_back({member(role, "name"), member(role, "warps")});
  if (object.contains("buffers"))
    for (const json &buffer : object["buffers"])
      launch.buffers.push_back(parseBuffer(buffer, folder));
  if (object.contains("arguments"))
    for (const json &argument : object["arguments"])
      launch.arguments.push_back(parseArgument(argument, launch));
  if (object.contains("expect"))
    task.check = parseExpectation(object["expect"], launch);
  return task;
}

LaunchTask readDescription(const std::string &path) {
  size_t slash = path.find_last_of('/');
  std::string folder = slash == path.npos ? "." : path.substr(0, slash);
  try {
    return parseDescription(json::parse(readTextFile(path)), folder);
  } catch (const json::exception &error) {
    throw Stop(VerdictKind::Syntax, path + ": " + error.what());
  }
}

} // namespace girih::sim
