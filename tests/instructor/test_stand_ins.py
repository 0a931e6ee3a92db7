"""What a notebook has and a sandbox lacks: an answer that only mentions it is judged on what it computes."""

import subprocess
import sys

from labkit_instructor.sandbox.inside import stand_ins
from tests.solutions import ROOT

CELLS = """
from labkit_instructor.sandbox.inside import stand_ins
stand_ins.provide_colab()
from google.colab import drive, files, userdata
from google.colab.patches import cv2_imshow
import google.colab.output
drive.mount("/content/drive")
assert files.upload() == {} and userdata.get("KEY") == ""
cv2_imshow(1)
"""


def test_colabs_own_package_can_be_imported_and_does_nothing():
    done = subprocess.run([sys.executable, "-c", CELLS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_shell_knows_every_method_and_is_not_colabs():
    names = stand_ins.names()
    shell = names["get_ipython"]()
    assert shell.run_line_magic("matplotlib", "inline") is None and shell.system("ls") is None
    assert shell.ast_transformers.append(1) is None and shell.events.register("post_run_cell", print) is None
    assert "google.colab" not in str(shell)
    assert names["display"](1, clear=True) is None
