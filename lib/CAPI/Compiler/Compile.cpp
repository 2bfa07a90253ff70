// Compilation and passes: what needs MLIR, and is compiled without exceptions as it is.
#include "girih/Pipelines/Compile.h"
#include "../Diagnostics.h"
#include "../Kernel.h"
#include "girih/InitAll.h"
#include "girih/Pipelines/AttentionSpec.h"
#include "girih/Pipelines/Report.h"
#include "girih/Target/Heads.h"
#include "girih/Target/Target.h"
#include "girih/Target/WorkerRule.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace girih::capi;

struct GirihKernels {
  std::vector<std::shared_ptr<const girih::capi::Kernel>> kernels;
};

struct GirihScheduleRule {
  std::optional<girih::WorkerRule> workers; ///< none: it does not depend on sizes
  int64_t heads = 1, group = 1;             ///< how many share tiles of few queries, of those on one head of keys
  /// Of each class: by workers, by workers where heads share tiles, for each of both by how many CTAs share keys, and
  /// for each of the first two where each item has a CTA.
  std::vector<std::string> knobs;

  /// How many classes there are by workers, and which is that of a problem.
  size_t count() const { return workers ? size_t(workers->usual()) : 1; }
  size_t classOf(int64_t batches, int64_t heads, int64_t queries) const {
    return workers ? size_t(workers->usual() - workers->workersFor(batches, heads, queries)) : 0;
  }
  size_t firstSplit() const { return count() * (heads > 1 ? 2 : 1); }
  size_t firstFlat() const { return firstSplit() + (workers ? firstSplit() / count() * workers->clusters.size() : 0); }
  /// The class where CTAs share keys, for items of one worker, or each item has one, or `index`.
  size_t gridClassOf(size_t index, int64_t slices, int64_t rows, int64_t keys) const {
    bool isOne = workers && index % count() + 1 == count();
    int64_t splits = isOne && keys > 0 ? workers->splitsFor(slices, rows, keys) : 1;
    if (splits == 1) {
      bool isFlat = workers && workers->isFlat(double(slices), rows, workers->usual() - int64_t(index % count()));
      return isFlat ? firstFlat() + index : index;
    }
    ArrayRef<girih::WorkerRule::Cluster> clusters = workers->clusters;
    const auto *found = llvm::find_if(clusters, [&](const auto &cluster) { return cluster.ctas == splits; });
    return firstSplit() + index / count() * clusters.size() + size_t(found - clusters.begin());
  }
};

namespace {

StringRef toRef(GirihText text) { return {text.data, text.data ? text.size : 0}; }

GirihSeverity severityOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return GIRIH_NOTE;
  case DiagnosticSeverity::Warning:
    return GIRIH_WARNING;
  case DiagnosticSeverity::Error:
    return GIRIH_ERROR;
  case DiagnosticSeverity::Remark:
    return GIRIH_REMARK;
  }
  return GIRIH_ERROR;
}

/// A context with the project's dialects that says what it has to say to a caller.
class Session {
public:
  explicit Session(GirihDiagnostics *diagnostics)
      : diagnostics(diagnostics), context(makeRegistry(), MLIRContext::Threading::DISABLED), stream(rendered),
        printer(sources, &context, stream), handler(&context, [this](Diagnostic &diagnostic) { collect(diagnostic); }) {
    context.printOpOnDiagnostic(false);
  }

  OwningOpRef<ModuleOp> parse(GirihText text, const char *name) {
    sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(toRef(text), name ? name : "<text>"),
                               llvm::SMLoc());
    return parseSourceFile<ModuleOp>(sources, &context);
  }

  /// An attention problem with its functions; null after a diagnostic.
  std::unique_ptr<girih::AttentionSpec> parseAttention(GirihText problem, GirihText given) {
    OwningOpRef<ModuleOp> functions = parse(given, "<functions>");
    if (!functions)
      return nullptr;
    auto spec = std::make_unique<girih::AttentionSpec>(context, sources, toRef(problem), *functions);
    return spec->module ? std::move(spec) : nullptr;
  }

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    girih::registerAllDialects(registry);
    return registry;
  }

  void keep(Location loc, StringRef message, DiagnosticSeverity severity) {
    if (!diagnostics)
      return;
    rendered.clear();
    printer.emitDiagnostic(loc, message, severity);
    auto place = loc->findInstanceOf<FileLineColLoc>();
    say(diagnostics,
        {severityOf(severity), message.str(), place ? place.getFilename().str() : "", place ? place.getLine() : 0,
         place ? place.getColumn() : 0},
        rendered);
  }

  void collect(Diagnostic &diagnostic) {
    keep(diagnostic.getLocation(), diagnostic.str(), diagnostic.getSeverity());
    for (Diagnostic &note : diagnostic.getNotes())
      keep(note.getLocation(), note.str(), note.getSeverity());
  }

  GirihDiagnostics *diagnostics;

