"""Answers to lab 03: the loop, and a run that can be saved and loaded."""

import copy

import torch

from labkit.data import to_uint8

# 3.5


def _look(run):
    run.G.eval()
    with torch.no_grad():
        run.frames.append(to_uint8(run.G(run.fixed_z)).cpu())
    run.G.train()


def _while_loop(run, steps, every, update):
    while run.step < steps:
        real = next(run.batches)
        z = torch.randn(real.shape[0], *run.fixed_z.shape[1:]).to(real.device)
        losses = update(run.G, run.D, run.d_optimizer, run.g_optimizer, real, z)
        run.d_losses.append(losses["d_loss"])
        run.g_losses.append(losses["g_loss"])
        run.step += 1
        if run.step % every == 0:
            _look(run)


def _for_loop(run, steps, every, update):
    for step in range(run.step + 1, steps + 1):
        real = next(run.batches)
        z = torch.empty(len(real), run.fixed_z.shape[1], 1, 1).normal_().to(real)
        losses = update(run.G, run.D, run.d_optimizer, run.g_optimizer, real, z)
        run.step = step
        run.d_losses += [losses["d_loss"]]
        run.g_losses += [losses["g_loss"]]
        if not step % every:
            G = run.G.eval()
            pixels = (G(run.fixed_z).detach().clamp(-1, 1) + 1) * 127.5
            run.frames += [(pixels + 0.5).to(torch.uint8).cpu()]
            G.train()


def _normal(run, real):
    return torch.randn(len(real), *run.fixed_z.shape[1:]).to(real.device)


def _loop(
    *,
    z=_normal,
    look=_look,
    batch=lambda run: next(run.batches),
    keep=lambda run, d, g: (run.d_losses.append(d), run.g_losses.append(g)),
    first=lambda run: run.step,
    count=1,
    early=False,
):
    """The loop with one of the usual slips."""

    def answer(run, steps, every, update):
        for _ in range(first(run), steps):
            real = batch(run)
            losses = update(run.G, run.D, run.d_optimizer, run.g_optimizer, real, z(run, real))
            keep(run, losses["d_loss"], losses["g_loss"])
            if early and run.step % every == 0:
                look(run)
            run.step += count
            if not early and run.step % every == 0:
                look(run)

    return answer


def _takes(picture, mode=True):
    """A picture taken in another way; afterwards G is in training mode, unless ``mode`` is False."""

    def look(run):
        run.G.eval()
        with torch.no_grad():
            picture(run)
        run.G.train(mode)

    return look


def _while_training(run):
    run.frames.append(to_uint8(run.G(run.fixed_z)))


def _of_new_z(run, count):
    run.frames.append(to_uint8(run.G(torch.randn(count, *run.fixed_z.shape[1:]))))


def _with_train_step(run, steps, every, update):
    """The step by its own name, instead of the one that was given."""
    for _ in range(run.step, steps):
        next(run.batches)
        run.step += 1


def _endless(run, steps, every, update):
    """Asks only after a turn whether it was the last one."""
    while True:
        _loop()(run, run.step + 1, every, update)
        if run.step >= steps:
            break


def _own_count(run, steps, every, update):
    """Pictures by the count of this call, not by that of the run."""
    for turn in range(1, steps - run.step + 1):
        _loop(look=lambda run: None)(run, run.step + 1, every, update)
        if turn % every == 0:
            _look(run)


def _seeded(run, steps, every, update):
    torch.manual_seed(0)
    _while_loop(run, steps, every, update)


def _by_extend(run, steps, every, update):
    """All losses at the end, and pictures by a generator of steps."""
    told, G = [], run.G
    while run.step != steps and run.step < steps:
        real = next(iter(run.batches))
        z = torch.randn((real.size(0), *run.fixed_z.size()[1:])).to(real.device)
        told.append(
            update(G=G, D=run.D, d_optimizer=run.d_optimizer, g_optimizer=run.g_optimizer, real=real, z=z)
        )
        run.step += 1
        if divmod(run.step, every)[1] == 0:
            G.train(False)
            with torch.inference_mode():
                picture = to_uint8(G(run.fixed_z))
            run.frames = [*run.frames, picture.cpu()]
            G.train(True)
    for name in ("d", "g"):
        getattr(run, f"{name}_losses").extend(step[f"{name}_loss"] for step in told)


