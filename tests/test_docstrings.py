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
        # Of the class: a method that not every instance has is a function there.
        name: getattr(cls, name)
        for base in cls.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_")
        and base.__module__.partition(".")[0] == "skmusic"
        and callable(getattr(cls, name)) | isinstance(value, property)
        and getattr(inspect.unwrap(value), "__module__", base.__module__)
        == base.__module__
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
