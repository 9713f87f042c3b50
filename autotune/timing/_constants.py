"""The constants of all rules about time.

The comment above each constant gives its unit, its meaning and its source: "chosen" means that
it was not measured; file names refer to the repository. Only ``FASTEST`` is elsewhere, in
``_budget.py``, because searchers need it too. The timeouts of processes and clusters are
internal to the executors.
"""

from __future__ import annotations

# The fit-time model

# power; of the rows with which seconds grow, from one measurement; chosen, above a straight line
USUAL_EXPONENT = 1.2
# power; the same where nothing was measured; chosen, between a straight line and a kernel
UNMEASURED_EXPONENT = 1.5
# power; that of kernel methods, which hardly any model exceeds; their matrix is n by n
KERNEL_EXPONENT = 2.0
# power; the largest that two measurements may tell; chosen, above the square of kernel methods
STEEPEST = 2.5
# power; the smallest between two numbers of rows, as a fixed part here may grow elsewhere; chosen
FLATTEST = 0.8
# share of a fit's seconds; the largest part that does not depend on the rows; chosen
MOST_FIXED = 0.9
# weight; of a power of the rows against a straight line, with two fits; benchmarks/promises.py
POWER_WEIGHT = 0.6
# share of a bend; that is believed where three fits show it; tests/timing/test_first.py, boosting
BEND_WEIGHT = 0.5
# fits; from which a bend can be seen; three points are the fewest that have one
BEND_FITS = 3

# Fits of the default before the search, on more and more rows

# training rows; with fewer, the search takes all of them; chosen
SMALL_ROWS = 3000
# share of the fewest rows of a search; for the first trial fit; chosen
TRIAL_START = 0.25
# times the rows; from a trial fit to the next; chosen
TRIAL_FACTOR = 4.0
# times the rows of a trial fit; that there must be to leave some out; chosen
TRIAL_ROOM = 1.5
# share of the budget; after which a trial fit is given up; chosen
TRIAL_LIMIT = 0.1
# share of the budget; that no trial fit after the second is expected to exceed; chosen
TRIAL_EXPENSIVE = 0.05
# share of the budget; two fits of which the second takes as long tell enough; chosen
TRIAL_INFORMATIVE = 0.01
# share of the budget; a first model that takes longer is not followed by trial fits; chosen
TRIAL_SCORED = 0.03
# share of the time a fit may take; if it takes longer, it did not only load modules; chosen
WARM_UP = 0.2

# The rows of a search

# evaluations; that must be affordable, or else a search takes fewer rows; the default and another
LEAST_EVALUATIONS = 2
# share of the rows; above which leaving some out saves too little; chosen
NEARLY_ALL = 0.7
# share of the seconds left; that is for the search in any case; chosen
LEAST_SEARCH = 0.4
# rows; of a validation fold that are scored where a search takes fewer rows; chosen
MOST_VALIDATION_ROWS = 10_000

# The first model: the default, fitted on all rows before the search if there is time

# share of the budget; a fit on all rows that takes less can wait for the search; chosen
CHEAP_FIT = 0.02
# share of the seconds left; what one fit predicts to take less ends in time; chosen
SURE_FIT = 0.5
# share of the seconds left; that a fit on more rows should take, to tell something; chosen
LEAST_STEP = 0.15
# share of the seconds left; that a fit on more rows may take; tests/timing/test_first.py
MOST_STEP = 0.35
# times the rows of the fit before; that tell enough; tests/timing/test_first.py
STEP_FACTOR = 8.0
# share of all rows; that tells enough; tests/timing/test_first.py
STEP_ROWS = 0.125
# fits; that are made at most to tell if there is time for all rows; tests/timing/test_first.py
MOST_STEPS = 2
# times the rows; of a second fit, while nothing tells how seconds grow; benchmarks/promises.py
BLIND_FACTOR = 10.0
# share of the seconds left; that such a fit may take; benchmarks/promises.py
BLIND_LIMIT = 0.25
# share of the seconds left; that the first fit may have taken before it; benchmarks/promises.py
BLIND_MOST = 0.1
# times the seconds of the first fit; after which its repetition is given up; chosen
REPEAT_LIMIT = 2.0
# times the seconds left; a fit that is expected to take more is not tried; chosen
HOPELESS = 3.0
# seconds; that the fit on all rows may run over; below what benchmarks/promises.py allows
FIRST_TOLERANCE = 0.3
# share of the seconds left; after which the smallest fit is given up; chosen
FIRST_LIMIT = 0.9
# times the rows of the fit before; that another one must have; chosen
FIRST_STEP = 1.5

# The folds of a search

# trials; that a search must have time for; chosen, the default and two others
LEAST_TRIALS = 3

# One evaluation

# power; of its seconds by which the expected improvement is divided; chosen, between 0 and 1
COST_EXPONENT = 0.5
# seconds; for an executor to end an evaluation in time by itself; chosen
EVALUATION_GRACE = 0.05
# times the longest evaluation so far; that one may take in any case; benchmarks/promises.py
USUAL_FACTOR = 3.0
# times its share of the seconds left; after which an evaluation is given up; chosen
PATIENCE = 1.5
# share of the budget; for defaults that cannot win; a twentieth, less what it takes to end one
REFERENCE_SHARE = 0.04
# times the expected seconds; assumed for an evaluation of such a default; chosen
REFERENCE_MARGIN = 1.5

# The final comparison

# share of the budget; that it may take; chosen, promised in the notes of Auto
COMPARISON_SHARE = 0.1

# The last fit

# times the expected seconds; assumed for the last fit and the final comparison; chosen
MARGIN = 1.25
# times the expected seconds; kept for the last fit during the search; chosen
RESERVE_MARGIN = 1.1
# share of the budget; kept while no fit has ended; chosen
RESERVE_UNKNOWN = 0.2
# share of the budget; kept at most where the last fit may have fewer rows; chosen
MOST_RESERVE = 0.5
# seconds; for an executor to end the last fit in time by itself; chosen
LAST_FIT_GRACE = 0.1
# share of the budget; that last fits may run over; below the 5 % of benchmarks/promises.py
TOLERANCE_SHARE = 0.04
# seconds; the same where the budget is small; below the second of benchmarks/promises.py
TOLERANCE = 0.6
# share of the winner's seconds; in which a trial that stands in for it is fast; chosen
STAND_IN_SPEED = 0.1
# share of the rows; that the last fit of a stand-in has at least; chosen
FEWEST_ROWS = 0.05
# times the seconds of a fit in the search; kept to repeat it, if a larger one fails; chosen
REPEAT_MARGIN = 1.5
# share of the budget; kept at least for that, as another process must begin; chosen
RESTART_SHARE = 0.1
# times the rows of the fit before; that another last fit must have, unless it has all; chosen
LARGER_STEP = 1.3
# times the rows of another fit; from which two fits tell how seconds grow; chosen
TELLING_STEP = 1.5

# The untuned model that the command line fits for comparison

# seconds; what is sure to take less is fitted in this process; chosen
QUICK_FIT = 1.0
# seconds; for a process to start in which the fit can be ended; chosen
START_LIMIT = 10.0
