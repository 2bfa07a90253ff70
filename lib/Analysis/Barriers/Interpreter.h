// Runs the role programs of a kernel on the barrier model, for given trip counts.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_INTERPRETER_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_INTERPRETER_H

#include "Program.h"
#include "Residue.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include <map>
#include <optional>

namespace girih {

class BarrierInterpreter {
public:
  /// How often a loop (by its `tile.loop`) runs when it starts for the n-th time,
  /// if its bounds do not say.
  using TripCounts = llvm::function_ref<int64_t(int64_t number, int64_t execution)>;

  explicit BarrierInterpreter(const BarrierProgram &program);

  /// The first broken rule, if any; also when all runs together take more than
  /// `maxSteps`. Branches that may go either way are taken, or not.
  std::optional<BarrierFault> run(TripCounts counts, bool openBranches, int64_t maxSteps);

  /// What is wrong with all runs together, if anything.
  std::optional<BarrierFault> finish();

  /// Instructions run so far, as a measure of cost.
  int64_t getSteps() const { return steps; }

private:
  using Instruction = BarrierProgram::Instruction;

  /// A loop being run.
  struct Frame {
    int loop;
    int64_t count, done = 0;
    int64_t execution;                     ///< of this loop by the agent
    bool stands;                           ///< for more rounds: the bounds do not say how many, or they are too many
    bool isEven = true;                    ///< loops inside ran equally often each time
    llvm::SmallVector<Residue, 4> earlier; ///< carried values, one period before they must repeat
  };
  struct Agent {
    const BarrierProgram::Role *role;
    int64_t worker, cta;
    int pc = 0;
    bool finished = false;
    std::vector<Residue> registers;
    std::vector<Frame> frames;
    std::vector<int64_t> executions, lastCount; ///< by loop
  };

  Step step(int index);
  Step scalar(Agent &agent, const Instruction &instruction);
  Step event(int index, const Instruction &instruction);
  Step startLoop(int index, const Instruction &instruction);
  Step endLoop(int index, const Instruction &instruction);
  Step checkCopies(int index, const Frame &frame, llvm::ArrayRef<Residue> next, int site);
  Residue compare(int64_t predicate, Residue a, Residue b) const;
  bool element(const BarrierProgram::Array &array, Residue index, llvm::StringRef what, int agent, int site,
               int &number);
  Step startMmaInto(int index, const Instruction &instruction);
  Step requestNumber(int index, int slot, int barrier, const Instruction &instruction);
  int64_t ctasOf(const Instruction &instruction) const { return instruction.isPair ? program.ctas : 1; }
  Step forEachCta(int index, const Instruction &instruction, llvm::function_ref<Step(int64_t away)> step);

  const BarrierProgram &program;
  BarrierModel model;
  std::vector<Agent> agents;
  TripCounts *counts = nullptr;
  bool takesOpenBranches = true;
  int64_t draws = 0;            ///< sources of numbers
  std::vector<Residue> numbers; ///< in slots
  /// By loop, execution and round: what decided whether the loop went on, in the first agent
  /// that asked.
  std::map<std::tuple<int64_t, int64_t, int64_t>, llvm::SmallVector<Residue, 1>> decisions;
  int64_t steps = 0, maxSteps = 0;
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_INTERPRETER_H
