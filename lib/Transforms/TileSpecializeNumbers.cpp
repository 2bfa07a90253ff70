// tile-specialize: numbers that one role makes and others need.
//
//   %n = tile.next_work %counter of %items {tile.role = "load"}; ...; scf.yield %n
// becomes
//   %n = tile.next_work %counter of %items; ...
//   %slot = tile.acquire %c; tile.write_number %n, %slot; tile.commit %c; scf.yield %n
// in that role and
//   ...; %slot = tile.wait %c; %n = tile.read_number %slot; tile.release %c; scf.yield %n
// in the others.
#include "Roles.h"

using namespace mlir;

namespace girih {

/// What has effects cannot be run again in another role; pure index arithmetic is.
SmallVector<Value> findNumbers(Block *program) {
  SmallVector<Value> numbers;
  program->walk([&](tile::NextWorkOp op) { numbers.push_back(op.getWork()); });
  return numbers;
}

RankedTensorType numberSlot(MLIRContext *context) {
  constexpr int64_t kBytes = 32; // the narrowest panel
  return RankedTensorType::get({1, kBytes / 4}, IntegerType::get(context, 32), tile::SharedAttr::get(context, kBytes));
}

/// Said at the end of the block, where it need not be waited for: what it takes to make
/// it runs beside all that stands between.
static void tell(Value number, Value channel) {
  Operation *op = number.getDefiningOp();
  ImplicitLocOpBuilder b(op->getLoc(), op->getBlock()->getTerminator());
  Value slot = tile::AcquireOp::create(b, numberSlot(b.getContext()), channel, Value());
  auto write = tile::WriteNumberOp::create(b, number, slot);
  write->setAttr(tile::kRoleAttr, op->getAttr(tile::kRoleAttr));
  tile::CommitOp::create(b, channel, Value());
}

/// Heard before the first use, which may be the end of the block.
static void hear(Value number, Value channel) {
  Operation *op = number.getDefiningOp(), *first = op->getBlock()->getTerminator();
  for (Operation *user : number.getUsers())
    if (Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user); ancestor->isBeforeInBlock(first))
      first = ancestor;
  ImplicitLocOpBuilder b(op->getLoc(), first);
  Value slot = tile::WaitOp::create(b, numberSlot(b.getContext()), channel, Value());
  Value heard = tile::ReadNumberOp::create(b, b.getIndexType(), slot);
  tile::ReleaseOp::create(b, channel, Value(), Value(), 0);
  number.replaceAllUsesWith(heard);
  op->erase();
}

void connectNumbers(tile::RoleOp role, ArrayRef<Value> channels) {
  for (auto [number, channel] : llvm::zip(findNumbers(&role.getBody().front()), channels))
    if (roleOf(number.getDefiningOp()) == role.getName())
      tell(number, channel);
    else
      hear(number, channel);
}

} // namespace girih
