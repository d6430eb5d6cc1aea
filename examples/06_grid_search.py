"""
Grid search over N, by song
===========================

One row of `X` is one recording, so scikit-learn's tools split by song: what is
scored are songs that were not learned. Here `GridSearchCV` looks for the ``N`` whose
frames are foreseen best.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV, KFold

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player

songs = make_songs(4, seconds=15, random_state=2)
sr = songs.sr

# %%
# A fair score
# ------------
# ``score`` is the log-likelihood of unheard songs in nats for each number of a frame.
# A density depends on the unit of what is measured, and the FFT makes numbers larger
# the longer its window is. So ``factor`` goes along with ``N``: with ``N ** -0.5`` a
# frame has the energy of its window at every ``N``.

grid = [
    {"fftfeaturizer__N": [N], "fftfeaturizer__factor": [N**-0.5]}
    for N in (256, 1024, 2048, 4096)
]
search = GridSearchCV(
    Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=5, random_state=0)]),
    grid,
    cv=KFold(2),
)
search.fit(songs.recordings)
found = search.cv_results_

for N, mean, deviation in zip(
    found["param_fftfeaturizer__N"],
    found["mean_test_score"],
    found["std_test_score"],
    strict=True,
):
    print(f"N={N}: {mean:.3f} +- {deviation:.3f} nats a number")

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.errorbar(
    found["param_fftfeaturizer__N"].astype(str),
    found["mean_test_score"],
    found["std_test_score"],
    marker="o",
    capsize=4,
)
axis.set(xlabel="N", ylabel="nats a number")

# %%
# Read it with care
# -----------------
# The score says how well unheard songs are foreseen. It does not say how a piece
# sounds: for that, listen, and compare with `skmusic.metrics.evaluate`. The bars are
# the spread over two halves of four songs, and a difference smaller than they are
# says nothing.
#
# The best by this score has learned all songs anew, and plays:

print(search.best_params_)
piece = search.best_estimator_.sample(songs.recordings[0], seconds=8)
Player(piece, sr, name="a piece of the best")
