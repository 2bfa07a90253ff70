// Random mask regions: what the analysis says of blocks of them, beside what each query and key say.
#include "girih/Analysis/Visibility.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OwningOpRef.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace girih;

namespace {

constexpr int64_t kRows = 8;

struct Sizes {
  int64_t batch, head, queries, keys;
};

/// Regions made by chance, in a block of their own.
class Generator {
public:
  Generator(MLIRContext &context, uint32_t seed)
      : module(ModuleOp::create(UnknownLoc::get(&context))), b(module->getLoc(), &context), random(seed) {
    SmallVector<Type> types(4, b.getIndexType());
    block = b.createBlock(&module->getBodyRegion(), {}, types, SmallVector<Location>(4, b.getLoc()));
    attn::YieldOp::create(b, condition(3));
  }

  Block &region() { return *block; }

private:
  int64_t below(int64_t bound) { return static_cast<int64_t>(random() % static_cast<uint64_t>(bound)); }
  Value number(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

  Value index(int depth) {
    if (depth == 0 || below(3) == 0) {
      switch (below(8)) {
      case 0:
        return number(below(41) - 8);
      case 1:
        return attn::KeysOp::create(b, b.getIndexType());
      case 2:
        return attn::QueriesOp::create(b, b.getIndexType());
      default:
        return block->getArgument(below(10) < 2 ? below(2) : 2 + below(2));
      }
    }
    Value x = index(depth - 1);
    switch (below(10)) {
    case 0:
      return arith::MulIOp::create(b, x, number(below(5) - 2));
    case 1:
      return arith::DivSIOp::create(b, x, number(1 + below(6)));
    case 2:
      return arith::RemSIOp::create(b, x, number(1 + below(6)));
    case 3:
      return arith::MinSIOp::create(b, x, index(depth - 1));
    case 4:
      return arith::MaxSIOp::create(b, x, index(depth - 1));
    case 5:
      return math::AbsIOp::create(b, x);
    case 6:
      return arith::SelectOp::create(b, condition(0), x, index(depth - 1));
    case 7:
      return arith::SubIOp::create(b, x, index(depth - 1));
    default:
      return arith::AddIOp::create(b, x, index(depth - 1));
    }
  }

  Value condition(int depth) {
    if (depth == 0 || below(4) == 0) {
      auto predicate = static_cast<arith::CmpIPredicate>(below(6)); // with signs
      return arith::CmpIOp::create(b, predicate, index(2), index(2));
    }
    Value x = condition(depth - 1), y = condition(depth - 1);
    switch (below(5)) {
    case 0:
      return arith::OrIOp::create(b, x, y);
    case 1:
      return arith::XOrIOp::create(b, x, arith::ConstantOp::create(b, b.getBoolAttr(below(4) != 0)));
    case 2:
      return arith::SelectOp::create(b, condition(0), x, y);
    default:
      return arith::AndIOp::create(b, x, y);
    }
  }

  OwningOpRef<ModuleOp> module;
  ImplicitLocOpBuilder b;
  std::mt19937 random;
  Block *block;
};

/// The value of an op of a region for one query and key.
class Evaluation {
public:
  Evaluation(Block &region, Sizes sizes, int64_t query, int64_t key) : sizes(sizes) {
    for (auto [argument, value] :
         llvm::zip(region.getArguments(), SmallVector<int64_t>({sizes.batch, sizes.head, query, key})))
      values[argument] = value;
  }

  int64_t of(Value value) {
    if (auto found = values.find(value); found != values.end())
      return found->second;
    int64_t result = compute(value.getDefiningOp());
    values[value] = result;
    return result;
  }

private:
  int64_t compute(Operation *op) {
    if (APInt constant; matchPattern(op, m_ConstantInt(&constant)))
      return constant.getBitWidth() == 1 ? constant.getZExtValue() : constant.getSExtValue();
    if (isa<attn::KeysOp, attn::QueriesOp>(op))
      return isa<attn::KeysOp>(op) ? sizes.keys : sizes.queries;
    SmallVector<int64_t> x;
    for (Value operand : op->getOperands())
      x.push_back(of(operand));
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      return arith::applyCmpPredicate(compare.getPredicate(), APInt(64, x[0], true), APInt(64, x[1], true));
    return llvm::TypeSwitch<Operation *, int64_t>(op)
        .Case([&](arith::AddIOp) { return x[0] + x[1]; })
        .Case([&](arith::SubIOp) { return x[0] - x[1]; })
        .Case([&](arith::MulIOp) { return x[0] * x[1]; })
        .Case([&](arith::DivSIOp) { return x[0] / x[1]; })
        .Case([&](arith::RemSIOp) { return x[0] % x[1]; })
        .Case([&](arith::MinSIOp) { return std::min(x[0], x[1]); })
        .Case([&](arith::MaxSIOp) { return std::max(x[0], x[1]); })
        .Case([&](arith::SelectOp) { return x[0] ? x[1] : x[2]; })
        .Case([&](arith::AndIOp) { return x[0] & x[1]; })
        .Case([&](arith::OrIOp) { return x[0] | x[1]; })
        .Case([&](arith::XOrIOp) { return x[0] ^ x[1]; })
        .Case([&](math::AbsIOp) { return std::abs(x[0]); });
  }

