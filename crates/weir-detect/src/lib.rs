//! What is unusual: one file per detector.
