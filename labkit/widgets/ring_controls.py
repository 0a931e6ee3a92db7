"""The playground of lab 05: buttons and sliders around the game on the ring, and its picture below them.

A click steps the game and draws it anew; a slider or a choice counts from the next step on.
"""

import io
from collections.abc import Callable

import ipywidgets

from labkit.games import Ring
from labkit.widgets import panel
from labkit.widgets.ring_game import LOSSES, Game
from labkit.widgets.ring_picture import draw

_RUNS = {1: 50, 10: 200, 100: 1000}  # steps a click, and the pairs of steps that *run* makes at that pace
_LOWEST, _HIGHEST = -5, 0  # log10 of the learning rates
_OPTIMIZERS = [("Adam", "adam"), ("SGD", "sgd")]


def playground(
    *,
    seed: int = 0,
    loss: str = Ring.loss,
    g_lr: float = Ring.g_lr,
    d_lr: float = Ring.d_lr,
    optimizer: str = Ring.optimizer,
) -> ipywidgets.VBox:
    """The game of G and D on the ring of eight, that of `labkit.games`, played by hand.

    Args:
        seed: of the networks and the data; *start again* goes back to the same start.
        loss: G's, "non-saturating" or "saturating".
        g_lr, d_lr: learning rates, 1e-5 to 1.
        optimizer: G's, "adam" or "sgd". Adam rescales a tiny gradient to full steps, SGD does not.

    Returns:
        a box to show as the last line of a cell; its attribute ``game`` is the `Game` being played.

    Raises:
        ValueError: a seed, loss or optimizer that cannot be played, or a rate out of range.
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
    run.on_click(lambda _: play(game.turn, _RUNS[pace.value], 5 if pace.value == 1 else 10))
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
        "g_lr": _rate("G’s rate", game.ring.g_lr),
        "d_lr": _rate("D’s rate", game.ring.d_lr),
        "loss": _choice("G’s loss", losses, game.ring.loss, "330px", "70px"),
        "optimizer": _choice("G’s steps", _OPTIMIZERS, game.ring.optimizer, "330px", "70px"),
    }

    def follow(name: str) -> Callable:
        def write(change) -> None:
            game.change(**{name: change["new"]})
            if name == "loss":  # the arrows are its gradient; the rest counts from the next step
                show()

        return write

    for name, control in controls.items():
        control.observe(follow(name), "value")
    return panel.row(controls.values())


def _png(game: Game) -> bytes:
    """One and a half dots per point of the screen, lightly compressed: quick to make, small to send."""
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


def _rate(name: str, value: float) -> ipywidgets.FloatLogSlider:
    # Tenths of a power of ten: 2e-3 and a tenth of it lie on the slider, as near as its readout shows.
    reach = {"base": 10, "min": _LOWEST, "max": _HIGHEST, "step": 0.1}
    kind = ipywidgets.FloatLogSlider
    return panel.slider(kind, name, "70px", value=value, readout_format=".1e", **reach)
