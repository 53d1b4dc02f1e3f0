//! Whose data, what data, how many people; bounds and gaps.
