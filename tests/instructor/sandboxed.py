"""What tests of the sandbox need: a reason to skip where there is none, and the sandbox itself."""

import pytest

from tests import bubblewrap

TROUBLE = bubblewrap.trouble()
needs_sandbox = pytest.mark.skipif(bool(TROUBLE), reason=f"no sandbox: {TROUBLE}")
