__global__ void faults(int *to) {
  copy(to);
  copy(to + 32);
  to[1024] = 0;
}
