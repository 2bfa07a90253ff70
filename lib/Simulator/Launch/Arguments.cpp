//===- Arguments.cpp - Kernel arguments of a launch description -----------===//
#include "Parts.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace girih::sim {
namespace {

using Node = DescriptionNode;

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

template <class T> std::vector<uint8_t> bytesOf(T value) {
  std::vector<uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T> std::vector<uint8_t> integerBytes(const Node &value) { return bytesOf(value.integer<T>()); }

std::vector<uint8_t> scalarBytes(const Node &object) {
  object.allowOnly({"kind", "at", "type", "value"});
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
  object.allowOnly({"kind", "at", "buffer", "offset", "dtype", "sizes", "strides", "box", "element_strides", "im2col",
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
    constexpr std::pair<const char *, MapMode> modes[] = {{"w", MapMode::Im2colWidth},
                                                          {"w128", MapMode::Im2colWidth128}};
    recipe.mode = column.has("mode") ? column.at("mode").choice(modes) : MapMode::Im2col;
    std::vector<const char *> members = {"mode", "lower", "upper", "channels"};
    if (recipe.mode != MapMode::Im2colWidth128)
      members.push_back("pixels");
    column.allowOnly(members);
    size_t corners = isAlongWidth(recipe.mode) ? 1 : std::max<size_t>(rank, 2) - 2;
    if (column.has("lower"))
      numbers(column.at("lower"), corners, recipe.lowerCorner);
    if (column.has("upper"))
      numbers(column.at("upper"), corners, recipe.upperCorner);
    recipe.channelsPerPixel = column.at("channels").integer<uint32_t>();
    if (recipe.mode != MapMode::Im2colWidth128)
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

/// The size of an argument and what its address is a multiple of, as in C.
struct Extent {
  size_t size, alignment;
};
Extent extentOf(const Argument &argument) {
  switch (argument.kind) {
  case Argument::Kind::TensorMap:
    return {128, 64};
  case Argument::Kind::Pointer:
    return {8, 8};
  case Argument::Kind::Bytes:
    return {argument.bytes.size(), argument.bytes.size()};
  case Argument::Kind::Struct:
    break;
  }
  Extent extent{argument.bytes.size(), 1};
  for (const Argument::Member &member : argument.members)
    extent.alignment = std::max(extent.alignment, extentOf(member.argument).alignment);
  return extent;
}

std::vector<uint8_t> hexBytes(const Node &member) {
  std::string text = member.text();
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    if (i + 1 == text.size() || !std::isxdigit(uint8_t(text[i])) || !std::isxdigit(uint8_t(text[i + 1])))
      member.fail("should have two hexadecimal digits for each byte");
    value = unsigned(std::stoul(text.substr(i, 2), nullptr, 16));
    bytes.push_back(uint8_t(value));
  }
  return bytes;
}

/// Members lie as in C, each at a multiple of its alignment, or where `at`
/// says. What they do not fill is what `hex` or `file` has there, or zero.
void parseStruct(const Node &object, const Launch &launch, const std::string &folder, Argument &argument) {
  object.allowOnly({"kind", "at", "members", "bytes", "hex", "file"});
  constexpr size_t mostBytes = 32764; // PTX ISA, "Kernel Function Parameters"
  if (object.has("hex") && object.has("file"))
    object.fail("has both 'hex' and 'file'");
  if (object.has("hex"))
    argument.bytes = hexBytes(object.at("hex"));
  else if (object.has("file")) {
    std::string text = fileText(object.at("file"), folder + "/" + object.at("file").text());
    argument.bytes.assign(text.begin(), text.end());
  }
  size_t end = 0, next = 0;
  for (const Node &node : object.listAt("members")) {
    Argument member = parseArgument(node, launch, folder);
    Extent extent = extentOf(member);
    size_t alignment = std::max<size_t>(extent.alignment, 1);
    size_t offset = (next + alignment - 1) / alignment * alignment;
    if (node.has("at"))
      offset = node.at("at").integer<size_t>(0, mostBytes);
    argument.members.push_back({offset, std::move(member)});
    next = offset + extent.size;
    end = std::max(end, next);
  }
  end = std::max(end, argument.bytes.size());
  if (object.has("bytes"))
    end = object.at("bytes").integer<size_t>(end, mostBytes);
  argument.bytes.resize(end);
}

} // namespace

Argument parseArgument(const Node &object, const Launch &launch, const std::string &folder) {
  Argument argument;
  constexpr std::pair<const char *, Argument::Kind> kinds[] = {{"scalar", Argument::Kind::Bytes},
                                                               {"pointer", Argument::Kind::Pointer},
                                                               {"tensor_map", Argument::Kind::TensorMap},
                                                               {"struct", Argument::Kind::Struct}};
  argument.kind = object.at("kind").choice(kinds);
  if (argument.kind == Argument::Kind::Struct) {
    parseStruct(object, launch, folder, argument);
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
    object.allowOnly({"kind", "at", "buffer", "offset"});
  return argument;
}

/// At their `at`, which has to be there.
std::vector<Argument::Member> parseContents(const Node &list, const Launch &launch, const std::string &folder) {
  std::vector<Argument::Member> contents;
  for (const Node &node : list.list())
    contents.push_back({node.at("at").integer<size_t>(), parseArgument(node, launch, folder)});
  return contents;
}

} // namespace girih::sim