def _counts_by_turn(run, steps, every, update):
    """From 0 at every call."""
    run.step = 0
    _loop()(run, steps, every, update)


def _exchanges_optimizers(run, steps, every, update):
    _loop()(run, steps, every, lambda G, D, d, g, real, z: update(G, D, g, d, real, z))


_WRONG_LOOPS = {
    "calls the `update` that it is given": _with_train_step,
    "and no more for": _endless,
    "where a later call goes on": _own_count,
    "a seed set in the loop": _seeded,
    "make it from them": _loop(z=lambda run, real: torch.randn(len(real), run.fixed_z.shape[1], 1, 1)),
    "drawn once, so that": _loop(look=lambda run: (_look(run), run.fixed_z.mul_(1.0001))),
    "goes on from `run.step`": _loop(first=lambda run: 0),
    "each turn of the loop": _loop(first=lambda run: run.step + 1),
    "add 1 to `run.step`": _loop(count=0),
    "once for every update": _loop(batch=lambda run: (next(run.batches), next(run.batches))[1]),
    "fixed_z is for looking only": _loop(
        z=lambda run, real: run.fixed_z[torch.arange(len(real)) % len(run.fixed_z)]
    ),
    "the same z again": _loop(z=lambda run, real: vars(run).setdefault("one_z", _normal(run, real))),
    "`torch.rand` from [0, 1]": _loop(z=lambda run, real: torch.rand_like(_normal(run, real))),
    "z is normal": _loop(z=lambda run, real: torch.rand_like(_normal(run, real)) * 2 - 1),
    "one row for each real image": _loop(z=lambda run, real: torch.randn_like(run.fixed_z)),
    "*run.fixed_z.shape[1:]": _loop(z=lambda run, real: torch.randn(len(real), run.fixed_z.shape[1])),
    "losses are swapped": _loop(keep=lambda run, d, g: (run.d_losses.append(g), run.g_losses.append(d))),
    "then through `to_uint8`": _loop(
        look=_takes(lambda run: run.frames.append((run.G(run.fixed_z) * 255).clamp(0, 255).byte()))
    ),
    "append one tensor (N, C, H, W)": _loop(
        look=_takes(lambda run: run.frames.extend(to_uint8(run.G(run.fixed_z))))
    ),
    "inside the loop": _loop(look=lambda run: None),
    "on a GPU the frames": _loop(look=_takes(_while_training)),
    "each call starts again at 0": _counts_by_turn,
    "two of them are exchanged": _exchanges_optimizers,
    "`update` takes `real`, then": lambda run, steps, every, update: _loop()(
        run, steps, every, lambda G, D, d, g, real, z: G(real)
    ),
    "what `update` returned": _loop(
        keep=lambda run, d, g: (run.d_losses.append({"d_loss": d}), run.g_losses.append({"g_loss": g}))
    ),
    "both losses of every step": _loop(keep=lambda run, d, g: None),
    "count first": _loop(early=True),
    "a picture is taken after every": _loop(look=lambda run: None),
    "turns [-1, 1] into bytes": _loop(look=_takes(lambda run: run.frames.append(run.G(run.fixed_z)))),
    "it is made of `run.fixed_z`": _loop(look=_takes(lambda run: _of_new_z(run, run.batches.batch_size))),
    "steps with every=": _loop(look=_takes(lambda run: run.frames.extend(to_uint8(run.G(run.fixed_z))))),
    "batch norm counted": _loop(look=_while_training),
    "after a picture, set G back": _loop(look=_takes(_while_training, mode=False)),
    "the same `run.fixed_z`": _loop(look=_takes(lambda run: _of_new_z(run, len(run.fixed_z)))),
    "without `device=` torch.randn draws on the CPU": _loop(
        z=lambda run, real: torch.randn(len(real), *run.fixed_z.shape[1:], device=real.device)
    ),
    "this is the shape of fixed_z": _loop(z=lambda run, real: run.fixed_z),
    "shows G(fixed_z)": _loop(look=_takes(lambda run: run.frames.append(to_uint8(-run.G(run.fixed_z))))),
}

