//===- Peer.h - Libraries to compare with -----------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_PEER_H
#define GIRIH_RUNTIME_PEER_H

#include "girih/Runtime/Binding.h"
#include "girih/Runtime/Device.h"
#include <memory>

namespace girih::runtime {

/// Another implementation of the same problem on the same tensors.
class Peer {
public:
  virtual ~Peer() = default;

  /// Name and version, "cuDNN 9.19.0".
  virtual std::string name() const = 0;
  /// Puts one run into `stream`; `tensors` holds one device address for each of
  /// the manifest's tensors.
  virtual void enqueue(const Stream &stream, const std::vector<CUdeviceptr> &tensors) = 0;
};

/// cuDNN's attention forward. Throws Error when the library or the headers it
/// was built with are missing, or when cuDNN does not support the problem.
std::unique_ptr<Peer> makeCudnnPeer(const Binding &binding);

/// cuBLAS's matrix product, for problems of kind `gemm`.
std::unique_ptr<Peer> makeCublasPeer(const Binding &binding);

/// The peer of that name, "cudnn" or "cublas".
std::unique_ptr<Peer> makePeer(const std::string &name, const Binding &binding);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_PEER_H
