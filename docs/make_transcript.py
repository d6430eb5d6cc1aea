"""Run what docs/getting_started.md shows, and put what it answers into the page.

    .venv/bin/python docs/make_transcript.py      # learns; some minutes

The commands run in an empty folder, with songs that skmusic composes itself in
``songs/``. What stands in the page between the two comments that name this file is
replaced. ``.venv-player`` is used where `make player` has made it, else ``.venv``.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "getting_started.md"
LEARN = "To learn", ".venv"
LISTEN = "To listen, perhaps on another machine", ".venv-player"
# What is typed, and where.
COMMANDS = [
    (LEARN, "skmusic info songs"),
    (LEARN, "skmusic fit songs -o mine.skmusic --random-state 1"),
    (LEARN, "skmusic sample mine.skmusic --pieces 2 --random-state 1 -o mine.wav"),
    (LISTEN, "skmusic info mine.skmusic"),
    (LISTEN, "skmusic sample mine.skmusic --pieces 1 --random-state 1 -o heard.flac"),
    (LISTEN, "skmusic fit songs -o another.skmusic"),
]
BLOCK = re.compile(
    r"(<!-- docs/make_transcript.py -->\n).*?(<!-- /docs/make_transcript.py -->)", re.S
)
WIDTH = 140


def typed(who, command):
    """The line of a command, as it is typed in the folder of skmusic."""
    return f"$ {who[1]}/bin/{command}"


def shown(text):
    """What a command said, its long lines cut."""
    lines = [line.rstrip() for line in text.splitlines()]
    return [f"{line[:WIDTH]} ..." if len(line) > WIDTH else line for line in lines]


def answer(who, command):
    """Run a command as whoever types it; return what it says."""
    python = ROOT / who[1] / "bin" / "python"
    # Where there is no such environment, this one, without what learning needs.
    absent = "" if python.exists() or who is LEARN else ABSENT
    code = f"{absent}import sys; from skmusic.cli import main; sys.exit(main())"
    run = subprocess.run(
        [python if python.exists() else sys.executable, "-c", code]
        + shlex.split(command)[1:],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return shown(run.stdout)


ABSENT = """import sys
sys.modules["keras"] = sys.modules["tensorflow"] = None
"""


def transcript():
    """Lines of both: what is typed, and what is answered."""
    lines, before = [], None
    for who, command in COMMANDS:
        if who != before:
            lines += [*["```", ""][: 2 * bool(before)], f"{who[0]}:", ""]
            lines += ["```console"]
            before = who
        lines += [typed(who, command), *answer(who, command)]
    return "\n".join([*lines, "```", ""])


def main():
    """Compose the songs, run all, write the page."""
    sys.path.insert(0, str(ROOT))
    from skmusic import audio, datasets

    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("songs").mkdir()
        songs = datasets.make_songs(4, random_state=0)
        for name, x in zip(songs.names, songs.recordings, strict=True):
            audio.write(f"songs/{name}.ogg", x, songs.sr)
        made = transcript()
        os.chdir(ROOT)
    PAGE.write_text(
        BLOCK.sub(lambda found: found[1] + made + found[2], text), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
