//===- Cta.cpp - Shared memory and its checks -----------------------------===//
#include "Cta.h"

#include "Cluster.h"

#include <cstring>

namespace girih::sim {

/// Names of warps by role: "load", or "compute 3" where a role has several.
static std::string warpName(const Launch &launch, unsigned index) {
  unsigned first = 0;
  for (const Role &role : launch.roles) {
    if (index < first + role.warps)
      return "warp " + std::to_string(index) + " (" + role.name +
             (role.warps > 1 ? " " + std::to_string(index - first) : "") + ")";
    first += role.warps;
  }
  return "warp " + std::to_string(index);
}

Cta::Cta(Cluster &cluster, unsigned rank, std::array<uint32_t, 3> id, const CompiledFunction &entry)
    : cluster(cluster), rank(rank), id(id) {
  Device &device = cluster.device;
  const Launch &launch = device.launch;
  uint64_t bytes = device.program.dynamicSharedOffset + launch.dynamicSharedBytes;
  shared.assign(bytes, 0xff);
  sharedDefined.assign(bytes, 0);
  sharedShadow = std::make_unique<Shadow>(bytes, Shadow::Kind::Shared, uint64_t(rank) << 32);
  std::string prefix =
      cluster.shape[0] * cluster.shape[1] * cluster.shape[2] > 1 ? "cta " + std::to_string(rank) + " " : "";
  copyEngine = cluster.newUnit(prefix + "copy engine", rank, false);
  unsigned threads = device.threadsPerCta();
  for (unsigned first = 0, w = 0; first < threads; first += warpSize, ++w) {
    LaneMask lanes = threads - first >= warpSize ? allLanes : (1u << (threads - first)) - 1;
    auto warp = std::make_unique<Warp>(*this, w, lanes, entry);
    warp->name = warpName(launch, w);
    warp->component = cluster.newComponent(prefix + warp->name);
    cluster.warps.push_back(warp.get());
    warps.push_back(std::move(warp));
  }
  warpgroups.resize((warps.size() + 3) / 4);
  launchRegisters = device.registersAtLaunch();
  for (auto &warp : warps)
    warp->registersPerThread = launchRegisters;
  // PTX ISA, "setmaxnreg": registers come from and go to a pool of the CTA;
  // it starts with what the launch has not given out.
  freeRegisters = 0;
}

bool Cta::isDone() const {
  for (const auto &warp : warps)
    if (!warp->isDone())
      return false;
  return true;
}

std::string Cta::describe() const {
  return "cta (" + std::to_string(id[0]) + ", " + std::to_string(id[1]) + ", " + std::to_string(id[2]) + ")";
}

void Cta::checkShared(uint32_t offset, uint64_t size, unsigned line, const char *what) const {
  if (offset >= sharedBase && offset + size <= shared.size())
    return;
  Verdict verdict;
  verdict.line = line;
  verdict.agent = describe();
  verdict.message = std::string(what) + " touches shared memory bytes " + std::to_string(offset) + " to " +
                    std::to_string(offset + size) + " when the CTA has bytes " + std::to_string(sharedBase) + " to " +
                    std::to_string(shared.size());
  throw Stop(verdict);
}

/// "warp 3 (load) lane 5", "the copies that complete on ...".
static std::string agentName(const Cluster &cluster, const Access &access) {
  if (access.cluster != cluster.index)
    return "cluster " + std::to_string(access.cluster);
  std::string name = cluster.componentName(access.component);
  if (access.lanes == allLanes || !access.isThread)
    return name;
  if (!(access.lanes & (access.lanes - 1)))
    return name + " lane " + std::to_string(__builtin_ctz(access.lanes));
  return name + " lanes " + describeLanes(access.lanes);
}

static const char *expectation(Missing missing, const char *space) {
  switch (missing) {
  case Missing::LaneOrder:
    return "expected bar.warp.sync between the two";
  case Missing::Scope:
  case Missing::NearScope:
    return "expected a release and an acquire whose scopes both include the other thread";
  case Missing::ProxyFence:
    return std::strncmp(space, "global", 6) == 0 ? "expected fence.proxy.async of global memory between the two"
                                                 : "expected fence.proxy.async of shared memory between the two";
  case Missing::MapFence:
    return "expected fence.proxy.tensormap::generic.release after the write and .acquire of the map before its use";
  case Missing::Coherence:
    return "expected ld.global without .nc, which is for memory that the kernel only reads";
  case Missing::TensorFence:
    return "expected tcgen05.wait and tcgen05.fence::before_thread_sync / ::after_thread_sync between the two";
  case Missing::OrderOfGuess:
    return "expected a strong read (ld.relaxed, ld.volatile) before the loop of atom.cas";
  default:
    return "expected a barrier or wait between the two";
  }
}

/// The rule that would have ordered two accesses, when chips may do without.
static std::optional<Rule> ruleOf(const Cluster &cluster, const Conflict &conflict, const Access &access) {
  switch (conflict.missing) {
  case Missing::OrderOfEqual:
    return Rule::EqualWrites;
  case Missing::OrderOfGuess:
    return Rule::GuessedValue;
  case Missing::NearScope:
    return Rule::RemoteScope;
  case Missing::TensorFence:
    return Rule::TensorFences;
  default:
    if (access.proxy == Proxy::Tensor && cluster.haveOneMatrixPipe(conflict.earlier.component, access.component))
      return Rule::MatrixOrder;
    return std::nullopt;
  }
}

void Cta::reportRace(const char *space, uint64_t address, const Conflict &conflict, const Access &access) {
  if (auto rule = ruleOf(cluster, conflict, access);
      rule && cluster.device.tolerates(*rule, access.line, describe() + " " + agentName(cluster, access)))
    return;
  auto kind = [](const Access &a) {
    static const char *const proxies[] = {"", "async-proxy ", "tensor-memory ", "tensormap-proxy ", "non-coherent "};
    return std::string(proxies[unsigned(a.proxy)]) + (a.isStrong ? "strong " : "") + (a.isWrite ? "write" : "read");
  };
  const Access &earlier = conflict.earlier;
  Verdict verdict;
  verdict.kind = VerdictKind::Race;
  verdict.line = access.line;
  verdict.agent = describe() + " " + agentName(cluster, access);
  verdict.message = kind(access) + " of " + space + " byte " + std::to_string(address) + " is not ordered after the " +
                    kind(earlier) + " of line " + std::to_string(earlier.line) + " by " + agentName(cluster, earlier);
  verdict.notes.push_back(expectation(conflict.missing, space));
  verdict.cause = "the " + kind(earlier) + " of " + space + " in line " + std::to_string(earlier.line) +
                  " is not ordered before what follows";
  cluster.device.report(verdict);
}

void Cta::readShared(uint32_t offset, void *into, uint32_t size, const Access &access, const Knowledge &knowledge,
                     bool *isDefined) {
  checkShared(offset, size, access.line, "a read");
  for (const Conflict &conflict : sharedShadow->enter(offset, size, access, knowledge))
    reportRace("shared memory", conflict.address, conflict, access);
  std::memcpy(into, shared.data() + offset, size);
  if (isDefined) {
    const uint8_t *flags = sharedDefined.data() + offset;
    *isDefined = std::memchr(flags, 0, size) == nullptr;
  }
}

void Cta::writeShared(uint32_t offset, const void *from, uint32_t size, const Access &access,
                      const Knowledge &knowledge, bool isDefined) {
  checkShared(offset, size, access.line, "a write");
  Access entered = access;
  entered.keepsValue = access.isThread && std::memcmp(shared.data() + offset, from, size) == 0;
  for (uint32_t at = offset & ~7u; at < offset + size && !barriers.empty(); at += 8)
    if (auto found = barriers.find(at); found != barriers.end()) {
      Verdict verdict;
      verdict.line = access.line;
      verdict.agent = describe();
      verdict.message = "a write to shared memory bytes " + std::to_string(offset) + " to " +
                        std::to_string(offset + size) + " hits the mbarrier at " + std::to_string(at) + " that line " +
                        std::to_string(found->second.init.line) + " initialised";
      throw Stop(verdict);
    }
  for (const Conflict &conflict : sharedShadow->enter(offset, size, entered, knowledge))
    reportRace("shared memory", conflict.address, conflict, access);
  cluster.changes += !entered.keepsValue;
  std::memcpy(shared.data() + offset, from, size);
  std::memset(sharedDefined.data() + offset, isDefined, size);
}

MemoryBarrier &Cta::barrier(uint32_t offset, unsigned line, const char *what) {
  auto fail = [&](const std::string &message) {
    Verdict verdict;
    verdict.line = line;
    verdict.agent = describe();
    verdict.message = std::string(what) + " " + message;
    throw Stop(verdict);
  };
  if (offset % 8)
    fail("uses an mbarrier at shared memory byte " + std::to_string(offset) + ", which is not a multiple of 8");
  checkShared(offset, 8, line, what);
  auto found = barriers.find(offset);
  if (found == barriers.end())
    fail("uses shared memory byte " + std::to_string(offset) + " as an mbarrier, which is not initialised");
  return found->second;
}

void Cta::advance(MemoryBarrier &barrier) {
  // The transactions of the phase that ends become known to its waiters.
  if (barrier.pending == 0 && barrier.transactions == 0 && barrier.hasComponent)
    barrier.arriving.raise(barrier.component, static_cast<uint32_t>(barrier.phase + 1));
  if (barrier.advance())
    ++cluster.progress;
}

} // namespace girih::sim
