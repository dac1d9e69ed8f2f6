"""Assignment: overlap sums of modes and regions, and the scores as functions of those sums."""
