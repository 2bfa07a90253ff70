// A window of keys that are as far from its end as the query, and in head 1 the first ones; sizes are chosen at launch.
func.func @window(%q: tensor<1x2x?x64xbf16>, %k: tensor<1x2x?x64xbf16>) -> (tensor<1x2x?x64xbf16>, tensor<1x2x?xf32>) {
  %o, %lse = attn.forward %q, %k, %k mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c40 = arith.constant 40 : index
    %queries = attn.queries
    %keys = attn.keys
    %shift = arith.subi %keys, %queries : index
    %place = arith.addi %i, %shift : index
    %distance = arith.subi %place, %j : index
    %magnitude = math.absi %distance : index
    %near = arith.cmpi sle, %magnitude, %c40 : index
    %second = arith.cmpi eq, %h, %c1 : index
    %half = arith.divsi %i, %c2 : index
    %first = arith.cmpi slt, %j, %half : index
    %0 = arith.andi %second, %first : i1
    %1 = arith.ori %near, %0 : i1
    attn.yield %1 : i1
  } schedule <workers = 2, columns = 64> : tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16> -> tensor<1x2x?x64xbf16>, tensor<1x2x?xf32>
  return %o, %lse : tensor<1x2x?x64xbf16>, tensor<1x2x?xf32>
}
