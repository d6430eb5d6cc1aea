import numpy as np

from skmusic.features.onsets import N_RANGES, onset_strength, spectral_flux


def test_flux_is_where_something_begins(learned):
    tokenizer, _ = learned
    rng = np.random.default_rng(0)
    x = 1e-3 * rng.standard_normal((60 * 256, 1))
    for step in (20, 40):
        x[step * 256 : (step + 5) * 256] += rng.standard_normal((5 * 256, 1))
    flux = spectral_flux(tokenizer.features(x), tokenizer)
    assert flux.shape == (60, N_RANGES)
    assert (flux >= 0).all()
    assert not flux[0].any()
    # Each window hears a step and the one before, and what fades in it.
    mean = flux.mean(axis=1)
    assert set(np.argsort(mean)[-2:]) == {20, 40}
    assert np.median(mean) < 0.3 * mean[[20, 40]].min()


def test_flux_is_of_levels_and_does_not_know_the_future(learned):
    tokenizer, (features, *_) = learned
    flux = spectral_flux(features, tokenizer)
    np.testing.assert_allclose(
        spectral_flux(features[:50], tokenizer), flux[:50], atol=1e-4
    )
    rise = np.maximum(np.diff(tokenizer.levels(features), axis=0), 0)
    np.testing.assert_allclose(
        flux[1:].mean(axis=1), rise.mean(axis=1), rtol=0.05, atol=0.01
    )


def test_strength_is_a_mean_of_three_steps_up_to_each():
    flux = np.zeros((9, N_RANGES))
    flux[4] = 1.0
    strength = onset_strength(flux)
    np.testing.assert_allclose(strength[3:8], [0, 0.25, 0.5, 0.25, 0])
    assert strength.sum() == 1
    np.testing.assert_allclose(onset_strength(flux[:1] + 1), [0.25])
