"""The report of a batch by groups of subjects: its figure (`figure`) and its page (`page`)."""
