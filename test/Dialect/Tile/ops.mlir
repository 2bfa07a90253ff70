// Every op of the dialect, printed and parsed again, and in generic form.
// RUN: girih-opt %s | girih-opt | FileCheck %s
// RUN: girih-opt %s --mlir-print-op-generic | girih-opt | FileCheck %s

#acc = #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>
#row = #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>
#shared = #tile.shared<swizzle = 128>
#strided = strided<[?, ?, 1]>
!panel = tensor<64x64xbf16, #shared>
!acc = tensor<64x64xf32, #acc>
!map = !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>

// CHECK-LABEL: func.func @values
func.func @values(%m: memref<4x?x64xbf16, #strided>, %i: index, %f: f32) {
  // CHECK: %[[A:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : memref<4x?x64xbf16, strided<[?, ?, 1]>> -> tensor<64x64xbf16>
  %a = tile.load %m[%i, %i, %i] : memref<4x?x64xbf16, #strided> -> tensor<64x64xbf16>
  // CHECK: tile.load {{.*}} ring("k") stages(2) : memref
  %b = tile.load %m[%i, %i, %i] ring("k") stages(2) : memref<4x?x64xbf16, #strided> -> tensor<64x64xbf16>
  // CHECK: tile.load {{.*}} multicast : memref
  %all = tile.load %m[%i, %i, %i] multicast : memref<4x?x64xbf16, #strided> -> tensor<64x64xbf16>
  // CHECK: %[[S:.*]] = tile.mma %[[A]], %{{.*}} transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
  %s = tile.mma %a, %b transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> tensor<64x64xf32>
  // CHECK: tile.mma %[[A]], %{{.*}}, %[[S]] : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
  %t = tile.mma %a, %b, %s : tensor<64x64xbf16>, tensor<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
  // CHECK: %[[R:.*]] = tile.reduce max %[[S]] : tensor<64x64xf32> -> tensor<64xf32>
  %r = tile.reduce max %s : tensor<64x64xf32> -> tensor<64xf32>
  // CHECK: tile.reduce add %[[S]] : tensor<64x64xf32> -> tensor<64x4xf32>
  %p = tile.reduce add %s : tensor<64x64xf32> -> tensor<64x4xf32>
  // CHECK: tile.broadcast %[[R]] : tensor<64xf32> -> tensor<64x64xf32>
  %w = tile.broadcast %r : tensor<64xf32> -> tensor<64x64xf32>
  // CHECK: tile.iota 1 : tensor<64x64xi32>
  %n = tile.iota 1 : tensor<64x64xi32>
  // CHECK: tile.random key(%[[N:.*]], %[[N]]) counter(%[[N]], %[[N]], %[[N]], %[[N]]) at %[[N]] : tensor<64x64xi32>
  %random = tile.random key(%n, %n) counter(%n, %n, %n, %n) at %n : tensor<64x64xi32>
  // CHECK: tile.splat %{{.*}} : f32 -> tensor<64xf32>
  %x = tile.splat %f : f32 -> tensor<64xf32>
  // CHECK: tile.store %[[A]], %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : tensor<64x64xbf16>, memref<4x?x64xbf16, strided<[?, ?, 1]>>
  tile.store %a, %m[%i, %i, %i] : tensor<64x64xbf16>, memref<4x?x64xbf16, #strided>
  return
}

