//===- TensorMatrixDecode.cpp - The forms of tcgen05.mma ------------------===//
#include "MatrixKind.h"
#include "TensorMatrix.h"

namespace girih::sim {
namespace {

/// `.collector::a::op` and `.collector::bN::op`: buffer 0 is that of A, 1 to 4
/// are those of B.
struct CollectorUse {
  std::string name;
  uint32_t buffer = 0;
  bool fills = false, uses = false;
};

struct MmaCall {
  InstructionForm form;
  bool isSparse = false, fromTensor = false, shiftsA = false;
  uint32_t scaleInput = 0;
  CollectorUse collector;
  AddressOperand d, tensorA, scalesA, scalesB, metadata;
  Operand a, b, descriptor, enables, columns;
  std::vector<Operand> disabled;
};

MatrixKind takeKind(Decoder &d) {
  if (auto kind = takeMatrixKind(d))
    return *kind;
  d.unsupported("its kind");
}

CollectorUse takeCollector(Decoder &d, const MmaCall &call) {
  CollectorUse use;
  use.buffer = call.form.isWeightStationary ? 1 : 0;
  std::string found = d.startingWith("collector::");
  if (found.empty())
    return use;
  use.name = found;
  size_t split = found.rfind("::");
  std::string buffer = found.substr(11, split - 11), op = found.substr(split + 2);
  if (call.form.isWeightStationary && buffer.size() == 2 && buffer[0] == 'b' && buffer[1] >= '0' && buffer[1] <= '3')
    use.buffer = 1 + uint32_t(buffer[1] - '0');
  else if (call.form.isWeightStationary || buffer != "a")
    d.fail("collector buffer " + buffer + " when it should be " + (call.form.isWeightStationary ? "b0 to b3" : "a"));
  if (op != "fill" && op != "use" && op != "lastuse" && op != "discard")
    d.unsupported("collector operation " + op);
  use.uses = op == "use" || op == "lastuse";
  use.fills = op == "fill" || op == "use";
  if (call.shiftsA && use.fills)
    d.fail(".ashift with ." + found + ", which the PTX ISA forbids");
  return use;
}

/// PTX ISA, ".collector_usage": a use needs the fill to be valid still. The
/// hardware may as well read the operand again, so it has to be the same one.
void judgeCollector(const Step &s, const CollectorUse &use, uint64_t operand) {
  TensorMemory::Collector &buffer = s.cta().tensor.collectors[use.buffer];
  if (use.uses && !buffer.line)
    s.misuse("." + use.name + " without a fill of the collector buffer that is still valid");
  if (use.uses && buffer.operand != operand)
    s.misuse("." + use.name + " of the operand " + std::to_string(operand) + " when line " +
             std::to_string(buffer.line) + " filled the collector buffer from " + std::to_string(buffer.operand));
  if (!use.fills)
    buffer = {};
  else if (!use.uses)
    buffer = {operand, s.line()};
}

/// PTX ISA, "Valid Combinations of Type-Size, Major-ness and Swizzling".
std::string checkLayout(const MatrixDescriptor &descriptor, const TensorIssue &op, bool isMnMajor, uint32_t bytesOfK) {
  if (!descriptor.problem.empty())
    return descriptor.problem;
  bool isTf32 = op.form.kind == MatrixKind::TF32;
  if (descriptor.atom == 32 && !isMnMajor)
    return "atoms of 32 bytes, which only MN-major operands have";
  if (isMnMajor && (descriptor.atom == 32) != isTf32)
    return std::string("atoms of ") + std::to_string(descriptor.atom) + " bytes when MN-major operands of " +
           (isTf32 ? "32 bits have a 128-byte swizzle with atoms of 32" : "less than 32 bits have atoms of 16");
  if (!isMnMajor && descriptor.swizzle && descriptor.swizzle < bytesOfK)
    return "a swizzle of " + std::to_string(descriptor.swizzle) + " bytes when K has " + std::to_string(bytesOfK);
  return "";
}

/// PTX ISA, "Data Path Layout Organization": where D, A and the metadata begin.
void checkLanes(const Step &s, const TensorIssue &op) {
  uint32_t lane = op.d >> 16;
  if (lane && !(lane == 16 && op.usesHalfOfLanes()))
    s.misuse("D begins at tensor memory lane " + std::to_string(lane) + " when it should be " +
             (op.usesHalfOfLanes() ? "0 or 16" : "0"));
  auto same = [&](const char *what, uint32_t found) {
    if (found != lane)
      s.misuse(std::string(what) + " begins at tensor memory lane " + std::to_string(found) + " when that of D is " +
               std::to_string(lane));
  };
  if (op.fromTensor)
    same("A", uint32_t(op.a) >> 16);
  if (op.descriptor.isSparse)
    same("the sparse metadata", op.metadata >> 16);
}

void checkSparse(const Step &s, const TensorIssue &op, bool isSparse) {
  const InstructionDescriptor &d = op.descriptor;
  if (d.isSparse != isSparse)
    s.misuse(std::string("instruction descriptor: sparsity is ") + (d.isSparse ? "1" : "0") + " in a tcgen05.mma " +
             (isSparse ? "with .sp" : "without .sp"));
  if (!isSparse)
    return;
  if (d.sparsitySelector > 1)
    s.stop(VerdictKind::Unsupported, "sparsity selector " + std::to_string(d.sparsitySelector));
  if (op.metadata & 1)
    s.misuse("the sparse metadata begins at tensor memory column " + std::to_string(op.metadata & 0xffff) +
             " when the column should be even");
}

void checkOperands(const Step &s, const TensorIssue &op, bool isSparse) {
  const InstructionDescriptor &d = op.descriptor;
  auto fail = [&](const char *which, const std::string &problem) {
    if (!problem.empty())
      s.misuse(std::string(which) + ": " + problem);
  };
  fail("instruction descriptor", checkInstruction(d, op.form));
  checkSparse(s, op, isSparse);
  fail("descriptor of B", checkLayout(decodeMatrixDescriptor100(op.b), op, d.transposesB, 32u << d.isSparse));
  if (!op.fromTensor)
    fail("descriptor of A", checkLayout(decodeMatrixDescriptor100(op.a), op, d.transposesA, 32));
  else if (d.transposesA)
    s.misuse("instruction descriptor: A is transposed, but it lies in tensor memory");
  if (op.shiftsA && op.rows() != 128)
    s.misuse("instruction descriptor: m is " + std::to_string(d.m) + " when .ashift has 128 or 256");
  fail("zero-column mask", op.columns.problem);
  if (op.columns.shift > d.maximumShift)
    s.misuse("the columns of B are shifted by " + std::to_string(op.columns.shift) +
             " when the instruction descriptor allows " + std::to_string(d.maximumShift));
  checkLanes(s, op);
}

Outcome issue(Step &s, const MmaCall &call) {
  unsigned lane = s.onlyLane("tcgen05.mma");
  TensorIssue op;
  op.form = call.form;
  op.fromTensor = call.fromTensor;
  op.shiftsA = call.shiftsA;
  op.scaleInput = call.scaleInput;
  auto address = [&](const AddressOperand &operand) {
    return s.read<uint32_t>(operand.base)[lane] + uint32_t(operand.offset);
  };
  op.d = address(call.d);
  op.a = call.fromTensor ? address(call.tensorA) : s.read<uint64_t>(call.a)[lane];
  op.b = s.read<uint64_t>(call.b)[lane];
  uint32_t descriptor = s.read<uint32_t>(call.descriptor)[lane];
  op.descriptor = decodeInstructionDescriptor(descriptor, call.form.kind);
  bool isDense = call.form.kind == MatrixKind::MXF4 || call.form.kind == MatrixKind::MXF4NVF4;
  op.packing = isDense ? Packing::Dense : Packing::Padded;
  op.accumulates = s.readPredicate(call.enables) >> lane & 1;
  for (size_t i = 0; i < call.disabled.size(); ++i)
    op.disabled[i] = s.read<uint32_t>(call.disabled[i])[lane];
  if (call.form.scaleVector) {
    op.scalesA = address(call.scalesA);
    op.scalesB = address(call.scalesB);
  }
  if (call.isSparse)
    op.metadata = address(call.metadata);
  if (call.columns && checkInstruction(op.descriptor, op.form).empty())
    op.columns = decodeZeroColumnMask(s.read<uint64_t>(call.columns)[lane], op.descriptor.m, op.descriptor.n);
  checkOperands(s, op, call.isSparse);
  judgeCollector(s, call.collector, call.form.isWeightStationary ? op.b : op.a);
  TensorTurn turn =
      takeTurn(s, {TensorStage::Kind::Mma, op.d, descriptor & 0x1ffe0000}, call.form.ctaGroup, "tcgen05.mma");
  AsyncOperation operation;
  operation.name = "tcgen05.mma";
  operation.line = s.line();
  operation.detail = "m" + std::to_string(op.descriptor.m) + "n" + std::to_string(op.descriptor.n) + "k" +
                     std::to_string(op.descriptor.k);
  double share = double(op.descriptor.k) * typeBits(op.descriptor.a) / 16 / call.form.ctaGroup;
  operation.work.kind = AsyncWork::Kind::Matrix;
  // Half of the rows take as long as all.
  operation.work.products = std::max(128.0, double(op.rows())) * call.form.ctaGroup * op.descriptor.n * share;
  operation.work.operations = 2.0 * op.rows() * op.descriptor.n * op.descriptor.k;
  operation.work.bytes = uint64_t((op.fromTensor ? 0 : op.descriptor.m) + op.descriptor.n) * uint64_t(share * 16) / 8;
  operation.step = [=] {
    runTensorMatrix(op, turn);
    return true;
  };
  s.cluster().enqueue(*turn.unit, std::move(operation));
  return Outcome::Next;
}

/// `{disable-output-lane}, enable-input-d, scale-input-d`, of `.ws` the mask of
/// columns in place of the last.
void takeTail(Decoder &d, MmaCall &call, size_t at) {
  if (d.raw(at).kind == SyntaxOperand::Kind::Vector) {
    if (call.form.isWeightStationary || call.form.scaleVector)
      d.fail("disables output lanes, which .ws and .block_scale cannot");
    call.disabled = d.sources(at++, Type::B32);
    if (call.disabled.size() != 4 * call.form.ctaGroup)
      d.fail("has " + std::to_string(call.disabled.size()) + " words of disabled lanes when .cta_group::" +
             std::to_string(call.form.ctaGroup) + " has " + std::to_string(4 * call.form.ctaGroup));
  }
  call.enables = d.predicate(at++);
  if (d.count() <= at)
    return;
  if (call.form.isWeightStationary) {
    call.columns = d.source(at, Type::B64);
    return;
  }
  int64_t scale = d.literal(at);
  if (call.form.kind != MatrixKind::F16 && call.form.kind != MatrixKind::TF32)
    d.fail("scales the input D, which only .kind::f16 and .kind::tf32 can");
  if (scale < 0 || scale > 15)
    d.fail("the scale of the input D is " + std::to_string(scale) + " when it should be 0 to 15");
  call.scaleInput = uint32_t(scale);
}

} // namespace

void decodeTensorMma(Decoder &d) {
  MmaCall call;
  call.isSparse = d.has("sp");
  call.form.isWeightStationary = d.has("ws");
  call.form.ctaGroup = takeCtaGroup(d);
  call.form.kind = takeKind(d);
  call.form.scaleVector = takeScaleVector(d, call.form.kind, true);
  if (call.form.isWeightStationary && (call.form.ctaGroup == 2 || call.form.scaleVector))
    d.fail(".ws with .cta_group::2 or .block_scale, which the PTX ISA does not have");
  call.fromTensor = d.raw(1).kind == SyntaxOperand::Kind::Address;
  call.shiftsA = d.has("ashift");
  if (call.shiftsA && (!call.fromTensor || call.form.scaleVector || call.form.isWeightStationary))
    d.fail(".ashift is for A in tensor memory, without .block_scale and .ws");
  call.collector = takeCollector(d, call);
  call.d = d.address(0);
  if (call.fromTensor)
    call.tensorA = d.address(1);
  else
    call.a = d.source(1, Type::B64);
  call.b = d.source(2, Type::B64);
  size_t at = 3;
  if (call.isSparse)
    call.metadata = d.address(at++);
  call.descriptor = d.source(at++, Type::B32);
  if (call.form.scaleVector) {
    call.scalesA = d.address(at++);
    call.scalesB = d.address(at++);
  }
  takeTail(d, call, at);
  d.instruction().passesUndefined = false;
  d.run([call](Step &s) { return issue(s, call); });
}

} // namespace girih::sim
