//===- BulkCopy.cpp - cp.async.bulk without tensor maps -------------------===//
#include "AsyncCopy.h"
#include "Elementwise.h"

namespace girih::sim {
namespace {

uint32_t laneOf(const Step &s) { return s.onlyLane(s.instruction.opcode.c_str()); }

void checkBulk(const Step &s, uint64_t to, uint64_t from, uint32_t size) {
  if (size % 16 || to % 16 || from % 16)
    s.misuse("a bulk copy of " + std::to_string(size) + " bytes needs addresses and size to be multiples of 16");
}

/// Into shared memory, counted on an mbarrier; from global memory or from the
/// shared memory of this CTA.
void decodeInto(Decoder &d, bool fromShared) {
  bool isMulticast = d.has("multicast::cluster");
  takeCachePolicy(d);
  AddressOperand to = d.address(0), from = d.address(1), barrier = d.address(3);
  Operand size = d.source(2, Type::U32);
  Operand ctas = isMulticast ? d.source(4, Type::U16) : Operand();
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = laneOf(s);
    uint64_t target = s.read<uint64_t>(to.base)[lane] + uint64_t(to.offset);
    uint64_t source = s.read<uint64_t>(from.base)[lane] + uint64_t(from.offset);
    uint64_t signal = s.read<uint64_t>(barrier.base)[lane] + uint64_t(barrier.offset);
    uint32_t bytes = s.read<uint32_t>(size)[lane];
    Cta *owner, *sourceCta = nullptr;
    uint32_t offset = s.sharedOffset(target, true, owner);
    BarrierPlace place = findBarrier(s, signal, true, true);
    checkBulk(s, offset, source, bytes);
    uint32_t sourceOffset = fromShared ? s.sharedOffset(source, false, sourceCta) : 0;
    uint32_t mask = isMulticast ? s.read<uint32_t>(ctas)[lane] & 0xffff : 1u << owner->rank;
    auto knowledge = s.fork();
    unsigned line = s.line();
    Cluster *cluster = &s.cluster();
    for (uint32_t rank = 0; rank < cluster->ctas.size(); ++rank) {
      if (!(mask >> rank & 1))
        continue;
      Cta *into = cluster->ctas[rank].get();
      BarrierPlace counted = isMulticast ? BarrierPlace{into, place.offset} : place;
      into->barrier(counted.offset, line, "a bulk copy");
      AsyncOperation operation;
      operation.name = "cp.async.bulk";
      operation.line = line;
      operation.detail = std::to_string(bytes) + " bytes";
      operation.step = [=] {
        std::vector<uint8_t> data(bytes);
        Access write = transactionAccess(counted, line), read = write;
        read.isWrite = false;
        bool isDefined = true;
        if (fromShared)
          sourceCta->readShared(sourceOffset, data.data(), bytes, read, *knowledge, &isDefined);
        else
          readGlobal(*cluster, source, data.data(), bytes, read, *knowledge);
        into->writeShared(offset, data.data(), bytes, write, *knowledge, isDefined);
        completeTransactions(counted, bytes, line);
        return true;
      };
      cluster->enqueue(*s.cta().copyEngine, std::move(operation));
    }
    return Outcome::Next;
  });
}

/// From shared to global memory, in a bulk group; plain or reducing.
void decodeOut(Decoder &d, bool isReduction) {
  takeCachePolicy(d);
  std::string how;
  Type type = Type::B8;
  if (isReduction) {
    how = d.oneOf({"add", "min", "max", "and", "or", "xor", "inc", "dec"});
    d.has("noftz");
    type = d.type();
  }
  AddressOperand to = d.address(0), from = d.address(1);
  Operand size = d.source(2, Type::U32);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = laneOf(s);
    uint64_t target = s.read<uint64_t>(to.base)[lane] + uint64_t(to.offset);
    uint64_t source = s.read<uint64_t>(from.base)[lane] + uint64_t(from.offset);
    uint32_t bytes = s.read<uint32_t>(size)[lane];
    Cta *owner;
    uint32_t offset = s.sharedOffset(source, false, owner);
    checkBulk(s, target, offset, bytes);
    CommitGroups &groups = bulkGroupsOf(s, lane);
    uint32_t number = groups.issue();
    Access read = groupAccess(s, groups.readComponent, number, false, Proxy::Async);
    Access write = groupAccess(s, groups.writeComponent, number, true, Proxy::Async);
    auto knowledge = s.fork();
    auto data = std::make_shared<std::vector<uint8_t>>();
    auto isDefined = std::make_shared<bool>(true);
    CommitGroups *tracked = &groups;
    Cluster *cluster = &s.cluster();
    AsyncOperation operation;
    operation.name = s.instruction.opcode.substr(0, isReduction ? 20 : 13);
    operation.mayOutliveKernel = true;
    operation.line = s.line();
    operation.detail = std::to_string(bytes) + " bytes";
    operation.step = [=] {
      if (data->empty() && bytes) {
        data->resize(bytes);
        owner->readShared(offset, data->data(), bytes, read, *knowledge, isDefined.get());
        tracked->finishRead(number);
        return false;
      }
      if (isReduction)
        reduceGlobal(*cluster, target, data->data(), bytes, type, how, write, *knowledge, *isDefined);
      else
        writeGlobal(*cluster, target, data->data(), bytes, write, *knowledge, *isDefined);
      tracked->finishWrite(number);
      return true;
    };
    s.cluster().enqueue(*s.cta().copyEngine, std::move(operation));
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
  if (isPrefetch) {
    d.require("L2");
    d.require("global");
    takeCachePolicy(d);
    d.run([](Step &) { return Outcome::Next; });
    return;
  }
  bool counts = d.has("mbarrier::complete_tx::bytes");
  bool isGroup = d.has("bulk_group");
  bool hasCluster = d.has("shared::cluster"), hasCta = d.has("shared::cta"), hasGlobal = d.has("global");
  if (counts && !isReduction && (hasCluster || hasCta))
    return decodeInto(d, !hasGlobal);
  if (isGroup && hasCta && hasGlobal)
    return decodeOut(d, isReduction);
  d.unsupported();
}

} // namespace girih::sim
