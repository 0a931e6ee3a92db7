"""Training G against D: what a step does to them, what is logged, and how a run stops."""

import ast
import copy
import inspect
import io
import math
import os
import signal

import pytest
import torch
from torch import nn

from labkit.data import Batches
from labkit.losses import logits_losses, probability_losses, saturating_losses
from labkit.metrics import diversity
from labkit.networks import dcgan_pair, dense_pair, pair_2d
from labkit.synthetic import mixtures
from labkit.training import CheckpointError, Options, Run, TrainingError, generate, loop, train
from labkit.training.observe import IMAGE_TAGS, TAGS, roughness
from labkit.training.precision import choose, has_bfloat16

pytestmark = pytest.mark.portable

EXACT = {"amp": False, "channels_last": False, "progress": False}


def _pair(output="logits"):
    torch.manual_seed(1)
    return dcgan_pair(latent_dim=6, base_channels=4, image_size=16, output=output)


def _batches(size=8, seed=0):
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (40, 3, 16, 16), generator=generator, dtype=torch.uint8)
    return Batches(pixels, size, seed=seed)


def _train(steps=2, output="logits", **options):
    G, D = _pair(output)
    d_loss, g_loss = logits_losses() if output == "logits" else probability_losses()
    d_loss, g_loss = options.pop("d_loss", d_loss), options.pop("g_loss", g_loss)
    batches = options.pop("batches", None) or _batches()
    return train(G, D, d_loss=d_loss, g_loss=g_loss, batches=batches, steps=steps, **(EXACT | options))


def _same(one: nn.Module, other: nn.Module, **tolerance) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.allclose(a.float(), b.float(), **tolerance) for a, b in pairs)


@pytest.mark.parametrize("d_steps", [1, 3])
def test_steps_equal_the_lab_sheets_by_hand(d_steps):
    run = _train(steps=2, d_steps=d_steps, seed=5)
    G, D = _pair()
    g_optimizer = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999))
    bce, batches = nn.BCEWithLogitsLoss(), _batches()
    latent = torch.Generator().manual_seed(5)
    torch.empty(64, 6, 1, 1).normal_(generator=latent)  # the fixed z come first
    for _ in range(2):
        for _ in range(d_steps):
            real = next(batches)
            fake = G(torch.empty(8, 6, 1, 1).normal_(generator=latent))
            d_optimizer.zero_grad()
            (bce(D(real), torch.ones(8)) + bce(D(fake.detach()), torch.zeros(8))).backward()
            d_optimizer.step()
        g_optimizer.zero_grad()
        bce(D(fake), torch.ones(8)).backward()  # through the updated D, on the same fakes
        g_optimizer.step()
    assert _same(run.D, D, rtol=1e-4, atol=1e-6)
    assert _same(run.G, G, rtol=1e-4, atol=1e-6)


def test_the_fast_layout_changes_rounding_only():
    plain, fast = _train(steps=3), _train(steps=3, channels_last=True)
    assert _same(plain.G, fast.G, rtol=1e-3, atol=1e-4)
    assert all(p.is_contiguous() for p in fast.G.parameters())  # handed back as they came


def test_the_optimizers_of_the_caller_survive_the_change_of_layout():
    def trained(fused, channels_last):
        G, D = _pair()
        d_loss, g_loss = logits_losses()
        own = {
            "g_optimizer": torch.optim.Adam(G.parameters(), 1e-3, fused=fused),
            "d_optimizer": torch.optim.Adam(D.parameters(), 1e-3, fused=fused),
        }
        for _ in range(2):  # the second time the optimizers remember
            train(
                G, D, d_loss=d_loss, g_loss=g_loss, batches=_batches(), steps=2,
                **(EXACT | own | {"channels_last": channels_last}),
            )  # fmt: skip
        g_loss(D, None, G(torch.ones(4, 6, 1, 1))).backward()
        own["g_optimizer"].step()  # and the caller goes on alone
        return G

    assert _same(trained(False, False), trained(True, True), rtol=1e-2, atol=2e-4)


