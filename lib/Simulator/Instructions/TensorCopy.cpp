//===- TensorCopy.cpp - cp.async.bulk.tensor ------------------------------===//
#include "../Descriptors/Swizzle.h"
#include "../Descriptors/TensorMap.h"
#include "AsyncCopy.h"
#include "Elementwise.h"

namespace girih::sim {
namespace {

/// The `[map, {coordinates}]` operand.
struct MapOperand {
  AddressOperand map;
  std::vector<Operand> coordinates;
};

MapOperand takeMap(Decoder &d, size_t index, uint32_t rank) {
  MapOperand made;
  made.map = d.address(index);
  if (made.map.rest.size() != 1)
    d.unsupported("its tensor map operand");
  const SyntaxOperand &list = *made.map.rest[0];
  if (list.kind == SyntaxOperand::Kind::Vector)
    for (const SyntaxOperand &element : list.elements)
      made.coordinates.push_back(d.bindSource(element, Type::S32));
  else
    made.coordinates.push_back(d.bindSource(list, Type::S32));
  if (made.coordinates.size() != rank)
    d.fail("has " + std::to_string(made.coordinates.size()) + " coordinates for a tensor of rank " +
           std::to_string(rank));
  return made;
}

struct BoxOperand {
  TensorMap map;
  uint64_t mapAddress = 0;
  std::vector<BoxRow> rows;
  std::string detail;
};

std::shared_ptr<BoxOperand> readBox(Step &s, const MapOperand &operand, uint32_t rank, unsigned lane) {
  uint64_t address = s.read<uint64_t>(operand.map.base)[lane] + uint64_t(operand.map.offset);
  Place place =
      s.resolve(operand.map.isKernelParameter ? StateSpace::Param : StateSpace::Generic, address, 128, false, 64);
  auto box = std::make_shared<BoxOperand>();
  auto decoded =
      place.region ? decodeTensorMap(place.region->bytes + (place.offset - place.region->base)) : std::nullopt;
  if (!decoded)
    s.misuse("no tensor map at " + s.cluster().device.memory.describe(place.offset));
  box->map = *decoded;
  box->mapAddress = place.offset;
  if (box->map.recipe.rank != rank)
    s.misuse("the tensor map has rank " + std::to_string(box->map.recipe.rank) + " and the copy " +
             std::to_string(rank));
  std::array<int32_t, 5> coordinates{};
  box->detail = "at (";
  for (uint32_t i = 0; i < rank; ++i) {
    coordinates[i] = s.read<int32_t>(operand.coordinates[i])[lane];
    box->detail += (i ? ", " : "") + std::to_string(coordinates[i]);
  }
  box->detail += "), " + std::to_string(box->map.boxBytes()) + " bytes";
  box->rows = rowsOfBox(box->map, coordinates);
  return box;
}

void checkTile(const Step &s, const BoxOperand &box, const Cta &cta, uint32_t offset) {
  // PTX ISA, "cp.async.bulk.tensor": shared memory is aligned to 128 bytes.
  if (offset % 128)
    s.misuse("shared memory byte " + std::to_string(offset) + " of a tensor copy is not a multiple of 128");
  cta.checkShared(offset, box.map.boxBytes(), s.line(), s.instruction.opcode.c_str());
}

/// PTX ISA, "cp.async.bulk.tensor": the map is read through a proxy of its own.
void enterMap(Cluster &cluster, const BoxOperand &box, Access read, const Knowledge &knowledge) {
  uint8_t bytes[tensorMapBytes];
  read.proxy = Proxy::TensorMap;
  readGlobal(cluster, box.mapAddress, bytes, tensorMapBytes, read, knowledge);
}

/// Fills a row of out-of-bounds elements and puts those inside over it.
std::vector<uint8_t> loadRow(Cluster &cluster, const BoxOperand &box, const BoxRow &row, const Access &read,
                             const Knowledge &knowledge) {
  uint32_t bytes = box.map.elementBytes();
  std::vector<uint8_t> data(box.map.boxElements(0) * bytes, 0);
  if (box.map.recipe.fillsNaN && (row.first > 0 || row.last * bytes < data.size()))
    for (uint8_t &byte : data)
      byte = 0xff;
  if (row.last > row.first)
    readGlobal(cluster, row.globalAddress, data.data() + row.first * bytes, (row.last - row.first) * bytes, read,
               knowledge);
  return data;
}

/// Calls f(shared offset, offset in the row, size) for the 16-byte chunks of
/// a row, where swizzling puts them.
template <class F> void forChunks(uint32_t base, const BoxRow &row, uint32_t size, uint32_t span, F f) {
  uint32_t chunk = span ? 16 : size;
  for (uint32_t at = 0; at < size; at += chunk)
    f(swizzle(base + row.sharedOffset + at, span), at, chunk);
}

struct LoadTarget {
  Cta *cta;
  uint32_t offset;
  BarrierPlace counted;
};

void startLoad(Step &s, std::shared_ptr<BoxOperand> box, LoadTarget target, std::shared_ptr<Knowledge> knowledge) {
  Cluster *cluster = &s.cluster();
  unsigned line = s.line();
  auto next = std::make_shared<size_t>(0);
  size_t piece = (box->rows.size() + cluster->pieces() - 1) / cluster->pieces();
  piece = std::max<size_t>(piece, 1);
  AsyncOperation operation;
  operation.name = "tensor load";
  operation.line = line;
  operation.detail = box->detail;
  operation.step = [=] {
    Access write = transactionAccess(target.counted, line), read = write;
    read.isWrite = false;
    if (*next == 0)
      enterMap(*cluster, *box, read, *knowledge);
    uint64_t bytes = 0;
    size_t end = std::min(*next + piece, box->rows.size());
    for (; *next < end; ++*next) {
      const BoxRow &row = box->rows[*next];
      auto data = loadRow(*cluster, *box, row, read, *knowledge);
      forChunks(target.offset, row, uint32_t(data.size()), box->map.recipe.swizzle,
                [&](uint32_t offset, uint32_t at, uint32_t size) {
                  target.cta->writeShared(offset, data.data() + at, size, write, *knowledge);
                });
      bytes += data.size();
    }
    completeTransactions(target.counted, bytes, line);
    return *next == box->rows.size();
  };
  cluster->enqueue(*s.cta().copyEngine, std::move(operation));
}

void decodeLoad(Decoder &d, uint32_t rank) {
  bool isMulticast = d.has("multicast::cluster");
  bool isPair = d.has("cta_group::2");
  d.has("cta_group::1");
  takeCachePolicy(d);
  AddressOperand to = d.address(0), barrier = d.address(2);
  MapOperand from = takeMap(d, 1, rank);
  Operand ctas = isMulticast ? d.source(3, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("a tensor copy");
    auto box = readBox(s, from, rank, lane);
    Cta *owner;
    uint32_t offset = s.sharedOffset(s.read<uint64_t>(to.base)[lane] + uint64_t(to.offset), true, owner);
    BarrierPlace place = findBarrier(s, s.read<uint64_t>(barrier.base)[lane] + uint64_t(barrier.offset), true, true);
    if (!isMulticast && !isPair && place.cta != owner)
      s.misuse("a tensor copy into " + owner->describe() + " completes on an mbarrier of " + place.cta->describe());
    checkTile(s, *box, *owner, offset);
    uint32_t mask = isMulticast ? multicastMask(s, ctas, lane) : 1u << owner->rank;
    Cluster &cluster = s.cluster();
    auto knowledge = s.fork();
    for (uint32_t rank = 0; rank < cluster.ctas.size(); ++rank) {
      if (!(mask >> rank & 1))
        continue;
      Cta *into = cluster.ctas[rank].get();
      LoadTarget target{into, offset, place};
      if (isMulticast) {
        // With .cta_group::2 the signal goes to the CTA of the pair that the
        // mbarrier operand names, else to the same offset in each target.
        uint32_t signalled = isPair ? (rank & ~1u) | (place.cta->rank & 1u) : rank;
        target.counted = {cluster.ctas[signalled].get(), place.offset};
        target.counted.cta->barrier(place.offset, s.line(), "a tensor copy");
      }
      startLoad(s, box, target, knowledge);
    }
    return Outcome::Next;
  });
}

Type reductionType(MapElement element) {
  switch (element) {
  case MapElement::F16:
    return Type::F16;
  case MapElement::BF16:
    return Type::BF16;
  case MapElement::F32:
  case MapElement::TF32:
    return Type::F32;
  case MapElement::F64:
    return Type::F64;
  case MapElement::S32:
    return Type::S32;
  case MapElement::S64:
    return Type::S64;
  case MapElement::U64:
    return Type::U64;
  default:
    return Type::U32;
  }
}

void storeRow(Cluster &cluster, Cta &cta, const BoxOperand &box, const BoxRow &row, uint32_t base,
              std::vector<uint8_t> &data, bool &isDefined, const Access &read, const Knowledge &knowledge) {
  (void)cluster;
  data.resize(box.map.boxElements(0) * box.map.elementBytes());
  isDefined = true;
  uint32_t bytes = box.map.elementBytes();
  forChunks(base, row, uint32_t(data.size()), box.map.recipe.swizzle, [&](uint32_t offset, uint32_t at, uint32_t size) {
    bool isChunkDefined;
    cta.readShared(offset, data.data() + at, size, read, knowledge, &isChunkDefined);
    if (at + size > row.first * bytes && at < row.last * bytes)
      isDefined &= isChunkDefined;
  });
}

void decodeStore(Decoder &d, uint32_t rank, bool isReduction) {
  takeCachePolicy(d);
  std::string how;
  if (isReduction)
    how = d.oneOf({"add", "min", "max", "and", "or", "xor", "inc", "dec"});
  MapOperand to = takeMap(d, 0, rank);
  AddressOperand from = d.address(1);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("a tensor copy");
    auto box = readBox(s, to, rank, lane);
    Cta *owner;
    uint32_t offset = s.sharedOffset(s.read<uint64_t>(from.base)[lane] + uint64_t(from.offset), false, owner);
    checkTile(s, *box, *owner, offset);
    CommitGroups &groups = bulkGroupsOf(s, lane);
    uint32_t number = groups.issue();
    Access read = groupAccess(s, groups.readComponent, number, false, Proxy::Async);
    Access write = groupAccess(s, groups.writeComponent, number, true, Proxy::Async);
    auto knowledge = s.fork();
    auto rows = std::make_shared<std::vector<std::vector<uint8_t>>>();
    auto defined = std::make_shared<std::vector<bool>>();
    CommitGroups *tracked = &groups;
    Cluster *cluster = &s.cluster();
    AsyncOperation operation;
    operation.name = isReduction ? "tensor reduction" : "tensor store";
    operation.mayOutliveKernel = true;
    operation.line = s.line();
    operation.detail = box->detail;
    operation.step = [=] {
      if (rows->empty()) {
        enterMap(*cluster, *box, read, *knowledge);
        for (const BoxRow &row : box->rows) {
          bool isDefined;
          storeRow(*cluster, *owner, *box, row, offset, rows->emplace_back(), isDefined, read, *knowledge);
          defined->push_back(isDefined);
        }
        tracked->finishRead(number);
        return false;
      }
      uint32_t bytes = box->map.elementBytes();
      for (size_t r = 0; r < rows->size(); ++r) {
        const BoxRow &row = box->rows[r];
        if (row.last <= row.first)
          continue;
        const uint8_t *data = (*rows)[r].data() + row.first * bytes;
        uint32_t size = (row.last - row.first) * bytes;
        if (isReduction)
          reduceGlobal(*cluster, row.globalAddress, data, size, {how, reductionType(box->map.recipe.element)}, write,
                       *knowledge, (*defined)[r]);
        else
          writeGlobal(*cluster, row.globalAddress, data, size, write, *knowledge, (*defined)[r]);
      }
      tracked->finishWrite(number);
      return true;
    };
    s.cluster().enqueue(*s.cta().copyEngine, std::move(operation));
    return Outcome::Next;
  });
}

} // namespace

void decodeTensorCopy(Decoder &d, bool isReduction, bool isPrefetch) {
  std::string dimensions = d.oneOf({"1d", "2d", "3d", "4d", "5d"});
  if (dimensions.empty())
    d.unsupported();
  uint32_t rank = uint32_t(dimensions[0] - '0');
  d.has("tile");
  if (isPrefetch) {
    d.require("L2");
    d.require("global");
    takeCachePolicy(d);
    takeMap(d, 0, rank);
    d.run([](Step &) { return Outcome::Next; });
    return;
  }
  bool counts = d.has("mbarrier::complete_tx::bytes");
  bool isGroup = d.has("bulk_group");
  bool intoShared = d.has("shared::cluster");
  bool hasCta = d.has("shared::cta");
  d.require("global");
  if (counts && (intoShared || hasCta) && !isReduction)
    return decodeLoad(d, rank);
  if (isGroup && hasCta)
    return decodeStore(d, rank, isReduction);
  d.unsupported();
}

} // namespace girih::sim
