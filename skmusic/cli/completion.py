"""Tab completion of the command line, by ``shtab``."""

import argparse

from skmusic.cli import arguments


def script(shell):
    """Script that teaches a shell what can be typed after ``skmusic``.

    Parameters
    ----------
    shell : {"bash", "zsh", "tcsh"}
        Whose.

    Returns
    -------
    str

    Raises
    ------
    ImportError
        If shtab is not installed.

    Examples
    --------
    >>> from skmusic.cli.completion import script
    >>> "compose" in script("bash")
    True
    """
    try:
        import shtab
    except ImportError as error:
        raise ImportError(
            "completion needs shtab; install it: pip install shtab"
        ) from error
    parser = arguments.parser()
    for action in _actions(parser):
        if arguments.takes_file(action):
            action.complete = shtab.FILE
    return shtab.complete(parser, shell)


def _actions(parser):
    """Arguments of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