@pytest.mark.parametrize("output", ["logits", "probability"])
def test_bfloat16_stays_near_float32_and_logs_the_same_tags(output):
    exact, rough = _train(steps=4, output=output), _train(steps=4, output=output, amp=True)
    for tag in ("loss/d", "loss/g", "prob/real", "prob/fake"):
        assert rough.logbook.column(tag)[1] == pytest.approx(exact.logbook.column(tag)[1], abs=0.05)
    assert next(rough.G.parameters()).dtype == torch.float32


def test_what_is_logged_is_what_d_said():
    seen = {}
    base_d, base_g = logits_losses()

    def d_loss(D, real, fake):
        seen["real"] = torch.sigmoid(D(real)).mean().item()
        seen["fake"] = torch.sigmoid(D(fake)).mean().item()
        return base_d(D, real, fake)

    run = _train(steps=1, d_loss=d_loss, g_loss=base_g)
    log = {tag: run.logbook.column(tag)[1][0] for tag in run.logbook.tags}
    assert log["prob/real"] == pytest.approx(seen["real"], abs=1e-6)
    assert log["prob/fake"] == pytest.approx(seen["fake"], abs=1e-6)
    assert 0 <= log["accuracy/d"] <= 1
    assert log["grad_norm/d"] > 0
    assert log["grad_norm/g"] > 0
    assert log["images/seen"] == 8
    assert log["speed/images_per_second"] > 0


@pytest.mark.parametrize("kind", ["noisy", "joined", "pairs"])
def test_scores_are_found_whatever_the_loss_does_to_the_images(kind):
    bce = nn.functional.binary_cross_entropy_with_logits

    def d_loss(D, real, fake):
        if kind == "noisy":
            on_real, on_fake = D(real + 0.01 * torch.randn_like(real)), D(fake + 0.01)
        elif kind == "joined":
            on_real, on_fake = D(torch.cat([real, fake])).chunk(2)
        else:
            on_fake, on_real = D(fake), D(real)  # in the other order
        return bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))

    run = _train(steps=40, d_loss=d_loss, d_lr=5e-3, g_lr=1e-6)
    assert run.logbook.column("prob/real")[1][-1] > run.logbook.column("prob/fake")[1][-1] + 0.2


def test_a_d_of_the_students_own_is_understood():
    class Own(nn.Module):  # says nothing about what it gives, and has no latent_shape to ask
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, x):
            return torch.sigmoid(self.layer(x))

    points, _ = mixtures.ring(64)
    G = nn.Linear(3, 2)
    d_loss, g_loss = probability_losses()
    run = train(
        G, Own(), d_loss=d_loss, g_loss=g_loss, batches=Batches(points, 16), steps=3, progress=False,
        latent_shape=(3,), samples=10,
    )  # fmt: skip
    assert 0.1 < run.logbook.column("prob/real")[1][0] < 0.9
    assert run.frames[3].shape == (10, 2)
    with pytest.raises(ValueError, match="latent_shape"):
        train(G, Own(), d_loss=d_loss, g_loss=g_loss, batches=Batches(points, 16), steps=1, progress=False)


@pytest.mark.parametrize("amp", [False, True])
def test_measuring_changes_nothing(amp):
    """Not G, not D, not the random numbers that a loss draws; and a loss still sees all that D has."""
    base, g_loss = logits_losses()

    def d_loss(D, real, fake):
        assert D.output == "logits" and D.to_score.kernel_size == (4, 4)
        return base(D, real + 0.1 * torch.randn_like(real), fake)

    how = {"d_loss": d_loss, "g_loss": g_loss, "d_steps": 2, "amp": amp}
    often, seldom = _train(steps=6, log_every=1, **how), _train(steps=6, log_every=6, sample_every=6, **how)
    assert len(often.logbook.column("signal/g")[0]) == 6 and len(seldom.logbook.column("signal/g")[0]) == 2
    for one, other in ((often.G, seldom.G), (often.D, seldom.D)):
        assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_a_run_holds_what_the_notebooks_run_holds():
    run = _train(steps=3)
    assert len(run.d_losses) == len(run.g_losses) == run.step == 3
    assert run.g_losses == run.logbook.column("loss/g")[1].tolist()
    assert next(run.batches).shape == (8, 3, 16, 16)
    assert len(run.d_optimizer.state) and len(run.g_optimizer.state)
    assert list(run.logbook.tags) == [*TAGS, *IMAGE_TAGS, "speed/images_per_second"]


