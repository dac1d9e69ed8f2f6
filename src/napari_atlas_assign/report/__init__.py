"""What an assignment leaves behind: the output folder, the record, reports and figures."""
