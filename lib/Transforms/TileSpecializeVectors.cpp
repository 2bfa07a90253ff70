// tile-specialize: vectors in registers, which threads of one role make and of another read.
//
//   %a = "work"(...) {tile.role = "compute"}; "scale"(%o, %a) {tile.role = "correction"}
// becomes
//   %a = "work"(...); %slot = tile.acquire %c; tile.write_shared %a, %slot; tile.commit %c
// in one role and
//   %slot = tile.wait %c; %a = tile.move %slot; tile.release %c; "scale"(%o, %a)
// in the other. Both do so where the vector is made, so vectors arrive in the order in which
// they are read, and nobody waits for what is made after it. It is made as early as it can be, so
// that the other role begins beside what this one does next.
#include "Roles.h"

#include "dialects/Tile/Fragment.h"

using namespace mlir;

namespace girih {

static bool canCross(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 1 && tile::fragmentEncoding(type) && type.getElementTypeBitWidth() == 32;
}

SmallVector<CrossingVector> findVectors(Block *program) {
  SmallVector<CrossingVector> vectors;
  program->walk([&](Operation *op) {
    for (Value result : op->getResults()) {
      if (roleOf(op).empty() || !canCross(result))
        continue;
      llvm::SmallSetVector<StringRef, 2> readers;
      for (Operation *user : result.getUsers())
        if (StringRef reader = roleOf(user); !reader.empty() && reader != roleOf(op))
          readers.insert(reader);
      for (StringRef reader : readers)
        vectors.push_back({result, reader});
    }
  });
  return vectors;
}

/// Moves a pure op right behind what it needs, and that before.
static void moveUp(Operation *op) {
  if (!isPure(op) || op->getNumRegions() > 0)
    return;
  Operation *last = nullptr;
  for (Value operand : op->getOperands()) {
    Operation *maker = operand.getDefiningOp();
    if (!maker || maker->getBlock() != op->getBlock())
      continue;
    moveUp(maker);
    if (!last || last->isBeforeInBlock(maker))
      last = maker;
  }
  if (last)
    op->moveAfter(last);
}

void hurryVectors(Block *program) {
  for (const CrossingVector &vector : findVectors(program))
    moveUp(vector.value.getDefiningOp());
}

void connectVectors(tile::RoleOp role, ArrayRef<Value> channels) {
  SmallVector<CrossingVector> vectors = findVectors(&role.getBody().front());
  for (auto [vector, channel] : llvm::zip(vectors, channels)) {
    Operation *maker = vector.value.getDefiningOp();
    bool makes = roleOf(maker) == role.getName();
    if (!makes && vector.readerRole != role.getName())
      continue;
    ImplicitLocOpBuilder b(maker->getLoc(), maker->getContext());
    b.setInsertionPointAfter(maker);
    tile::ChannelType type = cast<tile::ChannelType>(channel.getType());
    Value ring = type.getCopies() == 1 ? Value() : tile::WorkerOp::create(b).getResult();
    StringAttr name = b.getStringAttr(role.getName());
    if (makes) {
      Value slot = tile::AcquireOp::create(b, type.getTile(), channel, ring);
      tile::WriteSharedOp::create(b, vector.value, slot)->setAttr(tile::kRoleAttr, name);
      tile::CommitOp::create(b, channel, ring);
      continue;
    }
    Value slot = tile::WaitOp::create(b, type.getTile(), channel, ring);
    auto read = tile::MoveOp::create(b, vector.getType(), slot);
    read->setAttr(tile::kRoleAttr, name);
    tile::ReleaseOp::create(b, channel, ring, Value(), 0);
    vector.value.replaceUsesWithIf(read.getResult(),
                                   [&](OpOperand &use) { return roleOf(use.getOwner()) == role.getName(); });
  }
}

} // namespace girih
