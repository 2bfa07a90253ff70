// What a kernel asks the chip for: memory, threads and registers.
#include "Program.h"

#include "dialects/Tile/Tile.h"
#include "girih/Target/Target.h"

using namespace mlir;

namespace girih {
namespace {

constexpr int64_t kBarrierBytes = 8; // PTX ISA, "mbarrier object"
constexpr int64_t kAddressBytes = 4; // PTX ISA, "tcgen05.alloc": where it says what was reserved

class Resources {
public:
  Resources(gpu::GPUFuncOp kernel, SmallVectorImpl<BarrierFinding> &findings)
      : kernel(kernel), target(findTarget(kernel)), findings(findings) {}

  void check() {
    checkShared();
    checkTensor();
    checkRoles();
  }

private:
  struct Range {
    int64_t begin, end;
    std::string name;
    Operation *op;
  };

  void refuse(Operation *op, const Twine &text) { findings.push_back({op->getLoc(), text.str(), {}}); }
  SmallVector<Range> sharedRanges();
  SmallVector<Range> tensorRanges();
  void checkApart(SmallVectorImpl<Range> &ranges);
  void checkShared();
  void checkTensor();
  void checkRoles();

  gpu::GPUFuncOp kernel;
  const Target *target;
  SmallVectorImpl<BarrierFinding> &findings;
};

static bool isTensorBuffer(tile::AllocOp buffer) {
  return tile::isInTensorMemory(buffer.getBuffer().getType().getTile());
}

SmallVector<Resources::Range> Resources::sharedRanges() {
  SmallVector<Range> ranges;
  auto add = [&](Operation &op, const Twine &name, int64_t begin, int64_t bytes) {
    ranges.push_back({begin, begin + bytes, name.str(), &op});
  };
  for (Operation &op : kernel.getBody().front()) {
    if (auto array = dyn_cast<tile::BarriersOp>(op)) {
      add(op, "\"" + array.getName() + "\"", array.getOffset(),
          kBarrierBytes * array.getBarriers().getType().getCount());
    } else if (auto buffer = dyn_cast<tile::AllocOp>(op); buffer && !isTensorBuffer(buffer)) {
      tile::BufferType type = buffer.getBuffer().getType();
      add(op, "\"" + buffer.getName() + "\"", buffer.getOffset(), type.getCount() * tile::sharedBytes(type.getTile()));
    } else if (auto columns = dyn_cast<tile::TensorColumnsOp>(op)) {
      add(op, "the address of tensor memory", columns.getOffset(), kAddressBytes);
    }
  }
  return ranges;
}

SmallVector<Resources::Range> Resources::tensorRanges() {
  SmallVector<Range> ranges;
  for (auto buffer : kernel.getBody().front().getOps<tile::AllocOp>()) {
    if (!isTensorBuffer(buffer))
      continue;
    tile::BufferType type = buffer.getBuffer().getType();
    int64_t begin = buffer.getOffset();
    ranges.push_back({begin, begin + type.getColumns(), ("\"" + buffer.getName() + "\"").str(), buffer});
  }
  return ranges;
}

/// Sorts them, too.
void Resources::checkApart(SmallVectorImpl<Range> &ranges) {
  llvm::sort(ranges,
             [](const Range &a, const Range &b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].begin < ranges[i - 1].end)
      refuse(ranges[i].op, ranges[i].name + " starts at byte " + Twine(ranges[i].begin) + " but " + ranges[i - 1].name +
                               " ends at byte " + Twine(ranges[i - 1].end) +
                               ": the check of barriers needs them apart");
}

/// Allocations lie apart, in what the kernel is launched with, which the chip has.
void Resources::checkShared() {
  SmallVector<Range> ranges = sharedRanges();
  if (ranges.empty())
    return;
  checkApart(ranges);
  const Range &last =
      *std::max_element(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) { return a.end < b.end; });
  auto attribute = kernel->getAttrOfType<IntegerAttr>(tile::kSharedBytesAttr);
  int64_t launched = attribute ? attribute.getValue().trySExtValue().value_or(0) : 0;
  if (launched < last.end)
    refuse(last.op, last.name + " ends at byte " + Twine(last.end) +
                        " of shared memory, but the kernel is launched with " + Twine(launched) + " (" +
                        tile::kSharedBytesAttr + ")");
  if (!target)
    return;
  Limits has = target->limitsOf(kernel);
  int64_t most = has.sharedBytes;
  if (std::max(launched, last.end) > most)
    refuse(kernel, "the kernel needs " + Twine(std::max(launched, last.end)) + " bytes of shared memory, " +
                       target->chip() + " has " + Twine(most) + has.share() +
                       " (knobs rows, columns, workers and stages)");
}

/// Buffers in tensor memory lie in what the kernel reserves, which the chip has. They may
/// overlap: who writes where, the model follows.
void Resources::checkTensor() {
  SmallVector<Range> ranges = tensorRanges();
  tile::TensorColumnsOp reserves;
  for (auto op : kernel.getBody().front().getOps<tile::TensorColumnsOp>()) {
    if (reserves)
      return refuse(op, "the kernel reserves " + Twine(op.getColumns()) + " columns of tensor memory beside the " +
                            Twine(reserves.getColumns()) +
                            " that it has reserved: the check of barriers knows one block");
    reserves = op;
  }
  int64_t columns = reserves ? reserves.getColumns() : 0;
  for (const Range &range : ranges)
    if (range.end > columns)
      return refuse(range.op, range.name + " ends at column " + Twine(range.end) +
                                  " of tensor memory, but the kernel reserves " + Twine(columns) +
                                  " (tile.tensor_columns)");
  int64_t most = target ? target->limitsOf(kernel).tensorColumns : columns;
  if (columns > most)
    refuse(reserves, "the kernel reserves " + Twine(columns) + " columns of tensor memory, " + target->chip() +
                         " has " + Twine(most));
}

/// The CTA has its threads, and the registers that roles ask for are there: a role
/// that asks for more than were launched waits for what the others give back.
void Resources::checkRoles() {
  int64_t threads = 0, registers = 0;
  tile::RoleOp last;
  for (tile::RoleOp role : kernel.getBody().front().getOps<tile::RoleOp>()) {
    int64_t more = kThreadsPerWarp * static_cast<int64_t>(role.getWarps());
    threads += more;
    registers += more * role.getRegisters();
    last = role;
  }
  if (threads == 0)
    return;
  if (threads > kMaxThreads)
    return refuse(last, "the roles have " + Twine(threads) + " threads, a CTA has at most " + Twine(kMaxThreads));
  if (!target)
    return;
  int64_t launch = target->limitsOf(kernel).launchRegisters(threads);
  if (registers > threads * launch)
    refuse(last, "the roles ask for " + Twine(registers) + " registers, but " + Twine(threads) +
                     " threads are launched with " + Twine(threads * launch) + ", " + Twine(launch) +
                     " each: the last to ask waits forever");
}

} // namespace

void checkResources(gpu::GPUFuncOp kernel, SmallVectorImpl<BarrierFinding> &findings) {
  Resources(kernel, findings).check();
}

} // namespace girih
