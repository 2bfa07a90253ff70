// girih-tune-compile: the commands of girih-tune that need the compiler.
#include "girih/InitAll.h"
#include "girih/Target/TuningKey.h"
#include "girih/Tune/CompilePack.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include <random>

using namespace mlir;
using namespace girih;
namespace cl = llvm::cl;

static cl::SubCommand listCommand("list", "Show the legal schedules of a problem in the order of the cost model");
static cl::SubCommand compileCommand("compile", "Compile the schedules of problems into a pack");

static cl::list<std::string> problems(cl::Positional, cl::OneOrMore,
                                      cl::desc("PROBLEM... as girih-compile --attention has it; its knobs stay"),
                                      cl::sub(listCommand), cl::sub(compileCommand));
static cl::opt<std::string> target("target", cl::desc("the chip to compile for"), cl::value_desc("chip"), cl::Required,
                                   cl::sub(listCommand), cl::sub(compileCommand));
static cl::list<std::string> knobs("knob", cl::desc("try these values of a knob, instead of the usual ones"),
                                   cl::value_desc("name=value,value,..."), cl::sub(listCommand),
                                   cl::sub(compileCommand));
static cl::opt<int64_t> count("count", cl::desc("how many schedules of a problem (256)"), cl::init(256),
                              cl::value_desc("n"), cl::sub(listCommand), cl::sub(compileCommand));
static cl::opt<int64_t> sample("sample", cl::desc("draw so many at random instead"), cl::value_desc("n"),
                               cl::sub(listCommand));
static cl::opt<int64_t> seed("seed", cl::desc("of the random draw (1)"), cl::init(1), cl::value_desc("n"),
                             cl::sub(listCommand));
static cl::opt<std::string> output("o", cl::desc("the pack's folder; what it has already is kept"),
                                   cl::value_desc("folder"), cl::Required, cl::sub(compileCommand));
static cl::opt<unsigned> threads("threads", cl::desc("compile so many at a time (one for each core)"),
                                 cl::value_desc("n"), cl::sub(compileCommand));
static cl::opt<std::string> ptxas("ptxas", cl::desc("path of ptxas, or its name on PATH"), cl::sub(compileCommand));

static LogicalResult complain(const Twine &message) {
  llvm::errs() << "girih-tune: error: " << message << "\n";
  return failure();
}

static FailureOr<tune::KnobValues> knobValues() {
  tune::KnobValues values = tune::usualKnobValues();
  for (StringRef text : knobs) {
    auto [name, list] = text.split('=');
    const auto *knob =
        llvm::find_if(tile::scheduleKnobs(), [&](const tile::KnobInfo &info) { return info.name == name; });
    if (knob == tile::scheduleKnobs().end())
      return complain("--knob: there is no knob '" + name + "'");
    SmallVector<int64_t> &chosen = values[knob->name];
    chosen.clear();
    for (StringRef value : llvm::split(list, ',')) {
      int64_t number;
      if (value.getAsInteger(10, number) || number < knob->minimum || number > knob->maximum)
        return complain("--knob: " + name + " is '" + value + "', its range is " + Twine(knob->minimum) + " to " +
                        Twine(knob->maximum));
      chosen.push_back(number);
    }
  }
  return values;
}

static LogicalResult list(const tune::KnobValues &values) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  for (StringRef text : problems) {
    tune::ProblemText problem(context, text, llvm::errs());
    attn::ForwardOp op = problem.op();
    const Target *chip = op ? lookupTarget(target, [&] { return op.emitError(); }) : nullptr;
    if (!chip)
      return failure();
    FailureOr<tune::Space> space = tune::Space::of(op, *chip, values);
    if (failed(space))
      return failure();
    bool isDrawn = sample.getNumOccurrences();
    std::mt19937_64 random(seed);
    for (int64_t i = 0, most = isDrawn ? sample : count; i < most; ++i) {
      std::optional<tune::ScheduleCost> cost = isDrawn ? space->draw(random) : space->next();
      if (!cost)
        break;
      llvm::outs() << llvm::formatv("{0,9:f1} us  {1}\n", cost->microseconds, scheduleText(cost->schedule));
    }
    llvm::outs().flush();
    llvm::errs() << problemKey(op) << ": at most " << space->count() << " legal schedules\n";
    for (const auto &[reason, times] : space->refusals())
      llvm::errs() << "  refused " << times << " times: " << reason << "\n";
  }
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "girih-tune: the fastest schedule of a problem (docs/tuning.md)\n");
  FailureOr<tune::KnobValues> values = knobValues();
  if (failed(values))
    return 2;
  if (listCommand)
    return failed(list(*values));
  tune::PackRequest request{target, ptxas, output, {problems.begin(), problems.end()}, count, threads, *values};
  return failed(tune::compilePack(request, llvm::errs()));
}
