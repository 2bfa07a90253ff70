"""Broken and odd texts of `girih-compile --attention`: refused at a place, or compiled whole."""
from common import Folder, check_compile, generator

COUNT = 300  # in CI
BASES = ["b=1,h=2,hkv=1,sq=100,skv=200,d=64", "b=?,h=?,hkv=?,sq=?,skv=?,d=128,lse=1,mask=causal",
         "b=1,h=1,sq=64,d=128,dtype=f16,order=bshd,scale=0.5", "b=1,h=1,sq=65,d=64,stages=2,workers=1,rows=64,columns=64",
         "b=2,h=1,sq=300,d=128,overlap=0,ping_pong=0,persistent=1,ctas=1,cluster=1,longest_first=0,group_bytes=0,anchor=0",
         "b=1,h=1,sq=64,d=64,load_registers=40,compute_registers=232", "b=1,h=2,sq=100,d=64,score=softcap(30)+alibi", "b=2,h=14,hkv=2,sq=1,skv=200,d=64", "b=2,h=8,hkv=2,sq=5,skv=200,d=64,heads=4,sink=1,mask=causal",
         "b=1,h=1,sq=64,d=64,dtype=e4m3,v_order=keys,out=f16",
         "b=3,h=1,sq=100,skv=200,d=64,query_lengths=1,key_lengths=1", "b=3,h=1,sq=100,skv=200,d=64,packed=1,merge=1", "b=1,h=2,sq=200,skv=?,d=64,blocks=128x64,full_blocks=1,mask=causal", "b=3,h=1,sq=100,skv=200,d=64,dtype=e4m3,q_descale=tensor,k_descale=head", "b=1,h=2,sq=?,skv=200,d=64,dtype=e4m3,block_scales=qk,v_descale=head", "b=1,h=1,sq=100,skv=200,d=64,dropout=0.5", "b=1,h=1,sq=100,skv=200,d=64,mask=(window(30,0)|prefix(4))&causal_top_left"]
ENTRIES = [entry for base in BASES for entry in base.split(",")]
VALUES = ["?", "", "0", "1", "-1", "2", "7", "8", "24", "64", "96", "128", "255", "256", "257", "1024", "2147483647",
          "2147483648", "4294967296", "99999999999999999999", "1e12", "0x10", "1.5", "nan", "inf", "-inf", "1e-300",
          "1e300", "-0.5", "window(3,0)", "window(3", "window(-2,0)", "window(1,2,3)", "prefix(5)", "causal&", "causal|(none", "causal)", "((((causal))))", "softcap(0)", "softcap(1e39)", "softcap(", "alibi+", "alibi(", "alibi(slope)", "bias()", "bias(kq)", "bias(hqk)+temperature", "relative(0)", "relative(3)", "document(1)", "128x128", "64x", "0x64", "100x100", "document|causal", "bf16", "f32", "causal", "none", "bhsd", "sbhd", " 1", "1 ", "é", "1=2", "\"", "\\", "%s", "e4m3", "e5m2", "keys", "qk"]


def mutate(text, random):
    entries = text.split(",")
    at = random.randrange(len(entries))
    key, _, value = entries[at].partition("=")
    kind = random.randrange(8)
    if kind < 3:
        entries[at] = f"{key}={random.choice(VALUES)}"
    elif kind == 3:
        del entries[at]
    elif kind == 4:
        entries.insert(at, random.choice(entries + ENTRIES))
    elif kind == 5:
        entries[at] = f"{random.choice(ENTRIES).partition('=')[0]}={value}"
    elif kind == 6:
        letter = random.randrange(len(text))
        return text[:letter] + random.choice("=,?x 0-\t;()&|") + text[letter + random.randrange(2):]
    else:
        entries.append(random.choice(ENTRIES))
    return ",".join(entries)


def spec(seed, index):
    random = generator(seed, index)
    text = random.choice(BASES)
    for _ in range(random.choice([1, 1, 2, 3])):
        text = mutate(text, random) or "b"
    return text


def run(tools, options, seed, index):
    with Folder(options.keep, f"specs-{seed}-{index}") as folder:
        manifest, _ = check_compile(tools, folder / "out", "--attention", spec(seed, index))
    yield index, "accepted" if manifest else "refused"
