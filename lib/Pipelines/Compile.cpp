// Passes, LLVM, ptxas and manifest, one after another and timed.
#include "girih/Pipelines/Compile.h"
#include "girih/Pipelines/Pipelines.h"

#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
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
  if (failed(applyPassManagerCLOptions(manager)))
    return failure();
  if (request.afterPhase)
    manager.addInstrumentation(std::make_unique<PhaseReporter>(module, request.afterPhase));
  build(manager);
  return manager.run(module);
}

FailureOr<CompileResult> emitKernel(gpu::GPUModuleOp module, LLVM::LLVMFuncOp kernel, const CompileRequest &request,
                                    StringRef ptxas, const Milliseconds &soFar) {
  const Target *target = lookupTarget(kernel);
  if (!target)
    return failure();
  CompileResult result;
  result.kernel.name = request.name.empty() ? kernel.getName().str() : request.name;
  Milliseconds &times = result.kernel.milliseconds = soFar;
  {
    PhaseTimer timer(times, "llvm");
    FailureOr<std::string> ptx = emitPtxText(module, *target);
    if (failed(ptx))
      return failure();
    result.kernel.ptx = std::move(*ptx);
  }
  {
    PhaseTimer timer(times, "ptxas");
    FailureOr<Assembly> assembly =
        assemble(kernel.getLoc(), result.kernel.ptx, target->chip(), ptxas, request.hasLineInfo);
    if (failed(assembly))
      return failure();
    result.kernel.assembly = std::move(*assembly);
  }
  FailureOr<llvm::json::Object> manifest = makeManifest(kernel, *target, result.kernel);
  if (failed(manifest))
    return failure();
  result.manifest = std::move(*manifest);
  return result;
}

} // namespace

FailureOr<std::vector<CompileResult>> compileModule(ModuleOp module, const CompileRequest &request) {
  std::string ptxas = findPtxas(request.ptxas);
  if (ptxas.empty())
    return module.emitError("ptxas not found: install a CUDA toolkit, set CUDA_ROOT, or give its path");
  CompileOptions options;
  options.target = request.target;
  Milliseconds times;
  {
    PhaseTimer timer(times, "tile");
    if (failed(runStage(module, request, [&](OpPassManager &manager) { buildAttentionToTile(manager, options); })))
      return failure();
  }
  {
    PhaseTimer timer(times, "barriers");
    if (failed(runStage(module, request, buildTileToBarriers)))
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
  std::vector<CompileResult> results;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto function : kernels.getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName())) {
        FailureOr<CompileResult> result = emitKernel(kernels, function, request, ptxas, times);
        if (failed(result))
          return failure();
        results.push_back(std::move(*result));
      }
  if (results.empty())
    return module.emitError("there is nothing to compile: no attn.forward and no kernel in a gpu.module");
  return results;
}

} // namespace girih
