import pytest
from handmade import FORMATS, notes, synthesis_of


@pytest.fixture(scope="session")
def mono():
    """Synthesis of four recordings of 300 steps; not to be changed."""
    return synthesis_of([notes(300, seed=seed) for seed in range(4)])


@pytest.fixture(scope="session", params=FORMATS)
def each(request):
    """The same, in each of several formats, and of plain numbers."""
    format = FORMATS[request.param]
    return synthesis_of([notes(200, format, seed) for seed in range(3)], format)
