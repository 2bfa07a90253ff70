// CTAs of a cluster, which share work items and see each other's shared memory.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {

void syncAll(ImplicitLocOpBuilder &b, int64_t cluster) {
  if (cluster == 1) {
    NVVM::Barrier0Op::create(b);
    return;
  }
  NVVM::ClusterArriveOp::create(b, b.getUnitAttr());
  NVVM::ClusterWaitOp::create(b, b.getUnitAttr());
}

Value isLeader(ImplicitLocOpBuilder &b) {
  Value cta = gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, cta, arith::ConstantIndexOp::create(b, 0));
}

Value clusterPointer(ImplicitLocOpBuilder &b, Value address) {
  auto space = static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster);
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), space), address);
}

/// PTX ISA, "mapa". Without effects, so that loops compute it once.
Value inLeader(ImplicitLocOpBuilder &b, Value address) {
  return LLVM::InlineAsmOp::create(b, b.getI32Type(), ValueRange(address), "mapa.shared::cluster.u32 $0, $1, 0;",
                                   "=r,r", /*has_side_effects=*/false, /*is_align_stack=*/false,
                                   LLVM::TailCallKind::None,
                                   LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr())
      .getRes();
}

} // namespace girih
