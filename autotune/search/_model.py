"""Bayesian optimization with our own Gaussian process."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc, rankdata
from threadpoolctl import ThreadpoolController

from .._history import COMPLETE, RUNNING
from .._seeds import derive_seed
from ._acquisition import log_expected_improvement, maximise
from ._contract import Searcher
from ._embedding import Embedding
from ._gp import GaussianProcess, Prior
from ._seen import Seen, draw_unseen

_CONTROLLER = ThreadpoolController()


class GPSearcher(Searcher):
    name = "bayes"

    def __init__(
        self,
        space,
        seed,
        n_trials=None,
        n_initial=None,
        *,
        inactive="mid",
        levels=False,
        transform="std",
        prior=None,
        max_iter=30,
        acq=None,
        every_random=0,
        max_fit=200,
        xi=0.0,
    ):
        super().__init__(space, seed, n_trials)
        d = len(space.features)
        self.n_initial = n_initial if n_initial is not None else min(10, max(4, 2 * d))
        self.embedding = Embedding(space, inactive, levels)
        self.transform = transform
        self.prior = prior or {}
        self.max_iter = max_iter
        self.acq = acq or {}
        self.every_random = every_random
        self.max_fit = max_fit
        self.xi = xi
        self._seen = Seen(space)

    def ask(self, history):
        seen = self._seen.update(history)
        rng = np.random.RandomState(derive_seed(self.seed, len(history)))
        with _CONTROLLER.limit(limits=1, user_api="blas"):
            for params in self._propose(history, rng):
                if params not in seen:
                    return params
        return draw_unseen(self.space, seen, rng)

    def _propose(self, history, rng):
        known = [t for t in history if t.params in self.space]
        n = len(known)
        scored = sum(t.status == COMPLETE for t in known)
        if not self.space.features or scored < 2 or n < self.n_initial:
            yield self._design(sum(t.origin != "default" for t in history))
            return
        if self.every_random and len(history) % self.every_random == 0:
            return
        U = np.array([self.space.encode(t.params) for t in known])
        scores = np.array([history.score(t) if t.status == COMPLETE else np.nan for t in known])
        waiting = np.array([t.status == RUNNING for t in known])
        y = self._targets(scores[~waiting])
        X = self.embedding(U)
        mean_active = float(np.mean(self.embedding.active.sum(1)))
        cfg = dict(self.prior)
        loc, sd = cfg.pop("loc", np.log(0.5)), cfg.pop("sd", 1.0)
        prior = Prior(length=(loc + 0.5 * np.log(mean_active), sd), **cfg)
        gp = GaussianProcess(self.embedding.groups, prior, self.max_iter)
        gp.fit(X[~waiting], y)
        m, _ = gp.predict(X[~waiting])
        if waiting.any():
            lies = gp.predict(X[waiting])[0]
            gp.condition(np.vstack([X[~waiting], X[waiting]]), np.concatenate([y, lies]))
            m, _ = gp.predict(np.vstack([X[~waiting], X[waiting]]))
            U = np.vstack([U[~waiting], U[waiting]])
        best = m.min() - self.xi
        top = np.argsort(m, kind="stable")[:10]
        starts = np.where(np.isnan(U[top]), rng.random_sample(U[top].shape), U[top])

        def score(C):
            return log_expected_improvement(*gp.predict(self.embedding(C)), best)

        C, a = maximise(score, self.embedding, starts, rng, **self.acq)
        for row in C[:50]:
            yield self.space.decode(np.nan_to_num(row, nan=0.5))

    def _design(self, index):
        n_features = len(self.space.features)
        if not n_features:
            return self.space.decode(np.empty(0))
        sequence = qmc.Sobol(n_features, scramble=True, rng=derive_seed(self.seed))
        return self.space.decode(sequence.random_base2(index.bit_length())[index])

    def _targets(self, scores):
        loss = -scores
        finite = np.isfinite(loss)
        f = loss[finite]
        t = self.transform
        if t == "copula":
            z = ndtri((rankdata(f) - 0.5) / len(f))
        elif t.startswith("winsor"):
            k = float(t[6:] or 3)
            med = np.median(f)
            lo = f[f <= med]
            scale = med - np.quantile(lo, 0.25) if len(lo) else 0
            # spread of the better half decides where the bad tail is cut
            cap = med + k * max(med - f.min(), 1e-12)
            z = np.minimum(f, cap)
        elif t.startswith("soft"):
            k = float(t[4:] or 1)
            med = np.median(f)
            s = k * max(med - f.min(), 1e-12)
            x = (f - med) / s
            z = np.where(x > 0, np.log1p(np.maximum(x, 0)), x)
        elif t == "log":
            q = max(np.median(f) - f.min(), 1e-12)
            z = np.log((f - f.min()) / q + 0.1)
        elif t == "yj":
            from sklearn.preprocessing import power_transform

            z = power_transform(((f - f.mean()) / max(f.std(), 1e-12))[:, None])[:, 0]
        else:
            z = f
        out = np.full(len(loss), z.max())
        out[finite] = z
        sd = out.std()
        return (out - out.mean()) / (sd if sd > 0 else 1.0)
