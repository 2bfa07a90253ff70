//===- BulkCopy.cpp - cp.async.bulk without tensor maps -------------------===//
#include "../Machine/Timer.h"
#include "AsyncCopy.h"
#include "Elementwise.h"

#include <algorithm>

namespace girih::sim {
namespace {

void checkBulk(const Step &s, uint64_t to, uint64_t from, uint32_t size) {
  if (size % 16 || to % 16 || from % 16)
    s.misuse("a bulk copy of " + std::to_string(size) + " bytes needs addresses and size to be multiples of 16");
}

/// Into shared memory, counted on an mbarrier; from global memory or from the
/// shared memory of this CTA, plain or reducing.
void decodeInto(Decoder &d, bool mayBeRemote, bool fromShared, bool isReduction) {
  bool isMulticast = d.has("multicast::cluster");
  takeCachePolicy(d);
  std::optional<Reduction> reduction;
  if (isReduction)
    reduction = takeReduction(d, ReductionPlace::SharedArray);
  AddressOperand to = d.address(0), from = d.address(1), barrier = d.address(3);
  Operand size = d.source(2, Type::U32);
  Operand ctas = isMulticast ? d.source(4, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  auto start = [=](Step &s, unsigned lane) {
    uint64_t source = laneAddress(s, from, lane);
    uint32_t bytes = s.read<uint32_t>(size)[lane];
    Cta *owner, *sourceCta = nullptr;
    uint32_t offset = s.sharedOffset(laneAddress(s, to, lane), mayBeRemote, owner);
    BarrierPlace place = findBarrier(s, laneAddress(s, barrier, lane), mayBeRemote, true, lane);
    checkBulk(s, offset, source, bytes);
    uint32_t sourceOffset = fromShared ? s.sharedOffset(source, false, sourceCta) : 0;
    // PTX ISA, "cp.async.bulk": the destination is in a different CTA.
    if (fromShared && owner == sourceCta)
      s.misuse("a bulk copy from shared memory of " + owner->describe() +
               " into the same CTA when it should be into another");
    uint32_t mask = isMulticast ? multicastMask(s, ctas, lane) : 1u << owner->rank;
    auto knowledge = s.fork(lane);
    unsigned line = s.line();
    Cluster *cluster = &s.cluster();
    for (uint32_t rank = 0; rank < cluster->ctas.size(); ++rank) {
      if (!(mask >> rank & 1))
        continue;
      Cta *into = cluster->ctas[rank].get();
      BarrierPlace counted = isMulticast ? BarrierPlace{into, place.offset} : place;
      into->checkShared(offset, bytes, line, "a bulk copy");
      counted.cta->barrier(counted.offset, line, "a bulk copy");
      AsyncOperation operation;
      operation.name = reduction ? "cp.reduce.async.bulk" : "cp.async.bulk";
      operation.work = {AsyncWork::Kind::CopyIn, bytes, 0};
      operation.line = line;
      operation.detail = std::to_string(bytes) + " bytes";
      auto done = std::make_shared<uint32_t>(0);
      uint32_t pieces = cluster->pieces(), piece = std::max(16u, (bytes + pieces * 16 - 1) / (pieces * 16) * 16);
      operation.step = [=] {
        uint32_t at = *done, size = std::min(piece, bytes - at);
        std::vector<uint8_t> data(size);
        Access write = transactionAccess(counted, line), read = write;
        read.isWrite = false;
        bool isDefined = true;
        if (fromShared)
          sourceCta->readShared(sourceOffset + at, data.data(), size, read, *knowledge, &isDefined);
        else
          readGlobal(*cluster, source + at, data.data(), size, read, *knowledge);
        if (reduction)
          reduceShared(*into, offset + at, data.data(), size, *reduction, write, *knowledge, isDefined);
        else
          into->writeShared(offset + at, data.data(), size, write, *knowledge, isDefined);
        *done += size;
        completeTransactions(counted, size, line);
        return *done == bytes;
      };
      if (cluster->timer)
        cluster->timer->noteCopy(source);
      cluster->enqueue(*s.cta().copyEngine, std::move(operation));
    }
  };
  d.run([=](Step &s) {
    s.forLanes([&](unsigned lane) { start(s, lane); });
    return Outcome::Next;
  });
}

/// Contiguous bytes that a copy out of shared memory moves.
struct Run {
  uint32_t at, size;
  bool isDefined = true;
};

/// `.cp_mask`: bit i says whether byte i of every 16 is copied.
std::vector<Run> runsOf(uint32_t bytes, uint32_t mask) {
  if (mask == 0xffff)
    return {{0, bytes}};
  std::vector<Run> runs;
  for (uint32_t at = 0; at < bytes; ++at) {
    if (!(mask >> at % 16 & 1))
      continue;
    if (!runs.empty() && runs.back().at + runs.back().size == at)
      ++runs.back().size;
    else
      runs.push_back({at, 1});
  }
  return runs;
}

struct OutCall {
  uint64_t target = 0;
  uint32_t bytes = 0, offset = 0, mask = 0xffff;
  std::optional<Reduction> reduction;
  std::shared_ptr<OutgoingCopy> copy;

  /// A reduction counts as often as it is made.
  bool isSameAs(const OutCall &other) const {
    return !reduction && target == other.target && bytes == other.bytes && offset == other.offset && mask == other.mask;
  }
};

void startOut(Step &s, const OutCall &call, unsigned lane) {
  Access read = call.copy->access(s, false), write = call.copy->access(s, true);
  auto knowledge = s.fork(lane);
  auto data = std::make_shared<std::vector<uint8_t>>();
  auto runs = std::make_shared<std::vector<Run>>(runsOf(call.bytes, call.mask));
  Cluster *cluster = &s.cluster();
  Cta *owner = &s.cta();
  AsyncOperation operation;
  operation.name = call.reduction ? "cp.reduce.async.bulk" : "cp.async.bulk";
  operation.mayOutliveKernel = true;
  operation.work = {AsyncWork::Kind::CopyOut, call.bytes, 0};
  operation.line = s.line();
  operation.detail = std::to_string(call.bytes) + " bytes";
  operation.step = [=] {
    if (data->empty() && call.bytes) {
      data->resize(call.bytes);
      for (Run &run : *runs)
        owner->readShared(call.offset + run.at, data->data() + run.at, run.size, read, *knowledge, &run.isDefined);
      call.copy->finishRead();
      return false;
    }
    for (const Run &run : *runs) {
      const uint8_t *bytes = data->data() + run.at;
      if (call.reduction)
        reduceGlobal(*cluster, call.target + run.at, bytes, run.size, *call.reduction, write, *knowledge,
                     run.isDefined);
      else
        writeGlobal(*cluster, call.target + run.at, bytes, run.size, write, *knowledge, run.isDefined);
    }
    call.copy->finishWrite();
    return true;
  };
  if (cluster->timer)
    cluster->timer->noteCopy(call.target);
  cluster->enqueue(*s.cta().copyEngine, std::move(operation));
}

/// From shared to global memory, in a bulk group; plain or reducing.
void decodeOut(Decoder &d, bool isReduction) {
  bool hasPolicy = takeCachePolicy(d), isMasked = !isReduction && d.has("cp_mask");
  std::optional<Reduction> reduction;
  if (isReduction)
    reduction = takeReduction(d, ReductionPlace::GlobalArray);
  AddressOperand to = d.address(0), from = d.address(1);
  Operand size = d.source(2, Type::U32);
  Operand mask = isMasked ? d.source(hasPolicy ? 4 : 3, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    std::vector<std::pair<unsigned, OutCall>> calls;
    s.forLanes([&](unsigned lane) {
      OutCall call;
      call.target = laneAddress(s, to, lane);
      call.bytes = s.read<uint32_t>(size)[lane];
      Cta *owner;
      call.offset = s.sharedOffset(laneAddress(s, from, lane), false, owner);
      if (isMasked)
        call.mask = s.read<uint32_t>(mask)[lane] & 0xffff;
      call.reduction = reduction;
      auto same =
          std::find_if(calls.begin(), calls.end(), [&](const auto &other) { return call.isSameAs(other.second); });
      if (same != calls.end()) {
        same->second.copy->add(s, lane);
        return;
      }
      checkBulk(s, call.target, call.offset, call.bytes);
      owner->checkShared(call.offset, call.bytes, s.line(), "a bulk copy");
      call.copy = std::make_shared<OutgoingCopy>(s, lane);
      calls.emplace_back(lane, std::move(call));
    });
    for (const auto &[lane, call] : calls)
      startOut(s, call, lane);
    return Outcome::Next;
  });
}

/// A prefetch moves nothing that a program can see; its operands have rules.
void decodePrefetch(Decoder &d) {
  d.require("L2");
  d.require("global");
  takeCachePolicy(d);
  AddressOperand from = d.address(0);
  Operand size = d.source(1, Type::U32);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto sizes = s.read<uint32_t>(size);
    for (unsigned lane = 0; lane < warpSize; ++lane)
      if (s.mask >> lane & 1)
        checkBulk(s, 0, laneAddress(s, from, lane), sizes[lane]);
    return Outcome::Next;
  });
}