// CHECK-LABEL: func.func @pipelined
func.func @pipelined(%a: tensor<128x64xbf16>, %b: tensor<64x64xbf16>, %panel: !panel) {
  // CHECK: %[[W:.*]] = tile.worker
  %w = tile.worker
  // CHECK: %[[MINE:.*]] = tile.slice %{{.*}}[%[[W]]] : tensor<128x64xbf16> -> tensor<64x64xbf16>
  %mine = tile.slice %a[%w] : tensor<128x64xbf16> -> tensor<64x64xbf16>
  // Offsets for the first dimensions; in shared memory the type tells the panels.
  // CHECK: tile.slice %{{.*}}[%{{.*}}, %{{.*}}] : tensor<128x64xbf16> -> tensor<64x32xbf16>
  %corner = tile.slice %a[%w, %w] : tensor<128x64xbf16> -> tensor<64x32xbf16>
  // CHECK: tile.slice %{{.*}}[%{{.*}}] : tensor<64x64xbf16, #tile.shared<swizzle = 128>> -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
  %view = tile.slice %panel[%w] : !panel -> tensor<32x64xbf16, #tile.shared<swizzle = 128, rows = 64>>
  // CHECK: tile.opaque %[[W]] : index
  %hidden = tile.opaque %w : index
  // CHECK: tile.take_turn
  tile.take_turn
  // CHECK: %[[S:.*]] = tile.mma_async %[[MINE]], %{{.*}} transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> <tensor<64x64xf32>>
  %s = tile.mma_async %mine, %b transpose_b : tensor<64x64xbf16>, tensor<64x64xbf16> -> !tile.async<tensor<64x64xf32>>
  // The accumulator may still be in flight.
  // CHECK: %[[T:.*]] = tile.mma_async %[[MINE]], %{{.*}}, %[[S]] : tensor<64x64xbf16>, tensor<64x64xbf16>, !tile.async<tensor<64x64xf32>> -> <tensor<64x64xf32>>
  %t = tile.mma_async %mine, %b, %s
      : tensor<64x64xbf16>, tensor<64x64xbf16>, !tile.async<tensor<64x64xf32>> -> !tile.async<tensor<64x64xf32>>
  // CHECK: tile.pass_turn
  tile.pass_turn
  // CHECK: tile.await %[[S]] in_flight(1) : <tensor<64x64xf32>> -> tensor<64x64xf32>
  %r = tile.await %s in_flight(1) : !tile.async<tensor<64x64xf32>> -> tensor<64x64xf32>
  return
}

// CHECK-LABEL: func.func @placed
// CHECK-SAME: tensor<64x64xf32, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 8 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
func.func @placed(%x: !acc) {
  // CHECK: tile.to_shared %{{.*}} : tensor<64x64xf32, #tile.fragment<{{.*}}>> -> tensor<64x64xf32, #tile.shared<swizzle = 128>>
  %0 = tile.to_shared %x : !acc -> tensor<64x64xf32, #shared>
  return
}

gpu.module @roles {
  // CHECK-LABEL: gpu.func @specialized
  gpu.func @specialized(%m: memref<4x?x64xbf16, #strided>, %i: index, %x: !acc) kernel {
    // CHECK: %[[C:.*]] = tile.channel "k" : <2 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>
    %c = tile.channel "k" : !tile.channel<2 x !panel>
    // CHECK: tile.role "load" warps(4) registers(24) one_thread {
    tile.role "load" warps(4) registers(24) one_thread {
      // CHECK: %[[SLOT:.*]] = tile.acquire %[[C]] : <2 x {{.*}}> -> tensor<64x64xbf16
      %slot = tile.acquire %c : !tile.channel<2 x !panel> -> !panel
      // CHECK: tile.copy %{{.*}}[%{{.*}}] to %[[SLOT]] : memref<{{.*}}>, tensor<64x64xbf16
      tile.copy %m[%i, %i, %i] to %slot : memref<4x?x64xbf16, #strided>, !panel
      // CHECK: tile.commit %[[C]]
      tile.commit %c : !tile.channel<2 x !panel>
    }
    // CHECK: tile.role "compute" warps(8) registers(240) {
    tile.role "compute" warps(8) registers(240) {
      // CHECK: tile.wait %[[C]] : <2 x {{.*}}> -> tensor<64x64xbf16
      %k = tile.wait %c : !tile.channel<2 x !panel> -> !panel
      // CHECK: tile.release %[[C]] : <2 x
      tile.release %c : !tile.channel<2 x !panel>
      // CHECK: tile.release %[[C]] after %{{.*}}[3] : tensor<64x64xf32, #tile.fragment<{{.*}}>> : <2 x
      tile.release %c after %x[3] : !acc : !tile.channel<2 x !panel>
    }
    gpu.return
  }
}

