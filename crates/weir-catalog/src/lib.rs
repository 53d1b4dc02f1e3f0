//! What personal data is and where it stands in a record: configured or learned.