def test_the_step_is_short_and_the_loop_knows_no_gan():
    assert len(inspect.getsource(Run.train_step).splitlines()) <= 50
    names = {node.id for node in ast.walk(ast.parse(inspect.getsource(loop))) if isinstance(node, ast.Name)}
    attributes = {
        n.attr for n in ast.walk(ast.parse(inspect.getsource(loop))) if isinstance(n, ast.Attribute)
    }
    assert not (names | attributes) & {"G", "D", "d_loss", "g_loss", "fixed_z", "d_optimizer", "g_optimizer"}


def test_ema_follows_g():
    run = _train(steps=3, ema=0.5)
    G, _ = _pair()
    start, end = (next(net.parameters()) for net in (G, run.G))
    mean = next(run.ema.parameters())
    assert not torch.equal(mean, end)
    assert (mean - end).norm() < (start - end).norm()
    assert not mean.requires_grad
    assert torch.equal(run.sample(), generate(run.ema, run.fixed_z))
    assert _train(steps=1).ema is None


def test_d_gets_its_gradients_back_and_g_learns_nothing_from_the_step_of_d():
    run = _train(steps=1)
    assert all(p.requires_grad for p in run.D.parameters())
    D = run.D
    D.requires_grad_(False)
    D.to_score.requires_grad_(True)  # a D frozen in part stays frozen in part
    d_loss, g_loss = logits_losses()
    train(run.G, D, d_loss=d_loss, g_loss=g_loss, batches=_batches(), steps=1, **EXACT)
    assert [name for name, p in D.named_parameters() if p.requires_grad] == ["to_score.weight"]


def test_the_same_seed_gives_the_same_run_and_leaves_the_callers_state_alone():
    torch.manual_seed(77)
    expected = torch.rand(1)
    runs = []
    for _ in range(2):
        G, D = _pair()
        torch.manual_seed(77)
        d_loss, g_loss = logits_losses()
        runs.append(train(G, D, d_loss=d_loss, g_loss=g_loss, batches=_batches(), steps=3, **EXACT))
        assert torch.equal(torch.rand(1), expected)
    assert all(map(torch.equal, runs[0].G.state_dict().values(), runs[1].G.state_dict().values()))
    assert not _same(runs[0].G, _train(steps=3, seed=9).G)


@pytest.mark.parametrize("latent, low, high", [("uniform", -1, 1), ("normal", -9, 9)])
def test_latents(latent, low, high):
    z = _train(steps=1, latent=latent, samples=500).fixed_z
    assert z.min() >= low
    assert z.max() <= high
    assert (z.abs().max() > 2) == (latent == "normal")
    own = _train(steps=1, latent=lambda shape, generator: torch.ones(shape)).fixed_z
    assert torch.equal(own, torch.ones(64, 6, 1, 1))


def test_generate_changes_nothing():
    G, _ = _pair()
    G.eval()
    before, state = copy.deepcopy(G.state_dict()), torch.get_rng_state()
    z = torch.randn(5, 6, 1, 1)
    torch.set_rng_state(state)
    images = generate(G, z)
    assert images.shape == (5, 3, 16, 16)
    assert images.dtype == torch.uint8
    assert not any(part.training for part in G.modules())
    assert all(map(torch.equal, before.values(), G.state_dict().values()))
    assert torch.equal(state, torch.get_rng_state())


def test_one_z_alone_makes_an_image_too():
    G, _ = dense_pair()
    assert generate(G, torch.randn(1, 4096)).shape == (1, 3, 64, 64)


def test_frames_and_rows_keep_to_their_schedule():
    run = _train(steps=7, log_every=3, sample_every=2, samples=4)
    assert list(run.frames) == [0, 2, 4, 6, 7]
    assert run.frames[7].shape == (4, 3, 16, 16)
    assert run.logbook.column("loss/d")[0].tolist() == [1, 3, 6, 7]


def test_a_loss_that_breaks_down_stops_the_run_and_keeps_the_last_checkpoint(tmp_path):
    count = iter(range(100))
    _, good = logits_losses()

    def g_loss(D, real, fake):
        return good(D, real, fake) * (math.nan if next(count) == 5 else 1)

    with pytest.raises(TrainingError, match=r"by step 6 .*not finite.*checkpoint\.pt") as caught:
        _train(steps=10, g_loss=g_loss, folder=tmp_path, checkpoint_seconds=0)
    assert "\n" not in str(caught.value)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 5
    assert all(torch.isfinite(value).all() for value in saved["training"]["G"].values())