public:
  MLIRContext context;
  llvm::SourceMgr sources;

private:
  std::string rendered;
  llvm::raw_string_ostream stream;
  SourceMgrDiagnosticHandler printer;
  ScopedDiagnosticHandler handler;
};

std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

GirihKernels *compile(ModuleOp module, girih::CompileRequest request, bool keepsPhases, GirihDiagnostics *diagnostics) {
  auto phases = std::make_shared<std::vector<Phase>>();
  if (keepsPhases) {
    request.afterPhase = [&](StringRef pass, ModuleOp after) { phases->push_back({pass.str(), print(after)}); };
    request.restart = [&] { phases->clear(); };
  }
  FailureOr<std::vector<girih::CompileResult>> results = girih::compileModule(module, request);
  if (failed(results))
    return nullptr;
  auto kernels = std::make_unique<GirihKernels>();
  for (girih::CompileResult &result : *results) {
    std::string manifest = llvm::formatv("{0:2}\n", llvm::json::Value(std::move(result.manifest)));
    kernels->kernels.push_back(makeKernel(std::move(manifest), std::move(result.kernel.ptx),
                                          std::move(result.kernel.cubin), phases, diagnostics));
    if (!kernels->kernels.back())
      return nullptr;
  }
  return kernels.release();
}

/// The options that the caller's version of the struct has; others are zero.
GirihCompileOptions optionsOf(const GirihCompileOptions *given) {
  GirihCompileOptions options{};
  if (given)
    std::memcpy(&options, given, std::min(given->structSize, sizeof options));
  return options;
}

std::optional<girih::CompileRequest> requestOf(const GirihCompileOptions &options, GirihDiagnostics *diagnostics) {
  auto text = [](const char *string) { return std::string(string ? string : ""); };
  if (!options.target || !*options.target) {
    fail(diagnostics, "no target is given");
    return std::nullopt;
  }
  if (options.name && !girih::isFileStem(options.name)) {
    fail(diagnostics, "'" + text(options.name) + "' cannot be the name of a kernel's files");
    return std::nullopt;
  }
  girih::CompileRequest request;
  request.target = options.target;
  request.name = text(options.name);
  request.ptxas = text(options.ptxas);
  request.hasLineInfo = options.hasLineInfo;
  return request;
}

} // namespace

int girihApiVersion(void) { return GIRIH_API_VERSION; }
const char *girihVersion(void) { return GIRIH_VERSION; }

GirihKernels *girihCompile(GirihText text, const GirihCompileOptions *given, GirihDiagnostics *diagnostics) {
  GirihCompileOptions options = optionsOf(given);
  std::optional<girih::CompileRequest> request = requestOf(options, diagnostics);
  if (!request)
    return nullptr;
  if (options.functions.size) {
    fail(diagnostics, "functions are given, but MLIR has the regions of its problems inside");
    return nullptr;
  }
  Session session(diagnostics);
  OwningOpRef<ModuleOp> module = session.parse(text, options.sourceName);
  return module ? compile(*module, *request, options.keepsPhases, diagnostics) : nullptr;
}

GirihKernels *girihCompileAttention(GirihText problem, const GirihCompileOptions *given,
                                    GirihDiagnostics *diagnostics) {
  GirihCompileOptions options = optionsOf(given);
  std::optional<girih::CompileRequest> request = requestOf(options, diagnostics);
  if (!request)
    return nullptr;
  if (request->hasLineInfo) {
    fail(diagnostics, "an attention problem has no source to take line numbers from");
    return nullptr;
  }
  Session session(diagnostics);
  std::unique_ptr<girih::AttentionSpec> spec = session.parseAttention(problem, options.functions);
  if (!spec)
    return nullptr;
  if (request->name.empty())
    request->name = spec->name;
  return compile(*spec->module, *request, options.keepsPhases, diagnostics);
}

