//===- Copy.cpp - cp.async, its groups and its mbarrier arrival -----------===//
#include "AsyncCopy.h"
#include "Elementwise.h"

namespace girih::sim {
namespace {

CommitGroups &copyGroupsOf(Step &s) {
  CommitGroups &groups = s.warp.copyGroups;
  if (!groups.unit) {
    groups.unit = s.cluster().newUnit("cp.async of " + s.warp.name, s.cta().rank, true);
    groups.writeComponent = groups.unit->component;
  }
  return groups;
}

struct LaneCopy {
  unsigned lane;
  Cta *cta;
  uint32_t to;
  uint64_t from;
  uint32_t size, sourceSize;
};

void runCopy(Step &s, std::vector<LaneCopy> copies) {
  CommitGroups &groups = copyGroupsOf(s);
  uint32_t number = groups.issue();
  // The reads are those of the thread's own proxy, at any later time.
  Access write = groupAccess(s, groups.writeComponent, number, true, Proxy::Generic);
  Access read = write;
  read.isWrite = false;
  auto forks = s.forkLanes();
  AsyncOperation operation;
  operation.name = "cp.async";
  operation.line = s.line();
  Cluster *cluster = &s.cluster();
  CommitGroups *tracked = &groups;
  operation.step = [=, copies = std::move(copies)] {
    Access laneRead = read, laneWrite = write;
    for (const LaneCopy &copy : copies) {
      laneRead.lanes = laneWrite.lanes = 1u << copy.lane;
      const Knowledge &knowledge = forks->of(copy.lane);
      uint8_t bytes[16] = {};
      if (copy.sourceSize)
        readGlobal(*cluster, copy.from, bytes, copy.sourceSize, laneRead, knowledge);
      copy.cta->writeShared(copy.to, bytes, copy.size, laneWrite, knowledge);
    }
    tracked->finishWrite(number);
    return true;
  };
  s.cluster().enqueue(*groups.unit, std::move(operation));
}

/// `cp.async.{ca,cg}.shared.global [to], [from], size{, source size | p}`.
void decodeCopy(Decoder &d) {
  bool isGlobalOnly = d.oneOf({"ca", "cg"}) == "cg";
  if (!d.has("shared") && !d.has("shared::cta"))
    d.unsupported();
  d.require("global");
  bool hasPolicy = takeCachePolicy(d);
  d.takeCacheHints();
  AddressOperand to = d.address(0), from = d.address(1);
  uint32_t size = uint32_t(d.literal(2));
  if (size != 16 && (isGlobalOnly || (size != 4 && size != 8)))
    d.fail("copies " + std::to_string(size) + " bytes when " + (isGlobalOnly ? "16" : "4, 8 or 16") + " are allowed");
  Operand third;
  bool ignores = false;
  if (d.count() > (hasPolicy ? 4 : 3)) {
    third = d.source(3, Type::U32);
    ignores = third.cls == RegisterClass::Predicate && third.kind == Operand::Kind::Register;
  }
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto a = s.read<uint64_t>(to.base), b = s.read<uint64_t>(from.base);
    auto n = s.read<uint32_t>(third);
    LaneMask ignored = ignores ? s.readPredicate(third) : 0;
    std::vector<LaneCopy> copies;
    s.forLanes([&](unsigned lane) {
      LaneCopy copy;
      copy.lane = lane;
      copy.to = s.sharedOffset(a[lane] + uint64_t(to.offset), false, copy.cta);
      copy.from = b[lane] + uint64_t(from.offset);
      copy.size = size;
      copy.sourceSize = ignored >> lane & 1 ? 0 : third && !ignores ? n[lane] : size;
      if (copy.sourceSize > size)
        s.misuse("cp.async of " + std::to_string(size) + " bytes has a source of " + std::to_string(copy.sourceSize));
      if (copy.to % size || copy.from % size)
        s.misuse("cp.async of " + std::to_string(size) + " bytes to shared memory byte " + std::to_string(copy.to) +
                 " is misaligned");
      copy.cta->checkShared(copy.to, size, s.line(), "cp.async");
      copies.push_back(copy);
    });
    runCopy(s, std::move(copies));
    return Outcome::Next;
  });
}

Outcome waitCopies(Step &s, uint32_t pending, bool isAll) {
  CommitGroups &groups = copyGroupsOf(s);
  uint32_t last = isAll ? groups.issued : groups.lastRequired(pending);
  if (groups.done < last) {
    Wait wait;
    wait.what = "cp.async";
    CommitGroups *waited = &groups;
    wait.describe = [=] { return "for " + std::to_string(last - waited->done) + " asynchronous copies"; };
    return s.wait(std::move(wait));
  }
  // Ordinary (generic) writes: the async proxy needs a fence to see them.
  s.warp.change(s.mask, [&](LaneView &view) { view.known.own.raise(groups.writeComponent, last); });
  while (!groups.groups.empty() && groups.groups.front() <= last)
    groups.groups.pop_front();
  return Outcome::Next;
}

void decodeGroups(Decoder &d) {
  if (d.has("commit_group")) {
    d.run([](Step &s) {
      copyGroupsOf(s).commit();
      return Outcome::Next;
    });
    return;
  }
  bool isAll = d.has("wait_all");
  uint32_t pending = isAll ? 0 : uint32_t(d.literal(0));
  d.has("wait_group");
  d.run([=](Step &s) { return waitCopies(s, pending, isAll); });
}

/// cp.async.mbarrier.arrive: the arrival comes when the copies issued so far
/// are complete; without `.noinc` the pending count goes up first.
void decodeArrive(Decoder &d) {
  d.require("arrive");
  bool keepsCount = d.has("noinc");
  SharedOperand at = takeBarrier(d, 0, false);
  d.run([=](Step &s) {
    CommitGroups &groups = copyGroupsOf(s);
    s.forLanes([&](unsigned lane) {
      BarrierPlace place = findBarrier(s, at.in(s, lane), false, false, lane);
      // PTX ISA, "Contents of the mbarrier object".
      if (!keepsCount && ++place.cta->barriers[place.offset].pending >= 1 << 20)
        s.misuse("the mbarrier at " + std::to_string(place.offset) +
                 " has 1048576 arrivals pending when it counts "
                 "up to 1048575");
      // PTX ISA, "Asynchronous Operations": ordered after the copies, and after
      // nothing else that the thread has done.
      auto knowledge = std::make_shared<Knowledge>();
      knowledge->raiseGeneric(groups.writeComponent, groups.issued, 1u << lane);
      AsyncOperation operation;
      operation.name = "cp.async.mbarrier.arrive";
      operation.line = s.line();
      unsigned line = s.line();
      Component component = s.warp.component;
      operation.step = [=] {
        arrive(place, 1, knowledge.get(), line, component);
        return true;
      };
      s.cluster().enqueue(*groups.unit, std::move(operation));
    });
    return Outcome::Next;
  });
}

void decodeCp(Decoder &d) {
  bool isReduction = d.has("reduce");
  d.require("async");
  if (d.has("bulk"))
    return decodeBulkCopy(d, isReduction);
  const std::string &opcode = d.instruction().opcode;
  if (opcode.find("mbarrier") != std::string::npos && d.has("mbarrier"))
    return decodeArrive(d);
  if (opcode.find("group") != std::string::npos || opcode.find("wait_all") != std::string::npos)
    return decodeGroups(d);
  decodeCopy(d);
}

} // namespace

void registerCopy(DecodeTable &table) { table["cp"] = decodeCp; }

} // namespace girih::sim
