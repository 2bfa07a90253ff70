#!/usr/bin/env python3
"""Makes the pages of the site: those of docs/, the README, the files they link to, and the notebooks, executed.

    scripts/site_pages.py FOLDER
"""
import os
import pathlib
import re
import shutil
import sys

import nbclient
import nbformat

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```.*?^```|<svg.*?</svg>)", re.MULTILINE | re.DOTALL)


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.sources = set()  # files outside of docs/ that a page links to

    def place(self, path):
        """Where a file of the repository goes, or None for a folder without pages."""
        if path == ROOT / "README.md":
            return pathlib.PurePath("index.md")
        if path.is_relative_to(ROOT / "docs"):
            inside = path.relative_to(ROOT / "docs")
            return inside / "index.md" if path.is_dir() else inside.with_suffix(".md") if path.suffix == ".ipynb" else inside
        if path.is_dir():
            return None
        self.sources.add(path)
        relative = path.relative_to(ROOT)
        return pathlib.PurePath("source") / relative.parent / (relative.name + ".md")

    def page(self, page, text):
        """Writes a page; its links lead to where the pages are."""
        target = self.place(page)

        def redirect(match):
            exclamation, words, link = match.groups()
            path, hash_, anchor = link.partition("#")
            if ":" in link or not path:
                return match[0]
            found = pathlib.Path(os.path.normpath(page.parent / path))
            if not found.exists():
                return match[0]  # mkdocs says that it leads nowhere
            place = self.place(found)
            if place is None:
                return f"`{found.relative_to(ROOT)}`"
            return f"{exclamation}[{words}]({os.path.relpath(place, target.parent)}{hash_}{anchor})"

        pieces = FENCE.split(text)
        text = "".join(piece if index % 2 else LINK.sub(redirect, piece) for index, piece in enumerate(pieces))
        self.write(target, text)

    def write(self, place, text):
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def index(self, folder, title):
        """A page that lists those of a folder, with the first sentence of each."""
        lines = [f"# {title}", "", "| page | |", "|---|---|"]
        for page in sorted((ROOT / "docs" / folder).glob("*.md")):
            sentence = re.search(r"^(?:\*\*|_)(.+?)(?:\*\*|_)", page.read_text(), re.MULTILINE)
            lines.append(f"| [{page.stem}]({page.name}) | {sentence[1] if sentence else ''} |")
        self.write(pathlib.PurePath(folder) / "index.md", "\n".join(lines) + "\n")


def execute(path):
    """A notebook as Markdown. A cell that fails is an error of nbclient, with the cell."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": "/tmp"}}).execute()
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        text = "".join(output.get("text", "") for output in cell.outputs)
        if text:
            parts.append(f"```text\n{text.rstrip()}\n```")
        parts += [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    return "\n\n".join(parts) + "\n"


def main():
    site = Site(pathlib.Path(sys.argv[1]))
    site.page(ROOT / "README.md", (ROOT / "README.md").read_text())
    for page in sorted((ROOT / "docs").rglob("*.md")):
        site.page(page, page.read_text())
    for notebook in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        site.page(notebook, execute(notebook))
    shutil.copytree(ROOT / "docs" / "images", site.folder / "images")
    site.index("dialects", "Dialects")
    site.index("passes", "Passes")
    for source in sorted(site.sources):
        language = {".mlir": "mlir", ".h": "cpp", ".cpp": "cpp", ".td": "text"}.get(source.suffix, "text")
        text = source.read_text()
        site.write(site.place(source), f"# {source.relative_to(ROOT)}\n\n````{language}\n{text}\n````\n")


if __name__ == "__main__":
    main()
