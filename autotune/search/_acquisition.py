"""Where improvement is expected: a criterion and how it is maximised."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx, log_ndtr

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def log_expected_improvement(mean, sd, best):
    """Log of E[max(best - f, 0)], stable (Ament et al. 2023)."""
    z = (best - mean) / sd
    return log_h(z) + np.log(sd)


def log_h(z):
    z = np.asarray(z, float)
    out = np.empty_like(z)
    hi = z > -1
    zh = z[hi]
    out[hi] = np.log(np.exp(-0.5 * zh * zh - _HALF_LOG_2PI) + zh * np.exp(log_ndtr(zh)))
    zl = z[~hi]
    t = np.sqrt(math.pi / 2) * np.abs(zl) * erfcx(-zl / math.sqrt(2))
    far = zl < -1e5
    with np.errstate(divide="ignore"):
        tail = np.where(far, -2 * np.log(np.abs(zl)), np.log1p(-np.where(far, 0, t)))
    out[~hi] = -0.5 * zl * zl - _HALF_LOG_2PI + tail
    return out


def maximise(
    score,
    embedding,
    incumbents,
    rng,
    n_random=512,
    n_local=200,
    rounds=4,
    n_best=10,
    width=40,
    sigmas=(0.2, 0.1, 0.05, 0.02, 0.01),
):
    """Return all candidates looked at (snapped), best first."""
    d = len(embedding.features)
    U = [rng.random_sample((n_random, d))]
    if n_local:
        per = max(1, n_local // len(incumbents))
        U.append(mutate(np.repeat(incumbents, per, axis=0), embedding, rng, None))
    raw = np.vstack(U)
    X = embedding.snap(raw)
    a = score(X)
    for r in range(rounds):
        top = np.argsort(-a, kind="stable")[:n_best]
        new = mutate(
            np.repeat(raw[top], width // 2 if False else width, axis=0),
            embedding,
            rng,
            sigmas[min(r, len(sigmas) - 1)],
        )
        Xn = embedding.snap(new)
        raw = np.vstack([raw[top], new])
        an = score(Xn)
        X = np.vstack([X[top], Xn])
        a = np.concatenate([a[top], an])
    order = np.argsort(-a, kind="stable")
    return X[order], a[order]


def mutate(U, embedding, rng, sigma):
    """Change some of the features of each row: steps for numbers, redraws for choices."""
    n, d = U.shape
    s = sigma if sigma is not None else np.exp(rng.uniform(np.log(0.02), np.log(0.3), (n, 1)))
    which = (
        embedding.active[
            np.minimum((U[:, 0] * embedding.n_subspaces).astype(int), embedding.n_subspaces - 1)
        ]
        if embedding.n_subspaces > 1
        else np.ones((n, d), bool)
    )
    p = rng.uniform(0, 1, (n, 1)) if sigma is None else 0.5
    change = (rng.random_sample((n, d)) < p) & which
    # at least one: the one with the largest draw among the active
    force = np.argmax(np.where(which, rng.random_sample((n, d)), -1), axis=1)
    change[np.arange(n), force] = True
    unordered = np.array([f.kind == "choice" for f in embedding.features])
    step = U + s * rng.standard_normal((n, d))
    step = np.abs(step)
    step = 1 - np.abs(1 - step)  # reflect
    step = np.clip(step, 0, 1)
    new = np.where(unordered, rng.random_sample((n, d)), step)
    return np.where(change, new, U)
