//! Sketches, tail probabilities, robust baselines, alert budgets.
