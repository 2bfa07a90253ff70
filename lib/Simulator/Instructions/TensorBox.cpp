//===- TensorBox.cpp - What a tensor copy moves ---------------------------===//
#include "TensorBox.h"

namespace girih::sim {

MapOperand takeMap(Decoder &d, size_t index, uint32_t rank, LoadMode mode, MapMode mapMode) {
  MapOperand made;
  made.rank = rank;
  made.mode = mode;
  made.mapMode = mapMode;
  made.map = d.address(index);
  const SyntaxOperand *list = d.behindAddress(index);
  if (!list)
    d.fail("operand " + std::to_string(index + 1) + " has no coordinates behind its tensor map");
  if (list->kind == SyntaxOperand::Kind::Vector)
    for (const SyntaxOperand &element : list->elements)
      made.coordinates.push_back(d.bindSource(element, Type::S32));
  else
    made.coordinates.push_back(d.bindSource(*list, Type::S32));
  // PTX ISA, "cp.async.bulk.tensor": a column and four rows.
  size_t expected = mode == LoadMode::FourRows ? 5 : rank;
  if (made.coordinates.size() != expected)
    d.fail("has " + std::to_string(made.coordinates.size()) + " coordinates when it needs " + std::to_string(expected));
  return made;
}

static std::string modeName(MapMode mode) {
  static constexpr const char *names[] = {"tiles", "im2col", "im2col::w", "im2col::w::128"};
  return names[static_cast<unsigned>(mode)];
}

/// The pixels of `.im2col` and its kin. PTX ISA, "cp.async.bulk.tensor", has
/// the ranges of its offsets.
static std::vector<BoxRow> rowsOfPixels(Step &s, const MapOperand &operand, const BoxOperand &box, unsigned lane) {
  const TensorMapRecipe &recipe = box.map.recipe;
  std::array<uint32_t, 3> found{};
  auto take = [&](size_t i, const char *what, uint32_t limit) {
    found[i] = s.read<uint32_t>(operand.offsets[i])[lane] & 0xffff;
    if (found[i] >= limit)
      s.misuse(what + (" " + std::to_string(found[i])) + " is not below " + std::to_string(limit));
  };
  if (!isAlongWidth(operand.mapMode)) {
    static constexpr uint32_t limits[] = {1 << 16, 1 << 8, 1 << 5};
    for (size_t i = 0; i < operand.offsets.size(); ++i)
      take(i, "im2col offset", limits[operand.rank - 3]);
    return rowsOfColumn(box.map, box.coordinates, found);
  }
  take(0, "wHalo", operand.mapMode == MapMode::Im2colWidth ? 512 : 32);
  take(1, "wOffset", 32);
  // "im2col::w and im2col::w::128 modes, Bounding Box".
  if (int64_t end = int64_t(recipe.sizes[1]) - 1 + recipe.upperCorner[0]; box.coordinates[1] > end)
    s.misuse("the first pixel at width " + std::to_string(box.coordinates[1]) +
             " lies behind the bounding box, which ends at " + std::to_string(end));
  return rowsAlongWidth(box.map, box.coordinates, found[0], found[1]);
}

std::shared_ptr<BoxOperand> readBox(Step &s, const MapOperand &operand, unsigned lane) {
  uint64_t address = laneAddress(s, operand.map, lane);
  Place place =
      s.resolve(operand.map.isKernelParameter ? StateSpace::Param : StateSpace::Generic, address, 128, false, 64);
  auto box = std::make_shared<BoxOperand>();
  auto decoded =
      place.region ? decodeTensorMap(place.region->bytes + (place.offset - place.region->base)) : std::nullopt;
  if (!decoded)
    s.misuse("no tensor map at " + s.cluster().device.memory.describe(place.offset));
  const TensorMap &map = box->map = *decoded;
  box->mapAddress = place.offset;
  // A map that tensormap.replace has changed is judged here.
  if (std::string wrong = checkTensorMap(map.recipe, map.address); !wrong.empty())
    s.misuse("tensor map: " + wrong);
  if (map.recipe.mode != operand.mapMode)
    s.misuse("the tensor map is for " + modeName(map.recipe.mode) + " and the copy for " + modeName(operand.mapMode));
  if (map.recipe.rank != operand.rank)
    s.misuse("the tensor map has rank " + std::to_string(map.recipe.rank) + " and the copy " +
             std::to_string(operand.rank));
  box->detail = "at (";
  for (size_t i = 0; i < operand.coordinates.size(); ++i) {
    box->coordinates[i] = s.read<int32_t>(operand.coordinates[i])[lane];
    box->detail += (i ? ", " : "") + std::to_string(box->coordinates[i]);
  }
  // PTX ISA, "Restriction on Tensor Copy instructions"; types of 4 bits begin
  // at a byte.
  int32_t unit = map.groupBytes() < 16 ? 128 : map.recipe.element == MapElement::U4x16 ? 2 : 1;
  if (box->coordinates[0] % unit)
    s.misuse("the first coordinate is " + std::to_string(box->coordinates[0]) + " when it should be a multiple of " +
             std::to_string(unit));
  if (operand.mode == LoadMode::FourRows) {
    if (map.recipe.box[1] != 1)
      s.misuse("the box has " + std::to_string(map.recipe.box[1]) + " rows when copies of four rows need 1");
    box->rows = rowsOfGather(map, box->coordinates);
  } else if (operand.mode == LoadMode::Column) {
    box->rows = rowsOfPixels(s, operand, *box, lane);
  } else {
    box->rows = rowsOfBox(map, box->coordinates);
  }
  box->detail += "), " + std::to_string(box->sharedBytes()) + " bytes";
  return box;
}

void checkTile(const Step &s, const BoxOperand &box, const Cta &cta, uint32_t offset) {
  // PTX ISA, "cp.async.bulk.tensor": shared memory is aligned to 128 bytes.
  if (offset % 128)
    s.misuse("shared memory byte " + std::to_string(offset) + " of a tensor copy is not a multiple of 128");
  cta.checkShared(offset, box.sharedBytes(), s.line(), s.instruction.opcode.c_str());
}

void checkStore(const Step &s, const BoxOperand &box) {
  const TensorMapRecipe &recipe = box.map.recipe;
  // PTX ISA, "Restriction on Tensor Copy instructions".
  if (recipe.element == MapElement::U4x16Padded)
    s.misuse("a tensor of .b4x16_p64 is only for copies from global memory");
  if (recipe.mode != MapMode::Im2col)
    return;
  for (uint32_t i = 0; i < recipe.rank; ++i)
    if (box.coordinates[i] < 0)
      s.misuse("coordinate " + std::to_string(box.coordinates[i]) + " of a column that is stored is negative");
  for (uint32_t i = 0; i < recipe.rank - 2; ++i)
    if (recipe.lowerCorner[i] < 0 || recipe.upperCorner[i] > 0)
      s.misuse("the bounding box of a column that is stored leaves the tensor: corners " +
               std::to_string(recipe.lowerCorner[i]) + " and " + std::to_string(recipe.upperCorner[i]));
}

// PTX ISA, "cp.async.bulk.tensor": the map is read through a proxy of its own.
void enterMap(Cluster &cluster, const BoxOperand &box, Access read, const Knowledge &knowledge) {
  uint8_t bytes[tensorMapBytes];
  read.proxy = Proxy::TensorMap;
  readGlobal(cluster, box.mapAddress, bytes, tensorMapBytes, read, knowledge);
}

/// Calls f(shared offset, offset in the row, size) for the pieces of a row in
/// shared memory that stay together.
template <class F> static void forPieces(const BoxOperand &box, const BoxRow &row, uint32_t base, F f) {
  const TensorMapRecipe &recipe = box.map.recipe;
  uint32_t size = box.map.sharedRowBytes();
  uint32_t piece = recipe.flipsHalves ? 8 : recipe.swizzle || box.map.groupBytes() < 16 ? 16 : size;
  for (uint32_t at = 0; at < size; at += piece)
    f(box.map.swizzled(base + row.sharedOffset + at), at, piece);
}

void loadRow(Cluster &cluster, Cta &cta, const BoxOperand &box, const BoxRow &row, uint32_t base, const Access &read,
             const Access &write, const Knowledge &knowledge) {
  std::vector<uint8_t> bytes(box.map.rowBytes(), box.map.recipe.fillsNaN ? 0xff : 0);
  if (row.last > row.first && !row.isUnknown)
    readGlobal(cluster, row.globalAddress, bytes.data() + row.first, row.last - row.first, read, knowledge);
  uint32_t group = box.map.groupBytes();
  forPieces(box, row, base, [&](uint32_t offset, uint32_t at, uint32_t size) {
    if (group == 16)
      return cta.writeShared(offset, bytes.data() + at, size, write, knowledge, !row.isUnknown);
    // PTX ISA, "Padding and alignment of the sub-byte types".
    static constexpr uint8_t padding[8] = {};
    cta.writeShared(offset, bytes.data() + at / 16 * group, group, write, knowledge, !row.isUnknown);
    cta.writeShared(offset + group, padding, 16 - group, write, knowledge, false);
  });
}

bool fetchRow(Cta &cta, const BoxOperand &box, const BoxRow &row, uint32_t base, std::vector<uint8_t> &bytes,
              const Access &read, const Knowledge &knowledge) {
  uint32_t group = box.map.groupBytes();
  bytes.assign(box.map.rowBytes(), 0);
  bool isDefined = true;
  forPieces(box, row, base, [&](uint32_t offset, uint32_t at, uint32_t size) {
    bool isPieceDefined;
    std::vector<uint8_t> piece(size);
    cta.readShared(offset, piece.data(), size, read, knowledge, &isPieceDefined);
    uint32_t to = at * group / 16, length = size * group / 16;
    if (to + length > row.first && to < row.last)
      isDefined &= isPieceDefined;
    if (group == 16) {
      std::memcpy(bytes.data() + to, piece.data(), size);
      return;
    }
    // .b6p2x16: the lower 6 bits of each byte, packed.
    for (uint32_t bit = 0; bit < 6 * 16; ++bit)
      bytes[to + bit / 8] |= uint8_t((piece[bit / 6] >> bit % 6 & 1) << bit % 8);
  });
  return isDefined;
}

} // namespace girih::sim
