from sklearn.utils.estimator_checks import parametrize_with_checks

from skmusic import FFTFeaturizer


@parametrize_with_checks(
    [
        FFTFeaturizer(),
        FFTFeaturizer(N=8),
        FFTFeaturizer(N=4, hop_length=4, window="boxcar", redundant=True),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