  Sizes sizes;
  llvm::DenseMap<Value, int64_t> values;
};

int64_t numberOf(Value value) {
  APInt constant;
  EXPECT_TRUE(matchPattern(value, m_ConstantInt(&constant))) << "all that it is made of is constant";
  return constant.getSExtValue();
}

/// What a condition says of one query and key.
bool holds(const VisibilityCondition &condition, Evaluation &evaluation, int64_t query, int64_t key) {
  using Kind = VisibilityCondition::Kind;
  auto limit = [&] {
    const LinearIndex &x = condition.limit;
    return x.query * query + x.constant + (x.shared ? numberOf(x.shared) : 0) +
           (x.row ? x.perRow * evaluation.of(x.row) : 0);
  };
  switch (condition.kind) {
  case Kind::Constant:
    return condition.isTrue;
  case Kind::Before:
    return key < limit();
  case Kind::From:
    return key >= limit();
  case Kind::Rows:
    return limit() <= 0;
  case Kind::All:
  case Kind::Any: {
    bool x = holds(condition.parts[0], evaluation, query, key), y = holds(condition.parts[1], evaluation, query, key);
    return condition.kind == Kind::All ? x && y : x || y;
  }
  case Kind::Opaque:
    return (evaluation.of(condition.value) != 0) == condition.isTrue;
  }
  return false;
}

class VisibilityTest : public testing::Test {
protected:
  VisibilityTest() { context.loadDialect<arith::ArithDialect, attn::AttnDialect, math::MathDialect>(); }

  MLIRContext context;
};

bool isIn(const std::pair<int64_t, int64_t> &span, int64_t key) { return span.first <= key && key < span.second; }

} // namespace

TEST_F(VisibilityTest, random_regions_are_bounded) {
  int64_t bounded = 0, gaps = 0, whole = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    Generator generator(context, seed);
    std::mt19937 random(seed);
    auto below = [&](int64_t bound) { return static_cast<int64_t>(random() % static_cast<uint64_t>(bound)); };
    Sizes sizes{below(3), below(3), 1 + below(40), 1 + below(40)};
    int64_t firstQuery = below(5) * kRows;
    OwningOpRef<ModuleOp> scratch = ModuleOp::create(UnknownLoc::get(&context));
    IndexBuilder b(scratch->getLoc(), OpBuilder::atBlockBegin(scratch->getBody()));
    MaskPlace place{b.index(sizes.batch), b.index(sizes.head), b.index(sizes.queries), b.index(sizes.keys)};
    MaskReader reader(b, generator.region(), place);
    Visibility visibility = reader.bound(b.index(firstQuery), kRows);
    auto numbers = [&](const KeySpan &span) {
      return std::pair(span.begin ? numberOf(span.begin->build(b)) : 0,
                       span.end ? numberOf(span.end->build(b)) : sizes.keys);
    };
    auto some = numbers(visibility.some), before = visibility.before ? numbers(*visibility.before) : some,
         all = visibility.all ? numbers(*visibility.all) : std::pair<int64_t, int64_t>();
    bounded += some.first > 0 || some.second < sizes.keys;
    gaps += before.second < some.first && before.first < before.second && some.first < some.second;
    ASSERT_LE(before.first, some.first) << "seed " << seed;
    ASSERT_LE(before.second, std::max(some.second, before.first)) << "seed " << seed;
    whole += all.second > all.first;
    Value result = generator.region().getTerminator()->getOperand(0);
    for (int64_t query = firstQuery; query < firstQuery + kRows; ++query)
      for (int64_t key = 0; key < sizes.keys; ++key) {
        Evaluation evaluation(generator.region(), sizes, query, key);
        bool isSeen = evaluation.of(result) != 0;
        ASSERT_EQ(isSeen, holds(reader.condition(), evaluation, query, key))
            << "seed " << seed << ", query " << query << ", key " << key;
        ASSERT_TRUE(!isSeen || isIn(some, key) || isIn(before, key))
            << "seed " << seed << ", query " << query << " sees key " << key;
        ASSERT_TRUE(isSeen || !isIn(all, key)) << "seed " << seed << ", query " << query << " does not see key " << key;
      }
  }
  // It is of use: most masks hide something, and it is found.
  EXPECT_GT(bounded, 800);
  EXPECT_GT(gaps, 10);
  EXPECT_GT(whole, 400);
}
