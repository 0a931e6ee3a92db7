"""What a shell calls: ``labkit release`` and ``labkit grade``. `labkit.cli` finds them here."""