void decodeCommit(Decoder &d) {
  d.run([](Step &s) {
    for (unsigned lane = 0; lane < warpSize; ++lane)
      if (s.mask >> lane & 1 && s.warp.bulkGroups.count(lane))
        bulkGroupsOf(s, lane).commit();
    return Outcome::Next;
  });
}

/// wait_group waits for the copies of a thread's groups to be complete, with
/// `.read` only for their sources to have been read.
void decodeWait(Decoder &d) {
  bool isRead = d.has("read");
  uint32_t pending = uint32_t(d.literal(0));
  d.run([=](Step &s) {
    for (auto &[lane, groups] : s.warp.bulkGroups) {
      if (!(s.mask >> lane & 1))
        continue;
      uint32_t last = groups.lastRequired(pending);
      if ((isRead ? groups.readDone : groups.done) < last) {
        Wait wait;
        wait.what = "cp.async.bulk group";
        CommitGroups *waited = &groups;
        wait.describe = [=] {
          return "for bulk copy " + std::to_string(last) + "; " +
                 std::to_string(isRead ? waited->readDone : waited->done) + " are done";
        };
        return s.wait(std::move(wait));
      }
      s.warp.raise(1u << lane, groups.readComponent, last);
      if (!isRead) {
        s.warp.raise(1u << lane, groups.writeComponent, last);
        while (!groups.groups.empty() && groups.groups.front() <= last)
          groups.groups.pop_front();
      }
    }
    return Outcome::Next;
  });
}

} // namespace

void decodeBulkCopy(Decoder &d, bool isReduction) {
  if (d.has("commit_group"))
    return decodeCommit(d);
  if (d.has("wait_group"))
    return decodeWait(d);
  bool isPrefetch = d.has("prefetch");
  if (d.has("tensor"))
    return decodeTensorCopy(d, isReduction, isPrefetch);
  if (isPrefetch)
    return decodePrefetch(d);
  bool counts = d.has("mbarrier::complete_tx::bytes");
  bool isGroup = d.has("bulk_group");
  bool hasCluster = d.has("shared::cluster"), hasCta = d.has("shared::cta"), hasGlobal = d.has("global");
  // PTX ISA, "cp.async.bulk": shared::cluster from global or shared::cta,
  // shared::cta from global.
  if (counts && hasGlobal != (hasCluster && hasCta) && (hasCluster || hasCta) && !(isReduction && hasGlobal))
    return decodeInto(d, hasCluster, !hasGlobal, isReduction);
  if (isGroup && hasCta && hasGlobal && !hasCluster)
    return decodeOut(d, isReduction);
  d.unsupported();
}

} // namespace girih::sim
