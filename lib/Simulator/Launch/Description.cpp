//===- Description.cpp - A launch described in JSON -----------------------===//
#include "Description.h"

#include "../Numbers/Formats.h"
#include "DescriptionNode.h"
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
using Node = DescriptionNode;

std::array<uint32_t, 3> triple(const Node &object, const char *name) {
  std::array<uint32_t, 3> value{1, 1, 1};
  if (!object.has(name))
    return value;
  Node member = object.at(name);
  if (!member.isList()) {
    value[0] = member.integer<uint32_t>();
    return value;
  }
  auto list = member.list();
  if (list.size() > 3)
    member.fail("has " + std::to_string(list.size()) + " sizes when it should have up to 3");
  for (size_t i = 0; i < list.size(); ++i)
    value[i] = list[i].integer<uint32_t>();
  return value;
}

constexpr std::pair<const char *, MapElement> mapElements[] = {{"u8", MapElement::U8},
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

/// The types of PTX whose elements are bytes.
std::vector<std::pair<const char *, Type>> bufferTypes() {
  std::vector<std::pair<const char *, Type>> types;
  for (unsigned i = 0; i <= unsigned(Type::B1); ++i)
    if (Type type = Type(i); typeBits(type) % 8 == 0)
      types.emplace_back(typeName(type), type);
  return types;
}

/// The file that a member names.
std::string fileText(const Node &member, const std::string &path) {
  try {
    return readTextFile(path);
  } catch (const Stop &stop) {
    member.fail(stop.found.message);
  }
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

Buffer parseBuffer(const Node &object, const std::string &folder) {
  object.allowOnly({"name", "dtype", "bytes", "elements", "access", "fill", "seed", "scale"});
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

template <class T> std::vector<uint8_t> bytesOf(T value) {
  std::vector<uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T> std::vector<uint8_t> integerBytes(const Node &value) { return bytesOf(value.integer<T>()); }

std::vector<uint8_t> scalarBytes(const Node &object) {
  object.allowOnly({"kind", "type", "value"});
  using Parse = std::vector<uint8_t> (*)(const Node &);
  constexpr std::pair<const char *, Parse> types[] = {
      {"s8", integerBytes<int8_t>},
      {"u8", integerBytes<uint8_t>},
      {"s16", integerBytes<int16_t>},
      {"u16", integerBytes<uint16_t>},
      {"s32", integerBytes<int32_t>},
      {"u32", integerBytes<uint32_t>},
      {"s64", integerBytes<int64_t>},
      {"u64", integerBytes<uint64_t>},
      {"f32", [](const Node &value) { return bytesOf(float(value.number())); }},
      {"f64", [](const Node &value) { return bytesOf(value.number()); }}};
  return object.at("type").choice(types)(object.at("value"));
}

/// The numbers of a list that has to have as many; the rest of `into` stays.
template <class T, size_t N>
void numbers(const Node &list, size_t count, std::array<T, N> &into, size_t first = 0,
             T least = std::numeric_limits<T>::min(), T most = std::numeric_limits<T>::max()) {
  auto elements = list.list();
  if (elements.size() != count)
    list.fail("has " + std::to_string(elements.size()) + " numbers when it should have " + std::to_string(count));
  for (size_t i = 0; i < count; ++i)
    into[first + i] = elements[i].integer<T>(least, most);
}

void parseStrides(const Node &object, TensorMapRecipe &recipe) {
  if (object.has("strides")) {
    numbers(object.at("strides"), recipe.rank - 1, recipe.strides, 1);
    return;
  }
  unsigned __int128 packed = (unsigned __int128)(recipe.sizes[0]) * mapElementBits(recipe.element) / 8;
  for (uint32_t i = 1; i < recipe.rank; ++i) {
    // What does not fit is beyond any tensor map, whose rules name it.
    recipe.strides[i] = uint64_t(std::min<unsigned __int128>(packed, UINT64_MAX));
    packed = (unsigned __int128)(recipe.strides[i]) * recipe.sizes[i];
  }
}

TensorMapRecipe parseMap(const Node &object) {
  object.allowOnly({"kind", "buffer", "offset", "dtype", "sizes", "strides", "box", "element_strides", "im2col",
                    "swizzle", "swizzle_atom", "swizzle_flip", "interleave", "fill"});
  TensorMapRecipe recipe;
  recipe.element = object.at("dtype").choice(mapElements);
  Node sizes = object.at("sizes");
  size_t rank = sizes.list().size();
  if (rank < 1 || rank > 5)
    sizes.fail("has " + std::to_string(rank) + " sizes when it should have 1 to 5");
  recipe.rank = uint32_t(rank);
  numbers(sizes, rank, recipe.sizes, 0, uint64_t(1), uint64_t(1) << 32);
  if (object.has("element_strides"))
    numbers(object.at("element_strides"), rank, recipe.elementStrides);
  parseStrides(object, recipe);
  if (object.has("im2col")) {
    if (object.has("box"))
      object.fail("has both 'box' and 'im2col'");
    Node column = object.at("im2col");
    column.allowOnly({"lower", "upper", "channels", "pixels"});
    recipe.mode = MapMode::Im2col;
    size_t corners = std::max<size_t>(rank, 2) - 2;
    if (column.has("lower"))
      numbers(column.at("lower"), corners, recipe.lowerCorner);
    if (column.has("upper"))
      numbers(column.at("upper"), corners, recipe.upperCorner);
    recipe.channelsPerPixel = column.at("channels").integer<uint32_t>();
    recipe.pixelsPerColumn = column.at("pixels").integer<uint32_t>();
  } else {
    numbers(object.at("box"), rank, recipe.box);
  }
  recipe.swizzle = object.integerOr<uint32_t>("swizzle", 0);
  recipe.swizzleAtom = object.integerOr<uint32_t>("swizzle_atom", 16);
  recipe.flipsHalves = object.flag("swizzle_flip", false);
  recipe.interleave = object.integerOr<uint32_t>("interleave", 0);
  constexpr std::pair<const char *, bool> fills[] = {{"zero", false}, {"nan", true}};
  recipe.fillsNaN = object.has("fill") && object.at("fill").choice(fills);
  return recipe;
}

Argument parseArgument(const Node &object, const Launch &launch);

/// Members lie as in C: each at a multiple of its own size, or of the 64 bytes
/// of a tensor map. What follows the last one up to `bytes` is zero.
void parseStruct(const Node &object, const Launch &launch, Argument &argument) {
  object.allowOnly({"kind", "members", "bytes"});
  constexpr size_t mostBytes = 32764; // PTX ISA, "Kernel Function Parameters"
  size_t end = 0;
  for (const Node &node : object.listAt("members")) {
    Argument member = parseArgument(node, launch);
    if (member.kind == Argument::Kind::Struct)
      node.fail("is a struct in a struct");
    size_t size = member.kind == Argument::Kind::TensorMap ? 128
                  : member.kind == Argument::Kind::Pointer ? 8
                                                           : member.bytes.size();
    size_t alignment = std::min<size_t>(size, 64);
    size_t offset = (end + alignment - 1) / alignment * alignment;
    argument.members.push_back({offset, std::move(member)});
    end = offset + size;
  }
  if (object.has("bytes"))
    end = object.at("bytes").integer<size_t>(end, mostBytes);
  argument.bytes.resize(end);
}

Argument parseArgument(const Node &object, const Launch &launch) {
  Argument argument;
  constexpr std::pair<const char *, Argument::Kind> kinds[] = {{"scalar", Argument::Kind::Bytes},
                                                               {"pointer", Argument::Kind::Pointer},
                                                               {"tensor_map", Argument::Kind::TensorMap},
                                                               {"struct", Argument::Kind::Struct}};
  argument.kind = object.at("kind").choice(kinds);
  if (argument.kind == Argument::Kind::Struct) {
    parseStruct(object, launch, argument);
    return argument;
  }
  if (argument.kind == Argument::Kind::Bytes) {
    argument.bytes = scalarBytes(object);
    return argument;
  }
  argument.buffer = object.at("buffer").buffer(launch);
  argument.offset = object.integerOr<uint64_t>("offset", 0);
  if (argument.kind == Argument::Kind::TensorMap)
    argument.map = parseMap(object);
  else
    object.allowOnly({"kind", "buffer", "offset"});
  return argument;
}

LaunchTask parseTask(const Node &object, const std::string &folder) {
  object.allowOnly({"girih_launch", "ptx", "kernel", "grid", "block", "cluster", "shared_bytes", "registers",
                    "multiprocessors", "roles", "buffers", "arguments", "expect"});
  object.at("girih_launch").integer<uint32_t>(1, 1);
  LaunchTask task;
  task.ptxPath = folder + "/" + object.at("ptx").text();
  task.ptx = fileText(object.at("ptx"), task.ptxPath);
  Launch &launch = task.launch;
  launch.kernel = object.at("kernel").text();
  launch.grid = triple(object, "grid");
  launch.block = triple(object, "block");
  launch.cluster = triple(object, "cluster");
  launch.dynamicSharedBytes = object.integerOr<uint32_t>("shared_bytes", 0);
  if (object.has("registers"))
    launch.registersPerThread = object.at("registers").integer<uint32_t>(1, 255);
  if (object.has("multiprocessors"))
    launch.multiprocessors = object.at("multiprocessors").integer<uint32_t>(1, 1024);
  for (const Node &role : object.listAt("roles")) {
    role.allowOnly({"name", "warps"});
    launch.roles.push_back({role.at("name").text(), role.at("warps").integer<uint32_t>(1, 32)});
  }
  for (const Node &buffer : object.listAt("buffers")) {
    Buffer made = parseBuffer(buffer, folder);
    for (const Buffer &other : launch.buffers)
      if (other.name == made.name)
        buffer.at("name").fail("there is a buffer '" + made.name + "' already");
    launch.buffers.push_back(std::move(made));
  }
  for (const Node &argument : object.listAt("arguments"))
    launch.arguments.push_back(parseArgument(argument, launch));
  if (object.has("expect"))
    task.check = parseExpectation(object.at("expect"), launch);
  return task;
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
  return parseTask(Node(object, "launch description"), folder);
}

LaunchTask readDescription(const std::string &path) {
  size_t slash = path.find_last_of('/');
  std::string folder = slash == path.npos ? "." : path.substr(0, slash);
  try {
    json object = json::parse(readTextFile(path));
    return parseTask(Node(object, path), folder);
  } catch (const json::exception &error) {
    throw Stop(VerdictKind::Syntax, path + ": " + error.what());
  }
}

} // namespace girih::sim
