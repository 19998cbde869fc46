"""`pontoon upload` beside what a user would take instead."""
