"""Forecasts: what may come next, as the mean of draws, and how likely what came was."""

from dataclasses import replace

import numpy as np

from skmusic.features.constantq import band_widths, step_bands, to_energies
from skmusic.features.matches import find_matches
from skmusic.network import numpy_flow
from skmusic.network.numpy_lstm import forward, zero_state
from skmusic.synthesis.neural.conditions import NOTHING
from skmusic.synthesis.neural.context import bounded, inputs_of, levels_of
from skmusic.synthesis.neural.panning import factors
from skmusic.synthesis.neural.vocoder import log_magnitudes

# Draws of each patch, always the same ones.
_N_DRAWS = 8
# Patches whose draws are held at once.
_BLOCK = 128
# No variance is less than this share of their mean, nor than nothing.
_LEAST, _NOTHING = 1e-6, 1e-12


def draws(neural, steps):
    """What may come after 0, 1, ... of the patches of a recording, block by block.

    Of steps ``(n_steps, n_numbers)`` the first ``n_steps // code.n_steps`` patches are
    heard. Yielded are draws ``(n_draws, n_patches * code.n_steps, n_numbers)`` of some
    patches, the first one first; of one more than are heard.
    """
    code, network = neural.code, neural.network
    n = len(steps) // code.n_steps
    nothing = np.zeros((code.n_steps, code.n_numbers), np.float32)
    steps = np.concatenate([steps[: n * code.n_steps], nothing])
    matches, _ = find_matches(levels_of(steps, neural.vocoder))
    heard, _ = inputs_of(steps, matches, NOTHING, code)
    conditions, _ = forward(network, heard, zero_state(network))
    rng, flow = np.random.default_rng(0), network["flow"]
    noise = rng.standard_normal((_N_DRAWS, 1, code.n_codes))
    rest = rng.standard_normal((_N_DRAWS, 1, len(code.rest))).astype(np.float32)
    times = numpy_flow.schedule(flow)
    before = code.before(steps)
    for i in range(0, n + 1, _BLOCK):
        some = conditions[i : i + _BLOCK]
        start = np.broadcast_to(noise, (_N_DRAWS, len(some), code.n_codes))
        drawn = numpy_flow.draw(flow, some[None], start, times)
        drawn = bounded(drawn)
        yield np.stack(
            [
                code.decode(
                    each,
                    np.repeat(left, len(some), axis=0),
                    before[i : i + _BLOCK],
                )
                for each, left in zip(drawn, rest, strict=True)
            ]
        )


def mean(neural, steps):
    """Mean of what may come at each step, and in the patch after the last one heard."""
    return np.concatenate([drawn.mean(axis=0) for drawn in draws(neural, steps)])


def log_likelihood(neural, x, steps):
    """Log-density ``(n_steps,)`` of each step, given the patches before its own.

    It is in nats for each number of the spectrum. These are taken to be independent
    zero-mean Gaussians, alike within a band; their variance is the mean of what is
    drawn. Plain numbers are Gaussians about the mean of the draws. `x` is a waveform
    ``(n_samples, n_channels)``, or plain numbers; `steps` ``(n_steps, n_numbers)`` are
    what the network hears of it.
    """
    if not len(steps):
        return np.empty(0)
    if neural.vocoder is None:
        return _of_numbers(neural, steps)
    vocoder = neural.vocoder
    n_bands = vocoder.n_bands
    expected = np.concatenate(
        [
            to_energies(np.minimum(drawn[..., :n_bands], 0)).mean(axis=0)
            for drawn in draws(neural, steps)
        ]
    )[: len(steps)]
    expected = vocoder.reference * (expected + _NOTHING)
    found = step_bands(x, vocoder.step)
    # A band's energy is the mean of its bins, summed over channels; each bin of each
    # channel is two numbers.
    count = 2 * vocoder.n_channels * band_widths(vocoder.step + 1)
    variance = expected / (2 * vocoder.n_channels)
    each = count * found / expected + count * np.log(2 * np.pi * variance)
    return -0.5 * each.sum(axis=1) / count.sum()


def _of_numbers(neural, steps):
    """The same of plain numbers ``(n_steps,)``."""
    parts = [(d.mean(axis=0), d.var(axis=0)) for d in draws(neural, steps)]
    middle, spread = (
        np.concatenate(part)[: len(steps)].astype(np.float64)
        for part in zip(*parts, strict=True)
    )
    # Few draws tell little of how far off a step may be, but those before it do.
    usual = spread.mean(axis=1) + _LEAST * np.square(middle).mean(axis=1)
    usual = np.cumsum(usual) / np.arange(1, len(usual) + 1)
    spread = spread + usual[:, None] + _NOTHING
    each = np.square(steps - middle) / spread + np.log(2 * np.pi * spread)
    return -0.5 * each.mean(axis=1)


def carried_on(frames, expected, format, vocoder):
    """Frames that sound as some steps, their phases those of others carried on.

    Of frames ``(n_frames, n_dims)``, and of the parameters ``(n_frames, n_parameters)``
    of the step that is expected after each.
    """
    frames = np.asarray(frames)
    # Of both halves of a spectrum the lower one tells all.
    n, shape = format.N // 2 + 1, (len(frames), format.n_channels, 2, -1)
    x = frames.reshape(shape)[..., :n]
    z = x[:, :, 0] + 1j * x[:, :, 1]
    # After a hop the phase in the middle of each bin has gone on by so much.
    advance = np.exp(2j * np.pi * np.arange(n) * format.hop_length / format.N)
    unit = z / np.maximum(np.abs(z), 1e-20) * advance
    # The bin of the analysis window that is nearest to each bin of the frame.
    bins = np.rint(np.arange(n) * 2 * format.step / format.N).astype(int)
    bins = np.minimum(bins, vocoder.step)
    plain = replace(vocoder, gain=np.zeros_like(vocoder.gain))
    levels, panning = expected[:, : vocoder.n_bands], vocoder.panning(expected)
    magnitude = np.exp(log_magnitudes(levels, plain))
    share = np.abs(factors(panning, format.n_channels, vocoder.step + 1))
    # Windows of other lengths and weights have other energies of the same sound.
    scale = format.factor * np.sqrt(np.square(format.weights()).sum() / format.step)
    z = unit * scale * (share * magnitude[:, None])[:, :, bins]
    if format.both_halves:
        z = np.concatenate([z, z[..., -2:0:-1].conj()], axis=-1)
    return np.stack([z.real, z.imag], axis=2).reshape(len(frames), -1)
