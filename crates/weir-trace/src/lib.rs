//! What the same hand touched, before and after, as a timeline.
