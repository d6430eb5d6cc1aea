import pytest
from hostile_audio import GOOD, write_good
from test_audio import tone
from test_decoding import write_mpeg4


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    raws = {path.name: path.read_bytes() for path in write_good(folder, 0.4)}
    write_mpeg4(folder / "a.m4a", tone())
    assert len(raws) == len(GOOD)
    return raws | {"a.m4a": (folder / "a.m4a").read_bytes()}
