// Compiling the schedules of problems into a pack (girih/Tune/Pack.h).
#ifndef GIRIH_TUNE_COMPILEPACK_H
#define GIRIH_TUNE_COMPILEPACK_H

#include "girih/Tune/Space.h"
#include "llvm/Support/raw_ostream.h"

namespace girih::tune {

struct PackRequest {
  std::string target, ptxas, directory;
  std::vector<std::string> problems; ///< as --attention has them
  int64_t count = 0;                 ///< schedules of a problem with code of their own
  unsigned threads = 0;              ///< 0 is as many as the machine has
  KnobValues values;
};

/// Compiles, in the order of the cost model, as many schedules of each problem as are
/// asked for. Those that a pass refuses, and those whose PTX another has already, do not
/// count. What the folder holds already from this compiler is kept and not compiled
/// again. Tells how it goes on `log`. Errors are told there too.
mlir::LogicalResult compilePack(const PackRequest &request, llvm::raw_ostream &log);

/// The problem of a text and its op. As long as this lives, diagnostics are told on `log`
/// with their place in the text, unless a handler that came later takes them.
class ProblemText {
public:
  ProblemText(mlir::MLIRContext &context, llvm::StringRef text, llvm::raw_ostream &log);
  ~ProblemText();

  attn::ForwardOp op() const; ///< null after a diagnostic
  mlir::ModuleOp module() const;
  const std::string &name() const; ///< for files

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace girih::tune

#endif // GIRIH_TUNE_COMPILEPACK_H
