// girih-compile: a problem or a tile kernel in, PTX, cubin, manifest and C header out.
#include "Estimates.h"
#include "Outputs.h"
#include "girih/InitAll.h"
#include "girih/Pipelines/AttentionSpec.h"
#include "girih/Pipelines/Compile.h"
#include "girih/Pipelines/Report.h"
#include "girih/Target/TuningKey.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/LocationSnapshot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>

using namespace mlir;
namespace cl = llvm::cl;

static cl::OptionCategory category("girih-compile options");
static cl::opt<std::string> input(cl::Positional, cl::desc("[input.mlir, or - for standard input]"), cl::cat(category));
static cl::opt<std::string> attention("attention", cl::desc(girih::kAttentionSpecHelp), cl::value_desc("spec"),
                                      cl::cat(category));
static cl::opt<std::string>
    functions("functions",
              cl::desc("MLIR with a func.func @score or @mask, or both, that --attention is to have as its regions"),
              cl::value_desc("file"), cl::cat(category));
static cl::opt<std::string> target("target", cl::desc("the chip to compile for"), cl::value_desc("chip"), cl::Required,
                                   cl::cat(category));
static cl::opt<std::string> outputDir("o", cl::desc("directory for the results (.)"), cl::value_desc("directory"),
                                      cl::init("."), cl::cat(category));
static cl::opt<std::string> name("name", cl::desc("stem of the files' names (the kernel's name)"),
                                 cl::value_desc("stem"), cl::cat(category));
static cl::opt<std::string> ptxas("ptxas", cl::desc("path of ptxas, or its name on PATH"), cl::cat(category));
static cl::opt<std::string> schedules("schedules",
                                      cl::desc("take open knobs from this database of girih-tune, where it has the\n"
                                               "problem for the chip and this version of the compiler"),
                                      cl::value_desc("database"), cl::cat(category));
static cl::opt<bool> savePhases("save-phases",
                                cl::desc("write NAME.mlir.NN-PHASE after every phase; NAME is that of --name or of\n"
                                         "the input"),
                                cl::cat(category));
static cl::opt<std::string>
    lineInfo("line-info",
             cl::desc("put line numbers into PTX and cubin: those of the input (`source`), or of\n"
                      "the IR after a phase, which is written beside the kernel"),
             cl::value_desc("source|phase"), cl::cat(category));
static cl::opt<bool> estimates("estimate",
                               cl::desc("print the time that the model of girih-sim --time gives each kernel"),
                               cl::cat(category));
static cl::list<std::string>
    sizes("size", cl::desc("of --estimate: a size that the launch brings, as in sq=4096; once for each"),
          cl::value_desc("name=number"), cl::cat(category));
static cl::opt<bool> quiet("quiet", cl::desc("print no report"), cl::cat(category));

static llvm::SmallString<128> pathOf(const Twine &fileName) {
  llvm::SmallString<128> path(outputDir);
  llvm::sys::path::append(path, fileName);
  return path;
}

static LogicalResult checkWritten(llvm::Error error) {
  if (!error)
    return success();
  llvm::errs() << "error: cannot write " << llvm::toString(std::move(error)) << "\n";
  return failure();
}

static OwningOpRef<ModuleOp> readFile(StringRef path, MLIRContext &context, llvm::SourceMgr &sources) {
  std::string error;
  auto buffer = openInputFile(path, &error);
  if (!buffer) {
    llvm::errs() << "error: " << error << "\n";
    return nullptr;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, &context);
}

/// All files of all kernels, or none.
static LogicalResult writeResults(ArrayRef<girih::CompileResult> results) {
  girih::OutputFiles files(outputDir);
  for (const girih::CompileResult &result : results) {
    const std::string &stem = result.kernel.name;
    llvm::json::Object manifest = result.manifest;
    std::string text = llvm::formatv("{0:2}\n", llvm::json::Value(std::move(manifest)));
    // The manifest comes last: where it stands, all that it names stands too.
    if (failed(checkWritten(files.add(stem + ".ptx", result.kernel.ptx))) ||
        failed(checkWritten(files.add(stem + ".cubin", result.kernel.cubin))) ||
        failed(checkWritten(files.add(stem + ".h", girih::makeHeader(result.manifest, result.kernel.cubin)))) ||
        failed(checkWritten(files.add(stem + ".json", text))))
      return failure();
  }
  return checkWritten(files.keep());
}

/// Writes phases as they are reached, and lets line numbers refer to one.
class PhaseWriter {
public:
  explicit PhaseWriter(StringRef stem) : stem(stem) {}

