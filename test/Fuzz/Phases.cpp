#include "Phases.h"

#include "girih/Pipelines/Pipelines.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace girih::fuzz {

/// Appends the leaves of `gpu.module(a,gpu.func(b{x=1}))`, each with its anchors.
static void flatten(StringRef text, const std::string &before, const std::string &after,
                    std::vector<std::string> &leaves) {
  while (!text.empty()) {
    int depth = 0;
    bool isOption = false;
    size_t end = 0, open = StringRef::npos;
    for (; end < text.size(); ++end) {
      char c = text[end];
      isOption = c == '{' || (isOption && c != '}');
      if (isOption)
        continue;
      if (c == '(' && depth++ == 0)
        open = end;
      depth -= c == ')';
      if (c == ',' && depth == 0)
        break;
    }
    StringRef entry = text.take_front(end);
    if (open == StringRef::npos)
      leaves.push_back(before + entry.str() + after);
    else
      flatten(entry.slice(open + 1, entry.rfind(')')), before + entry.take_front(open + 1).str(), ")" + after, leaves);
    text = text.drop_front(std::min(end + 1, text.size()));
  }
}

std::vector<std::string> compilerPasses(StringRef target) {
  OpPassManager manager(ModuleOp::getOperationName());
  CompileOptions options;
  options.target = target.str();
  buildCompile(manager, options);
  std::string text;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  std::vector<std::string> leaves;
  StringRef inner(text);
  if (inner.consume_front("builtin.module("))
    inner = inner.drop_back();
  flatten(inner, "", "", leaves);
  return leaves;
}

LogicalResult runPass(ModuleOp module, StringRef pass, std::string &wrong) {
  PassManager manager(module.getContext());
  manager.enableVerifier(false);
  if (failed(parsePassPipeline(pass, manager))) {
    wrong = "the pipeline does not parse";
    return failure();
  }
  if (failed(manager.run(module)))
    return failure();
  if (succeeded(verify(module)))
    return success();
  wrong = "leaves IR that is not valid";
  return failure();
}

std::vector<Phase> phasesOf(StringRef path, MLIRContext &context, ArrayRef<std::string> passes) {
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
  if (!module)
    exit(2);
  std::vector<Phase> phases;
  auto add = [&](const std::string &name, size_t done) {
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    if (phases.empty() || text != phases.back().text)
      phases.push_back({name, text, done});
  };
  add(path.str(), 0);
  bool hasConverted = false;
  for (auto [index, pass] : llvm::enumerate(passes)) {
    std::string wrong;
    if (failed(runPass(*module, pass, wrong))) {
      llvm::errs() << path << ": " << pass << ": " << wrong << "\n";
      exit(2);
    }
    // Later passes and their IR are all MLIR's own.
    if (hasConverted)
      break;
    hasConverted = StringRef(pass).contains("convert-tile");
    add(path.str() + " after " + pass, index + 1);
  }
  return phases;
}

} // namespace girih::fuzz
