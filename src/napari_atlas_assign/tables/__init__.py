"""Tables as columns: made into DataFrames where one is asked for, and written as text."""
