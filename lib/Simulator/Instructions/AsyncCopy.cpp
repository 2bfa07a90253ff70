//===- AsyncCopy.cpp - What the asynchronous copies share -----------------===//
#include "AsyncCopy.h"

namespace girih::sim {

uint64_t SharedOperand::in(const Step &s, unsigned lane) const {
  uint64_t value = laneAddress(s, address, lane);
  if (isGeneric && value - sharedWindow >= windowSize)
    s.misuse("generic address " + std::to_string(value) + " is outside the shared window");
  return value;
}

SharedOperand takeShared(Decoder &d, size_t index, bool mayBeRemote) {
  SharedOperand made;
  std::string window;
  StateSpace space = d.stateSpace(&window);
  made.isGeneric = space == StateSpace::Generic;
  if ((space != StateSpace::Shared && !made.isGeneric) || (window == "cluster" && !mayBeRemote))
    d.fail("has no form for that state space");
  made.mayBeRemote = mayBeRemote && window != "cta";
  made.address = d.address(index);
  d.instruction().passesUndefined = false;
  return made;
}

bool takeCachePolicy(Decoder &d) { return d.has("L2::cache_hint"); }

uint32_t multicastMask(const Step &s, const Operand &ctas, unsigned lane) {
  uint32_t mask = s.read<uint32_t>(ctas)[lane] & 0xffff;
  if (mask >> s.cluster().ctas.size())
    s.misuse("multicast mask " + std::to_string(mask) + " names CTAs beyond the cluster's " +
             std::to_string(s.cluster().ctas.size()));
  return mask;
}

CommitGroups &bulkGroupsOf(Step &s, unsigned lane) {
  CommitGroups &groups = s.warp.bulkGroups[lane];
  if (!groups.unit) {
    groups.unit = s.cta().copyEngine;
    Cluster &cluster = s.cluster();
    groups.readComponent = cluster.newComponent("reads of bulk copies by " + s.warp.name);
    groups.writeComponent = cluster.newComponent("writes of bulk copies by " + s.warp.name);
  }
  return groups;
}

OutgoingCopy::OutgoingCopy(Step &s, unsigned lane) { add(s, lane); }

void OutgoingCopy::add(Step &s, unsigned lane) {
  CommitGroups &groups = bulkGroupsOf(s, lane);
  lanes.emplace_back(&groups, groups.issue());
}

Access OutgoingCopy::access(const Step &s, bool isWrite) const {
  auto [groups, number] = lanes.front();
  return groupAccess(s, isWrite ? groups->writeComponent : groups->readComponent, number, isWrite, Proxy::Async);
}

void OutgoingCopy::finishRead() const {
  for (auto [groups, number] : lanes)
    groups->finishRead(number);
}

void OutgoingCopy::finishWrite() const {
  for (auto [groups, number] : lanes)
    groups->finishWrite(number);
}

Access groupAccess(const Step &s, Component component, uint32_t copy, bool isWrite, Proxy proxy) {
  Access access;
  access.cluster = s.cluster().index;
  access.cta = uint8_t(s.cta().rank);
  access.component = component;
  access.tick = copy;
  access.line = s.line();
  access.isWrite = isWrite;
  access.proxy = proxy;
  return access;
}

static Region &regionOf(Cluster &cluster, uint64_t address, uint32_t size, const Access &access, bool isWrite) {
  GlobalMemory &memory = cluster.device.memory;
  Region *region = memory.find(address, size);
  auto fail = [&](const std::string &message) {
    Verdict verdict;
    verdict.line = access.line;
    verdict.agent = cluster.componentName(access.component);
    verdict.message = message;
    verdict.fault = Fault::Address;
    throw Stop(verdict);
  };
  if (!region)
    fail("an asynchronous copy of " + std::to_string(size) + " bytes at " + memory.describe(address) +
         " is out of range");
  if (isWrite && region->isReadOnly)
    fail("an asynchronous copy writes " + memory.describe(address) + ", which is read-only");
  return *region;
}

static void check(Cluster &cluster, Region &region, uint64_t address, uint32_t size, const Access &access,
                  const Knowledge &knowledge) {
  for (const Conflict &conflict : cluster.device.memory.enter(region, address, size, access, knowledge))
    cluster.ctas[0]->reportRace(("global memory '" + region.name + "'").c_str(), conflict.address - region.base,
                                conflict, access);
}

void readGlobal(Cluster &cluster, uint64_t address, void *into, uint32_t size, const Access &access,
                const Knowledge &knowledge) {
  Region &region = regionOf(cluster, address, size, access, false);
  check(cluster, region, address, size, access, knowledge);
  std::memcpy(into, region.bytes + (address - region.base), size);
}

static void reportUndefined(Cluster &cluster, uint64_t address, const Access &access) {
  Verdict verdict;
  verdict.kind = VerdictKind::Uninitialised;
  verdict.line = access.line;
  verdict.agent = cluster.componentName(access.component);
  verdict.message = "undefined shared memory is copied to " + cluster.device.memory.describe(address);
  cluster.device.report(verdict);
}

void writeGlobal(Cluster &cluster, uint64_t address, const void *from, uint32_t size, const Access &access,
                 const Knowledge &knowledge, bool isDefined) {
  Region &region = regionOf(cluster, address, size, access, true);
  check(cluster, region, address, size, access, knowledge);
  if (!isDefined)
    reportUndefined(cluster, address, access);
  std::memcpy(region.bytes + (address - region.base), from, size);
  ++cluster.device.globalWrites;
}

static void combine(uint8_t *into, const uint8_t *from, uint32_t size, const Reduction &reduction) {
  uint32_t bytes = typeBits(reduction.type) / 8;
  for (uint32_t at = 0; at + bytes <= size; at += bytes) {
    uint64_t old = 0, value = 0;
    std::memcpy(&old, into + at, bytes);
    std::memcpy(&value, from + at, bytes);
    uint64_t next = combineAtomic(old, value, 0, reduction.type, reduction.how);
    std::memcpy(into + at, &next, bytes);
  }
}

void reduceGlobal(Cluster &cluster, uint64_t address, const uint8_t *from, uint32_t size, const Reduction &reduction,
                  const Access &access, const Knowledge &knowledge, bool isDefined) {
  Region &region = regionOf(cluster, address, size, access, true);
  // Reductions are relaxed atomic operations on each element.
  Access strong = access;
  strong.isStrong = true;
  strong.scope = Scope::Gpu;
  check(cluster, region, address, size, strong, knowledge);
  if (!isDefined)
    reportUndefined(cluster, address, access);
  std::lock_guard<std::mutex> lock(cluster.device.memory.atomics);
  combine(region.bytes + (address - region.base), from, size, reduction);
  ++cluster.device.globalWrites;
}

void reduceShared(Cta &cta, uint32_t offset, const uint8_t *from, uint32_t size, const Reduction &reduction,
                  const Access &access, const Knowledge &knowledge, bool isDefined) {
  Access strong = access;
  strong.isStrong = true;
  bool isOldDefined;
  std::vector<uint8_t> bytes(size);
  cta.readShared(offset, bytes.data(), size, strong, knowledge, &isOldDefined);
  combine(bytes.data(), from, size, reduction);
  cta.writeShared(offset, bytes.data(), size, strong, knowledge, isDefined && isOldDefined);
}

namespace {

/// Types of one operation by place: PTX ISA, "red.async" (ptxas takes .add.s64
/// too) and "cp.reduce.async.bulk".
struct ReductionRow {
  std::initializer_list<const char *> operations;
  std::initializer_list<Type> word, shared, global;
};

const ReductionRow reductionRows[] = {
    {{"add"},
     {Type::U32, Type::S32, Type::U64, Type::S64},
     {Type::U32, Type::S32, Type::U64},
     {Type::U32, Type::S32, Type::U64, Type::F32, Type::F64, Type::F16, Type::BF16}},
    {{"min", "max"},
     {Type::U32, Type::S32},
     {Type::U32, Type::S32},
     {Type::U32, Type::S32, Type::U64, Type::S64, Type::F16, Type::BF16}},
    {{"inc", "dec"}, {Type::U32}, {Type::U32}, {Type::U32}},
    {{"and", "or", "xor"}, {Type::B32}, {Type::B32}, {Type::B32, Type::B64}},
};

} // namespace

bool hasReduction(const Reduction &reduction, ReductionPlace place) {
  for (const ReductionRow &row : reductionRows)
    for (const char *operation : row.operations) {
      if (reduction.how != operation)
        continue;
      auto types = place == ReductionPlace::SharedWord    ? row.word
                   : place == ReductionPlace::SharedArray ? row.shared
                                                          : row.global;
      return std::find(types.begin(), types.end(), reduction.type) != types.end();
    }
  return false;
}

Reduction takeReduction(Decoder &d, ReductionPlace place) {
  Reduction made;
  made.how = d.oneOf({"add", "min", "max", "inc", "dec", "and", "or", "xor"});
  bool keepsSubnormals = d.has("noftz");
  made.type = d.type();
  bool isHalf = made.type == Type::F16 || made.type == Type::BF16;
  if (keepsSubnormals != (isHalf && made.how == "add"))
    d.fail(keepsSubnormals ? "has .noftz, which only .add of .f16 and .bf16 have" : "needs .noftz");
  if (!hasReduction(made, place))
    d.fail("has no reduction ." + made.how + "." + typeName(made.type));
  return made;
}

} // namespace girih::sim
