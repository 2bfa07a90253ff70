"""A simulated run as a picture: a row for each warp and asynchronous unit, time in the simulator's steps."""
from __future__ import annotations

import html
import json
from typing import Any

_COLORS = {"run": "#7a9cc6", "wait": "#d9d9d9", "wgmma": "#d9822b", "tcgen05": "#d9822b", "tensor": "#4f9a5b",
           "cp": "#4f9a5b"}
_LABEL, _WIDTH, _ROW = 150, 900, 14


class Timeline:
    """Drawn by a notebook, or ``str`` as SVG. Boxes tell what they are under the pointer."""

    def __init__(self, trace: str, cta: int):
        self._rows: dict[int, str] = {}
        self._boxes: list[tuple[int, dict[str, Any]]] = []
        for event in json.loads(trace)["traceEvents"]:
            if event["pid"] != cta:
                continue
            if event["ph"] == "M" and event["name"] == "thread_name":
                self._rows[event["tid"]] = event["args"]["name"]
            elif event["ph"] == "X":
                self._boxes.append((event["tid"], event))
        if not self._boxes:
            raise ValueError(f"nothing is traced of CTA {cta}")

    def __str__(self) -> str:
        used = [row for row in self._rows if any(row == tid for tid, _ in self._boxes)]
        end = max(event["ts"] + event["dur"] for _, event in self._boxes)
        scale, height = (_WIDTH - _LABEL) / max(end, 1), _ROW * len(used)
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
                 'font-family="sans-serif" font-size="10">']
        for index, row in enumerate(used):
            parts.append(f'<text x="0" y="{index * _ROW + 10}" fill="currentColor">{html.escape(self._rows[row])}</text>')
        for tid, event in self._boxes:
            name = event["name"]
            color = next((color for stem, color in _COLORS.items() if name.startswith(stem)), "#b07aa1")
            told = html.escape(f"{name} at {event['ts']}, {event['dur']} steps {event.get('args', {}).get('detail', '')}")
            parts.append(f'<rect x="{_LABEL + event["ts"] * scale:.1f}" y="{used.index(tid) * _ROW + 1}" '
                         f'width="{max(event["dur"] * scale, 0.6):.1f}" height="{_ROW - 2}" fill="{color}">'
                         f"<title>{told}</title></rect>")
        return "".join(parts) + "</svg>"

    def _repr_html_(self) -> str:
        return str(self)
