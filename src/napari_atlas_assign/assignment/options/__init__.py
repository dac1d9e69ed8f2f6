"""The options of an assignment: their types for every kind of source, and which play a part beside the others."""
