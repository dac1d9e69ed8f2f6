"""The dock widget *Assign modes*: its fields, its worker, its settings.

Imports the engine, layers and the viewer's parts; knows the results table only by showing it.
"""
