# Lets a persistent product of benchmarks/kernels take one work item after another (tile.next_work).
s/scf.for %item = .* {/%last = scf.while (%work = %start) : (index) -> index {\
      %left = arith.cmpi slt, %work, %items : index\
      scf.condition(%left) %work : index\
    } do {\
    ^bb0(%item: index):\
      %ahead = tile.next_work of %items/
s/^      tile.store .*/&\
      scf.yield %ahead : index/
s/persistent = 1/persistent = 2/