def test_ctrl_c_finishes_the_step_saves_and_says_how_far(tmp_path):
    base, g_loss = logits_losses()
    count = iter(range(100))

    def d_loss(D, real, fake):
        if next(count) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return base(D, real, fake)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="step 4 of 10") as caught:
        _train(steps=10, d_loss=d_loss, g_loss=g_loss, folder=tmp_path)
    assert caught.value.run.step == 4
    assert signal.getsignal(signal.SIGINT) is handler
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 4
    resumed, whole = _train(steps=10, folder=tmp_path, resume=True), _train(steps=10)
    assert resumed.resumed_at == 4
    assert all(map(torch.equal, resumed.G.state_dict().values(), whole.G.state_dict().values()))


def test_a_run_is_not_overwritten_and_not_resumed_with_other_settings(tmp_path):
    _train(steps=1, folder=tmp_path)
    with pytest.raises(CheckpointError, match="already holds a run"):
        _train(steps=1, folder=tmp_path)
    with pytest.raises(CheckpointError, match="g_lr 0.0002, not 0.1"):
        _train(steps=1, folder=tmp_path, resume=True, g_lr=0.1)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        _train(steps=1, folder=tmp_path / "elsewhere", resume=True)
    G, D = dcgan_pair(latent_dim=6, base_channels=2, image_size=16)
    d_loss, g_loss = logits_losses()
    with pytest.raises(CheckpointError, match="other networks"):
        train(
            G, D, d_loss=d_loss, g_loss=g_loss, batches=_batches(), steps=1, folder=tmp_path, resume=True,
            **EXACT,
        )  # fmt: skip


def test_a_run_that_began_on_a_gpu_goes_on_on_the_cpu(tmp_path):
    """A GPU's generators have a state of another size, and a Colab session may lose its GPU."""
    _train(steps=3, folder=tmp_path)
    file = tmp_path / "checkpoint.pt"
    state = torch.load(file, weights_only=True)
    state["device"], state["random"]["cuda"] = "cuda", torch.zeros(16, dtype=torch.uint8)
    state["training"]["latent"] = torch.zeros(16, dtype=torch.uint8)
    state["step"] = 2
    torch.save(state, file)
    with pytest.warns(UserWarning, match="began on cuda and goes on on cpu: from step 2"):
        run = _train(steps=3, folder=tmp_path, resume=True)
    assert (run.resumed_at, run.step) == (2, 3)


def _saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


DAMAGED = {
    "it is empty": b"",
    "it is no file of PyTorch's": b"not a checkpoint",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "holds objects that could run code": _saved({"G": torch.nn.Linear(2, 2)}),
    "is cut off or damaged": _saved(torch.zeros(10_000))[:20_000],
    "is no file of PyTorch's, or": b"junk\n",  # as a pickle: take what was never put there
    "or is damaged": b"(lp0\n",
}


@pytest.mark.parametrize("why", DAMAGED)
def test_a_damaged_checkpoint_is_named(tmp_path, why):
    _train(steps=1, folder=tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(DAMAGED[why])
    with pytest.raises(CheckpointError, match=f"cannot be read as a checkpoint: .*{why}") as caught:
        _train(steps=1, folder=tmp_path, resume=True)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("wrong", [{"d_steps": 0}, {"ema": 1.0}, {"latent": "gauss"}, {"samples": 0}])
def test_wrong_options_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)
    with pytest.raises(TypeError, match="epochs"):
        _train(epochs=3)


def test_precision_pays_for_images_and_not_for_points():
    cpu = torch.device("cpu")
    assert choose(cpu, *_pair()).channels_last
    assert choose(cpu, *_pair()).amp == has_bfloat16(cpu)
    points = choose(cpu, *pair_2d())
    assert (points.amp, points.channels_last) == (False, False)
    assert choose(cpu, *pair_2d(), amp=True).amp
    assert choose(cpu, *dense_pair()).amp == has_bfloat16(cpu)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_trains_saves_and_resumes(tmp_path):
    d_loss, g_loss = logits_losses()
    steps = []
    for resume in (False, True):
        G, D = (net.cuda() for net in _pair())
        batches = Batches(torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8), 8, device="cuda")
        run = train(
            G, D, d_loss=d_loss, g_loss=g_loss, batches=batches, steps=4, folder=tmp_path, resume=resume,
            ema=0.9, progress=False,
        )  # fmt: skip
        steps.append((run.step, run.resumed_at))
        assert run.frames[4].device.type == "cpu"
        assert run.fixed_z.device.type == "cuda"
    assert steps == [(4, None), (4, 4)]


