// Passes, LLVM, ptxas and manifest, one after another and timed.
#include "CompileOnce.h"

#include "Ends.h"
#include "girih/Pipelines/Pipelines.h"

#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringMap.h"
#include <chrono>

using namespace mlir;

namespace girih {
namespace {

using Milliseconds = std::vector<std::pair<std::string, double>>;

/// Adds the time from its construction to its end under a name.
class PhaseTimer {
public:
  PhaseTimer(Milliseconds &times, StringRef phase)
      : times(times), phase(phase), start(std::chrono::steady_clock::now()) {}
  ~PhaseTimer() {
    std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    times.emplace_back(phase, elapsed.count());
  }

private:
  Milliseconds &times;
  std::string phase;
  std::chrono::steady_clock::time_point start;
};

/// Reports the module after each pass that makes a phase of the compiler.
struct PhaseReporter : PassInstrumentation {
  PhaseReporter(ModuleOp module, std::function<void(StringRef, ModuleOp)> report)
      : module(module), report(std::move(report)) {}

  void runAfterPass(Pass *pass, Operation *) override {
    StringRef name = pass->getArgument();
    if (name.starts_with("attn-") || name.starts_with("tile-") || name.starts_with("convert-tile"))
      report(name, module);
  }

  ModuleOp module;
  std::function<void(StringRef, ModuleOp)> report;
};

LogicalResult runStage(ModuleOp module, const CompileRequest &request, function_ref<void(OpPassManager &)> build) {
  PassManager manager(module.getContext());
  if (request.configure && failed(request.configure(manager)))
    return failure();
  if (request.afterPhase)
    manager.addInstrumentation(std::make_unique<PhaseReporter>(module, request.afterPhase));
  build(manager);
  return manager.run(module);
}

/// The kernels of a module, in the order in which they stand.
SmallVector<LLVM::LLVMFuncOp> kernelsOf(ModuleOp module) {
  SmallVector<LLVM::LLVMFuncOp> kernels;
  for (auto inner : module.getOps<gpu::GPUModuleOp>())
    for (auto function : inner.getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
        kernels.push_back(function);
  return kernels;
}

StringRef stemOf(LLVM::LLVMFuncOp kernel, const CompileRequest &request) {
  return request.name.empty() ? kernel.getName() : StringRef(request.name);
}

/// Each kernel gets files of its own.
LogicalResult checkNames(ArrayRef<LLVM::LLVMFuncOp> kernels, const CompileRequest &request) {
  llvm::StringMap<LLVM::LLVMFuncOp> seen;
  for (LLVM::LLVMFuncOp kernel : kernels) {
    StringRef stem = stemOf(kernel, request);
    if (!isFileStem(stem))
      return kernel.emitError() << "'" << stem << "' cannot be the name of files";
    auto [other, isNew] = seen.try_emplace(stem, kernel);
    if (isNew)
      continue;
    InFlightDiagnostic diagnostic = kernel.emitError() << "two kernels would write the files '" << stem << ".*'";
    diagnostic.attachNote(other->second.getLoc()) << "the other is here";
    return diagnostic;
  }
  return success();
}

/// PTX and cubin of one module, manifests of its kernels.
LogicalResult emitModule(gpu::GPUModuleOp module, ArrayRef<LLVM::LLVMFuncOp> kernels, const CompileRequest &request,
                         StringRef ptxas, Milliseconds times, std::vector<CompileResult> &results) {
  const Target *target = lookupTarget(kernels.front());
  if (!target)
    return failure();
  FailureOr<std::string> ptx;
  {
    PhaseTimer timer(times, "llvm");
    ptx = emitPtxText(module, *target);
    if (failed(ptx))
      return failure();
  }
  if (request.beforeAssembly && !request.beforeAssembly(*ptx))
    return failure();
  FailureOr<Assembly> assembly;
  {
    PhaseTimer timer(times, "ptxas");
    assembly = assemble(module, *ptx, target->chip(), ptxas, request.hasLineInfo);
    if (failed(assembly))
      return failure();
  }
  for (LLVM::LLVMFuncOp kernel : kernels) {
    auto resources = assembly->kernels.find(kernel.getName());
    if (resources == assembly->kernels.end())
      return kernel.emitError("ptxas reports nothing of this kernel: ") << assembly->log;
    CompileResult result;
    result.kernel = {stemOf(kernel, request).str(), *ptx, assembly->cubin, resources->second, times};
    FailureOr<llvm::json::Object> manifest = makeManifest(kernel, *target, result.kernel);
    if (failed(manifest))
      return failure();
    result.manifest = std::move(*manifest);
    results.push_back(std::move(result));
  }
  return success();
}

} // namespace

bool isFileStem(StringRef name) {
  constexpr size_t longest = 255 - std::size(".cubin"); // of one name, on the usual file systems
  return !name.empty() && name != "." && name != ".." && name.size() <= longest && llvm::json::isUTF8(name) &&
         llvm::none_of(name, [](unsigned char c) { return c == '/' || c < ' ' || c == 0x7f; });
}

FailureOr<std::vector<CompileResult>> compileOnce(ModuleOp module, const CompileRequest &request) {
  std::string ptxas = findPtxas(request.ptxas);
  if (ptxas.empty())
    return module.emitError("ptxas not found: install a CUDA toolkit, set CUDA_ROOT, or give its path");
  CompileOptions options;
  options.target = request.target;
  options.schedules = request.schedules;
  FailureOr<Phase> from = entryPhase(module);
  if (failed(from))
    return failure();
  Milliseconds times;
  {
    PhaseTimer timer(times, "tile");
    if (failed(
            runStage(module, request, [&](OpPassManager &manager) { buildAttentionToTile(manager, options, *from); })))
      return failure();
  }
  {
    PhaseTimer timer(times, "barriers");
    if (failed(runStage(module, request, [&](OpPassManager &manager) { buildTileToBarriers(manager, *from); })))
      return failure();
  }
  {
    PhaseTimer timer(times, "convert");
    auto build = [&](OpPassManager &manager) {
      buildTileToLLVM(manager);
      // Line tables need a scope for each function. Directives alone suffice:
      // ptxas makes the tables of the cubin from them.
      if (request.hasLineInfo)
        manager.addPass(LLVM::createDIScopeForLLVMFuncOpPass({LLVM::DIEmissionKind::DebugDirectivesOnly}));
    };
    if (failed(runStage(module, request, build)))
      return failure();
  }
  SmallVector<LLVM::LLVMFuncOp> kernels = kernelsOf(module);
  if (kernels.empty())
    return reportNoKernel(module);
  if (failed(checkTranslatable(module)) || failed(checkNames(kernels, request)))
    return failure();
  std::vector<CompileResult> results;
  for (ArrayRef<LLVM::LLVMFuncOp> rest = kernels; !rest.empty();) {
    auto inner = cast<gpu::GPUModuleOp>(rest.front()->getParentOp());
    auto ours = rest.take_while([&](LLVM::LLVMFuncOp kernel) { return kernel->getParentOp() == inner; });
    if (failed(emitModule(inner, ours, request, ptxas, times, results)))
      return failure();
    rest = rest.drop_front(ours.size());
  }
  return results;
}

} // namespace girih
