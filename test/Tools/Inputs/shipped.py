"""Holds each row of a table of shipped schedules against what the compiler makes of its problem: TABLE."""
import pathlib
import re
import subprocess
import sys

ROW = re.compile(r'SHIPPED\((\d+), (\w+), (\d+), (\d+), "(.*)"\)')
rows = [ROW.match(line).groups() for line in pathlib.Path(sys.argv[1]).read_text().splitlines() if line.startswith("SHIPPED")]
assert len(set(row[:4] for row in rows)) == len(rows), "two rows are for one problem"
text = ""
for number, (head, mask, slices, length, _) in enumerate(rows):
    shape = f"tensor<1x{slices}x{length}x{head}xbf16>"
    mask = "mask(causal)" if mask == "Causal" else ""
    text += f"""func.func @row{number}(%q: {shape}) -> {shape} {{
  %o = attn.forward %q, %q, %q {mask} : {shape}, {shape}, {shape} -> {shape}
  return %o : {shape}
}}
"""
result = subprocess.run(["girih-opt", "-", "--attn-schedule=target=sm_90a"], input=text, capture_output=True, text=True)
assert result.returncode == 0, result.stderr
schedules = re.findall(r"schedule <([^>]*)>", result.stdout)
for (*place, knobs), schedule in zip(rows, schedules, strict=True):
    chosen = dict(knob.split(" = ") for knob in re.sub(r"\s+", " ", schedule).split(", "))
    for knob in filter(None, knobs.split(",")):
        name, value = knob.split("=")
        assert chosen[name] == value, f"{place}: {name} is {chosen[name]}, the row says {value}"
print(len(rows), "rows hold")