# 3.6

_OBJECTS = ("G", "D", "d_optimizer", "g_optimizer", "batches")
_VALUES = ("step", "fixed_z", "d_losses", "g_losses", "frames")


class _ByName:
    """Every part by its name; what has a state_dict goes by that. Right, unless told otherwise."""

    leave_out: tuple[str, ...] = ()
    random = True
    after_saving = after_loading = staticmethod(lambda run: None)

    def __init__(self, path):
        self.path = path

    def save(self, run):
        state = {name: getattr(run, name).state_dict() for name in _OBJECTS if name not in self.leave_out}
        state |= {name: getattr(run, name) for name in _VALUES if name not in self.leave_out}
        if self.random:
            state["random"] = torch.get_rng_state()
        torch.save(state, self.path)
        self.after_saving(run)

    def load(self, run):
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        for name in _OBJECTS:
            if name in state:
                getattr(run, name).load_state_dict(state[name])
        for name in _VALUES:
            if name in state:
                setattr(run, name, state[name])
        if self.random:
            torch.set_rng_state(state["random"])
        self.after_loading(run)


class _Temporary(_ByName):
    """Written beside the file and renamed, so that a kill while saving leaves the old one whole."""

    def save(self, run):
        final, self.path = self.path, self.path.with_suffix(".part")
        super().save(run)
        self.path.replace(final)
        self.path = final


class _ThreeLists:
    def __init__(self, path):
        self.file = str(path)

    def save(self, run):
        parts = [run.G, run.D, run.g_optimizer, run.d_optimizer, run.batches]
        rest = [run.step, run.fixed_z, list(run.d_losses), list(run.g_losses), list(run.frames)]
        torch.save([[p.state_dict() for p in parts], rest, torch.get_rng_state()], self.file)

    def load(self, run):
        states, rest, random = torch.load(self.file, weights_only=True)
        for part, state in zip(
            (run.G, run.D, run.g_optimizer, run.d_optimizer, run.batches), states, strict=True
        ):
            part.load_state_dict(state)
        run.step, run.fixed_z, run.d_losses, run.g_losses, run.frames = rest
        torch.set_rng_state(random)


def _but(**told):
    return type("Checkpoint", (_ByName,), {n: staticmethod(v) if callable(v) else v for n, v in told.items()})


def _without(*names):
    return _but(leave_out=names)


class _InMemory(_ByName):
    kept: dict = {}

    def save(self, run):
        self.kept["run"] = run

    def load(self, run):
        vars(run).update(vars(self.kept["run"]))


class _WholeRun(_ByName):
    def save(self, run):
        torch.save(run, self.path)

    def load(self, run):
        vars(run).update(vars(torch.load(self.path, weights_only=False)))


class _WholeNetworks(_ByName):
    def save(self, run):
        torch.save(vars(run), self.path)

    def load(self, run):
        vars(run).update(torch.load(self.path, weights_only=False))


class _Parameters(_ByName):
    """Weights without batch norm's statistics."""

    leave_out = ("G",)

    def save(self, run):
        super().save(run)
        state = torch.load(self.path, weights_only=True)
        state["weights"] = [p.detach() for p in run.G.parameters()]
        torch.save(state, self.path)

    def load(self, run):
        super().load(run)
        weights = torch.load(self.path, weights_only=True)["weights"]
        for p, w in zip(run.G.parameters(), weights, strict=True):
            p.data.copy_(w)


class _ForgetsToLoad(_ByName):
    def load(self, run):
        torch.load(self.path, weights_only=True)


class _TwoFiles(_ByName):
    """G in a second file beside the first."""

    leave_out = ("G",)

    def save(self, run):
        super().save(run)
        torch.save(run.G.state_dict(), self.path.with_suffix(".G"))

    def load(self, run):
        super().load(run)
        run.G.load_state_dict(torch.load(self.path.with_suffix(".G"), weights_only=True))


