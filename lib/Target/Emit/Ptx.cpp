// LLVM IR and PTX from a lowered module.
#include "girih/Target/Emit.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "mlir/Target/LLVMIR/TypeToLLVM.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;

namespace girih {
namespace {

constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";

/// What the kernels need of LLVM is little: their loops are laid out and their
/// tiles are scalars already. The loop passes of -O3 gain nothing, cost time, and
/// can keep ptxas from seeing that a branch is uniform (docs/performance.md).
constexpr llvm::StringLiteral kPasses =
    "function(early-cse,instcombine<no-verify-fixpoint>,simplifycfg,early-cse),globaldce";

std::unique_ptr<llvm::TargetMachine> makeMachine(Location loc, const Target &target) {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
  std::string error;
  llvm::Triple triple(kTriple);
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) {
    emitError(loc) << "this LLVM has no NVPTX back end: " << error;
    return nullptr;
  }
  return std::unique_ptr<llvm::TargetMachine>(
      backend->createTargetMachine(triple, target.chip(), target.ptxFeature(), llvm::TargetOptions(), std::nullopt,
                                   std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// Neither MLIR nor LLVM's verifier looks at the constraints of inline assembly, and code
/// generation crashes on what they should have refused.
LogicalResult checkAssembly(gpu::GPUModuleOp module, llvm::LLVMContext &context) {
  LLVM::TypeToLLVMIRTranslator types(context);
  WalkResult result = module.walk([&](LLVM::InlineAsmOp op) {
    llvm::Type *returned = llvm::Type::getVoidTy(context);
    if (op->getNumResults() == 1)
      returned = types.translateType(op->getResult(0).getType());
    auto taken = llvm::map_to_vector(op.getOperands().getTypes(), [&](Type type) { return types.translateType(type); });
    llvm::Error error =
        llvm::InlineAsm::verify(llvm::FunctionType::get(returned, taken, /*isVarArg=*/false), op.getConstraints());
    if (!error)
      return WalkResult::advance();
    op.emitOpError() << "cannot have the constraints \"" << op.getConstraints()
                     << "\": " << llvm::toString(std::move(error));
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// MLIR's inline assembly cannot be marked convergent. Without the mark LLVM
/// duplicates blocks around barriers, and warps that should meet do not.
void markAssemblyConvergent(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block)
        if (auto *call = dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm()) {
          call->setConvergent();
          call->setDoesNotThrow();
        }
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, kPasses));
  passes.run(module, modules);
}

/// Where a role, or a group of them, gets its registers.
bool startsRole(const llvm::Instruction &instruction) {
  auto *call = dyn_cast<llvm::IntrinsicInst>(&instruction);
  return call && (call->getIntrinsicID() == llvm::Intrinsic::nvvm_setmaxnreg_inc_sync_aligned_u32 ||
                  call->getIntrinsicID() == llvm::Intrinsic::nvvm_setmaxnreg_dec_sync_aligned_u32);
}

/// The name in PTX of a special register of 32 bits that is read; empty for all else.
std::string specialRegister(const llvm::Instruction &instruction) {
  auto *call = dyn_cast<llvm::IntrinsicInst>(&instruction);
  StringRef name = call ? call->getCalledFunction()->getName() : "";
  if (!name.consume_front("llvm.nvvm.read.ptx.sreg.") || !call->getType()->isIntegerTy(32))
    return "";
  return name.consume_front("cluster.") ? ("%cluster_" + name).str() : ("%" + name).str();
}

/// Each role reads the numbers of its CTA for itself, by assembly that LLVM takes for another number each time. What
/// several roles compute of one it would compute before they part, and ptxas spill there.
void readNumbersInRoles(llvm::Function &function) {
  llvm::DominatorTree dominators(function);
  llvm::SmallVector<llvm::Instruction *> starts, reads;
  for (llvm::Instruction &instruction : llvm::instructions(function)) {
    if (startsRole(instruction))
      starts.push_back(&instruction);
    else if (!specialRegister(instruction).empty())
      reads.push_back(&instruction);
  }
  for (llvm::Instruction *start : starts) {
    llvm::StringMap<llvm::Value *> numbers;
    for (llvm::Instruction *&read : reads) {
      if (!read || !dominators.dominates(start, read))
        continue;
      std::string name = specialRegister(*read);
      llvm::Value *&number = numbers[name];
      if (!number) {
        auto *type = llvm::FunctionType::get(read->getType(), /*isVarArg=*/false);
        auto *assembly = llvm::InlineAsm::get(type, "mov.u32 $0, " + name + ";", "=r", /*hasSideEffects=*/true);
        number = llvm::IRBuilder<>(start->getNextNode()).CreateCall(assembly);
      }
      read->replaceAllUsesWith(number);
      read->eraseFromParent();
      read = nullptr;
    }
  }
}

} // namespace

FailureOr<std::string> emitPtxText(gpu::GPUModuleOp module, const Target &target) {
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(module.getLoc(), target);
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  if (failed(checkAssembly(module, context)))
    return failure();
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(module, context, module.getName());
  if (!llvmModule)
    return module.emitError("cannot be translated to LLVM IR");
  llvmModule->setTargetTriple(llvm::Triple(kTriple));
  llvmModule->setDataLayout(machine->createDataLayout());
  markAssemblyConvergent(*llvmModule);
  optimize(*llvmModule, *machine);
  if (target.hasTensorMemory()) // whose kernels have roles of few registers
    for (llvm::Function &function : *llvmModule)
      if (!function.isDeclaration())
        readNumbersInRoles(function);

  llvm::SmallString<0> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return module.emitError("LLVM cannot write PTX");
  codegen.run(*llvmModule);
  for (StringRef line : llvm::split(ptx, '\n'))
    if (line.trim().starts_with(".file") && line.contains("\\\""))
      return module.emitError("cannot write line numbers: ptxas takes no '\"' in the name of a file:") << line;
  return ptx.str().str();
}

} // namespace girih