  void operator()(StringRef phase, ModuleOp module) {
    std::string fileName = llvm::formatv("{0}.mlir.{1,0+2}-{2}", stem, seen.size(), phase), text;
    llvm::raw_string_ostream stream(text);
    bool isReferredTo = phase == lineInfo;
    if (isReferredTo)
      generateLocationsFromIR(stream, pathOf(fileName), module, OpPrintingFlags());
    else if (savePhases)
      stream << module;
    // Once is enough: a file system that is full stays full.
    if (succeeded(written) && (savePhases || isReferredTo))
      written = checkWritten(girih::writeWholeFile(outputDir, fileName, text));
    seen.push_back(phase.str());
  }

  /// Forgets the phases of a compilation that does not count.
  void restart() { seen.clear(); }

  /// Whether everything that was asked for is there.
  LogicalResult check() const { return success(succeeded(written) && succeeded(checkLineInfo())); }

private:
  /// Whether the lines that are asked for exist.
  LogicalResult checkLineInfo() const {
    if (lineInfo.empty() || lineInfo == "source" || llvm::is_contained(seen, lineInfo))
      return success();
    llvm::errs() << "error: --line-info: no phase `" << lineInfo << "`; there are source, " << llvm::join(seen, ", ")
                 << "\n";
    return failure();
  }

  std::string stem;
  std::vector<std::string> seen;
  LogicalResult written = success();
};

/// What the files of phases are called: as those of the kernel, if one name is
/// asked for, or else as the input.
static std::string phaseStem(StringRef kernelName) {
  if (!kernelName.empty())
    return kernelName.str();
  return input == "-" ? "stdin" : llvm::sys::path::stem(input).str();
}

static LogicalResult printReports(ArrayRef<girih::CompileResult> results) {
  for (const girih::CompileResult &result : results)
    girih::printReport(result.manifest, llvm::outs());
  llvm::outs().flush();
  std::error_code code = llvm::outs().error();
  llvm::outs().clear_error();
  return checkWritten(code ? llvm::createFileError("the report", code) : llvm::Error::success());
}

static LogicalResult printEstimates(ArrayRef<girih::CompileResult> results) {
  std::vector<std::string> manifests;
  for (const girih::CompileResult &result : results)
    manifests.push_back(pathOf(result.kernel.name + ".json").str().str());
  llvm::Expected<std::string> text = girih::estimateKernels(manifests, sizes);
  if (!text) {
    llvm::errs() << "error: " << llvm::toString(text.takeError()) << "\n";
    return failure();
  }
  llvm::outs() << *text;
  return success();
}

static LogicalResult compile() {
  if (!sizes.empty() && !estimates) {
    llvm::errs() << "error: --size: only --estimate takes sizes; the kernel leaves open what is `?`\n";
    return failure();
  }
  if (lineInfo == "source" && input.empty()) {
    llvm::errs() << "error: --line-info=source: --attention has no source; give a phase\n";
    return failure();
  }
  if (input.empty() == attention.empty()) {
    llvm::errs() << "error: give either an input file or --attention\n";
    return failure();
  }
  if (!functions.empty() && attention.empty()) {
    llvm::errs() << "error: --functions: the input has the regions of its problems inside\n";
    return failure();
  }
  if (name.getNumOccurrences() && !girih::isFileStem(name)) {
    llvm::errs() << "error: --name: '" << name << "' cannot be the name of files; -o names their directory\n";
    return failure();
  }
  if (std::error_code code = llvm::sys::fs::create_directories(outputDir.getValue())) {
    llvm::errs() << "error: cannot make directory " << outputDir << ": " << code.message() << "\n";
    return failure();
  }
  DialectRegistry registry;
  girih::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);

  girih::CompileRequest request{target, name, ptxas, schedules, !lineInfo.empty()};
  request.configure = applyPassManagerCLOptions;
  std::optional<girih::AttentionSpec> spec;
  OwningOpRef<ModuleOp> module;
  if (attention.empty()) {
    module = readFile(input, context, sources);
  } else {
    OwningOpRef<ModuleOp> regions = functions.empty() ? nullptr : readFile(functions, context, sources);
    if (!functions.empty() && !regions)
      return failure();
    spec.emplace(context, sources, attention, regions ? *regions : ModuleOp());
    module = std::move(spec->module);
    if (request.name.empty())
      request.name = spec->name;
  }
  if (!module)
    return failure();
  PhaseWriter phases(phaseStem(request.name));
  request.afterPhase = std::ref(phases);
  request.restart = [&] { phases.restart(); };
  FailureOr<std::vector<girih::CompileResult>> results = girih::compileModule(*module, request);
  if (failed(results) || failed(phases.check()) || failed(writeResults(*results)))
    return failure();
  if (!quiet && failed(printReports(*results)))
    return failure();
  return estimates ? printEstimates(*results) : success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
#ifdef SIGXFSZ
  // A write beyond the limit on the size of files then fails as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
#endif
  registerPassManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](llvm::raw_ostream &out) { out << "girih-compile " << girih::compilerVersion() << "\n"; });
  cl::ParseCommandLineOptions(argc, argv, "Girih kernel compiler\n");
  return failed(compile());
}
