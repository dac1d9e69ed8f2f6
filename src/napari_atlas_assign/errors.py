"""What can be wrong with what a person hands over.

Every message is one sentence that names the file or layer, says what is wrong and what to do.
"""

from __future__ import annotations


class InputError(ValueError):
    """The input or an argument is wrong, and the person can mend it."""


class GridError(InputError):
    """A grid has no usable geometry: a singular or non-finite affine, or an empty shape."""


class AtlasError(InputError):
    """An atlas cannot be read, or its files contradict each other."""


class AssignmentWarning(UserWarning):
    """The assignment ran, but the person should look at something."""
