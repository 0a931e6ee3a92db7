"""The playground of lab 05: buttons and sliders around the game on the ring, and its picture below them.

A click steps the game and draws it anew; a slider or a choice counts from the next step on.
"""

import io
from collections.abc import Callable

import ipywidgets

from labkit.widgets import panel
from labkit.widgets.ring_game import LOSSES, OPTIMIZERS, Game
from labkit.widgets.ring_picture import draw

_RUNS = {1: 50, 10: 200, 100: 1000}  # steps a click, and the pairs of steps that *run* makes at that pace
_LOWEST, _HIGHEST = -5, 0  # log10 of the learning rates


def playground(
    *,
    seed: int = 0,
    loss: str = "non-saturating",
    g_lr: float = 1e-3,
    d_lr: float = 1e-3,
    optimizer: str = "Adam",
) -> ipywidgets.VBox:
    """The game of G and D on the ring of eight, played by hand.

    Args:
        seed: of the networks and the data; *start again* goes back to the same start.
        loss: G's, "non-saturating" or "saturating".
        g_lr, d_lr: learning rates, 1e-5 to 1.
        optimizer: G's, "Adam" or "SGD". Adam rescales a tiny gradient to full steps, SGD does not.

    Returns:
        a box to show as the last line of a cell; its attribute ``game`` is the `Game` being played.

    Raises:
        ValueError: an unknown loss or optimizer, or a rate out of range.
    """
    for name, rate in (("g_lr", g_lr), ("d_lr", d_lr)):
        if not (isinstance(rate, int | float) and 10.0**_LOWEST <= rate <= 10.0**_HIGHEST):
            raise ValueError(f"{name} {rate!r} is not a learning rate from 1e-5 to 1.")
    game = Game(seed=seed, loss=loss, g_lr=g_lr, d_lr=d_lr, optimizer=optimizer)
    image = panel.picture()
    bar = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="150px"))
    step_d, step_g = _button("step D", "D learns, G stays"), _button("step G", "G learns, D stays")
    run = _button("run", "D and G take turns")
    again = _button("start again", "back to the same start, with the settings as they are")
    pace = _choice("pace", [(_times(n), n) for n in _RUNS], 1, "150px", "40px")

    def show() -> None:
        image.value = _png(game)
        for button in (step_d, step_g, run):
            button.disabled = game.broken
        again.button_style = "warning" if game.broken else ""

    def play(move: Callable[[], None], count: int, pictures: int) -> None:
        """Make ``count`` moves, and draw the game so many times on the way."""
        for button in (step_d, step_g, run, again):
            button.disabled = True  # the click is answered at once, and no second one waits in line
        try:
            bar.max, bar.value = count, 0
            for made in range(1, count + 1):
                move()
                if made * pictures // count > (made - 1) * pictures // count:
                    bar.value = made
                    if made < count and not game.broken:
                        image.value = _png(game)
        finally:
            again.disabled = False
            show()

    def turn() -> None:
        game.step_d()
        game.step_g()

    def name_buttons(_change=None) -> None:
        times = "" if pace.value == 1 else f" × {pace.value}"
        step_d.description, step_g.description = f"step D{times}", f"step G{times}"
        run.description = f"run {_RUNS[pace.value]:,}"

    def start_again(_button) -> None:
        game.start_again()
        bar.value = 0
        show()

    step_d.on_click(lambda _: play(game.step_d, pace.value, 1))
    step_g.on_click(lambda _: play(game.step_g, pace.value, 1))
    run.on_click(lambda _: play(turn, _RUNS[pace.value], 5 if pace.value == 1 else 10))
    again.on_click(start_again)
    pace.observe(name_buttons, "value")
    settings = _settings(game, show)
    name_buttons()
    show()
    box = ipywidgets.VBox([panel.row([step_d, step_g, run, again, pace, bar]), settings, image])
    box.game = game
    return box


def _settings(game: Game, show: Callable[[], None]) -> ipywidgets.Box:
    """Sliders and choices that write themselves into the game; ``show`` draws what another loss changes."""
    losses = [(f"{formula} ({name})", name) for name, formula in LOSSES.items()]
    controls = {
        "g_lr": _slider("G’s rate", game.g_lr),
        "d_lr": _slider("D’s rate", game.d_lr),
        "loss": _choice("G’s loss", losses, game.loss, "330px", "70px"),
        "optimizer": _choice("G’s steps", OPTIMIZERS, game.optimizer, "330px", "70px"),
    }

    def follow(name: str) -> Callable:
        def write(change) -> None:
            setattr(game, name, change["new"])
            if name == "loss":  # the arrows are its gradient; the rest counts from the next step
                show()

        return write

    for name, control in controls.items():
        control.observe(follow(name), "value")
    return panel.row(controls.values())


def _png(game: Game) -> bytes:
    """One and a half dots per point of the screen, lightly packed: quick to make, small enough to send."""
    out = io.BytesIO()
    draw(game).savefig(out, format="png", dpi=150, pil_kwargs={"compress_level": 2})
    return out.getvalue()


def _button(name: str, tooltip: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=name, tooltip=tooltip, layout=ipywidgets.Layout(width="110px"))


def _times(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _choice(name: str, options, value, width: str, label: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options,
        value=value,
        description=name,
        style={"description_width": label},
        layout=ipywidgets.Layout(width=width),
    )


def _slider(name: str, value: float) -> ipywidgets.FloatLogSlider:
    return ipywidgets.FloatLogSlider(
        value=value,
        base=10,
        min=_LOWEST,
        max=_HIGHEST,
        step=0.25,
        description=name,
        readout_format=".1e",
        continuous_update=False,
        style={"description_width": "70px"},
        layout=ipywidgets.Layout(width="330px"),
    )
