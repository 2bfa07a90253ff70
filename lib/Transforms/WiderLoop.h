// Loops that carry more than before.
#ifndef GIRIH_LIB_TRANSFORMS_WIDERLOOP_H
#define GIRIH_LIB_TRANSFORMS_WIDERLOOP_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace girih {

/// A copy of a loop, in its place, that carries further values behind those it had.
class WiderLoop {
public:
  /// Of an scf.for, or of an scf.while that hands on what it carries. The further values
  /// start as `inits`.
  WiderLoop(mlir::RewriterBase &rewriter, mlir::Operation *loop, mlir::ValueRange inits);

  mlir::Block *getBody() const { return body; }
  /// The further values in the body and after the loop.
  mlir::ValueRange getInside() const { return body->getArguments().take_back(count); }
  mlir::ValueRange getResults() const { return loop->getResults().take_back(count); }
  /// What becomes of them at the end of a round; to be said once.
  void yield(mlir::ValueRange next) {
    mlir::Operation *end = body->getTerminator();
    end->insertOperands(end->getNumOperands(), next);
  }

private:
  mlir::Operation *loop;
  mlir::Block *body;
  size_t count;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_WIDERLOOP_H
