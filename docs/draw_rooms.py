"""Draw the rooms of skmusic and what imports what: docs/_static/rooms.svg.

    .venv/bin/python docs/draw_rooms.py

The rooms and their order are those of tests/test_imports.py, the line that says what a
room is for is the first of its docstring, and the arrows are read from the imports.
tests/test_architecture.py fails where the picture in the repository is another.
"""

import ast
import sys
import textwrap
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from test_imports import MODULES, PATHS, ROOMS, own, room

PICTURE = ROOT / "docs" / "_static" / "rooms.svg"
# Pixels: boxes of the rooms, the room between them, and the lines beside them.
WIDTH, HEIGHT, GAP, MARGIN, LINE = 480, 44, 12, 16, 24
COLOURS = "#4a6fa5", "#b5762a", "#3d8a5f", "#a5485c", "#6d5ba8", "#4f7f8c", "#7a6a3a"


def imports():
    """Rooms that each room imports, from the ground up."""
    return {
        name: [
            other
            for other in ROOMS
            if other != name
            and any(
                room(target) == other
                for module in MODULES
                if room(module) == name
                for target, _ in own(module)
            )
        ]
        for name in ROOMS
    }


def purpose(name):
    """First line of a room's docstring."""
    tree = ast.parse(PATHS[name].read_text(encoding="utf-8"))
    return ast.get_docstring(tree).split("\n")[0].replace("`", "")


def draw():
    """SVG: a box for each room, and a line up from each room that others import.

    An importing room's own line runs to the right and has a dot on the line of each
    room that it imports.
    """
    edges = imports()
    imported = [name for name in ROOMS if any(name in each for each in edges.values())]
    # The ground's line is the outermost, so that no arrow into a box crosses a line.
    across = {
        name: MARGIN + WIDTH + LINE * (1 + i)
        for i, name in enumerate(reversed(imported))
    }
    top = {name: MARGIN + (HEIGHT + GAP) * i for i, name in enumerate(reversed(ROOMS))}
    width = max(across.values()) + MARGIN
    height = max(top.values()) + HEIGHT + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
    ]
    parts += [_imports_of(name, edges, across, top) for name in ROOMS if edges[name]]
    for name in imported:
        parts += _arrow_into(name, edges, across, top)
    for name in ROOMS:
        parts += _box(name, top[name])
    return "\n".join([*parts, "</svg>", ""])


def _imports_of(name, edges, across, top):
    """Line from a room to the last of those that it imports."""
    end, y = max(across[other] for other in edges[name]), top[name] + HEIGHT // 4
    return f'<path d="M{MARGIN + WIDTH} {y}H{end}" stroke="#bbbbbb"/>'


def _arrow_into(name, edges, across, top):
    """Arrow into a room from all that import it, with a dot for each."""
    x, y, right = across[name], top[name] + HEIGHT * 3 // 4, MARGIN + WIDTH
    colour = COLOURS[ROOMS.index(name) % len(COLOURS)]
    users = [top[user] + HEIGHT // 4 for user in edges if name in edges[user]]
    line = f"M{x} {min(users)}V{y}H{right + 8}"
    yield f'<path d="{line}" stroke="{colour}" stroke-width="2" fill="none"/>'
    yield f'<path d="M{right} {y}l9 -5v10z" fill="{colour}"/>'
    for at in users:
        yield f'<circle cx="{x}" cy="{at}" r="4" fill="{colour}"/>'


def _box(name, y):
    """Box of a room, with its name and what it is for."""
    file = name if PATHS[name].name == "__init__.py" else f"{name}.py"
    text = textwrap.wrap(purpose(name), 51)
    yield (
        f'<rect x="{MARGIN}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
        'fill="#f4f6fa" stroke="#7d8797"/>'
    )
    middle = y + HEIGHT // 2 + 4
    yield f'<text x="{MARGIN + 10}" y="{middle}" font-weight="bold">{file}</text>'
    first = middle - 8 * (len(text) - 1)
    for i, line in enumerate(text):
        at = f'x="{MARGIN + 116}" y="{first + 16 * i}"'
        yield f'<text {at} fill="#333333">{escape(line)}</text>'


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")