gpu.module @lowered {
  // CHECK-LABEL: gpu.func @barriers
  gpu.func @barriers(%map: !map, %i: index, %parity: i32, %x: !acc) kernel {
    // CHECK: %[[BUF:.*]] = tile.alloc "k" offset(1024) : <2 x tensor<64x64xbf16, #tile.shared<swizzle = 128>>>
    %buffer = tile.alloc "k" offset(1024) : !tile.buffer<2 x !panel>
    // CHECK: %[[FULL:.*]] = tile.barriers "k_full" offset(40) : <2, arrivals = 8>
    %full = tile.barriers "k_full" offset(40) : !tile.barriers<2, arrivals = 8>
    // CHECK: %[[SLOT:.*]] = tile.slot %[[BUF]][%{{.*}}] : <2 x {{.*}}> -> tensor<64x64xbf16
    %slot = tile.slot %buffer[%i] : !tile.buffer<2 x !panel> -> !panel
    // CHECK: tile.barrier_wait %[[FULL]][%{{.*}}] parity(%{{.*}}) : <2, arrivals = 8>
    tile.barrier_wait %full[%i] parity(%parity) : !tile.barriers<2, arrivals = 8>
    // CHECK: tile.sync barrier(%{{.*}}) threads(%{{.*}})
    tile.sync barrier(%parity) threads(%parity)
    // CHECK: tile.barrier_expect %[[FULL]][%{{.*}}] bytes(8192)
    tile.barrier_expect %full[%i] bytes(8192) : !tile.barriers<2, arrivals = 8>
    // CHECK: tile.copy %{{.*}}[%{{.*}}] to %[[SLOT]] signals %[[FULL]][%{{.*}}] : !tile.barriers<2, arrivals = 8> : !tile.tensor_map<[1, 64, 64] x bf16, swizzle = 128, panel = 64, folded = true>, tensor
    tile.copy %map[%i, %i, %i] to %slot signals %full[%i] : !tile.barriers<2, arrivals = 8> : !map, !panel
    // CHECK: tile.barrier_arrive %[[FULL]][%{{.*}}] : <2, arrivals = 8>
    tile.barrier_arrive %full[%i] : !tile.barriers<2, arrivals = 8>
    // CHECK: tile.barrier_arrive %[[FULL]][%{{.*}}] after %{{.*}}[3] : tensor<64x64xf32, #tile.fragment<{{.*}}>> : <2, arrivals = 8>
    tile.barrier_arrive %full[%i] after %x[3] : !acc : !tile.barriers<2, arrivals = 8>
    // CHECK: tile.store %[[SLOT]], %{{.*}}[%{{.*}}] : tensor<64x64xbf16, #tile.shared<swizzle = 128>>, !tile.tensor_map<
    tile.store %slot, %map[%i, %i, %i] : !panel, !map
    gpu.return
  }
}

// CHECK-LABEL: func.func @stores
func.func @stores(%tile: tensor<64x64xbf16, #acc>, %slot: !panel, %i: index, %offset: i64, %stride: i64,
                  %row: tensor<64xf32, #row>, %p: !tile.pointer<f32>) {
  // CHECK: tile.drain_stores barrier(%{{.*}})
  tile.drain_stores barrier(%i)
  // CHECK: tile.write_shared %{{.*}}, %{{.*}} : tensor<64x64xbf16, #tile.fragment<{{.*}}>>, tensor<64x64xbf16, #tile.shared<swizzle = 128>>
  tile.write_shared %tile, %slot : tensor<64x64xbf16, #acc>, !panel
  // CHECK: tile.publish barrier(%{{.*}})
  tile.publish barrier(%i)
  // CHECK: tile.drain_stores completed
  tile.drain_stores completed
  // CHECK: tile.scatter %{{.*}}, %{{.*}}[%{{.*}}] strides(%{{.*}}) limits(%{{.*}}) : tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>, <f32>
  tile.scatter %row, %p[%offset] strides(%stride) limits(%i) : tensor<64xf32, #row>, !tile.pointer<f32>
  // CHECK: tile.scatter %{{.*}}, %{{.*}}[%{{.*}}] strides(%{{.*}}, %{{.*}}) limits(%{{.*}}, %{{.*}}) interleaved(8) :
  tile.scatter %row, %p[%offset] strides(%stride, %stride) limits(%i, %i) interleaved(8) : tensor<64xf32, #row>, !tile.pointer<f32>
  %n = arith.index_cast %i : index to i32
  // CHECK: tile.gather %{{.*}}[%{{.*}}] steps [1] strides(%{{.*}}) limits(%{{.*}}) : !tile.pointer<f32>, i32 -> tensor<64x64xf32, #tile.fragment
  %elements = tile.gather %p[%n] steps [1] strides(%stride) limits(%n) : !tile.pointer<f32>, i32 -> tensor<64x64xf32, #acc>
  return
}

