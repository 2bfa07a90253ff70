//===- TensorCopy.cpp - cp.async.bulk.tensor ------------------------------===//
#include "../Machine/Timer.h"
#include "Elementwise.h"
#include "TensorBox.h"

#include <algorithm>

namespace girih::sim {
namespace {

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
  operation.work = {AsyncWork::Kind::CopyIn, box->rows.size() * box->map.rowBytes(), 0};
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
      loadRow(*cluster, *target.cta, *box, row, target.offset, read, write, *knowledge);
      // Padding in shared memory does not count.
      bytes += box->map.rowBytes();
    }
    completeTransactions(target.counted, bytes, line);
    return *next == box->rows.size();
  };
  if (cluster->timer)
    cluster->timer->noteCopy(box->map.address);
  cluster->enqueue(*s.cta().copyEngine, std::move(operation));
}

/// The offsets within the filter, or halo and offset, an operand of their own.
void takeOffsets(Decoder &d, size_t index, MapOperand &from) {
  from.offsets = d.sources(index, Type::U16);
  size_t needed = isAlongWidth(from.mapMode) ? 2 : from.rank - 2;
  if (from.offsets.size() != needed)
    d.fail("has " + std::to_string(from.offsets.size()) + " im2col offsets when it needs " + std::to_string(needed));
}

void decodeLoad(Decoder &d, uint32_t rank, LoadMode mode, MapMode mapMode, bool mayBeRemote) {
  bool isMulticast = d.has("multicast::cluster");
  bool isPair = d.has("cta_group::2");
  d.has("cta_group::1");
  takeCachePolicy(d);
  AddressOperand to = d.address(0), barrier = d.address(2);
  MapOperand from = takeMap(d, 1, rank, mode, mapMode);
  size_t next = 3;
  if (mode == LoadMode::Column)
    takeOffsets(d, next++, from);
  Operand ctas = isMulticast ? d.source(next, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  auto load = [=](Step &s, unsigned lane) {
    auto box = readBox(s, from, lane);
    // On an H200 this ends in an illegal access even if nothing there is read; stores do not.
    if (GlobalMemory &memory = s.cluster().device.memory; !memory.find(box->map.address, 1))
      s.misuse("a load by a tensor map whose address is in no memory: " + memory.describe(box->map.address));
    Cta *owner;
    uint32_t offset = s.sharedOffset(laneAddress(s, to, lane), mayBeRemote, owner);
    BarrierPlace place = findBarrier(s, laneAddress(s, barrier, lane), true, true, lane);
    // PTX ISA, "cp.async.bulk.tensor": with .cta_group::2 the mbarrier may lie
    // in the other CTA of the pair.
    if (place.cta->rank >> isPair != owner->rank >> isPair)
      s.misuse("a tensor copy into " + owner->describe() + " completes on an mbarrier of " + place.cta->describe());
    checkTile(s, *box, *owner, offset);
    uint32_t mask = isMulticast ? multicastMask(s, ctas, lane) : 1u << owner->rank;
    Cluster &cluster = s.cluster();
    auto knowledge = s.fork(lane);
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
  };
  d.run([=](Step &s) {
    s.forLanes([&](unsigned lane) { load(s, lane); });
    return Outcome::Next;
  });
}

/// The reduction of elements of a tensor (PTX ISA, "tensormap.replace", has
/// the names of the types).
Reduction reductionOf(const Step &s, MapElement element, const std::string &how) {
  bool isBitwise = how == "and" || how == "or" || how == "xor";
  Reduction made{how, Type::U8};
  switch (element) {
  case MapElement::F16:
    made.type = Type::F16;
    break;
  case MapElement::BF16:
    made.type = Type::BF16;
    break;
  case MapElement::F32:
  case MapElement::TF32:
  case MapElement::F32Ftz:
  case MapElement::TF32Ftz:
    made.type = Type::F32;
    break;
  case MapElement::F64:
    made.type = Type::F64;
    break;
  case MapElement::U32:
  case MapElement::S32:
    made.type = isBitwise ? Type::B32 : element == MapElement::S32 ? Type::S32 : Type::U32;
    break;
  case MapElement::U64:
  case MapElement::S64:
    made.type = isBitwise ? Type::B64 : element == MapElement::S64 ? Type::S64 : Type::U64;
    break;
  default:
    break;
  }
  if (!hasReduction(made, ReductionPlace::GlobalArray))
    s.misuse("the elements of the tensor map have no reduction ." + how);
  return made;
}

struct StoreCall {
  std::shared_ptr<BoxOperand> box;
  uint32_t offset = 0;
  std::optional<Reduction> reduction;
  std::shared_ptr<OutgoingCopy> copy;

  /// A reduction counts as often as it is made.
  bool isSameAs(const StoreCall &other) const {
    return !reduction && offset == other.offset && box->mapAddress == other.box->mapAddress &&
           box->coordinates == other.box->coordinates;
  }
};

void startStore(Step &s, const StoreCall &call, unsigned lane) {
  Access read = call.copy->access(s, false), write = call.copy->access(s, true);
  auto knowledge = s.fork(lane);
  auto rows = std::make_shared<std::vector<std::vector<uint8_t>>>();
  auto defined = std::make_shared<std::vector<bool>>();
  Cluster *cluster = &s.cluster();
  Cta *owner = &s.cta();
  AsyncOperation operation;
  operation.name = call.reduction ? "tensor reduction" : "tensor store";
  operation.mayOutliveKernel = true;
  operation.work = {AsyncWork::Kind::CopyOut, call.box->rows.size() * call.box->map.rowBytes(), 0};
  operation.line = s.line();
  operation.detail = call.box->detail;
  operation.step = [=] {
    if (rows->empty()) {
      enterMap(*cluster, *call.box, read, *knowledge);
      for (const BoxRow &row : call.box->rows)
        defined->push_back(fetchRow(*owner, *call.box, row, call.offset, rows->emplace_back(), read, *knowledge));
      call.copy->finishRead();
      return false;
    }
    for (size_t r = 0; r < rows->size(); ++r) {
      const BoxRow &row = call.box->rows[r];
      if (row.last <= row.first)
        continue;
      const uint8_t *bytes = (*rows)[r].data() + row.first;
      uint32_t size = row.last - row.first;
      if (call.reduction)
        reduceGlobal(*cluster, row.globalAddress, bytes, size, *call.reduction, write, *knowledge, (*defined)[r]);
      else
        writeGlobal(*cluster, row.globalAddress, bytes, size, write, *knowledge, (*defined)[r]);
    }
    call.copy->finishWrite();
    return true;
  };
  if (cluster->timer)
    cluster->timer->noteCopy(call.box->map.address);
  cluster->enqueue(*s.cta().copyEngine, std::move(operation));
}

void decodeStore(Decoder &d, uint32_t rank, LoadMode mode, MapMode mapMode, bool isReduction) {
  takeCachePolicy(d);
  std::string how;
  if (isReduction)
    how = d.oneOf({"add", "min", "max", "and", "or", "xor", "inc", "dec"});
  MapOperand to = takeMap(d, 0, rank, mode, mapMode);
  AddressOperand from = d.address(1);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    std::vector<std::pair<unsigned, StoreCall>> calls;
    s.forLanes([&](unsigned lane) {
      StoreCall call;
      call.box = readBox(s, to, lane);
      Cta *owner;
      call.offset = s.sharedOffset(laneAddress(s, from, lane), false, owner);
      if (isReduction)
        call.reduction = reductionOf(s, call.box->map.recipe.element, how);
      auto same =
          std::find_if(calls.begin(), calls.end(), [&](const auto &other) { return call.isSameAs(other.second); });
      if (same != calls.end()) {
        same->second.copy->add(s, lane);
        return;
      }
      checkTile(s, *call.box, *owner, call.offset);
      checkStore(s, *call.box);
      call.copy = std::make_shared<OutgoingCopy>(s, lane);
      calls.emplace_back(lane, std::move(call));
    });
    for (const auto &[lane, call] : calls)
      startStore(s, call, lane);
    return Outcome::Next;
  });
}

} // namespace

