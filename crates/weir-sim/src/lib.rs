//! Worlds with known truth, written as raw logs.
