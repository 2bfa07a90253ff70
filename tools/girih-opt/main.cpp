// girih-opt: every dialect and pass of the compiler, as mlir-opt.
#include "girih/InitAll.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  girih::registerAllDialects(registry);
  girih::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Girih optimizer driver\n", registry));
}
