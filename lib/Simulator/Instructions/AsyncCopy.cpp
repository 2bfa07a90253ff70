//===- AsyncCopy.cpp - What the asynchronous copies share -----------------===//
#include "AsyncCopy.h"

#include "Memory.h"

namespace girih::sim {

bool takeCachePolicy(Decoder &d) { return d.has("L2::cache_hint"); }

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
  if (auto conflict = cluster.device.memory.enter(region, address, size, access, knowledge))
    cluster.ctas[0]->reportRace(("global memory '" + region.name + "'").c_str(), conflict->address - region.base,
                                *conflict, access);
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

void reduceGlobal(Cluster &cluster, uint64_t address, const uint8_t *from, uint32_t size, Type type,
                  const std::string &how, const Access &access, const Knowledge &knowledge, bool isDefined) {
  Region &region = regionOf(cluster, address, size, access, true);
  // Reductions are relaxed atomic operations on each element.
  Access strong = access;
  strong.isStrong = true;
  strong.scope = Scope::Gpu;
  check(cluster, region, address, size, strong, knowledge);
  if (!isDefined)
    reportUndefined(cluster, address, access);
  std::lock_guard<std::mutex> lock(cluster.device.memory.atomics);
  uint32_t bytes = typeBits(type) / 8;
  for (uint32_t at = 0; at + bytes <= size; at += bytes) {
    uint64_t old = 0, value = 0;
    uint8_t *where = region.bytes + (address - region.base) + at;
    std::memcpy(&old, where, bytes);
    std::memcpy(&value, from + at, bytes);
    uint64_t next = combineAtomic(old, value, 0, type, how);
    std::memcpy(where, &next, bytes);
  }
  ++cluster.device.globalWrites;
}

void startAsyncStore(Step &s, uint64_t address, uint64_t barrier, std::vector<uint8_t> bytes) {
  Cta *owner;
  uint32_t offset = s.sharedOffset(address, true, owner);
  BarrierPlace place = findBarrier(s, barrier, true, false);
  if (place.cta != owner)
    s.misuse("st.async writes to " + owner->describe() + " and completes on an mbarrier of " + place.cta->describe());
  if (offset % bytes.size())
    s.misuse("st.async address " + std::to_string(offset) + " is not a multiple of " + std::to_string(bytes.size()));
  owner->checkShared(offset, bytes.size(), s.line(), "st.async");
  AsyncOperation operation;
  operation.name = "st.async";
  operation.line = s.line();
  unsigned line = s.line();
  auto knowledge = s.fork();
  operation.step = [=] {
    Access access = transactionAccess(place, line);
    access.proxy = Proxy::Generic; // weak writes of the issuing thread
    owner->writeShared(offset, bytes.data(), uint32_t(bytes.size()), access, *knowledge);
    completeTransactions(place, bytes.size(), line);
    return true;
  };
  s.cluster().enqueue(*owner->copyEngine, std::move(operation));
}

} // namespace girih::sim
