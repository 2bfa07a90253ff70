// tile-specialize: numbers that one role makes and others need.
//
//   %n = tile.next_work of %items counter(%c) {tile.role = "load"}; ...; scf.yield %n
// becomes
//   %n = tile.next_work of %items counter(%c); ...
//   %slot = tile.acquire %c; tile.write_number %n, %slot; tile.commit %c; scf.yield %n
// in that role and
//   ...; %slot = tile.wait %c; %n = tile.read_number %slot; tile.release %c; scf.yield %n
// in the others. What the chip hands out it writes into the slot by itself, so that role
// asks early and hears like the others:
//   %slot = tile.acquire %c; tile.request_work to %slot; tile.commit %c; ...
//   %slot = tile.wait %c; %n = tile.read_work %slot; tile.release %c; scf.yield %n
#include "Roles.h"

using namespace mlir;

namespace girih {

/// What has effects cannot be run again in another role; pure index arithmetic is.
SmallVector<tile::NextWorkOp> findNumbers(Block *program) {
  SmallVector<tile::NextWorkOp> numbers;
  program->walk([&](tile::NextWorkOp op) { numbers.push_back(op); });
  return numbers;
}

RankedTensorType numberSlot(MLIRContext *context) {
  constexpr int64_t kBytes = 32; // the narrowest panel
  return RankedTensorType::get({1, kBytes / 4}, IntegerType::get(context, 32), tile::SharedAttr::get(context, kBytes));
}

static bool isHandedOut(tile::NextWorkOp op) { return !op.getCounter(); }

/// Said at the end of the block, where it need not be waited for: what it takes to make
/// it runs beside all that stands between.
static void tell(tile::NextWorkOp op, Value channel) {
  ImplicitLocOpBuilder b(op.getLoc(), isHandedOut(op) ? op : op->getBlock()->getTerminator());
  Value slot = tile::AcquireOp::create(b, numberSlot(b.getContext()), channel, Value());
  Operation *fill = isHandedOut(op)
                        ? tile::RequestWorkOp::create(b, slot, Value(), Value(), /*pair=*/false).getOperation()
                        : tile::WriteNumberOp::create(b, op.getWork(), slot).getOperation();
  fill->setAttr(tile::kRoleAttr, op->getAttr(tile::kRoleAttr));
  tile::CommitOp::create(b, channel, Value());
}

/// Heard before the first use, which may be the end of the block.
static void hear(tile::NextWorkOp op, Value channel) {
  Operation *first = op->getBlock()->getTerminator();
  for (Operation *user : op->getUsers())
    if (Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user); ancestor->isBeforeInBlock(first))
      first = ancestor;
  ImplicitLocOpBuilder b(op.getLoc(), first);
  Value slot = tile::WaitOp::create(b, numberSlot(b.getContext()), channel, Value());
  Value heard = isHandedOut(op) ? tile::ReadWorkOp::create(b, b.getIndexType(), slot).getResult()
                                : tile::ReadNumberOp::create(b, b.getIndexType(), slot).getResult();
  tile::ReleaseOp::create(b, channel, Value(), Value(), 0);
  op.getWork().replaceAllUsesWith(heard);
  op.erase();
}

void connectNumbers(tile::RoleOp role, ArrayRef<Value> channels) {
  for (auto [op, channel] : llvm::zip(findNumbers(&role.getBody().front()), channels)) {
    bool tells = roleOf(op) == role.getName();
    if (tells)
      tell(op, channel);
    if (!tells || isHandedOut(op))
      hear(op, channel);
  }
}

} // namespace girih
