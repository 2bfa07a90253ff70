// Conditions of a mask region as limits of the key.
#include "girih/Analysis/Visibility.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {

using Condition = VisibilityCondition;
using Kind = VisibilityCondition::Kind;
using Predicate = arith::CmpIPredicate;

/// A value that is used twice is read twice; what comes after so many is opaque.
static constexpr int64_t kMaxConditions = 300;

static Condition constant(bool isTrue) { return {Kind::Constant, isTrue, {}, {}, {}, {}}; }
static Condition limited(Kind kind, const LinearIndex &limit) { return {kind, true, limit, {}, {}, {}}; }
static Condition opaque(Value value, bool isTrue) { return {Kind::Opaque, isTrue, {}, {}, value, {}}; }

/// All or any of two conditions.
static Condition join(Kind kind, Condition x, Condition y) {
  bool neutral = kind == Kind::All;
  for (auto [one, other] : {std::pair(&x, &y), std::pair(&y, &x)})
    if (one->kind == Kind::Constant)
      return one->isTrue == neutral ? *other : *one;
  return {kind, true, {}, {std::move(x), std::move(y)}, {}, {}};
}

MaskReader::MaskReader(IndexBuilder &b, Block &region, const MaskPlace &place) : b(b), place(place), region(region) {
  indices[region.getArgument(0)] = constantOrShared(place.batch);
  indices[region.getArgument(1)] = constantOrShared(place.head);
  LinearIndex query, key;
  query.query = 1;
  key.key = 1;
  indices[region.getArgument(2)] = query;
  indices[region.getArgument(3)] = key;
  whole = read(region.getTerminator()->getOperand(0), true);
}

/// x <= y.
std::optional<Condition> MaskReader::notAbove(const LinearIndex &x, const LinearIndex &y) {
  LinearIndex one;
  one.constant = 1;
  auto without = [](LinearIndex form) {
    form.key = 0;
    form.divisor = 1;
    return form;
  };
  if (x.key && y.key) {
    MaybeIndex difference = sum(x, y, -1);
    return difference ? notAbove(*difference, {}) : std::nullopt;
  }
  if (!x.key && !y.key) {
    MaybeIndex difference = sum(x, y, -1);
    if (!difference)
      return std::nullopt;
    if (!difference->query && !difference->shared && !difference->row)
      return constant(difference->constant <= 0);
    return limited(Kind::Rows, *difference);
  }
  // key * k / divisor <= y - (the rest of x), or the other way round.
  const LinearIndex &side = x.key ? x : y;
  if (std::abs(side.key) != 1)
    return std::nullopt;
  bool isUpper = (side.key > 0) == (x.key != 0);
  MaybeIndex limit = x.key ? sum(y, without(x), -1) : sum(x, without(y), -1);
  if (limit && side.key < 0)
    limit = sum({}, *limit, -1);
  if (limit && isUpper)
    limit = sum(*limit, one, 1);
  if (limit && side.divisor != 1) {
    LinearIndex divisor;
    divisor.constant = side.divisor;
    limit = product(*limit, divisor);
  }
  if (!limit)
    return std::nullopt;
  return limited(isUpper ? Kind::Before : Kind::From, *limit);
}

/// A comparison of the magnitude of something with a number: it is between two.
std::optional<Condition> MaskReader::magnitude(arith::CmpIOp op, bool isTrue) {
  Predicate predicate = isTrue ? op.getPredicate() : arith::invertPredicate(op.getPredicate());
  auto absolute = op.getLhs().getDefiningOp<math::AbsIOp>();
  MaybeIndex limit = index(op.getRhs());
  MaybeIndex inside = absolute ? index(absolute.getOperand()) : std::nullopt;
  if (!inside || !inside->key || !limit)
    return std::nullopt;
  bool isInside = predicate == Predicate::slt || predicate == Predicate::sle;
  if (!isInside && predicate != Predicate::sgt && predicate != Predicate::sge)
    return std::nullopt;
  MaybeIndex opposite = sum({}, *limit, -1);
  auto mirrored = predicate == Predicate::slt   ? Predicate::sgt
                  : predicate == Predicate::sle ? Predicate::sge
                  : predicate == Predicate::sgt ? Predicate::slt
                                                : Predicate::sle;
  if (!opposite)
    return std::nullopt;
  Condition above = compare(mirrored, *inside, *opposite), below = compare(predicate, *inside, *limit);
  if (above.kind == Kind::Opaque || below.kind == Kind::Opaque)
    return std::nullopt;
  return join(isInside ? Kind::All : Kind::Any, above, below);
}

