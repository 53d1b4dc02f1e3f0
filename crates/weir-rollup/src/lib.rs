//! Folds record batches into mergeable partials per entity and day.
