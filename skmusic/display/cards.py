"""Cards of the report: a sound that plays, what is known of it, and its figures."""

from skmusic.audio.html import data_uri
from skmusic.display.html import inline_figure
from skmusic.display.measures import facts_in_words
from skmusic.display.sound import SpectrogramDisplay, SpectrumDisplay, WaveformDisplay
from skmusic.metrics.musical import musical_facts
from skmusic.utils.lengths import length

# Seconds of the short waveform.
_SHORT = 0.05
# Inches: as wide as a card is on a screen, and on a phone not much too small.
_WIDTH = 4.5


def card(id, name, x, sr):
    """All that the page shows of one sound ``(n_samples, n_channels)``, a dict.

    That is ``id``, ``name``, ``seconds``, ``length`` in words, ``source`` for a player,
    ``facts``, the figures ``waveform`` and ``spectrogram``, and ``details``, those that
    only authors of such methods look at.
    """
    seconds = len(x) / sr
    middle = max(0.0, seconds / 2 - _SHORT)

    def spectra(ax):
        N = min(256, len(x) // 5 // 2 * 2)
        SpectrumDisplay.from_recording(x, sr=sr, N=N, ax=ax)

    def short(ax):
        WaveformDisplay.from_recording(x, sr=sr, start=middle, seconds=_SHORT, ax=ax)

    return {
        "id": id,
        "name": name,
        "seconds": seconds,
        "length": length(seconds),
        "source": data_uri(x, sr, "mp3"),
        "facts": facts_in_words(musical_facts(x, sr)),
        "waveform": inline_figure(
            lambda ax: WaveformDisplay.from_recording(x, sr=sr, ax=ax),
            f"Waveform of {name}, all {seconds:.1f} s, peak {abs(x).max():.2f}",
            width=_WIDTH,
            height=1.4,
        ),
        "spectrogram": inline_figure(
            lambda ax: SpectrogramDisplay.from_recording(x, sr=sr, ax=ax),
            f"Spectrogram of {name}, frequencies from 40 to {sr // 2} Hz over time",
            width=_WIDTH,
        ),
        "details": [
            inline_figure(
                short,
                f"Waveform of {name}, {1000 * _SHORT:.0f} ms from {middle:.2f} s on",
            ),
            inline_figure(
                spectra,
                f"Real parts of the spectra of {name}, 10 sets of 5 frames overlaid",
            ),
        ],
    }
