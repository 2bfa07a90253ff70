// girih-fuzz: mutants of kernels at every phase, through all that may follow.
//
// For each mutant it prints one line, `INDEX OUTCOME`, before which it prints
// `INDEX` alone when it starts: whoever runs it knows which mutant it died of. A mutant
// depends on the seed, its index and the inputs, and on nothing else. OUTCOME is
// `invalid` (for parser or verifier) or `refused` (by a pass), both with a diagnostic at a
// place, `accepted`, or `FAULT` and what is wrong.
#include "Mutate.h"
#include "Phases.h"
#include "girih/InitAll.h"
#include "girih/Target/Emit.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include <csignal>
#include <sys/time.h>

using namespace mlir;
using namespace girih;
using namespace girih::fuzz;
namespace cl = llvm::cl;

static cl::list<std::string> inputs(cl::Positional, cl::OneOrMore, cl::desc("kernel.mlir..."));
static cl::opt<uint64_t> seed("seed", cl::desc("of all choices"), cl::init(1));
static cl::opt<uint64_t> first("first", cl::desc("index of the first mutant"), cl::init(0));
static cl::opt<uint64_t> count("count", cl::desc("how many mutants"), cl::init(1));
static cl::opt<std::string> target("target", cl::desc("the chip to compile for"), cl::init("sm_90a"));
static cl::opt<unsigned> seconds("seconds", cl::desc("processor time after which a mutant counts as hung"),
                                 cl::init(20));
static cl::opt<std::string>
    keep("keep", cl::desc("a directory for what is proved and accepted, in the LLVM dialect, as INDEX.mlir"));
static cl::opt<bool> print("print", cl::desc("print the mutants and all diagnostics"));

namespace {

/// Collects what a user would have seen.
class Diagnostics {
public:
  explicit Diagnostics(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (print)
            llvm::errs() << diagnostic.getLocation() << ": " << diagnostic << "\n";
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return success();
          if (errors++ == 0)
            llvm::raw_string_ostream(message) << diagnostic;
          bool hasPlace = false;
          diagnostic.getLocation()->walk([&](Location loc) {
            hasPlace |= isa<FileLineColRange>(loc);
            return WalkResult::advance();
          });
          if (!hasPlace)
            llvm::raw_string_ostream(unplaced) << diagnostic;
          return success();
        }) {}

  unsigned errors = 0;
  std::string message; ///< of the first error
  std::string unplaced;

private:
  ScopedDiagnosticHandler handler;
};

std::string textOf(ModuleOp module, OpPrintingFlags flags = {}) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, flags);
  return text;
}

/// Whether the text of a valid module parses to the same.
bool roundTrips(ModuleOp module, Random &random) {
  std::string text = textOf(module);
  // MLIR's own limit: it verifies an empty symbol, but has no syntax for it.
  if (StringRef(text).contains("<<INVALID EMPTY SYMBOL>>"))
    return true;
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(text, module.getContext());
  if (!again || textOf(*again) != text)
    return false;
  std::string located = textOf(module, OpPrintingFlags().enableDebugInfo());
  return !random.oneIn(4) || parseSourceString<ModuleOp>(located, module.getContext());
}

std::string emit(ModuleOp module, Diagnostics &diagnostics) {
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto function : kernels.getOps<LLVM::LLVMFuncOp>()) {
      const Target *chip = lookupTarget(function);
      if (!chip || failed(emitPtxText(kernels, *chip)))
        return diagnostics.errors ? "refused" : "FAULT emission fails without a diagnostic";
      break;
    }
  return "accepted";
}

bool isOurs(StringRef pass) { return pass.contains("attn-") || pass.contains("tile-"); }

/// A text that is like the phase's, but for a few changes. In the generic form every
/// change that a user could write is a text, and no other is.
std::string makeMutant(MLIRContext &context, const Phase &phase, Random &random) {
  std::string text = phase.text;
  unsigned changes = 1 + random.below(3);
  if (random.oneIn(3)) {
    for (unsigned i = 0; i < changes; ++i)
      text = mutateText(text, random);
    return text;
  }
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  for (unsigned i = 0; i < changes; ++i)
    mutateModule(*module, random);
  return textOf(*module, OpPrintingFlags().printGenericOpForm());
}

std::string judge(ModuleOp module, ArrayRef<std::string> passes, bool emits, Diagnostics &diagnostics) {
  for (const std::string &pass : passes) {
    std::string wrong;
    bool hasFailed = failed(runPass(module, pass, wrong));
    // What upstream's passes make of parts that they do not know is refused too.
    if (!wrong.empty() && isOurs(pass))
      return "FAULT " + pass + " " + wrong + ": " + diagnostics.message;
    if (hasFailed)
      return diagnostics.errors ? "refused" : "FAULT " + pass + " fails without a diagnostic";
    if (diagnostics.errors)
      return "FAULT " + pass + " succeeds with an error: " + diagnostics.message;
  }
  return emits ? emit(module, diagnostics) : "accepted";
}

std::string runMutant(MLIRContext &context, ArrayRef<Phase> phases, ArrayRef<std::string> passes, uint64_t index) {
  Random random(seed, index);
  const Phase &phase = random.pick(phases);
  std::string text = makeMutant(context, phase, random);
  if (print)
    llvm::errs() << "// " << phase.name << "\n" << text << "\n";

  Diagnostics diagnostics(context);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context, phase.name);
  auto outcome = [&](std::string usual) {
    if (StringRef(usual).starts_with("FAULT"))
      return usual;
    return diagnostics.unplaced.empty() ? usual : "FAULT an error without a place: " + diagnostics.unplaced;
  };
  if (!module)
    return outcome(diagnostics.errors ? "invalid" : "FAULT does not parse, without a diagnostic");
  if (!roundTrips(*module, random))
    return "FAULT the text does not parse to the same module";

  // What follows; or everything, as girih-compile would; or any one pass.
  std::vector<std::string> next(passes.begin() + phase.done, passes.end());
  if (random.oneIn(6))
    next = passes.vec();
  else if (random.oneIn(8))
    next = {random.pick(llvm::filter_to_vector(passes, isOurs))};
  // IR that is the LLVM dialect already is LLVM's to judge, and no pass proves its barriers.
  bool isLowered = module->walk([](LLVM::LLVMFuncOp) { return WalkResult::interrupt(); }).wasInterrupted();
  std::string result = outcome(judge(*module, next, !isLowered, diagnostics));
  // Only of what was proved can be asked that it runs.
  auto isProof = [](StringRef pass) { return pass.contains("tile-verify-barriers"); };
  if (result != "accepted" || keep.empty() || isLowered || llvm::none_of(next, isProof))
    return result;
  std::error_code error;
  llvm::raw_fd_ostream(keep + "/" + std::to_string(index) + ".mlir", error) << *module << "\n";
  return result;
}

} // namespace

int main(int argc, char **argv) {
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  cl::ParseCommandLineOptions(argc, argv, "Mutants of kernels through the compiler\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  std::vector<std::string> passes = compilerPasses(target);
  std::vector<Phase> phases;
  for (const std::string &input : inputs)
    llvm::append_range(phases, phasesOf(input, context, passes));

  for (uint64_t index = first; index < first + count; ++index) {
    llvm::outs() << index << "\n";
    llvm::outs().flush();
    itimerval limit{{0, 0}, {seconds, 0}};
    setitimer(ITIMER_PROF, &limit, nullptr);
    std::string outcome = runMutant(context, phases, passes, index);
    llvm::outs() << index << " " << outcome << "\n";
  }
}
