"""Recordings for the benchmarks: the music of Battle for Wesnoth 1.16.

Run it to fetch them, or import `music` and `unheard`, which fetch at need. They come
from the Debian package ``wesnoth-1.16-music``, unpacked without being installed, and
lie with their licence in ``benchmarks/data/wesnoth-1.16-music``, which git ignores.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "wesnoth-1.16-music"
FOLDER = Path(__file__).resolve().parent / "data" / PACKAGE

LEARNT = (
    "battle",
    "elvish-theme",
    "knolls",
    "loyalists",
    "northerners",
    "sad",
    "the_deep_path",
    "underground",
    "wanderer",
    "love_theme",
)
UNHEARD = (
    "battle-epic",
    "heroes_rite",
    "knalgan_theme",
    "traveling_minstrels",
    "weight_of_revenge",
)


def music(n=None):
    """Paths of the first `n` recordings to learn from; None is all 10."""
    return _paths(LEARNT, n)


def unheard(n=None):
    """Paths of the first `n` recordings that none learns from; None is all 5."""
    return _paths(UNHEARD, n)


def fetch():
    """Fetch the recordings, all or none, unless they are here.

    Returns
    -------
    list of pathlib.Path
        All recordings of the package.

    Raises
    ------
    RuntimeError
        If they cannot be fetched; the message says what to do.
    """
    if not FOLDER.is_dir():
        for program in "apt-get", "dpkg":
            if shutil.which(program) is None:
                raise RuntimeError(
                    f"{program} not found: the music is fetched as a Debian package. "
                    "On another system put the ogg files of Wesnoth 1.16's music "
                    f"into {FOLDER}"
                )
        FOLDER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".part-") as part:
            _move(_unpack(Path(part)))
    missing = [name for name in LEARNT + UNHEARD if not _path(name).is_file()]
    if missing:
        raise RuntimeError(
            f"{FOLDER} lacks {', '.join(missing)} (.ogg); remove the folder and "
            "fetch again"
        )
    return sorted(FOLDER.glob("*.ogg"))


def _path(name):
    return FOLDER / f"{name}.ogg"


def _paths(names, n):
    n = len(names) if n is None else n
    if not 1 <= n <= len(names):
        raise ValueError(f"n={n}: there are 1 to {len(names)} recordings to ask for")
    fetch()
    return [_path(name) for name in names[:n]]


def _unpack(part):
    """Download and unpack the package; the folder of its recordings."""
    # As root, apt would hand over to a user who may not write here, and say so.
    root = os.geteuid() == 0
    apt = ["apt-get", *(["-o", "APT::Sandbox::User=root"] if root else [])]
    print(f"fetching {PACKAGE} ...", file=sys.stderr)
    failed = _call(*apt, "download", PACKAGE, cwd=part)
    if failed and root:
        print("the package list may be stale: apt-get update", file=sys.stderr)
        _call(*apt, "update")
        failed = _call(*apt, "download", PACKAGE, cwd=part)
    packages = list(part.glob("*.deb"))
    if failed or len(packages) != 1:
        raise RuntimeError(
            f"apt-get cannot download {PACKAGE}. If its list of packages is stale, "
            "run `apt-get update` as root and try again; if this release of the "
            f"system has no such package, put the ogg files of Wesnoth 1.16's music "
            f"into {FOLDER}"
        )
    tree = part / "tree"
    if _call("dpkg", "-x", packages[0], tree):
        raise RuntimeError(f"dpkg cannot unpack {packages[0].name}; see above")
    found = list(tree.rglob(f"{LEARNT[0]}.ogg"))
    if len(found) != 1:
        raise RuntimeError(f"{packages[0].name} does not hold the music expected")
    shutil.copy(tree / "usr/share/doc" / PACKAGE / "copyright", found[0].parent)
    return found[0].parent


def _move(folder):
    """Put the complete folder in its place in one step."""
    try:
        folder.rename(FOLDER)
    except OSError:
        if not FOLDER.is_dir():  # else another process was faster
            raise


def _call(*command, cwd=None):
    """Whether the command failed; all it says goes to the standard error."""
    return subprocess.run(command, cwd=cwd, stdout=sys.stderr).returncode != 0


if __name__ == "__main__":
    try:
        print(*fetch(), sep="\n")
    except (OSError, RuntimeError) as error:
        sys.exit(f"fetch_music: {error}")
