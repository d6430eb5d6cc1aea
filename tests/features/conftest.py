import numpy as np
import pytest

from skmusic.features.tokenizer import fit_tokenizer, step_bands


@pytest.fixture(scope="session")
def learned(songs):
    """Tokenizer of the songs, of steps of 23 ms, and the features of each."""
    bands = [step_bands(x, 256) for x in songs.recordings]
    tokenizer = fit_tokenizer(bands, 256, None, 32, np.random.RandomState(0))
    return tokenizer, [tokenizer.reduced(x) for x in bands]
