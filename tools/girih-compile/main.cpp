// girih-compile: a problem or a tile kernel in, PTX, cubin, manifest and C header out.
#include "AttentionSpec.h"
#include "Report.h"
#include "girih/InitAll.h"
#include "girih/Pipelines/Compile.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/LocationSnapshot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::OptionCategory category("girih-compile options");
static cl::opt<std::string> input(cl::Positional, cl::desc("[input.mlir, or - for standard input]"), cl::cat(category));
static cl::opt<std::string> attention("attention", cl::desc(girih::kAttentionSpecHelp), cl::value_desc("spec"),
                                      cl::cat(category));
static cl::opt<std::string> target("target", cl::desc("the chip to compile for"), cl::value_desc("chip"), cl::Required,
                                   cl::cat(category));
static cl::opt<std::string> outputDir("o", cl::desc("directory for the results (.)"), cl::value_desc("directory"),
                                      cl::init("."), cl::cat(category));
static cl::opt<std::string> name("name", cl::desc("stem of the files' names"), cl::cat(category));
static cl::opt<std::string> ptxas("ptxas", cl::desc("path of ptxas"), cl::cat(category));
static cl::opt<bool> savePhases("save-phases", cl::desc("write NAME.mlir.NN-PHASE after every phase"),
                                cl::cat(category));
static cl::opt<std::string>
    lineInfo("line-info",
             cl::desc("put line numbers into PTX and cubin: those of the input (`source`), or of\n"
                      "the IR after a phase, which is written beside the kernel"),
             cl::value_desc("source|phase"), cl::cat(category));
static cl::opt<bool> quiet("quiet", cl::desc("print no report"), cl::cat(category));

static llvm::SmallString<128> pathOf(const Twine &fileName) {
  llvm::SmallString<128> path(outputDir);
  llvm::sys::path::append(path, fileName);
  return path;
}

/// Writes the file whole or not at all.
static LogicalResult writeFile(const Twine &fileName, StringRef contents) {
  llvm::SmallString<128> path = pathOf(fileName);
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
    out << contents;
    return llvm::Error::success();
  });
  if (!error)
    return success();
  llvm::errs() << "error: cannot write " << path << ": " << llvm::toString(std::move(error)) << "\n";
  return failure();
}

static OwningOpRef<ModuleOp> readInput(MLIRContext &context, llvm::SourceMgr &sources, std::string &stem) {
  if (!attention.empty())
    return girih::buildAttention(context, attention, stem);
  std::string error;
  auto buffer = openInputFile(input, &error);
  if (!buffer) {
    llvm::errs() << "error: " << error << "\n";
    return nullptr;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, &context);
}

static LogicalResult writeResults(const girih::CompileResult &result) {
  const std::string &stem = result.kernel.name;
  llvm::json::Object manifest = result.manifest;
  std::string text = llvm::formatv("{0:2}\n", llvm::json::Value(std::move(manifest)));
  // The manifest comes last: where it stands, all that it names stands too.
  return success(succeeded(writeFile(stem + ".ptx", result.kernel.ptx)) &&
                 succeeded(writeFile(stem + ".cubin", result.kernel.assembly.cubin)) &&
                 succeeded(writeFile(stem + ".h", girih::makeHeader(result.manifest, result.kernel))) &&
                 succeeded(writeFile(stem + ".json", text)));
}

/// Writes phases as they are reached, and lets line numbers refer to one.
class PhaseWriter {
public:
  explicit PhaseWriter(StringRef stem) : stem(stem.empty() ? "kernel" : stem) {}

  void operator()(StringRef phase, ModuleOp module) {
    std::string fileName = llvm::formatv("{0}.mlir.{1,0+2}-{2}", stem, seen.size(), phase), text;
    llvm::raw_string_ostream stream(text);
    bool isReferredTo = phase == lineInfo;
    if (isReferredTo)
      generateLocationsFromIR(stream, pathOf(fileName), module, OpPrintingFlags());
    else if (savePhases)
      stream << module;
    if (savePhases || isReferredTo)
      (void)writeFile(fileName, text);
    seen.push_back(phase.str());
  }

  /// Whether the lines that are asked for exist.
  LogicalResult checkLineInfo() const {
    if (lineInfo.empty() || lineInfo == "source" || llvm::is_contained(seen, lineInfo))
      return success();
    llvm::errs() << "error: --line-info: no phase `" << lineInfo << "`; there are source, " << llvm::join(seen, ", ")
                 << "\n";
    return failure();
  }

private:
  std::string stem;
  std::vector<std::string> seen;
};

static LogicalResult compile() {
  if (lineInfo == "source" && input.empty()) {
    llvm::errs() << "error: --line-info=source: --attention has no source; give a phase\n";
    return failure();
  }
  if (input.empty() == attention.empty()) {
    llvm::errs() << "error: give either an input file or --attention\n";
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

  girih::CompileRequest request{target, name, ptxas, false, nullptr};
  std::string stem;
  OwningOpRef<ModuleOp> module = readInput(context, sources, stem);
  if (!module)
    return failure();
  if (request.name.empty())
    request.name = stem;
  request.hasLineInfo = !lineInfo.empty();
  PhaseWriter phases(request.name);
  request.afterPhase = std::ref(phases);
  FailureOr<std::vector<girih::CompileResult>> results = girih::compileModule(*module, request);
  if (failed(results) || failed(phases.checkLineInfo()))
    return failure();
  for (const girih::CompileResult &result : *results) {
    if (failed(writeResults(result)))
      return failure();
    if (!quiet)
      girih::printReport(result, llvm::outs());
  }
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerPassManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Girih kernel compiler\n");
  return failed(compile());
}
