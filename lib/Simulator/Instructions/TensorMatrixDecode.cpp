//===- TensorMatrixDecode.cpp - The forms of tcgen05.mma and cp -----------===//
#include "TensorMatrix.h"
#include "TensorMemory.h"

namespace girih::sim {
namespace {

struct MmaCall {
  MatrixKind kind = MatrixKind::F16;
  uint32_t ctaGroup = 1, scaleVector = 0, scaleInput = 0;
  bool isWeightStationary = false, fromTensor = false;
  AddressOperand d, tensorA, scalesA, scalesB;
  Operand a, b, descriptor, enables;
  std::vector<Operand> disabled;
};

MatrixKind takeKind(Decoder &d) {
  std::string found = d.oneOf(
      {"kind::f16", "kind::tf32", "kind::f8f6f4", "kind::i8", "kind::mxf8f6f4", "kind::mxf4", "kind::mxf4nvf4"});
  static const std::pair<const char *, MatrixKind> kinds[] = {
      {"kind::f16", MatrixKind::F16},           {"kind::tf32", MatrixKind::TF32},
      {"kind::f8f6f4", MatrixKind::F8F6F4},     {"kind::i8", MatrixKind::I8},
      {"kind::mxf8f6f4", MatrixKind::MXF8F6F4}, {"kind::mxf4", MatrixKind::MXF4},
      {"kind::mxf4nvf4", MatrixKind::MXF4NVF4}};
  for (const auto &[name, kind] : kinds)
    if (found == name)
      return kind;
  d.unsupported("its kind");
}

uint32_t takeScaleVector(Decoder &d, MatrixKind kind) {
  if (!isBlockScaled(kind))
    return 0;
  d.require("block_scale");
  std::string found = d.oneOf({"scale_vec::1X", "scale_vec::2X", "scale_vec::4X", "block32", "block16"});
  if (found == "block16" || found == "scale_vec::4X")
    return 4;
  if (found == "scale_vec::1X")
    return 1;
  if (found == "scale_vec::2X")
    return 2;
  return kind == MatrixKind::MXF8F6F4 ? 1 : 2;
}

void checkDescriptors(const Step &s, const TensorIssue &op) {
  auto fail = [&](const char *which, const std::string &problem) {
    if (!problem.empty())
      s.misuse(std::string(which) + ": " + problem);
  };
  fail("instruction descriptor", op.descriptor.problem);
  fail("descriptor of B", decodeMatrixDescriptor100(op.b).problem);
  if (!op.fromTensor)
    fail("descriptor of A", decodeMatrixDescriptor100(op.a).problem);
  uint32_t m = op.descriptor.m;
  bool fits = op.ctaGroup == 2 ? m == 128 || m == 256 : op.isWeightStationary ? m <= 128 : m == 64 || m == 128;
  if (!fits)
    s.misuse("instruction descriptor: m is " + std::to_string(m) +
             ", which .cta_group::" + std::to_string(op.ctaGroup) + " does not have");
}

Outcome issue(Step &s, const MmaCall &call) {
  unsigned lane = s.onlyLane("tcgen05.mma");
  TensorIssue op;
  op.kind = call.kind;
  op.ctaGroup = call.ctaGroup;
  op.isWeightStationary = call.isWeightStationary;
  op.fromTensor = call.fromTensor;
  op.scaleInput = call.scaleInput;
  op.scaleVector = call.scaleVector;
  auto address = [&](const AddressOperand &operand) {
    return s.read<uint32_t>(operand.base)[lane] + uint32_t(operand.offset);
  };
  op.d = address(call.d);
  op.a = call.fromTensor ? address(call.tensorA) : s.read<uint64_t>(call.a)[lane];
  op.b = s.read<uint64_t>(call.b)[lane];
  op.descriptor = decodeInstructionDescriptor(s.read<uint32_t>(call.descriptor)[lane], call.kind);
  op.packing = call.kind == MatrixKind::MXF4 || call.kind == MatrixKind::MXF4NVF4 ? Packing::Dense : Packing::Padded;
  op.accumulates = s.readPredicate(call.enables) >> lane & 1;
  for (size_t i = 0; i < call.disabled.size() && i < 8; ++i)
    op.disabled[i] = s.read<uint32_t>(call.disabled[i])[lane];
  if (call.scaleVector) {
    op.scalesA = address(call.scalesA);
    op.scalesB = address(call.scalesB);
  }
  checkDescriptors(s, op);
  Cluster &cluster = s.cluster();
  std::vector<Cta *> ctas{&s.cta()};
  if (call.ctaGroup == 2) {
    uint32_t rank = s.cta().rank;
    if (rank % 2 || rank + 1 >= cluster.ctas.size())
      s.misuse("tcgen05.mma of a pair of CTAs is issued by CTA " + std::to_string(rank) + " of a cluster of " +
               std::to_string(cluster.ctas.size()) + " when the even one of a pair issues it");
    ctas.push_back(cluster.ctas[rank + 1].get());
  }
  AsyncUnit &pipe = tensorPipe(s);
  TensorRun run;
  run.knowledge = forkTensor(s, pipe);
  uint32_t tick = ++pipe.issued;
  run.tensorRead = tensorAccess(s, pipe.component, tick, false);
  run.tensorWrite = tensorAccess(s, pipe.component, tick, true);
  // Operands in shared memory are read through the async proxy.
  run.sharedRead = run.tensorRead;
  run.sharedRead.proxy = Proxy::Async;
  if (ctas.size() == 2)
    ctas[1]->noteRemote(run.sharedRead);
  AsyncOperation operation;
  operation.name = "tcgen05.mma";
  operation.line = s.line();
  operation.detail = "m" + std::to_string(op.descriptor.m) + "n" + std::to_string(op.descriptor.n) + "k" +
                     std::to_string(op.descriptor.k);
  operation.step = [=] {
    runTensorMatrix(op, ctas, run);
    return true;
  };
  cluster.enqueue(pipe, std::move(operation));
  return Outcome::Next;
}

} // namespace

void decodeTensorMma(Decoder &d) {
  MmaCall call;
  if (d.has("sp"))
    d.unsupported("sparse operands");
  call.isWeightStationary = d.has("ws");
  call.ctaGroup = takeCtaGroup(d);
  call.kind = takeKind(d);
  call.scaleVector = takeScaleVector(d, call.kind);
  // Collectors only say what to keep for the next instruction.
  while (!d.startingWith("collector::").empty())
    ;
  if (d.has("ashift"))
    d.unsupported("shifted rows of A");
  call.d = d.address(0);
  call.fromTensor = d.raw(1).kind == SyntaxOperand::Kind::Address;
  if (call.fromTensor)
    call.tensorA = d.address(1);
  else
    call.a = d.source(1, Type::B64);
  call.b = d.source(2, Type::B64);
  call.descriptor = d.source(3, Type::B32);
  size_t at = 4;
  if (call.scaleVector) {
    call.scalesA = d.address(at++);
    call.scalesB = d.address(at++);
  }
  if (d.raw(at).kind == SyntaxOperand::Kind::Vector)
    call.disabled = d.sources(at++, Type::B32);
  call.enables = d.predicate(at++);
  if (d.count() > at) {
    if (call.isWeightStationary)
      d.unsupported("a zero-column mask");
    call.scaleInput = uint32_t(d.literal(at));
  }
  d.instruction().passesUndefined = false;
  d.run([call](Step &s) { return issue(s, call); });
}

/// tcgen05.cp: rows of shared memory into lanes, some of them repeated for
/// several quarters of the lanes.
void decodeTensorCopyIn(Decoder &d) {
  takeCtaGroup(d) == 2 ? d.unsupported("a copy for a pair of CTAs") : void();
  std::string shape = d.oneOf({"128x256b", "128x128b", "64x128b", "32x128b"});
  std::string repeat = d.oneOf({"warpx4", "warpx2::02_13", "warpx2::01_23"});
  if (shape.empty())
    d.unsupported("its shape");
  AddressOperand to = d.address(0);
  Operand from = d.source(1, Type::B64);
  uint32_t rows = uint32_t(std::atoi(shape.c_str()));
  uint32_t chunks = shape == "128x256b" ? 2 : 1;
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("tcgen05.cp");
    uint32_t target = s.read<uint32_t>(to.base)[lane] + uint32_t(to.offset);
    MatrixDescriptor descriptor = decodeMatrixDescriptor100(s.read<uint64_t>(from)[lane]);
    if (!descriptor.problem.empty())
      s.misuse("descriptor: " + descriptor.problem);
    AsyncUnit &pipe = tensorPipe(s);
    auto knowledge = forkTensor(s, pipe);
    uint32_t tick = ++pipe.issued;
    Access write = tensorAccess(s, pipe.component, tick, true), read = write;
    read.isWrite = false;
    read.proxy = Proxy::Async;
    Cta *cta = &s.cta();
    AsyncOperation operation;
    operation.name = "tcgen05.cp";
    operation.line = s.line();
    operation.step = [=] {
      for (uint32_t row = 0; row < rows; ++row)
        for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
          uint32_t words[4];
          bool isDefined;
          cta->readShared(descriptor.addressOf(row, chunk * 16, false), words, 16, read, *knowledge, &isDefined);
          for (uint32_t copy = 0; copy < 128 / rows; ++copy) {
            uint32_t at = repeat == "warpx2::01_23" ? row % 32 + 64 * (row / 32) + 32 * copy : row + rows * copy;
            for (uint32_t w = 0; w < 4; ++w)
              writeTensor(*cta, (target >> 16) + at, (target & 0xffff) + chunk * 4 + w, words[w], write, *knowledge,
                          isDefined);
          }
        }
      return true;
    };
    s.cluster().enqueue(pipe, std::move(operation));
    return Outcome::Next;
  });
}

} // namespace girih::sim
