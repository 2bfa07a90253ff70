//===- TensorMapReplace.cpp - tensormap.replace, tensormap.cp_fenceproxy --===//
#include "../Descriptors/TensorMap.h"
#include "Elementwise.h"
#include "Memory.h"
#include "SharedOperand.h"

#include <algorithm>

namespace girih::sim {
namespace {

/// One field: how many ordinals it has, and how many values an immediate may
/// take (PTX ISA, "tensormap.replace", the table of new_val); 0 means none.
struct Field {
  const char *name;
  uint32_t ordinals, values;
  void (*set)(TensorMap &map, uint32_t ordinal, uint64_t value);
};

void setElement(TensorMap &map, uint32_t, uint64_t value) {
  static constexpr MapElement elements[] = {
      MapElement::U8,      MapElement::U16,   MapElement::U32,         MapElement::S32,
      MapElement::U64,     MapElement::S64,   MapElement::F16,         MapElement::F32,
      MapElement::F32Ftz,  MapElement::F64,   MapElement::BF16,        MapElement::TF32,
      MapElement::TF32Ftz, MapElement::U4x16, MapElement::U4x16Padded, MapElement::U6x16Padded};
  map.recipe.element = elements[value];
}

const Field fields[] = {
    {"global_address", 0, 0, [](TensorMap &map, uint32_t, uint64_t value) { map.address = value; }},
    {"rank", 0, 0, [](TensorMap &map, uint32_t, uint64_t value) { map.recipe.rank = uint32_t(value) + 1; }},
    {"box_dim", 5, 0, [](TensorMap &map, uint32_t i, uint64_t value) { map.recipe.box[i] = uint32_t(value); }},
    {"global_dim", 5, 0, [](TensorMap &map, uint32_t i, uint64_t value) { map.recipe.sizes[i] = value; }},
    {"global_stride", 4, 0, [](TensorMap &map, uint32_t i, uint64_t value) { map.recipe.strides[i + 1] = value; }},
    {"element_stride", 5, 0,
     [](TensorMap &map, uint32_t i, uint64_t value) { map.recipe.elementStrides[i] = uint32_t(value); }},
    {"elemtype", 0, 16, setElement},
    {"interleave_layout", 0, 3,
     [](TensorMap &map, uint32_t, uint64_t value) { map.recipe.interleave = uint32_t(value) * 16; }},
    {"swizzle_mode", 0, 4,
     [](TensorMap &map, uint32_t, uint64_t value) { map.recipe.swizzle = value ? 16u << value : 0; }},
    {"swizzle_atomicity", 0, 4,
     [](TensorMap &map, uint32_t, uint64_t value) {
       map.recipe.swizzleAtom = value == 0 ? 16 : value == 3 ? 64 : 32;
       map.recipe.flipsHalves = value == 2;
     }},
    {"fill_mode", 0, 2, [](TensorMap &map, uint32_t, uint64_t value) { map.recipe.fillsNaN = value; }},
};

const Field &takeField(Decoder &d) {
  for (const Field &field : fields)
    if (d.has(field.name))
      return field;
  d.unsupported("it names no known field");
}

/// The map at some bytes. Nobody but the driver is told how to write one, but
/// 128 bytes of zeros have no field that would not be zero: Triton's kernels begin
/// with them and replace each field.
std::optional<TensorMap> mapToChange(const uint8_t *bytes) {
  if (std::any_of(bytes, bytes + tensorMapBytes, [](uint8_t byte) { return byte != 0; }))
    return decodeTensorMap(bytes);
  TensorMap map;
  map.recipe.element = MapElement::U8;
  map.recipe.rank = 1;
  map.recipe.elementStrides.fill(0);
  return map;
}

/// The operation is a weak access of all 128 bytes.
void decodeReplace(Decoder &d) {
  d.require("tile");
  const Field &field = takeField(d);
  StateSpace space = d.stateSpace();
  d.require("b1024");
  Type type = d.type();
  bool isWide = !std::strcmp(field.name, "global_address") || !std::strcmp(field.name, "global_stride");
  if (type != (isWide ? Type::B64 : Type::B32))
    d.fail(std::string("needs a new value of type .") + (isWide ? "b64" : "b32"));
  AddressOperand at = d.address(0);
  uint32_t ordinal = field.ordinals ? uint32_t(d.literal(1)) : 0;
  if (field.ordinals && ordinal >= field.ordinals)
    d.fail("has the ordinal " + std::to_string(ordinal) + " when 0 to " + std::to_string(field.ordinals - 1) +
           " are allowed");
  size_t last = field.ordinals ? 2 : 1;
  if (field.values && uint64_t(d.literal(last)) >= field.values)
    d.fail("has the value " + std::to_string(d.literal(last)) + " when 0 to " + std::to_string(field.values - 1) +
           " are allowed");
  Operand value = d.source(last, type);
  d.instruction().passesUndefined = false;
  const Field *chosen = &field;
  d.run([=](Step &s) {
    auto values = s.read<uint64_t>(value);
    s.forLanes([&](unsigned lane) {
      Place place = s.resolve(space, laneAddress(s, at, lane), tensorMapBytes, true, tensorMapBytes / 2);
      uint8_t bytes[tensorMapBytes];
      s.load(place, lane, bytes, tensorMapBytes, false, nullptr);
      auto map = mapToChange(bytes);
      if (!map)
        s.misuse(place.space == StateSpace::Shared
                     ? "no tensor map at shared memory byte " + std::to_string(place.offset)
                     : "no tensor map at " + s.cluster().device.memory.describe(place.offset));
      if (map->recipe.mode != MapMode::Tiled)
        s.misuse("tensormap.replace.tile changes a tensor map for im2col");
      chosen->set(*map, ordinal, isWide ? values[lane] : values[lane] & 0xffffffff);
      auto packed = packTensorMap(*map);
      s.store(place, lane, packed.data(), tensorMapBytes, false, true);
    });
    return Outcome::Next;
  });
}

/// Copies a map from shared to global memory, once for the warp, and releases
/// it to the tensormap proxy.
void decodeCopyFence(Decoder &d) {
  for (const char *word : {"global", "shared::cta", "tensormap::generic", "release", "sync", "aligned"})
    d.require(word);
  Scope scope = takeScope(d, Scope::Gpu);
  AddressOperand to = d.address(0), from = d.address(1);
  if (d.literal(2) != int64_t(tensorMapBytes))
    d.fail("has " + std::to_string(d.literal(2)) + " bytes when a tensor map has 128");
  d.instruction().isAligned = true;
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.firstLane();
    Place source = s.resolve(StateSpace::Shared, laneAddress(s, from, lane), tensorMapBytes, false, tensorMapBytes);
    Place target = s.resolve(StateSpace::Global, laneAddress(s, to, lane), tensorMapBytes, true, tensorMapBytes);
    uint8_t bytes[tensorMapBytes];
    bool isDefined;
    s.load(source, lane, bytes, tensorMapBytes, false, &isDefined);
    s.store(target, lane, bytes, tensorMapBytes, false, isDefined);
    releaseMaps(s, scope);
    return Outcome::Next;
  });
}

void decodeTensorMapWord(Decoder &d) {
  if (d.has("replace"))
    return decodeReplace(d);
  d.require("cp_fenceproxy");
  decodeCopyFence(d);
}

} // namespace

void registerTensorMap(DecodeTable &table) { table["tensormap"] = decodeTensorMapWord; }

} // namespace girih::sim
