// Each knob changes the kernel. The schedule is on the problem; the passes obey it.
// DEFINE: %{knobs} =
// DEFINE: %{barriers} = sed 's/KNOBS/%{knobs}/' %s | girih-opt --attention-to-tile=target=sm_90a --tile-to-barriers

// REDEFINE: %{knobs} = workers=2, stages=1
// RUN: %{barriers} | FileCheck %s --check-prefix=STAGES1
// STAGES1: tile.alloc "k" offset({{[0-9]+}}) : <1 x
// REDEFINE: %{knobs} = workers=2, stages=2
// RUN: %{barriers} | FileCheck %s --check-prefix=STAGES2
// STAGES2: tile.alloc "k" offset({{[0-9]+}}) : <2 x
// REDEFINE: %{knobs} = workers=2, stages=3
// RUN: %{barriers} | FileCheck %s --check-prefix=STAGES3
// STAGES3: tile.alloc "k" offset({{[0-9]+}}) : <3 x
// STAGES3: tile.barriers "k_full" offset({{[0-9]+}}) : <3,

// With overlap, a product is in flight while the scores of the next tile are awaited.
// REDEFINE: %{knobs} = workers=2, overlap=1
// RUN: %{barriers} | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: tile.await {{.*}} in_flight(1)
// REDEFINE: %{knobs} = workers=2, overlap=0
// RUN: %{barriers} | FileCheck %s --check-prefix=SERIAL
// SERIAL-NOT: in_flight(1)

// REDEFINE: %{knobs} = workers=2, ping_pong=1
// RUN: %{barriers} | FileCheck %s --check-prefix=TURNS
// TURNS: tile.sync barrier
// REDEFINE: %{knobs} = workers=2, ping_pong=0
// RUN: %{barriers} | FileCheck %s --check-prefix=NO-TURNS
// NO-TURNS-NOT: tile.sync

// REDEFINE: %{knobs} = workers=1
// RUN: %{barriers} | FileCheck %s --check-prefix=WORKERS1
// WORKERS1: tile.work = {{\[\[}}"sq", 64]
// WORKERS1: arrivals = 4>
// WORKERS1: tile.role "compute" warps(4) registers(240)
// REDEFINE: %{knobs} = workers=3
// RUN: %{barriers} | FileCheck %s --check-prefix=WORKERS3
// WORKERS3: tile.work = {{\[\[}}"sq", 192]
// WORKERS3: arrivals = 12>
// WORKERS3: tile.role "compute" warps(12) registers(160)

// REDEFINE: %{knobs} = workers=2, columns=64
// RUN: %{barriers} | FileCheck %s --check-prefix=COLUMNS
// COLUMNS: tile.alloc "k" {{.*}} x tensor<64x64xbf16

// REDEFINE: %{knobs} = workers=2, load_registers=40, compute_registers=232
// RUN: %{barriers} | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: tile.role "load" warps(4) registers(40)
// REGISTERS: tile.role "compute" warps({{[0-9]+}}) registers(232)

// REDEFINE: %{knobs} = workers=2, persistent=1
// RUN: %{barriers} | FileCheck %s --check-prefix=PERSISTENT
// PERSISTENT: gpu.grid_dim
// REDEFINE: %{knobs} = workers=2, persistent=0
// RUN: %{barriers} | FileCheck %s --check-prefix=FLAT
// FLAT-NOT: gpu.grid_dim
// REDEFINE: %{knobs} = workers=2, persistent=2
// RUN: %{barriers} | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: tile.next_work

// Two CTAs of one worker have the registers of one multiprocessor.
// REDEFINE: %{knobs} = workers=1, ctas=2
// RUN: %{barriers} | FileCheck %s --check-prefix=CTAS
// CTAS: tile.role "load" warps(4) registers(24)
// CTAS: tile.role "compute" warps(4) registers(232)

// REDEFINE: %{knobs} = anchor=3, overlap=1
// RUN: %{barriers} | FileCheck %s --check-prefix=ANCHOR
// ANCHOR: tile.barrier_arrive {{.*}} after
// REDEFINE: %{knobs} = anchor=0
// RUN: %{barriers} | FileCheck %s --check-prefix=NO-ANCHOR
// NO-ANCHOR-NOT: after

// The order of the work items: these two change only index arithmetic.
// REDEFINE: %{knobs} = longest_first=1, group_bytes=0
// RUN: %{barriers} > %t.first
// REDEFINE: %{knobs} = longest_first=0, group_bytes=0
// RUN: %{barriers} > %t.last
// RUN: not diff %t.first %t.last
// REDEFINE: %{knobs} = longest_first=0, group_bytes=10000000
// RUN: %{barriers} > %t.grouped
// RUN: not diff %t.last %t.grouped

func.func @attention(%q: tensor<2x4x1000x64xbf16>) -> tensor<2x4x1000x64xbf16> {
  %o = attn.forward %q, %q, %q schedule <KNOBS>
      : tensor<2x4x1000x64xbf16>, tensor<2x4x1000x64xbf16>, tensor<2x4x1000x64xbf16> -> tensor<2x4x1000x64xbf16>
  return %o : tensor<2x4x1000x64xbf16>
}
