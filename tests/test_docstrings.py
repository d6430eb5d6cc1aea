"""What a public name owes its reader: a docstring that is whole, with an example.

That the examples run is seen by pytest's ``--doctest-modules``.
"""

import inspect

import pytest
from numpydoc.validate import ERROR_MSGS, validate

import skmusic

# All that numpydoc checks, less what is a matter of taste here: a See Also and a
# second paragraph for everything, and verbs in place of "Frames of a recording".
CHECKS = set(ERROR_MSGS) - {"SA01", "ES01", "SS05", "EX01"}


def public():
    """Public names: of skmusic, of its modules, and the methods of its classes."""
    for name in skmusic.__all__:
        value = getattr(skmusic, name)
        yield name
        if inspect.ismodule(value):
            members = {part: getattr(value, part) for part in value.__all__}
        elif inspect.isclass(value):
            members = own_methods(value)
        else:
            continue
        for part, member in members.items():
            yield f"{name}.{part}"
            if inspect.isclass(member):
                yield from (f"{name}.{part}.{method}" for method in own_methods(member))


def own_methods(cls):
    """Public methods and properties that skmusic wrote; scikit-learn has its own."""
    return {
        name: value
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and getattr(inspect.unwrap(value), "__module__", cls.__module__)
        == cls.__module__
        and (callable(value) or isinstance(value, (property, classmethod)))
    }


def resolve(name):
    value = skmusic
    for part in name.split("."):
        value = getattr(value, part)
    return value


DOCUMENTED = [n for n in public() if not isinstance(resolve(n), str | tuple)]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstrings_are_whole(name):
    if inspect.ismodule(resolve(name)):
        assert inspect.getdoc(resolve(name))
        return
    found = validate(f"skmusic.{name}")["errors"]
    assert not [error for error in found if error[0] in CHECKS]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_can_be_called_has_an_example(name):
    if callable(resolve(name)):
        _, _, examples = inspect.getdoc(resolve(name)).partition("\nExamples\n---")
        assert ">>> " in examples