void decodeTensorCopy(Decoder &d, bool isReduction, bool isPrefetch) {
  std::string dimensions = d.oneOf({"1d", "2d", "3d", "4d", "5d"});
  if (dimensions.empty())
    d.unsupported();
  uint32_t rank = uint32_t(dimensions[0] - '0');
  std::string name =
      d.oneOf({"tile", "tile::gather4", "tile::scatter4", "im2col", "im2col_no_offs", "im2col::w", "im2col::w::128"});
  bool gathers = name == "tile::gather4", scatters = name == "tile::scatter4", isColumn = name.starts_with("im2col");
  LoadMode mode = gathers || scatters ? LoadMode::FourRows : isColumn ? LoadMode::Column : LoadMode::Tile;
  MapMode mapMode = !isColumn                  ? MapMode::Tiled
                    : name == "im2col::w"      ? MapMode::Im2colWidth
                    : name == "im2col::w::128" ? MapMode::Im2colWidth128
                                               : MapMode::Im2col;
  if ((mode == LoadMode::FourRows && rank != 2) || (isColumn && rank < 3))
    d.fail("has no ." + name + " of " + dimensions);
  if (isPrefetch) {
    if (scatters || name == "im2col_no_offs")
      d.unsupported();
    d.require("L2");
    d.require("global");
    takeCachePolicy(d);
    MapOperand from = takeMap(d, 0, rank, mode, mapMode);
    if (isColumn)
      takeOffsets(d, 1, from);
    d.run([](Step &) { return Outcome::Next; });
    return;
  }
  bool counts = d.has("mbarrier::complete_tx::bytes");
  bool isGroup = d.has("bulk_group");
  bool intoShared = d.has("shared::cluster");
  bool hasCta = d.has("shared::cta");
  d.require("global");
  if (counts && intoShared != hasCta && !isReduction && !scatters && name != "im2col_no_offs")
    return decodeLoad(d, rank, mode, mapMode, intoShared);
  if (isGroup && hasCta && !gathers && (!isColumn || name == "im2col_no_offs"))
    return decodeStore(d, rank, mode, mapMode, isReduction);
  d.unsupported();
}

} // namespace girih::sim