@pytest.mark.parametrize("output", ["logits", "probability"])
def test_the_signal_is_how_hard_the_loss_pulls_at_the_fakes(output):
    """1 - D(G(z)) under -log D; the gap and the diversity are those of the step's own batches."""
    seen = {}
    d_loss, base = logits_losses() if output == "logits" else probability_losses()

    def g_loss(D, real, fake):
        on_fake = D(fake)
        seen["fake"] = (torch.sigmoid(on_fake) if D.output == "logits" else on_fake).mean().item()
        seen["diversity"] = diversity(fake, real)
        return base(D, real, fake)

    run = _train(steps=1, output=output, d_loss=d_loss, g_loss=g_loss, d_lr=1e-3)
    log = {tag: run.logbook.column(tag)[1][0] for tag in run.logbook.tags}
    assert log["signal/g"] == pytest.approx(1 - seen["fake"], abs=1e-4)
    assert log["diversity/g"] == pytest.approx(seen["diversity"], rel=1e-4)
    assert math.isfinite(log["gap/d"])


def test_the_saturating_signal_dies_where_the_other_lives():
    """With a D that is sure, log(1 - D) pulls by D(G(z)), which is nothing, and -log D by 1."""

    class Sure(nn.Module):
        output = "logits"

        def __init__(self):
            super().__init__()
            self.slope = nn.Parameter(torch.tensor(1.0))

        def forward(self, images):
            return -20 + self.slope * images.flatten(1).mean(1)

    signals = {}
    for name, (d_loss, g_loss) in {"log(1-D)": saturating_losses(), "-log D": logits_losses()}.items():
        run = train(_pair()[0], Sure(), d_loss=d_loss, g_loss=g_loss, batches=_batches(), steps=1, **EXACT)
        signals[name] = run.logbook.column("signal/g")[1][0]
    assert signals["log(1-D)"] < 1e-6
    assert signals["-log D"] > 0.99


def test_numbers_of_samples_are_logged_on_their_schedule_and_move_nothing():
    asked = []

    def evaluate(samples):
        asked.append(samples)
        return {"recall/g": len(asked) / 10}

    plain = _train(steps=5)
    run = _train(steps=5, evaluate=evaluate, evaluate_every=2, evaluated=20)
    steps, values = run.logbook.column("recall/g")
    assert steps.tolist() == [2, 4, 5]
    assert values.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert asked[0].shape == (20, 3, 16, 16)
    assert asked[0].dtype == torch.uint8
    assert not torch.equal(asked[0], asked[1])
    assert _same(plain.G, run.G)


def test_histograms_of_what_d_says_are_in_the_event_file(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _train(steps=4, folder=tmp_path, sample_every=2, log_every=3)
    events = EventAccumulator(str(tmp_path), size_guidance={"histograms": 0})
    events.Reload()
    for tag in ("logits/real", "logits/fake"):
        assert [event.step for event in events.Histograms(tag)] == [2, 4]


def test_a_beta_may_be_written_as_a_whole_number():
    assert Options(betas=(0, 0.999)) == Options(betas=(0.0, 0.999))
    _train(steps=1, betas=(0, 0.999))


def test_roughness_tells_noise_from_pictures():
    noise = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    slope = torch.linspace(-1, 1, 32).expand(8, 3, 32, 32)
    chessboard = 1.0 - 2 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2).expand(8, 1, 32, 32)
    assert roughness(noise).item() == pytest.approx(1, abs=0.05)
    assert roughness(slope) < 0.01
    assert roughness(chessboard).item() == pytest.approx(2)
    assert roughness(3 * noise + 5).item() == pytest.approx(roughness(noise).item(), rel=1e-4)
    assert torch.isnan(roughness(torch.ones(8, 3, 32, 32)))
