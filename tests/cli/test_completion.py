import subprocess
import sys

import pytest

from skmusic.cli import completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_command_is_known(shell):
    script = completion.script(shell)
    for word in "compose", "fit", "sample", "stream", "info", "temperature":
        assert word in script


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["stre"], ["stream"]),
        (["stream", "--sec"], ["--seconds"]),
        (["stream", "mod"], ["model.joblib"]),
        (["compose", "--output", "reg"], ["regression"]),
    ],
)
def test_bash_completes(tmp_path, words, found):
    (tmp_path / "model.joblib").touch()
    line = (
        f"COMP_WORDS=(skmusic {' '.join(words)}); COMP_CWORD={len(words)}; "
        '_shtab_skmusic; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    run = subprocess.run(
        ["bash", "-c", completion.script("bash") + "\n" + line],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == found, run.stderr


def test_without_shtab_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(ImportError, match="pip install shtab"):
        completion.script("bash")
