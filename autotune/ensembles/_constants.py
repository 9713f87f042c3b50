"""The limits of an ensemble and of its selection, each with its unit and source."""

from __future__ import annotations

# trials; the candidates: the best of each model, then those with the best scores; chosen
LIBRARY_SIZE = 15
# models; the most that are selected, counting repetitions; AutoGluon's issue 4158
N_STEPS = 20
# models; added without a better score before the selection ends; chosen
PATIENCE = 5
# validation rows; the most that a selection uses; chosen
MOST_ROWS = 20_000
# validation rows; the most by which probabilities are calibrated; chosen
CALIBRATION_ROWS = 5000
# bytes; the most that pickled models and predictions may take; chosen
MOST_BYTES = 500_000_000

# The folds whose models are averaged unasked

# folds; with fewer, each model misses much of what one of all rows knows; chosen
FEWEST_FOLDS = 3
# folds; with more, predictions take long; chosen
MOST_FOLDS = 10
# share of the rows; the least on which each model is fitted; chosen
LEAST_SHARE = 0.6