// Knobs print in the order of their table, whatever order they are written in.
// CHECK-LABEL: func.func @schedule
// CHECK-SAME: #tile.schedule<rows = 192, workers = 3, stages = 2, anchor = 0>
func.func @schedule() attributes {knobs = #tile.schedule<"anchor" = 0, stages = 2, workers = 3, rows = 192>} {
  return
}

#lane = #tile.fragment<registers = [64 : (0, 1)], lanes = [32 : (1, 0)], warps = [4 : (32, 0)]>
!sum = tensor<128x64xf32, #tile.tensor_memory>
!tall = tensor<128x64xbf16, #tile.shared<swizzle = 128>>

gpu.module @tensor_memory {
  // CHECK-LABEL: gpu.func @tensor_channels
  gpu.func @tensor_channels() kernel {
    // CHECK: %[[C:.*]] = tile.channel "sum" : <2 x tensor<128x64xf32, #tile.tensor_memory>, copies = 2>
    %c = tile.channel "sum" : !tile.channel<2 x !sum, copies = 2>
    // CHECK: %[[ONE:.*]] = tile.channel "one" : <1 x
    %one = tile.channel "one" : !tile.channel<1 x !sum, copies = 2>
    // CHECK: tile.channel "back" shares(%[[ONE]] : {{.*}}) : <1 x
    %returns = tile.channel "back" shares(%one : !tile.channel<1 x !sum, copies = 2>) : !tile.channel<1 x !sum, copies = 2>
    // CHECK: tile.role "mma" warps(3) registers(24) one_thread
    tile.role "load" warps(1) registers(24) one_thread {
    }
    tile.role "mma" warps(3) registers(24) one_thread {
      %w = tile.worker
      // CHECK: tile.acquire %[[C]] for(%[[W:.*]]) : <2 x {{.*}}, copies = 2> -> tensor<128x64xf32, #tile.tensor_memory>
      %slot = tile.acquire %c for(%w) : !tile.channel<2 x !sum, copies = 2> -> !sum
      // CHECK: tile.commit %[[C]] for(%[[W]]) : <2 x
      tile.commit %c for(%w) : !tile.channel<2 x !sum, copies = 2>
    }
    tile.role "compute" warps(8) registers(240) {
      %w = tile.worker
      // CHECK: %[[T:.*]] = tile.wait %[[C]] for(%[[V:.*]]) : <2 x
      %sum = tile.wait %c for(%w) : !tile.channel<2 x !sum, copies = 2> -> !sum
      // CHECK: %[[R:.*]] = tile.move %[[T]] : tensor<128x64xf32, #tile.tensor_memory> -> tensor<128x64xf32, #tile.fragment<
      %values = tile.move %sum : !sum -> tensor<128x64xf32, #lane>
      // CHECK: tile.move %[[R]] : tensor<128x64xf32, #tile.fragment<{{.*}}>> -> tensor<128x64xf32, #tile.tensor_memory>
      %back = tile.move %values : tensor<128x64xf32, #lane> -> !sum
      // CHECK: tile.write_tensor %[[R]], %[[T]] : tensor<128x64xf32, #tile.fragment<{{.*}}>>, tensor<128x64xf32, #tile.tensor_memory>
      tile.write_tensor %values, %sum : tensor<128x64xf32, #lane>, !sum
      // CHECK: tile.any %{{.*}} : tensor<128x64xi1, #tile.fragment<
      %large = arith.cmpf ogt, %values, %values : tensor<128x64xf32, #lane>
      %any = tile.any %large : tensor<128x64xi1, #lane>
      // CHECK: tile.own %{{.*}} for(%{{.*}}) : <1 x tensor<128x64xf32, #tile.tensor_memory>, copies = 2> -> tensor<128x64xf32, #tile.tensor_memory>
      %mine = tile.own %one for(%w) : !tile.channel<1 x !sum, copies = 2> -> !sum
      // CHECK: tile.release %[[C]] for(%[[V]]) after %[[R]][3] : tensor<128x64xf32, #tile.fragment<{{.*}}>> : <2 x
      tile.release %c for(%w) after %values[3] : tensor<128x64xf32, #lane> : !tile.channel<2 x !sum, copies = 2>
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @work
  // CHECK-SAME: memref<1xi32> {tile.workspace}
  gpu.func @work(%counter: memref<1xi32> {tile.workspace}, %slot: tensor<1x8xi32, #tile.shared<swizzle = 32>>, %n: index) kernel {
    // CHECK: %[[W:.*]] = tile.next_work of %{{.*}} counter(%{{.*}} : memref<1xi32>)
    %work = tile.next_work of %n counter(%counter : memref<1xi32>)
    // CHECK: tile.next_work of %{{.*}}{{$}}
    %more = tile.next_work of %n
    // CHECK: tile.request_work to %{{.*}} : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    tile.request_work to %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    // CHECK: tile.request_work to %{{.*}} pair : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    tile.request_work to %slot pair : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    // CHECK: tile.read_work %{{.*}} : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    %answer = tile.read_work %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    // CHECK: tile.write_number %[[W]], %{{.*}} : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    tile.write_number %work, %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    // CHECK: tile.read_number %{{.*}} : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    %number = tile.read_number %slot : tensor<1x8xi32, #tile.shared<swizzle = 32>>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @tensor_barriers
  gpu.func @tensor_barriers(%i: index, %parity: i32, %more: i1, %a: !tall, %b: !panel) kernel {
    // CHECK: tile.tensor_columns columns(128) offset(64)
    tile.tensor_columns columns(128) offset(64)
    // CHECK: tile.alloc "sum" offset(0) : <2 x tensor<128x64xf32, #tile.tensor_memory>>
    %sums = tile.alloc "sum" offset(0) : !tile.buffer<2 x !sum>
    %full = tile.barriers "full" offset(0) : !tile.barriers<2, arrivals = 1>
    %sum = tile.slot %sums[%i] : !tile.buffer<2 x !sum> -> !sum
    // CHECK: tile.mma_into %[[S:.*]], %{{.*}}, %{{.*}} accumulate(%{{.*}}) transpose_b : tensor<128x64xf32, #tile.tensor_memory>, tensor<128x64xbf16, #{{.*}}>, tensor<64x64xbf16
    tile.mma_into %sum, %a, %b accumulate(%more) transpose_b : !sum, !tall, !panel
    // CHECK: tile.mma_commit %[[F:.*]][%{{.*}}] : <2, arrivals = 1>
    tile.mma_commit %full[%i] : !tile.barriers<2, arrivals = 1>
    // CHECK: tile.barrier_wait %[[F]][%{{.*}}] parity(%{{.*}}) tensor_memory : <2, arrivals = 1>
    tile.barrier_wait %full[%i] parity(%parity) tensor_memory : !tile.barriers<2, arrivals = 1>
    // CHECK: tile.barrier_arrive %[[F]][%{{.*}}] tensor_memory : <2, arrivals = 1>
    tile.barrier_arrive %full[%i] tensor_memory : !tile.barriers<2, arrivals = 1>
    gpu.return
  }

  // What the CTAs of a cluster combine.
  // CHECK-LABEL: gpu.func @combine
  gpu.func @combine(%x: tensor<64xf32>, %y: tensor<64x128xf32>, %z: tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>,
                    %n: index, %w: index, %buffer: !tile.buffer<2 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>,
                    %full: !tile.barriers<2, arrivals = 16>) kernel {
    // CHECK: tile.cluster_reduce max %{{.*}} : tensor<64xf32>
    %m = tile.cluster_reduce max %x : tensor<64xf32>
    // CHECK: tile.cluster_reduce add %{{.*}} leader rows(%{{.*}}) : tensor<64x128xf32>
    %o = tile.cluster_reduce add %y leader rows(%n) : tensor<64x128xf32>
    // CHECK: tile.cluster_reduce add %{{.*}} rows(%{{.*}}) through %{{.*}}, %{{.*}}[%{{.*}}] : !tile.buffer<2 x tensor<1x256xf32, #{{.*}}>>, !tile.barriers<2, arrivals = 16> : tensor<64xf32, #{{.*}}>
    %s = tile.cluster_reduce add %z rows(%n) through %buffer, %full[%w] : !tile.buffer<2 x tensor<1x256xf32, #tile.shared<swizzle = 32>>>, !tile.barriers<2, arrivals = 16> : tensor<64xf32, #tile.fragment<registers = [2 : (8)], lanes = [4 : (0), 8 : (1)], warps = [4 : (16)]>>
    gpu.return
  }

  // What the two CTAs of a cluster do together.
  // CHECK-LABEL: gpu.func @pair
  gpu.func @pair(%i: index, %parity: i32, %more: i1, %x: tensor<128x64xbf16>, %half: tensor<64x32xbf16>, %a: !tall, %b: tensor<64x32xbf16, #tile.shared<swizzle = 64>>,
                 %map: !map, %slot: !panel, %sum: !sum) kernel {
    %full = tile.barriers "full" offset(0) : !tile.barriers<2, arrivals = 1>
    // CHECK: tile.mma %{{.*}}, %{{.*}} pair : tensor<128x64xbf16>, tensor<64x32xbf16> -> tensor<128x64xf32>
    %s = tile.mma %x, %half pair : tensor<128x64xbf16>, tensor<64x32xbf16> -> tensor<128x64xf32>
    // CHECK: tile.mma_async %{{.*}}, %{{.*}}, %{{.*}} pair : {{.*}} -> <tensor<128x64xf32>>
    %t = tile.mma_async %x, %half, %s pair : tensor<128x64xbf16>, tensor<64x32xbf16>, tensor<128x64xf32> -> !tile.async<tensor<128x64xf32>>
    // CHECK: tile.role "load" warps(1) registers(24) one_thread {
    tile.role "load" warps(1) registers(24) one_thread {
      // CHECK: tile.barrier_expect %[[F:.*]][%{{.*}}] bytes(16384) leader : <2, arrivals = 1>
      tile.barrier_expect %full[%i] bytes(16384) leader : !tile.barriers<2, arrivals = 1>
      // CHECK: tile.barrier_expect %[[F]][%{{.*}}] bytes(16) pair : <2, arrivals = 1>
      tile.barrier_expect %full[%i] bytes(16) pair : !tile.barriers<2, arrivals = 1>
      // CHECK: tile.copy %{{.*}}[%{{.*}}] to %{{.*}} signals leader %[[F]][%{{.*}}] : !tile.barriers<2, arrivals = 1> : !tile.tensor_map
      tile.copy %map[%i, %i, %i] to %slot signals leader %full[%i] : !tile.barriers<2, arrivals = 1> : !map, !panel
      // CHECK: tile.copy %{{.*}}[%{{.*}}] to %{{.*}} multicast signals %[[F]][%{{.*}}] : !tile.barriers<2, arrivals = 1> : !tile.tensor_map
      tile.copy %map[%i, %i, %i] to %slot multicast signals %full[%i] : !tile.barriers<2, arrivals = 1> : !map, !panel
    }
    // CHECK: tile.role "mma" warps(3) registers(24) one_thread leader {
    tile.role "mma" warps(3) registers(24) one_thread leader {
      // CHECK: tile.barrier_wait %[[F]][%{{.*}}] parity(%{{.*}}) cluster : <2, arrivals = 1>
      tile.barrier_wait %full[%i] parity(%parity) cluster : !tile.barriers<2, arrivals = 1>
      // CHECK: tile.barrier_wait %[[F]][%{{.*}}] parity(%{{.*}}) tensor_memory cluster : <2, arrivals = 1>
      tile.barrier_wait %full[%i] parity(%parity) tensor_memory cluster : !tile.barriers<2, arrivals = 1>
      // CHECK: tile.mma_into %{{.*}}, %{{.*}}, %{{.*}} accumulate(%{{.*}}) pair : tensor<128x64xf32, #tile.tensor_memory>, tensor<128x64xbf16, #{{.*}}>, tensor<64x32xbf16
      tile.mma_into %sum, %a, %b accumulate(%more) pair : !sum, !tall, tensor<64x32xbf16, #tile.shared<swizzle = 64>>
      // CHECK: tile.mma_commit %[[F]][%{{.*}}] pair : <2, arrivals = 1>
      tile.mma_commit %full[%i] pair : !tile.barriers<2, arrivals = 1>
    }
    tile.role "compute" warps(4) registers(240) {
      // CHECK: tile.barrier_arrive %[[F]][%{{.*}}] tensor_memory leader : <2, arrivals = 1>
      tile.barrier_arrive %full[%i] tensor_memory leader : !tile.barriers<2, arrivals = 1>
      // CHECK: tile.barrier_arrive %[[F]][%{{.*}}] multicast : <2, arrivals = 1>
      tile.barrier_arrive %full[%i] multicast : !tile.barriers<2, arrivals = 1>
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @bytes
  gpu.func @bytes(%v: tensor<64x128xf8E4M3FN>, %from: tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>>,
                  %into: tensor<128x64xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 64>>,
                  %p: tensor<64x32xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>) kernel {
    // CHECK: tile.transpose %{{.*}} : tensor<64x128xf8E4M3FN> -> tensor<128x64xf8E4M3FN>
    %t = tile.transpose %v : tensor<64x128xf8E4M3FN> -> tensor<128x64xf8E4M3FN>
    // CHECK: tile.transpose %{{.*}} ring("t") stages(2) : tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>> -> tensor<128x64xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 64>>
    %u = tile.transpose %from ring("t") stages(2) : tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>> -> tensor<128x64xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 64>>
    // CHECK: tile.transpose_into %{{.*}}, %{{.*}} : tensor<64x128xf8E4M3FN, #{{.*}}>, tensor<128x64xf8E4M3FN, #{{.*}}>
    tile.transpose_into %from, %into : tensor<64x128xf8E4M3FN, #tile.shared<swizzle = 128>>, tensor<128x64xf8E4M3FN, #tile.shared<interleaved = true, swizzle = 64>>
    // CHECK: tile.relayout %{{.*}} : tensor<64x32xf8E4M3FN, #{{.*}}> -> tensor<64x32xf8E4M3FN, #{{.*}}>
    %left = tile.relayout %p : tensor<64x32xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (8, 0), 4 : (0, 8)], lanes = [4 : (0, 2), 8 : (1, 0)], warps = [4 : (16, 0)]>>
        -> tensor<64x32xf8E4M3FN, #tile.fragment<registers = [2 : (0, 1), 2 : (0, 2), 2 : (8, 0), 2 : (0, 16)], lanes = [4 : (0, 4), 8 : (1, 0)], warps = [4 : (16, 0)]>>
    // Formats of 8 bits may be mixed.
    // CHECK: tile.mma %{{.*}}, %{{.*}} transpose_b : tensor<64x64xf8E4M3FN>, tensor<128x64xf8E5M2>
    %a = arith.constant dense<1.0> : tensor<64x64xf8E4M3FN>
    %b = arith.constant dense<1.0> : tensor<128x64xf8E5M2>
    %s = tile.mma %a, %b transpose_b : tensor<64x64xf8E4M3FN>, tensor<128x64xf8E5M2> -> tensor<64x128xf32>
    gpu.return
  }
}

// Element (b, h, r, d) of the view is element (b, 7 h + r mod 8, r / 8, d) of the tensor.
// CHECK-LABEL: func.func @interleave
func.func @interleave(%q: memref<2x14x?x64xbf16, strided<[?, ?, ?, 1]>>, %l: memref<2x16x3xf32, strided<[48, 3, 1]>>, %i: index) {
  // CHECK: tile.interleave %{{.*}} dim(1) count(7) slots(8) : memref<2x14x?x64xbf16, strided<[?, ?, ?, 1]>>
  %rows = tile.interleave %q dim(1) count(7) slots(8) : memref<2x14x?x64xbf16, strided<[?, ?, ?, 1]>>
  // CHECK: tile.load %{{.*}} : memref<2x2x?x64xbf16, #[[QUERIES:.*]]> -> tensor<64x64xbf16>
  %t = tile.load %rows[%i, %i, %i, %i] : memref<2x2x?x64xbf16,
      affine_map<(d0, d1, d2, d3)[s0, s1, s2] -> (d0 * s0 + (d1 * 7 + d2 mod 8) * s1 + (d2 floordiv 8) * s2 + d3)>> -> tensor<64x64xbf16>
  // CHECK: tile.interleave %{{.*}} dim(1) count(4) slots(4) : memref<2x16x3xf32, strided<[48, 3, 1]>>
  %few = tile.interleave %l dim(1) count(4) slots(4) : memref<2x16x3xf32, strided<[48, 3, 1]>>
  %u = tile.load %few[%i, %i, %i] : memref<2x4x12xf32,
      affine_map<(d0, d1, d2) -> (d0 * 48 + (d1 * 4 + d2 mod 4) * 3 + d2 floordiv 4)>> -> tensor<64xf32>
  return
}
