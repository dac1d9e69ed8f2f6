"""Atlases that are TIFF stacks: labels alone (`stack`), and the folders of brainreg (`brainreg`)."""
