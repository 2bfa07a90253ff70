//===- Stream.cpp - Streams and events of the runtime ---------------------===//
#include "../Api.h"

using namespace girih::sim::host;

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  return run("cudaStreamCreate", [&](Session &) { return toRuntime(cuStreamCreate(stream, 0)); });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  return run("cudaStreamCreateWithFlags", [&](Session &) { return toRuntime(cuStreamCreate(stream, flags)); });
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority) {
  return run("cudaStreamCreateWithPriority",
             [&](Session &) { return toRuntime(cuStreamCreateWithPriority(stream, flags, priority)); });
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return run("cudaStreamDestroy", [&](Session &) { return toRuntime(cuStreamDestroy(stream)); });
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return run("cudaStreamSynchronize", [&](Session &) { return toRuntime(cuStreamSynchronize(stream)); });
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return run("cudaStreamQuery", [&](Session &) { return toRuntime(cuStreamQuery(stream)); });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return run("cudaStreamWaitEvent", [&](Session &) { return toRuntime(cuStreamWaitEvent(stream, event, flags)); });
}
cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned *flags) {
  return run("cudaStreamGetFlags", [&](Session &) { return toRuntime(cuStreamGetFlags(stream, flags)); });
}
cudaError_t cudaStreamGetPriority(cudaStream_t stream, int *priority) {
  return run("cudaStreamGetPriority", [&](Session &) { return toRuntime(cuStreamGetPriority(stream, priority)); });
}
cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long *id) {
  return run("cudaStreamGetId", [&](Session &) { return toRuntime(cuStreamGetId(stream, id)); });
}
cudaError_t cudaStreamGetDevice(cudaStream_t, int *device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus *status) {
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus *status, unsigned long long *,
                                     cudaGraph_t *, const cudaGraphNode_t **, const cudaGraphEdgeData **, size_t *) {
  return cudaStreamIsCapturing(stream, status);
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode *mode) {
  *mode = cudaStreamCaptureModeGlobal;
  return cudaSuccess;
}
cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void *data, unsigned) {
  cudaError_t error = cudaStreamSynchronize(stream);
  callback(stream, error, data);
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
  cudaError_t error = cudaStreamSynchronize(stream);
  if (!error)
    function(data);
  return error;
}

cudaError_t cudaEventCreate(cudaEvent_t *event) {
  return run("cudaEventCreate", [&](Session &) { return toRuntime(cuEventCreate(event, 0)); });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  return run("cudaEventCreateWithFlags", [&](Session &) { return toRuntime(cuEventCreate(event, flags)); });
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return run("cudaEventDestroy", [&](Session &) { return toRuntime(cuEventDestroy(event)); });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return run("cudaEventRecord", [&](Session &) { return toRuntime(cuEventRecord(event, stream)); });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  return cudaEventRecord(event, stream);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return run("cudaEventSynchronize", [&](Session &) { return toRuntime(cuEventSynchronize(event)); });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return run("cudaEventQuery", [&](Session &) { return toRuntime(cuEventQuery(event)); });
}
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return run("cudaEventElapsedTime",
             [&](Session &) { return toRuntime(cuEventElapsedTime(milliseconds, start, end)); });
}

} // extern "C"
