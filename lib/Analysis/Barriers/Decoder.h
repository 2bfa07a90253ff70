// Makes the role programs (Program.h) of a kernel; for Program.cpp and ProgramOps.cpp.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_DECODER_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_DECODER_H

#include "Program.h"
#include "Registers.h"
#include "Slice.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <optional>

namespace girih {

/// The value that an op hides from other passes, or the value itself.
mlir::Value withoutOpaque(mlir::Value value);

/// Decodes one kernel into `program`, or adds findings.
class Decoder {
public:
  Decoder(mlir::gpu::GPUFuncOp kernel, BarrierProgram &program, llvm::SmallVectorImpl<BarrierFinding> &findings)
      : kernel(kernel), program(program), findings(findings) {}

  void decode();

private:
  using Code = BarrierProgram::Code;
  using Instruction = BarrierProgram::Instruction;

  void checkExchange(tile::ClusterReduceOp op);
  void decodeMemory();
  template <typename Info> void addOtherCtas(std::vector<Info> &infos);
  void decodeRole(tile::RoleOp role);
  void decodeBlock(mlir::Block &block);
  void decodeLoop(mlir::scf::ForOp loop);
  void decodeLoop(mlir::scf::WhileOp loop);
  int64_t numberOfLoop(mlir::Operation *loop) const;
  void addLoop(mlir::Operation *op, BarrierProgram::Loop loop, mlir::Block *body);
  void decodeBranch(mlir::scf::IfOp op, mlir::Block *block);
  void decodePuts(mlir::Operation *op);
  void putAll(mlir::ValueRange into, mlir::ValueRange values, mlir::Operation *op);
  bool isSearch(mlir::Operation *op) const;
  bool isNeeded(mlir::Operation *op) const;
  bool onlyAccesses(mlir::scf::IfOp op) const;
  bool decodeFirstRound(mlir::Operation *op);
  bool decodeHasRun(mlir::Operation *op);
  void decodeScalar(mlir::Operation *op);
  void decodeEvent(mlir::Operation *op);

  void refuse(mlir::Operation *op, const llvm::Twine &text) { findings.push_back({op->getLoc(), text.str(), {}}); }
  int reg(mlir::Value value) {
    auto [entry, isNew] = registers.try_emplace(value, role->registers);
    role->registers += isNew;
    return entry->second;
  }
  int numberOf(mlir::Value tile) { return tiles.try_emplace(tile, tiles.size()).first->second; }
  Instruction &emit(Code code, mlir::Operation *op) {
    if (site < 0 || siteOp != op) {
      site = program.sites.size();
      siteOp = op;
      program.sites.push_back(op->getLoc());
    }
    role->code.push_back({code});
    role->code.back().site = site;
    return role->code.back();
  }
  void move(mlir::Value to, mlir::Value from, mlir::Operation *op) {
    Instruction &instruction = emit(Code::Move, op);
    instruction.dest = reg(to);
    instruction.a = reg(from);
  }

  mlir::gpu::GPUFuncOp kernel;
  BarrierProgram &program;
  llvm::SmallVectorImpl<BarrierFinding> &findings;
  BarrierProgram::Role *role = nullptr;
  BarrierSlice slice;
  std::optional<TileRegisters> tileRegisters;
  llvm::DenseMap<mlir::Value, int> registers, arrays, tiles;
  llvm::DenseMap<mlir::Operation *, int> loops; ///< by number in the role
  mlir::Operation *siteOp = nullptr;
  int site = -1;
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_DECODER_H