GirihScheduleRule *girihScheduleRuleCreate(GirihText problem, const GirihCompileOptions *given,
                                           GirihDiagnostics *diagnostics) {
  GirihCompileOptions options = optionsOf(given);
  Session session(diagnostics);
  std::unique_ptr<girih::AttentionSpec> spec = session.parseAttention(problem, options.functions);
  if (!spec)
    return nullptr;
  const girih::Target *target =
      girih::lookupTarget(options.target ? options.target : "", [&] { return spec->module->emitError(); });
  if (!target)
    return nullptr;
  auto rule = std::make_unique<GirihScheduleRule>();
  rule->knobs.emplace_back();
  spec->module->walk([&](girih::attn::ForwardOp op) {
    auto schedule = girih::tile::Schedule::decode(op.getScheduleAttr());
    if (llvm::any_of(girih::tile::scheduleKnobs(),
                     [&](const auto &knob) { return (schedule.*knob.field).has_value(); }))
      return;
    rule->workers = target->workerRule(op);
    rule->heads = girih::mostHeads(op);
    rule->group = op.getQ().getType().getDimSize(1) / op.getK().getType().getDimSize(1);
  });
  auto addWorkers = [&](int64_t most, const std::string &before) {
    for (int64_t workers = most; workers >= 1; --workers)
      rule->knobs.push_back(before + "workers=" + std::to_string(workers));
  };
  addWorkers(int64_t(rule->count()) - 1, "");
  if (rule->heads > 1)
    addWorkers(int64_t(rule->count()), "heads=" + std::to_string(rule->heads) + ",");
  auto addSplits = [&](const std::string &before) {
    for (const girih::WorkerRule::Cluster &cluster : rule->workers->clusters)
      rule->knobs.push_back(before + "workers=1,splits=" + std::to_string(cluster.ctas));
  };
  if (rule->workers)
    addSplits("");
  if (rule->workers && rule->heads > 1)
    addSplits("heads=" + std::to_string(rule->heads) + ",");
  if (rule->workers && rule->workers->mostFlatItems > 0)
    for (size_t index = 0, last = rule->firstSplit(); index < last; ++index) {
      std::string before = index == 0 ? "workers=" + std::to_string(rule->count()) : rule->knobs[index];
      rule->knobs.push_back(before + ",persistent=0");
    }
  return rule.release();
}

void girihScheduleRuleDestroy(GirihScheduleRule *rule) { delete rule; }
size_t girihScheduleRuleClassCount(const GirihScheduleRule *rule) { return rule->knobs.size(); }

GirihText girihScheduleRuleKnobs(const GirihScheduleRule *rule, size_t index) {
  StringRef knobs = index < rule->knobs.size() ? StringRef(rule->knobs[index]) : "";
  return {knobs.data(), knobs.size()};
}

size_t girihScheduleRuleClassOf(const GirihScheduleRule *rule, const int64_t shape[4], int64_t keys) {
  int64_t batches = shape[0], heads = shape[1], queries = shape[2];
  if (batches <= 0 || heads <= 0 || queries <= 0)
    return 0;
  if (rule->heads > 1 && queries < girih::kFewQueries) {
    int64_t rows = queries * girih::slotsOf(rule->heads);
    int64_t groups = rule->group / rule->heads, tiles = groups * ((rows + girih::kFewQueries - 1) / girih::kFewQueries);
    int64_t slices = heads / rule->heads;
    if (tiles < rule->group)
      return rule->gridClassOf(rule->count() + rule->classOf(batches, slices, rows), batches * slices, rows, keys);
  }
  return rule->gridClassOf(rule->classOf(batches, heads, queries), batches * heads, queries, keys);
}

int girihAttentionWantsHeads(const int64_t shape[4], int64_t keyHeads) {
  return shape[2] < girih::kFewQueries && keyHeads > 0 && shape[1] > keyHeads && shape[1] % keyHeads == 0;
}

size_t girihKernelsCount(const GirihKernels *kernels) { return kernels->kernels.size(); }

GirihKernel *girihKernelsGet(const GirihKernels *kernels, size_t index) {
  return index < kernels->kernels.size() ? new GirihKernel{kernels->kernels[index]} : nullptr;
}

void girihKernelsDestroy(GirihKernels *kernels) { delete kernels; }

static llvm::json::Object manifestOf(const girih::capi::Kernel &kernel) {
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(kernel.manifestText);
  if (!json) {
    llvm::consumeError(json.takeError());
    return {};
  }
  return std::move(*json->getAsObject());
}

std::string girih::capi::renderHeader(const Kernel &kernel) { return makeHeader(manifestOf(kernel), kernel.cubin); }

std::string girih::capi::renderReport(const Kernel &kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  printReport(manifestOf(kernel), stream);
  return text;
}

/// Adds the passes that the text names to `manager`, which is for builtin.module.
static LogicalResult addPasses(StringRef text, PassManager &manager, llvm::raw_ostream &errors) {
  StringRef inner = text.trim();
  if (inner.consume_front("builtin.module(") && inner.consume_back(")"))
    text = inner;
  return parsePassPipeline(text, manager, errors);
}

char *girihOptimize(GirihText text, GirihText pipeline, const char *sourceName, GirihDiagnostics *diagnostics) {
  static std::once_flag once;
  std::call_once(once, girih::registerAllPasses);
  Session session(diagnostics);
  OwningOpRef<ModuleOp> module = session.parse(text, sourceName);
  if (!module)
    return nullptr;
  PassManager manager(&session.context);
  std::string wrong;
  llvm::raw_string_ostream errors(wrong);
  if (failed(addPasses(toRef(pipeline), manager, errors))) {
    fail(diagnostics, "cannot read the pipeline: " + wrong);
    return nullptr;
  }
  if (failed(manager.run(*module)))
    return nullptr;
  return strdup(print(*module).c_str());
}

void girihStringDestroy(char *string) { std::free(string); }
