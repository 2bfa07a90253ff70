//===- Verdict.h - What the simulator has to say about a kernel -*- C++ -*-===//
//
// A verdict is one finding: what is wrong, on which PTX line, by which warp or
// asynchronous unit, and what was expected instead.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_VERDICT_H
#define GIRIH_SIMULATOR_VERDICT_H

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girih::sim {

enum class VerdictKind {
  Syntax,        ///< the PTX or the launch description cannot be read
  Unsupported,   ///< an instruction outside the simulated set
  Race,          ///< two accesses without a happens-before edge
  Deadlock,      ///< no agent can move
  Misuse,        ///< a rule of the PTX ISA is broken
  Uninitialised, ///< an undefined value reaches an output
  Assertion,     ///< the kernel's own assert() fails
  Mismatch,      ///< the result differs from the reference
};

/// The word that heads a printed verdict ("race", "deadlock", ...).
const char *verdictName(VerdictKind kind);
std::optional<VerdictKind> parseVerdictKind(const std::string &name);

/// A warp, or lanes of one, that a deadlock holds.
struct Waiter {
  std::string name;
  unsigned line = 0;
  /// What it waits for ("mbarrier 1152 of cta (0, 0, 0)"), and how that stands.
  std::string object, state;
  /// Positions of the waiters that could end the wait, where they are known.
  std::vector<size_t> others;
  bool isInCycle = false;
};

/// What a chip reports of a misuse in words of its own.
enum class Fault : uint8_t {
  None,
  Address,   ///< nothing is there, or it may not be written
  Alignment, ///< no multiple of what the access needs
};

struct Verdict {
  VerdictKind kind = VerdictKind::Misuse;
  std::string message;
  /// Line of the PTX text, from 1; 0 when no line is to blame.
  unsigned line = 0;
  /// `file:line:column` of the source, when the PTX carries line information.
  std::string source;
  /// Which warp, lane group or asynchronous unit, with its role.
  std::string agent;
  /// Further facts: the other access of a race, who waits for what.
  std::vector<std::string> notes;
  /// What other verdicts may come from as well ("the mbarrier at 1152 is never
  /// fenced"); empty when this one stands alone.
  std::string cause;
  /// How often it was found; the first time is told.
  uint64_t times = 1;
  /// Of a deadlock.
  std::vector<Waiter> waiters;
  Fault fault = Fault::None;

  /// The verdict as text, several lines when there are notes.
  std::string str() const;
};

/// Thrown where simulation cannot go on; caught at the simulator's surface.
class Stop : public std::exception {
public:
  explicit Stop(Verdict verdict) : found(std::move(verdict)) {}
  Stop(VerdictKind kind, std::string message, unsigned line = 0) {
    found.kind = kind;
    found.message = std::move(message);
    found.line = line;
  }
  const char *what() const noexcept override { return found.message.c_str(); }
  Verdict found;
  /// The threads at fault end with it; otherwise they could go on with what
  /// follows.
  bool endsThreads = false;
};

/// Verdicts with one cause.
struct VerdictGroup {
  std::string cause;
  std::vector<const Verdict *> verdicts;

  /// A single verdict as it is; more under a line with their cause.
  std::string str() const;
};

/// In the order in which the first of each was found.
std::vector<VerdictGroup> groupByCause(const std::vector<Verdict> &verdicts);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_VERDICT_H
