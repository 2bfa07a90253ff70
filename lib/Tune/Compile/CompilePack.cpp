// Schedules in, a pack out.
#include "girih/Tune/CompilePack.h"

#include "PackWriter.h"
#include "girih/InitAll.h"
#include "girih/Pipelines/AttentionSpec.h"
#include "girih/Pipelines/Compile.h"
#include "girih/Target/TuningKey.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include <chrono>
#include <thread>

using namespace mlir;
namespace json = llvm::json;

namespace girih::tune {

struct ProblemText::State {
  State(MLIRContext &context, StringRef text, llvm::raw_ostream &log)
      : printer(sources, &context, log), spec(context, sources, text) {}

  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler printer;
  AttentionSpec spec;
};

ProblemText::ProblemText(MLIRContext &context, StringRef text, llvm::raw_ostream &log)
    : state(std::make_unique<State>(context, text, log)) {}
ProblemText::~ProblemText() = default;
ModuleOp ProblemText::module() const { return state->spec.module.get(); }
const std::string &ProblemText::name() const { return state->spec.name; }

attn::ForwardOp ProblemText::op() const {
  attn::ForwardOp found;
  if (ModuleOp module = this->module())
    module.walk([&](attn::ForwardOp op) { found = op; });
  return found;
}

namespace {

std::string digestOf(StringRef text) { return llvm::formatv("{0:x-16}", llvm::xxh3_64bits(text)); }

/// The schedules of one problem on their way into the pack.
class Compilation {
public:
  Compilation(const PackRequest &request, StringRef problem, PackWriter &writer, llvm::raw_ostream &log)
      : request(request), problem(problem), writer(writer), log(log) {}

  LogicalResult run() {
    DialectRegistry registry;
    registerAllDialects(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.printOpOnDiagnostic(false);
    ProblemText text(context, problem, log);
    attn::ForwardOp op = text.op();
    const Target *target = op ? lookupTarget(request.target, [&] { return op.emitError(); }) : nullptr;
    if (!target)
      return failure();
    FailureOr<Space> legal = Space::of(op, *target, request.values);
    if (failed(legal))
      return failure();
    space = &*legal;
    key = problemKey(op);
    name = text.name();
    known = writer.known(key);
    start = std::chrono::steady_clock::now();
    unsigned threads = request.threads ? request.threads : std::max(1u, std::thread::hardware_concurrency());
    work(registry, /*most=*/1); // the target's own choice is the first of a pack: others are held against it
    std::vector<std::thread> pool;
    for (unsigned i = 0; i < threads; ++i)
      pool.emplace_back([&] { work(registry); });
    for (std::thread &thread : pool)
      thread.join();
    if (broken)
      return failure();
    summarize(threads);
    return success(known.compiled > 0);
  }

private:
  /// One thread: a context of its own, and one schedule after another, `most` of them.
  void work(const DialectRegistry &registry, int64_t most = std::numeric_limits<int64_t>::max()) {
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.printOpOnDiagnostic(false);
    for (std::optional<ScheduleCost> next; most > 0 && (next = take()); --most)
      compile(context, *next);
  }

  std::optional<ScheduleCost> take() {
    std::lock_guard<std::mutex> lock(mutex);
    while (!broken && known.compiled + running < request.count) {
      std::optional<ScheduleCost> next = space->next();
      if (!next)
        break;
      if (known.schedules.contains(scheduleText(next->schedule)))
        continue;
      ++running;
      return next;
    }
    return std::nullopt;
  }

  void compile(MLIRContext &context, const ScheduleCost &cost) {
    std::string schedule = scheduleText(cost.schedule), refusal, code;
    bool isCopy = false;
    ProblemText text(context, problem, log);
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && refusal.empty())
        refusal = diagnostic.str();
    });
    attn::ForwardOp op = text.op();
    op.setScheduleAttr(cost.schedule.encode(&context, [&] { return op.emitError(); }));
    CompileRequest compileRequest;
    compileRequest.target = request.target;
    compileRequest.ptxas = request.ptxas;
    compileRequest.name = name + "_" + digestOf(key + schedule);
    compileRequest.beforeAssembly = [&](StringRef ptx) {
      code = digestOf(ptx);
      std::lock_guard<std::mutex> lock(mutex);
      isCopy = !known.code.insert(code).second;
      return !isCopy;
    };
    FailureOr<std::vector<CompileResult>> results = compileModule(text.module(), compileRequest);
    json::Object line{{"problem", key}, {"schedule", schedule}, {"predicted_us", cost.microseconds}};
    llvm::Error error = llvm::Error::success();
    if (succeeded(results)) {
      CompileResult &result = results->front();
      line["code"] = code;
      result.manifest.getObject("files")->erase("ptx");
      error = llvm::joinErrors(std::move(error), writer.add(std::move(line), compileRequest.name, result.kernel.cubin,
                                                            std::move(result.manifest)));
    } else {
      line[isCopy ? "same_as" : "refused"] = isCopy ? code : refusal;
      error = llvm::joinErrors(std::move(error), writer.add(std::move(line)));
    }
    finish(results, isCopy, refusal, std::move(error));
  }

