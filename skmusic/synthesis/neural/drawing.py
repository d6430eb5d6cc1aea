"""Drawing: the patches of a piece, one after the other.

References
----------
J. Ho and T. Salimans, "Classifier-free diffusion guidance" (2022), for what is asked
for. C. Meng et al., "SDEdit: guided image synthesis and editing with stochastic
differential equations", ICLR (2022), for paths that begin on their way to what is to be
followed.
"""

from dataclasses import replace

import numpy as np

from skmusic.network import numpy_flow
from skmusic.network.numpy_lstm import forward
from skmusic.synthesis.neural.conditions import followed, unasked
from skmusic.synthesis.neural.context import (
    bounded,
    heard,
    inputs,
    levels_of,
)

# What is asked for is told, and the difference that this makes is made again so often.
_GUIDED = 2.0
# Hotter, all is noise.
_HOTTEST = 1e3


def draw(neural, lstm, context, n_steps, temperature, times, rng):
    """Steps ``(n_steps, n_numbers)`` of whole patches, so many or more.

    Beside them stand the state of the network and the context after them. The
    temperature is the size of the noise that patches are drawn from; `times` are from
    `skmusic.network.numpy_flow.schedule`.
    """
    vocoder, code = neural.vocoder, neural.code
    size = code.n_steps
    drawn = [np.empty((0, code.n_numbers), np.float32)]
    for _ in range(-(-n_steps // size)):
        fresh = rng.standard_normal(code.n_codes)
        lasting = neural.noise_persistence
        noise = lasting * context.noise + np.sqrt(1 - lasting**2) * fresh
        scaled = neural.noise_size * min(temperature, _HOTTEST) * noise
        codes, lstm = _code(neural, context, lstm, scaled, times)
        steps = _steps(neural, context, codes, temperature, rng)
        if context.moment.foreign is not None:
            # The network hears what sounds.
            codes = code.within(code.encode(steps)[0])
        levels = levels_of(steps, vocoder)
        context = heard(context, codes, noise, steps, levels)
        drawn.append(steps)
    return np.concatenate(drawn), lstm, context


def _code(neural, context, lstm, noise, times):
    """Code of the next patch, drawn from noise, and the state of the network."""
    code, network = neural.code, neural.network
    conditions, states = forward(network, inputs(context, code)[None], lstm)
    if context.moment.asked:
        free = replace(context, moment=unasked(context.moment))
        usual, _ = forward(network, inputs(free, code)[None], lstm)
        conditions = conditions + _GUIDED * (conditions - usual)
    model = followed(context.moment, code.n_steps)
    if model is not None:
        # The path begins on its way to what is followed.
        times = numpy_flow.schedule(network["flow"], start=1 - model[1])
    codes = numpy_flow.draw(network["flow"], conditions[0], noise, times, model)
    return code.within(codes), states[-1]


def _steps(neural, context, codes, temperature, rng):
    """Steps of the next patch, of its code."""
    code, place = neural.code, context.moment.place
    # What the code does not keep is as loud as it was, and no louder.
    rest = np.sqrt(min(temperature, 1.0)) * rng.standard_normal(len(code.rest))
    rest = rest.astype(np.float32)
    before = context.past[-1:] if len(context.past) else None
    steps = bounded(code.decode(codes[None], rest[None], before))
    foreign = context.moment.foreign
    if foreign is not None:
        steps[:, : len(foreign)] -= foreign
    if place is not None and place[1] < code.n_steps:
        # After its end a piece is silent.
        steps[max(place[1], 0) :] = neural.vocoder.silent()
    return steps