class _InWorkingFolder(_TwoFiles):
    def save(self, run):
        _ByName.save(self, run)
        torch.save(run.G.state_dict(), "G.pth")

    def load(self, run):
        _ByName.load(self, run)
        run.G.load_state_dict(torch.load("G.pth", weights_only=True))


class _OnlyOnce(_ByName):
    def save(self, run):
        if not self.path.exists():
            super().save(run)


class _KeepsTheNewest(_ByName):
    """In a file, and read from memory."""

    kept: dict = {}

    def save(self, run):
        super().save(run)
        self.kept["newest"] = {name: copy.deepcopy(getattr(run, name).state_dict()) for name in _OBJECTS}

    def load(self, run):
        super().load(run)
        for name, state in self.kept["newest"].items():
            getattr(run, name).load_state_dict(state)


class _KeepsItsRate(_ByName):
    """Adam's memory without its settings."""

    def load(self, run):
        groups = [copy.deepcopy(o.state_dict()["param_groups"]) for o in (run.d_optimizer, run.g_optimizer)]
        super().load(run)
        for optimizer, old in zip((run.d_optimizer, run.g_optimizer), groups, strict=True):
            optimizer.load_state_dict({"state": optimizer.state_dict()["state"], "param_groups": old})


class _Moved(_ByName):
    """One file with two dictionaries in it, the weights in a loop over all that has a state."""

    def save(self, run):
        has_state = {n: v.state_dict() for n, v in vars(run).items() if hasattr(v, "state_dict")}
        rest = {n: v for n, v in vars(run).items() if not hasattr(v, "state_dict")}
        with open(self.path, "wb") as file:
            torch.save((has_state, rest, torch.random.get_rng_state()), file)

    def load(self, run):
        has_state, rest, random = torch.load(self.path, map_location="cpu")
        for name, state in has_state.items():
            getattr(run, name).load_state_dict(state)
        vars(run).update(rest)
        torch.random.set_rng_state(random)


_WRONG_CHECKPOINTS = {
    "other files: run.G": _TwoFiles,
    "other files: G.pth": _InWorkingFolder,
    "something else than was saved": _OnlyOnce,
    "weights and batch norm's": _KeepsTheNewest,
    "its learning rate, and": _KeepsItsRate,
    "this one goes on training": _but(after_loading=lambda run: run.G.eval()),
    "changed: training mode": _but(after_saving=lambda run: run.D.eval()),
    "save `run.G.state_dict()`": _without("G"),
    "batch norm's statistics": _Parameters,
    "save `run.D.state_dict()`": _without("D"),
    "for every weight of D": _without("d_optimizer"),
    "for every weight of G": _without("g_optimizer"),
    "run.batches.state_dict()": _without("batches"),
    "starts to count again": _without("step"),
    "with another fixed_z": _without("fixed_z"),
    "no shorter and no longer": _but(after_loading=lambda run: run.d_losses.insert(0, 1.0)),
    "do not assign": _but(after_loading=lambda run: run.G.load_state_dict(run.G.state_dict()).eval()),
    "a state dictionary stands where": _but(after_loading=lambda run: vars(run).update(G=run.G.state_dict())),
    "its own name in the file": _but(after_loading=lambda run: run.G.load_state_dict(run.D.state_dict())),
    "list of D's losses": _without("d_losses"),
    "list of G's losses": _without("g_losses"),
    "without the frames": _without("frames"),
    "torch.get_rng_state()": _but(random=False),
    "the last thing in `load`": _but(after_loading=lambda run: torch.randn(1)),
    "dies with the run": _InMemory,
    "not the objects": _WholeRun,
    "the file holds plain data": _WholeNetworks,
    "`save` only reads": _but(after_saving=lambda run: run.fixed_z.add_(1)),
    "changed: the random state": _but(after_saving=lambda run: torch.randn(3)),
    "G comes back": _ForgetsToLoad,
}

RIGHT = {"3.5": [_while_loop, _for_loop, _by_extend], "3.6": [_ByName, _Temporary, _ThreeLists, _Moved]}
WRONG = {"3.5": _WRONG_LOOPS, "3.6": _WRONG_CHECKPOINTS}
