// RUN: girih-opt %s --pass-pipeline='builtin.module(gpu.module(convert-tile-to-nvvm))' --allow-unregistered-dialect --verify-diagnostics

gpu.module @m [#nvvm.target<chip = "sm_90a">] {
  gpu.func @no_slots() kernel attributes {known_cluster_size = array<i32: 4, 1, 1>} {
    tile.role "compute" warps(4) registers(240) {
      %x = "x"() : () -> tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
      // expected-error@+1 {{has no slots: run tile-lower-channels first}}
      %r = tile.cluster_reduce max %x : tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
    }
    gpu.return
  }
}
