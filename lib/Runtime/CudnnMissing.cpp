//===- CudnnMissing.cpp - Stands for cuDNN in a build without its headers -===//

#include "girih/Runtime/Peer.h"
#include "girih/Support/Error.h"

std::unique_ptr<girih::runtime::Peer> girih::runtime::makeCudnnPeer(const Binding &) {
  throw Error("built without cuDNN: the headers of cudnn-frontend or cuDNN "
              "were not found; install "
              "nvidia-cudnn-frontend and nvidia-cudnn-cu13 into .venv, or set "
              "GIRIH_CUDNN_FRONTEND_DIR and GIRIH_CUDNN_INCLUDE_DIR, and "
              "configure again");
}
