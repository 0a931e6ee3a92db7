"""What only a notebook needs: the line that ends its first cell, and TensorBoard inside the page."""

from pathlib import Path

from labkit import __version__, settings


def start(lab: str) -> None:
    """Say which kit, device and budget this runtime has; in Colab without a GPU, say how to get one."""
    here = settings.current()
    print(f"Lab {lab} · labkit {__version__} · device {here.device.type} · budget {here.budget}")
    if here.in_colab and here.device.type == "cpu":
        print("No GPU: the lab runs, smaller. For one: menu Runtime, Change runtime type, T4 GPU.")


def tensorboard(folder: Path) -> None:
    """Show TensorBoard on ``folder`` inside the notebook, as ``%tensorboard --logdir`` does.

    With the budget ``smoke`` nobody is looking and a server would outlive the notebook, so none is started.
    """
    if settings.current().budget == "smoke":
        print("TensorBoard is not started with the budget smoke; the curves are drawn above.")
        return
    from tensorboard import notebook as tensorboard_notebook

    tensorboard_notebook.start(f'--logdir "{folder}"')
