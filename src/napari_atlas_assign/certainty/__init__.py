"""How sure an answer is: registration uncertainty, placements elsewhere, a threshold sweep, a test of whole maps.

May import assignment, modes and atlas. Every figure is seeded, and the same whatever the number of workers;
docs/certainty.md has the definitions.
"""
