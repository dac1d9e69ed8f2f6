"""``python -m napari_atlas_assign``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