/// Opaque, without a value, if it is no condition on the key that is understood.
Condition MaskReader::compare(Predicate predicate, const LinearIndex &x, const LinearIndex &y) {
  LinearIndex one;
  one.constant = 1;
  auto notAboveOrOpaque = [&](const LinearIndex &least, const MaybeIndex &most) {
    std::optional<Condition> result = most ? notAbove(least, *most) : std::nullopt;
    return result ? *result : opaque({}, true);
  };
  auto both = [&](Kind kind, Condition first, Condition second) {
    bool isOpaque = first.kind == Kind::Opaque || second.kind == Kind::Opaque;
    return isOpaque ? opaque({}, true) : join(kind, first, second);
  };
  switch (predicate) {
  case Predicate::sle:
    return notAboveOrOpaque(x, y);
  case Predicate::sge:
    return notAboveOrOpaque(y, x);
  case Predicate::slt:
    return notAboveOrOpaque(x, sum(y, one, -1));
  case Predicate::sgt:
    return notAboveOrOpaque(y, sum(x, one, -1));
  case Predicate::eq:
    return both(Kind::All, notAboveOrOpaque(x, y), notAboveOrOpaque(y, x));
  case Predicate::ne:
    return both(Kind::Any, notAboveOrOpaque(x, sum(y, one, -1)), notAboveOrOpaque(y, sum(x, one, -1)));
  default:
    return opaque({}, true);
  }
}

Condition MaskReader::read(Value value, bool isTrue) {
  Operation *op = value.getDefiningOp();
  if (!op || ++conditions > kMaxConditions)
    return opaque(value, isTrue);
  if (APInt number; matchPattern(value, m_ConstantInt(&number)))
    return constant(number.isZero() != isTrue);
  auto operand = [&](unsigned i, bool same) { return read(op->getOperand(i), same); };
  auto either = [&](unsigned i, bool first, unsigned j, bool second) {
    return join(Kind::All, operand(i, first), operand(j, second));
  };
  // The opposite of all is any of the opposites.
  if (isa<arith::AndIOp>(op))
    return join(isTrue ? Kind::All : Kind::Any, operand(0, isTrue), operand(1, isTrue));
  if (isa<arith::OrIOp>(op))
    return join(isTrue ? Kind::Any : Kind::All, operand(0, isTrue), operand(1, isTrue));
  auto compared = dyn_cast<arith::CmpIOp>(op);
  bool onBits = compared && compared.getLhs().getType().isInteger(1);
  if (onBits && compared.getPredicate() != Predicate::eq && compared.getPredicate() != Predicate::ne)
    return opaque(value, isTrue);
  if (isa<arith::XOrIOp>(op) || onBits) {
    bool differ = (!onBits || compared.getPredicate() == Predicate::ne) == isTrue;
    return join(Kind::Any, either(0, true, 1, !differ), either(0, false, 1, differ));
  }
  if (isa<arith::SelectOp>(op))
    return join(Kind::Any, either(0, true, 1, isTrue), either(0, false, 2, isTrue));
  if (!compared)
    return opaque(value, isTrue);
  if (std::optional<Condition> between = magnitude(compared, isTrue))
    return *between;
  if (std::optional<Condition> found = sorted(compared, isTrue))
    return *found;
  MaybeIndex x = index(compared.getLhs()), y = index(compared.getRhs());
  Predicate predicate = isTrue ? compared.getPredicate() : arith::invertPredicate(compared.getPredicate());
  Condition result = x && y ? compare(predicate, *x, *y) : opaque(value, isTrue);
  return result.kind == Kind::Opaque ? opaque(value, isTrue) : result;
}

} // namespace girih
