"""Makes the helpers of this folder known in the folders below it.

pytest puts the folder of a conftest into the path.
"""
