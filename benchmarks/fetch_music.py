"""Recordings for the benchmarks: the music of games.

Run it to fetch them, or import `music` and `unheard`, which fetch at need. They come
from Debian packages, unpacked without being installed, and lie with their licences in
folders of ``benchmarks/data``, which git ignores.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Package:
    """A Debian package of recordings: some to learn from, and some never heard."""

    name: str
    suffix: str
    learnt: tuple
    unheard: tuple

    @property
    def folder(self):
        """Where its recordings lie."""
        return DATA / self.name

    def path(self, name):
        """Where one of them lies."""
        return self.folder / f"{name}{self.suffix}"


def _package(name, suffix, learnt, unheard):
    """A package, its recordings named with commas between."""
    both = (tuple(names.split(", ")) for names in (learnt, unheard))
    return Package(name, suffix, *both)


WESNOTH = _package(
    "wesnoth-1.16-music",
    ".ogg",
    "battle, elvish-theme, knolls, loyalists, northerners, sad, the_deep_path, "
    "underground, wanderer, love_theme",
    "battle-epic, heroes_rite, knalgan_theme, traveling_minstrels, weight_of_revenge",
)
WARZONE = _package(
    "warzone2100-music",
    ".opus",
    "track1, track2, track4, track5, track6, track7, track8, track9, track10, track11",
    "track12, track13, track14, track15, track16",
)
HYPERROGUE = _package(
    "hyperrogue-music",
    ".ogg",
    "hr-savino-ivory, hr3-laboratory, hr-savino-caribbean, hr3-hell, hr-savino-ocean, "
    "hr-domina-mountain, hr3-mirror, hr-domina-hunting, hr3-rlyeh, hr3-motion",
    "hr3-graveyard, hr3-desert, hr3-jungle, hr3-icyland, hr-savino-palace",
)
PACKAGES = WESNOTH, WARZONE, HYPERROGUE
# Nothing in skmusic may be chosen by these: they are for a last look.
SINGULARITY = _package(
    "singularity-music",
    ".ogg",
    "A New Journey, Aberrations, Advanced Simulacra, Awakening, By-Product, Coherence, "
    "Deprecation, Enemy Unknown",
    "Inevitable, Media Threat, Nebula, Orbital Elevator, Through Space",
)
NEXUIZ = _package(
    "nexuiz-music",
    ".ogg",
    "beast-of-insanity, brainsukker, breakdown-easy, brokenlight, calling-bogus, "
    "chaos-fog, desert3, digital-pursuit, infight, neuronal-diving",
    "ninesix, northern-lights, sixtyfour_revisited, stairs, subcities",
)
FOLDER = WESNOTH.folder


def music(n=None, package=WESNOTH):
    """Paths of the first `n` recordings to learn from; None is all 10."""
    return _paths(package, package.learnt, n)


def unheard(n=None, package=WESNOTH):
    """Paths of the first `n` recordings that none learns from; None is all 5."""
    return _paths(package, package.unheard, n)


def fetch(package=WESNOTH):
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
    if not package.folder.is_dir():
        for program in "apt-get", "dpkg":
            if shutil.which(program) is None:
                raise RuntimeError(
                    f"{program} not found: the music is fetched as a Debian package. "
                    f"On another system put the recordings of {package.name} into "
                    f"{package.folder}"
                )
        DATA.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=DATA, prefix=".part-") as part:
            _move(_unpack(Path(part), package), package.folder)
    names = package.learnt + package.unheard
    missing = [name for name in names if not package.path(name).is_file()]
    if missing:
        raise RuntimeError(
            f"{package.folder} lacks {', '.join(missing)} ({package.suffix}); remove "
            "the folder and fetch again"
        )
    return sorted(package.folder.glob(f"*{package.suffix}"))


def _paths(package, names, n):
    n = len(names) if n is None else n
    if not 1 <= n <= len(names):
        raise ValueError(f"n={n}: there are 1 to {len(names)} recordings to ask for")
    fetch(package)
    return [package.path(name) for name in names[:n]]


def _unpack(part, package):
    """Download and unpack a package; a folder of its recordings and its licence."""
    # As root, apt would hand over to a user who may not write here, and say so.
    root = os.geteuid() == 0
    apt = ["apt-get", *(["-o", "APT::Sandbox::User=root"] if root else [])]
    print(f"fetching {package.name} ...", file=sys.stderr)
    failed = _call(*apt, "download", package.name, cwd=part)
    if failed and root:
        print("the package list may be stale: apt-get update", file=sys.stderr)
        _call(*apt, "update")
        failed = _call(*apt, "download", package.name, cwd=part)
    packages = list(part.glob("*.deb"))
    if failed or len(packages) != 1:
        raise RuntimeError(
            f"apt-get cannot download {package.name}. If its list of packages is "
            "stale, run `apt-get update` as root and try again; if this release of "
            f"the system has no such package, put its recordings into {package.folder}"
        )
    tree, found = part / "tree", part / "found"
    if _call("dpkg", "-x", packages[0], tree):
        raise RuntimeError(f"dpkg cannot unpack {packages[0].name}; see above")
    found.mkdir()
    for archive in tree.rglob("*.pk3"):
        with zipfile.ZipFile(archive) as file:
            file.extractall(archive.parent)
    recordings = list(tree.rglob(f"*{package.suffix}"))
    alike = Counter(recording.name for recording in recordings)
    for recording in recordings:
        name = recording.name
        if alike[name] > 1:
            name = f"{recording.parent.name}-{name}"
        recording.rename(found / name)
    shutil.copy(tree / "usr/share/doc" / package.name / "copyright", found)
    return found


def _move(found, folder):
    """Put the complete folder in its place in one step."""
    try:
        found.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise


def _call(*command, cwd=None):
    """Whether the command failed; all it says goes to the standard error."""
    return subprocess.run(command, cwd=cwd, stdout=sys.stderr).returncode != 0


if __name__ == "__main__":
    try:
        for each in PACKAGES:
            print(*fetch(each), sep="\n")
    except (OSError, RuntimeError) as error:
        sys.exit(f"fetch_music: {error}")
