"""Where what is assigned lies: putting it on an atlas's voxels (`placing`), and whether it lies where the atlas is
(`field_of_view`).
"""
