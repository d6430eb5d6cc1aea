"""How well the next token is forecast: the network beside n-gram tables."""

from collections import Counter, defaultdict

import numpy as np

from skmusic.network.numpy_lstm import forward, log_softmax, shifted, zero_state


class WittenBell:
    """Table of n-grams, each interpolated with the next shorter one.

    References
    ----------
    I. Witten and T. Bell, "The zero-frequency problem", IEEE Trans. Information
    Theory 37 (1991).
    """

    def __init__(self, sequences, order, n_tokens):
        self.order, self.n_tokens = order, n_tokens
        self.counts = [defaultdict(Counter) for _ in range(order)]
        for tokens in sequences:
            tokens = tokens.tolist()
            for n in range(order):
                for i in range(n, len(tokens)):
                    self.counts[n][tuple(tokens[i - n : i])][tokens[i]] += 1

    def probability(self, past, token):
        """Probability of a token after `past`, a tuple."""
        p = 1 / self.n_tokens
        for n in range(min(self.order, len(past) + 1)):
            seen = self.counts[n].get(past[len(past) - n :])
            if seen:
                kinds, total = len(seen), sum(seen.values())
                p = (seen[token] + kinds * p) / (total + kinds)
        return p

    def nats(self, tokens):
        """Mean negative log-probability of a sequence."""
        tokens = tokens.tolist()
        logs = [
            np.log(self.probability(tuple(tokens[max(0, i - self.order + 1) : i]), t))
            for i, t in enumerate(tokens)
        ]
        return -float(np.mean(logs))


def nats_of_network(generator, features, tokens):
    """Mean negative log-probability of a recording's tokens by the network."""
    network = generator.network_
    logp = log_softmax(forward(network, shifted(features), zero_state(network))[0])
    return -float(logp[np.arange(len(tokens)), tokens].mean())


def likelihoods(pipe, learnt, held):
    """Nats a token on each unheard recording, by each way to forecast."""
    featurizer, generator = pipe[0], pipe[-1]
    codebook = generator.codebook_
    n_tokens = len(codebook.centroids)

    def heard(x):
        features = codebook.features(featurizer.transform([x])[0])
        return features, codebook.tokens(features)

    known = [heard(x)[1] for x in learnt]
    tables = {
        name: WittenBell(known, order, n_tokens)
        for order, name in enumerate(("unigram", "bigram", "trigram"), start=1)
    }
    unheard = [heard(x) for x in held]
    found = {name: [t.nats(y) for _, y in unheard] for name, t in tables.items()}
    found["LSTM"] = [nats_of_network(generator, x, y) for x, y in unheard]
    return found


def summary(found, step_seconds=1024 / 44100):
    """Lines of Markdown: means over recordings, 95 % by bootstrap of recordings."""
    rng = np.random.default_rng(0)
    n = len(found["LSTM"])
    draws = rng.integers(n, size=(10_000, n))
    best = min((k for k in found if k != "LSTM"), key=lambda k: np.mean(found[k]))
    lines = ["| | nats a token | 95 % | bits a second |", "|---|---|---|---|"]
    rows = {**found, f"{best} less LSTM": np.subtract(found[best], found["LSTM"])}
    for name, values in rows.items():
        means = np.asarray(values)[draws].mean(axis=1)
        low, high = np.percentile(means, [2.5, 97.5])
        mean = float(np.mean(values))
        bits = mean / np.log(2) / step_seconds
        lines.append(f"| {name} | {mean:.2f} | {low:.2f} to {high:.2f} | {bits:.0f} |")
    return lines
