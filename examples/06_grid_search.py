"""
Grid search, by song
====================

One row of `X` is one recording, so scikit-learn's tools split by song: what is scored
are songs that were not learned. Here `GridSearchCV` looks for the learning rate with
which unheard songs are forecast best after a few epochs.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV, KFold

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player

songs = make_songs(4, seconds=15, sr=22050, tempo=100, key="C major", random_state=2)
sr = songs.sr

# %%
# The score
# ---------
# ``score`` is the log-likelihood of unheard songs, in nats for each number of a
# spectrum: how probable the model finds what really comes, given all before it. The
# network is small here, so that the search is quick.

generator = StatefulLSTMGenerator(hidden_layer_sizes=96, epochs=5, random_state=0)
search = GridSearchCV(
    Pipeline([FFTFeaturizer(N=1024, sr=sr), generator]),
    {"statefullstmgenerator__learning_rate": [3e-4, 1e-3, 3e-3]},
    cv=KFold(2),
)
search.fit(songs.recordings)
found = search.cv_results_
tried = found["param_statefullstmgenerator__learning_rate"]

for rate, mean, deviation in zip(
    tried, found["mean_test_score"], found["std_test_score"], strict=True
):
    print(f"learning rate {rate}: {mean:.3f} +- {deviation:.3f} nats a number")

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.errorbar(
    tried.astype(str),
    found["mean_test_score"],
    found["std_test_score"],
    marker="o",
    capsize=4,
)
axis.set(xlabel="learning rate", ylabel="nats a number")

# %%
# Read it with care
# -----------------
# The score says how well unheard songs are foreseen. It does not say how a piece
# sounds: for that, listen, and compare with `skmusic.metrics.evaluate`. The bars are
# the spread over two halves of four songs, and a difference smaller than they are
# says nothing.
#
# The best by this score has learned all songs anew, and plays. After five epochs a
# small network makes hardly more than a murmur:

print(search.best_params_)
piece = search.best_estimator_.sample(songs.recordings[0], seconds=8)
Player(piece, sr, name="a piece of the best")
