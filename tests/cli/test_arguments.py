from cli_helpers import run

import skmusic


def test_version_and_help(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"skmusic {skmusic.__version__}\n"
    for command in ["compose"], ["fit"], ["sample"], ["info"], []:
        assert run(*command, "--help") == 0
    assert "trust" in capsys.readouterr().out
