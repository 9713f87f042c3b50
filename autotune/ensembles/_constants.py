"""How much is kept for an ensemble, and on how much it is selected."""

from __future__ import annotations

# trials; among which is selected, those that were best alone; chosen
LIBRARY_SIZE = 15
# models; that a selection adds at most, each as often as it helps; AutoGluon's issue 4158
N_STEPS = 20
# models; that are added without a better score before it ends; chosen
PATIENCE = 5
# validation rows; on which is selected at most; chosen
MOST_ROWS = 20_000
# bytes; of pickled models and predictions that are kept at most; chosen
MOST_BYTES = 500_000_000
