import pytest
from sklearn.utils import get_tags

from skmusic import FFTFeaturizer, StatefulLSTMGenerator


@pytest.mark.parametrize(
    "estimator",
    [
        FFTFeaturizer(),
        StatefulLSTMGenerator(),
        StatefulLSTMGenerator("regression"),
    ],
)
def test_no_tag_excuses_an_estimator_from_checks(estimator):
    tags = get_tags(estimator)
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert not tags._skip_test