  void finish(const FailureOr<std::vector<CompileResult>> &results, bool isCopy, StringRef refusal, llvm::Error error) {
    std::lock_guard<std::mutex> lock(mutex);
    --running;
    if (error) {
      log << "error: " << llvm::toString(std::move(error)) << "\n";
      broken = true;
      return;
    }
    if (succeeded(results)) {
      ++known.compiled;
      ++made;
      for (const auto &[phase, time] : results->front().kernel.milliseconds)
        milliseconds[phase] += time;
    } else if (isCopy) {
      ++copies;
    } else {
      ++refusals[withoutNumbers(refusal)];
      ++refused;
    }
    if ((made + copies + refused) % 20 == 0)
      log << llvm::formatv("{0,6:f1} s  {1} of {2} compiled, {3} refused, {4} alike\n", seconds(), known.compiled,
                           request.count, refused, copies);
  }

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

  void summarize(unsigned threads) {
    log << llvm::formatv("{0}: {1} schedules in {2:f1} s with {3} threads", name, made, seconds(), threads);
    if (known.compiled > made)
      log << ", " << known.compiled - made << " were there";
    log << llvm::formatv("; {0} refused, {1} alike, {2} legal at most\n", refused, copies, space->count());
    for (const auto &[phase, time] : milliseconds)
      log << llvm::formatv("  {0}: {1:f3} s a schedule\n", phase, time / 1e3 / double(std::max<int64_t>(made, 1)));
    for (const auto &[reason, count] : refusals)
      log << "  refused " << count << " times: " << reason << "\n";
  }

  const PackRequest &request;
  StringRef problem;
  PackWriter &writer;
  llvm::raw_ostream &log;
  std::string key, name;
  std::chrono::steady_clock::time_point start;

  std::mutex mutex; ///< of all below
  Space *space = nullptr;
  Known known;
  int64_t running = 0, made = 0, copies = 0, refused = 0;
  bool broken = false;
  std::map<std::string, double> milliseconds;
  std::map<std::string, int64_t> refusals;
};

} // namespace

LogicalResult compilePack(const PackRequest &request, llvm::raw_ostream &log) {
  std::string ptxas = findPtxas(request.ptxas);
  if (ptxas.empty()) {
    log << "error: ptxas not found: install a CUDA toolkit, set CUDA_ROOT, or give its path\n";
    return failure();
  }
  json::Object header{{"girih_pack", 1},
                      {"target", request.target},
                      {"compiler", compilerVersion().str()},
                      {"assembler", assemblerVersion(ptxas)}};
  llvm::Expected<std::unique_ptr<PackWriter>> writer = PackWriter::open(request.directory, std::move(header));
  if (!writer) {
    log << "error: " << llvm::toString(writer.takeError()) << "\n";
    return failure();
  }
  for (const std::string &problem : request.problems)
    if (failed(Compilation(request, problem, **writer, log).run()))
      return failure();
  return success();
}

} // namespace girih::tune
