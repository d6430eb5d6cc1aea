import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmusic import StatefulLSTMGenerator

SMALL = {"hidden_layer_sizes": (8,), "epochs": 2}


@pytest.mark.filterwarnings("ignore:X of shape")
@parametrize_with_checks(
    [
        StatefulLSTMGenerator(),
        StatefulLSTMGenerator(**SMALL),
        StatefulLSTMGenerator("regression", **SMALL),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
