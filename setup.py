"""The one thing that pyproject.toml cannot say: every package found, and ``data/`` as one more.

What ships under ``data/`` goes into the wheel as ``labkit/shipped/``, where ``labkit.files.shipped``
finds it.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["labkit", "labkit.*", "labkit_instructor", "labkit_instructor.*"]),
        "labkit.shipped",
    ],
    package_dir={"labkit.shipped": "data"},
)
