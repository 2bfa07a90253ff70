// The schedules that a problem can have on a chip, and what each is likely to cost.
#ifndef GIRIH_TUNE_SPACE_H
#define GIRIH_TUNE_SPACE_H

#include "girih/Target/Target.h"
#include "llvm/ADT/MapVector.h"
#include <map>
#include <queue>
#include <random>
#include <set>

namespace girih::tune {

/// Microseconds that the problem would take on the chip. A roofline of each iteration
/// (MMAs, exponentials, other instructions, bytes from L2), what of it overlaps by the
/// schedule, what each work item costs besides, and how the items fill the chip. It
/// orders schedules; docs/tuning.md says what it rests on and what it leaves out.
double predictMicroseconds(attn::ForwardOp op, const tile::Schedule &schedule, const Target &target);

/// The values that are tried of a knob, by its name.
using KnobValues = llvm::MapVector<llvm::StringRef, llvm::SmallVector<int64_t>>;

/// What is tried where the user does not say.
KnobValues usualKnobValues();

struct ScheduleCost {
  tile::Schedule schedule; ///< complete
  double microseconds;     ///< predicted
};

/// All schedules of a problem with knobs from `values`, without those that the target refuses; knobs that the
/// problem has already, and those that change nothing, keep one value. There are millions: those that differ in what
/// the cost model sees are enumerated, and their variants made when it is their turn. The op must live as long.
class Space {
public:
  /// Fails with a diagnostic if a size is left to the launch or the target refuses all of them.
  static mlir::FailureOr<Space> of(attn::ForwardOp op, const Target &target, const KnobValues &values);

  /// The target's own choice first, then by cost, variants of the same tiles spread out.
  std::optional<ScheduleCost> next();
  /// One that was not drawn before; none if none is found.
  std::optional<ScheduleCost> draw(std::mt19937_64 &random);

  /// At most: some variants are refused when it is their turn.
  int64_t count() const { return hasUsual + int64_t(tiles.size() * (variants + 1)); }
  /// How many were refused, by the diagnostic with its numbers left out.
  const std::map<std::string, int64_t> &refusals() const { return refused; }

private:
  /// The values of a knob that are tried.
  struct Axis {
    const tile::KnobInfo *knob;
    llvm::SmallVector<int64_t> values;
    bool hasUsual; ///< the target's own among them
  };
  /// A choice of what the model sees: its number, and its cost without variants of the rest.
  struct Tiles {
    uint64_t number;
    double cost;
    int64_t rank; ///< among those of equal rows, columns, stages, overlap and turns
  };
  struct Turn {
    double cost;
    uint64_t scatter; ///< those that the model cannot tell apart come in a fixed but scattered order
    size_t index;     ///< in `tiles`
    uint64_t variant;
    bool operator>(const Turn &other) const { return std::tie(cost, scatter) > std::tie(other.cost, other.scatter); }
  };

  Space(attn::ForwardOp op, const Target &target, const KnobValues &values);

  bool isOpen(const tile::KnobInfo &knob);
  void addAxis(const tile::KnobInfo &knob, llvm::ArrayRef<int64_t> values);
  std::optional<tile::Schedule> complete(const tile::Schedule &schedule);
  std::optional<tile::Schedule> schedule(uint64_t number, uint64_t variant) const;
  std::optional<ScheduleCost> legal(size_t index, uint64_t variant);
  void enumerate();
  Turn turnOf(size_t index, uint64_t variant) const;

  attn::ForwardOp op;
  const Target &target;
  tile::Schedule given, usual;
  bool hasUsual = false, isFirst = true;
  llvm::SmallVector<Axis> seen, rest; ///< by the cost model
  uint64_t variants = 0, stride = 1;  ///< of `rest`, beside the first; from one to the next
  std::vector<Tiles> tiles;           ///< legal ones
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  std::set<std::pair<size_t, uint64_t>> drawn;
  std::map<std::string, int64_t> refused;
};

/// A diagnostic without its numbers, to count those that are alike.
std::string withoutNumbers(llvm::StringRef message);

} // namespace girih::tune

#endif // GIRIH_TUNE_SPACE_H
