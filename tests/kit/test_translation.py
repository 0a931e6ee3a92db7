"""Translation between two kinds of images: networks, training against the published step, and the command."""

import copy
import json
import os
import signal

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from labkit import cli
from labkit.data import PairBatches, load_pair
from labkit.logbook import Logbook
from labkit.networks import count_parameters, patch_gan, receptive_field, unet
from labkit.training import TranslationOptions, TranslationRun, train_translation
from labkit.training.pool import ImagePool
from labkit.training.precision import adam, choose
from labkit.training.translation import rate_factor
from labkit.translation import errors, mean_l1, psnr, round_trips, translate

FILES = ("translations.png", "progress.webp", "losses.png", "run.json", "checkpoint.pt", "metrics.csv")


@pytest.fixture(autouse=True)
def _places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")


def _networks(seed=0, size=16):
    torch.manual_seed(seed)
    translators = [unet(image_size=size, base_channels=4) for _ in "GF"]
    return [*translators, *(patch_gan(layers=1, base_channels=4) for _ in "AB")]


class _Images:
    """Endless random batches of both kinds."""

    def __init__(self, size=16):
        self.generator, self.size = torch.Generator().manual_seed(3), size

    def __next__(self):
        return tuple(torch.rand(2, 3, self.size, self.size, generator=self.generator) * 2 - 1 for _ in "ab")


def _test_images(count=3, size=16):
    generator = torch.Generator().manual_seed(4)
    shape = (count, 3, size, size)
    return [torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for _ in "ab"]


# ---- networks -------------------------------------------------------------------------------------------


def test_the_published_u_net_and_patch_gan():
    G, D = unet(), patch_gan()
    widths = [level[0].out_channels for level in G.down]
    assert widths == [64, 128, 256, 512, 512, 512, 512, 512]
    dropped = [any(isinstance(part, nn.Dropout) for part in level) for level in G.up]
    assert dropped == [True] * 3 + [False] * 4
    assert 54e6 < count_parameters(G) < 55e6 and 2.7e6 < count_parameters(D) < 2.8e6
    with torch.no_grad():
        assert D(torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)
    assert [receptive_field(patch_gan(layers=n).spans) for n in (1, 2, 3, 4)] == [16, 34, 70, 142]


@pytest.mark.portable
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("levels", [None, 2])
def test_a_u_net_keeps_the_shape_and_its_range(skips, levels):
    G = unet(image_size=16, levels=levels, base_channels=4, image_channels=1, skips=skips)
    image = torch.rand(1, 1, 16, 16) * 2 - 1
    result = G(image)
    assert result.shape == image.shape and result.abs().max() <= 1


def test_without_skips_all_passes_through_the_middle():
    """With the middle cut, only a U-Net with skips still knows its image."""
    images = torch.rand(2, 3, 16, 16)
    for skips in (True, False):
        G = unet(image_size=16, levels=3, base_channels=4, skips=skips).eval()
        G.down[-1].register_forward_hook(lambda _net, _inputs, result: torch.zeros_like(result))
        with torch.no_grad():
            one, other = G(images)
        assert torch.allclose(one, other, atol=1e-6) != skips


@pytest.mark.portable
@pytest.mark.parametrize("layers", [1, 2])
def test_the_receptive_field_is_what_gradients_reach(layers):
    D = patch_gan(layers=layers, base_channels=4)
    D.layers = nn.Sequential(*[nn.Sequential(*[p for p in part if not isinstance(p, nn.InstanceNorm2d)])
                               for part in D.layers])  # fmt: skip
    for part in D.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.constant_(part.weight, 0.1)
    image = torch.ones(1, 3, 96, 96, requires_grad=True)
    logits = D(image)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    reached = (image.grad[0, 0] != 0).any(0).sum().item()
    assert reached == receptive_field(D.spans)


def test_a_whole_image_critic_says_one_number():
    assert patch_gan(whole=32, base_channels=4)(torch.zeros(2, 3, 32, 32)).shape == (2, 1, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: unet(image_size=24, levels=4),
        lambda: unet(image_size=32, levels=1),
        lambda: unet(image_size=0),
        lambda: patch_gan(layers=0),
        lambda: patch_gan(whole=24),
    ],
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


# ---- the step -------------------------------------------------------------------------------------------


def _published_step(G, F, D_A, D_B, a, b, *, identity, cycle=10.0):
    """The order of Zhu et al.'s own code, one call a network at a time, without a pool.

    By plain gradient descent: Adam would turn the rounding of a gradient near 0 into a whole step.
    """
    g_optimizer = torch.optim.SGD([*G.parameters(), *F.parameters()], 0.1)
    d_optimizer = torch.optim.SGD([*D_A.parameters(), *D_B.parameters()], 0.1)

    def says(logits, real):
        return functional.mse_loss(logits, torch.full_like(logits, float(real)))

    fake_b, fake_a = G(a), F(b)
    loss = says(D_B(fake_b), True) + says(D_A(fake_a), True)
    loss = loss + cycle * (functional.l1_loss(F(fake_b), a) + functional.l1_loss(G(fake_a), b))
    loss = loss + identity * (functional.l1_loss(G(b), b) + functional.l1_loss(F(a), a))
    g_optimizer.zero_grad()
    loss.backward()
    g_optimizer.step()
    for D, real, fake in ((D_A, a, fake_a), (D_B, b, fake_b)):
        D.zero_grad()
        (0.5 * (says(D(real), True) + says(D(fake.detach()), False))).backward()
    d_optimizer.step()


def _run(networks, **options) -> TranslationRun:
    """A run of these networks that has not begun."""
    G, F, D_A, D_B = networks
    options = TranslationOptions(amp=False, **options)
    test_a, test_b = _test_images()
    return TranslationRun(
        steps=10, logbook=Logbook(), batches=_Images(), G=G, F=F, D_A=D_A, D_B=D_B,
        optimizer=adam(nn.ModuleList([G, F]), options.lr, options.betas),
        d_optimizer=adam(nn.ModuleList([D_A, D_B]), options.lr, options.betas),
        fakes_a=ImagePool(options.pool), fakes_b=ImagePool(options.pool),
        test_a=test_a, test_b=test_b, truly_paired=False, options=options,
        precision=choose(torch.device("cpu"), G, D_A, amp=False, channels_last=False),
    )  # fmt: skip


@pytest.mark.portable
@pytest.mark.parametrize("identity", [5.0, 0.0])
def test_a_step_is_the_published_one(identity):
    networks = _networks()
    for part in nn.ModuleList(networks[:2]).modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    theirs = copy.deepcopy(networks)
    a, b = next(_Images())
    _published_step(*theirs, a, b, identity=identity)
    run = _run(networks, identity=identity, pool=0)
    run.optimizer, run.d_optimizer = (
        torch.optim.SGD(nn.ModuleList(nets).parameters(), 0.1) for nets in (networks[:2], networks[2:])
    )
    losses = run.train_step(a, b)
    for name, mine, right in zip("GFAB", networks, theirs, strict=True):
        for ours, published in zip(mine.parameters(), right.parameters(), strict=True):
            assert torch.allclose(ours, published, atol=1e-5), name
    assert set(losses) == {f"loss/{part}" for part in ("g", "f", "d_a", "d_b", "cycle_a", "cycle_b")}


def test_the_translators_turn_leaves_no_gradient_with_the_critics():
    run = _run(_networks(), pool=0)
    a, b = next(_Images())
    theirs = copy.deepcopy(run.D_A)
    steps = []
    run.d_optimizer.step = lambda: steps.append({n: p.grad.clone() for n, p in run.D_A.named_parameters()})
    fake_a = run.F.eval()(b)  # dropout aside, what the step draws
    run.G.eval()
    run.train_step(a, b)
    loss = 0.5 * ((theirs(a) - 1).square().mean() + theirs(fake_a.detach()).square().mean())
    loss.backward()
    for name, parameter in theirs.named_parameters():
        assert torch.allclose(steps[0][name], parameter.grad, atol=1e-5), name


def test_the_rate_is_constant_and_then_falls_to_nothing():
    factors = [rate_factor(done / 10, 0.5) for done in range(11)]
    assert factors[:6] == [1.0] * 6 and factors[-1] == 0
    falls = [a - b for a, b in zip(factors[5:], factors[6:], strict=False)]
    assert all(abs(fall - 0.2) < 1e-9 for fall in falls)
    assert rate_factor(0.9, 1.0) == 1
    run = _run(_networks())
    run.step = 9
    run.update(measured=False)
    assert run.optimizer.param_groups[0]["lr"] == pytest.approx(0.2 * 2e-4)


def test_the_warm_up_teaches_to_leave_images_alone_and_no_critic():
    run = _run(_networks(), warm_up=30, lr=4e-3)
    run.steps = 100
    critics = copy.deepcopy(nn.ModuleList([run.D_A, run.D_B]))
    batch = tuple(image[..., :1, :1].expand(-1, -1, 16, 16) for image in next(_Images()))  # one colour each
    run.batches = iter([batch] * 31)
    losses = []
    for _ in range(30):
        losses.append(run.update(measured=False)["loss/warm_up"].item())
        run.step += 1
    assert losses[-1] < 0.8 * losses[0] and len(run.fakes_a) == 0
    for before, after in zip(
        critics.parameters(), [*run.D_A.parameters(), *run.D_B.parameters()], strict=True
    ):
        assert torch.equal(before, after)
    assert "loss/g" in run.update(measured=False), "then the games begin"


def test_cross_entropy_takes_logits():
    run = _run(_networks(), game="cross-entropy")
    logits = torch.tensor([[3.0, -2.0]])
    assert run.judged(logits, True).item() == pytest.approx(functional.softplus(-logits).mean().item())
    assert run.judged(logits, False).item() == pytest.approx(functional.softplus(logits).mean().item())


@pytest.mark.parametrize(
    "wrong",
    [{"game": "hinge"}, {"decay_from": 0.0}, {"cycle": -1.0}, {"pool": -1}, {"warm_up": -1}, {"samples": 0}],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError):
        TranslationOptions(**wrong)


def test_true_pairs_are_as_many_on_both_sides():
    a, b = _test_images()
    with pytest.raises(ValueError, match="cannot be pairs"):
        train_translation(*_networks(), batches=_Images(), steps=1, test_a=a, test_b=b[:1], truly_paired=True)


# ---- the pool -------------------------------------------------------------------------------------------


def test_a_pool_fills_up_and_then_gives_back_half_from_before():
    pool, seen, old = ImagePool(50), [], 0
    for step in range(400):
        batch = torch.full((2, 1, 1, 1), float(step))
        given = pool.swap(batch)
        assert given.shape == batch.shape and bool((batch == step).all())
        if step < 25:
            assert torch.equal(given, batch), "while it fills up, images come back as they are"
        else:
            old += int((given < step).sum())
        seen += given.flatten().tolist()
    assert len(pool) == 50 and 0.4 < old / (2 * 375) < 0.6
    assert torch.equal(ImagePool(0).swap(batch), batch)


def test_a_pool_goes_on_where_it_was():
    pool, other = ImagePool(3, seed=1), ImagePool(3, seed=2)
    images = [torch.rand(2, 1, 2, 2) for _ in range(9)]
    for batch in images[:5]:
        pool.swap(batch)
    other.load_state_dict(pool.state_dict())
    for batch in images[5:]:
        assert torch.equal(pool.swap(batch), other.swap(batch))


# ---- what comes of it -----------------------------------------------------------------------------------


class _Negative(nn.Module):
    """Turns black into white."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(-1.0))

    def forward(self, images):
        return self.weight * images


def test_errors_of_a_translator_that_is_known():
    a, _ = _test_images()
    net = _Negative()
    found = errors(net, net, a, 255 - a, truly_paired=True)
    assert found["cycle_a"] == found["l1_b"] == found["l1_a"] == 0 and found["psnr_b"] == float("inf")
    assert found["l1_identity"] == pytest.approx(mean_l1(a, 255 - a)) and found["l1_identity"] > 0.5
    assert set(errors(net, net, a, a)) == {"cycle_a", "cycle_b"}
    black, white = (
        torch.zeros(1, 3, 2, 2, dtype=torch.uint8),
        torch.full((1, 3, 2, 2), 255, dtype=torch.uint8),
    )
    assert mean_l1(black, white) == 2 and psnr(black, white) == pytest.approx(0)
    assert torch.equal(round_trips(net, net, a, a)["F(G(A))"], a)


def test_translating_leaves_the_network_in_its_mode():
    G = unet(image_size=16, base_channels=4)
    a, _ = _test_images()
    assert torch.equal(translate(G, a), translate(G, a)), "no dropout"
    assert all(part.training for part in G.modules())


def test_training_lowers_the_cycle_error():
    pair = load_pair("paintings", size=16, count=40)
    a, b = pair.test_a.images, pair.test_b.images
    networks = _networks()
    before = errors(*networks[:2], a, b)
    train_translation(
        *networks,
        batches=PairBatches(pair, 4),
        steps=80,
        test_a=a,
        test_b=b,
        progress=False,
        lr=2e-3,
        amp=False,
    )
    after = errors(*networks[:2], a, b)
    assert after["cycle_a"] < 0.8 * before["cycle_a"] and after["cycle_b"] < 0.8 * before["cycle_b"]


# ---- labkit train cyclegan --------------------------------------------------------------------------------


def _pictures(folder, count=6, size=32, colour=(200, 30, 30)):
    folder.mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", (size + i, size), tuple((c + 9 * i) % 256 for c in colour)).save(
            folder / f"p{i}.png"
        )


def _published_layout(place, **counts):
    for side in ("trainA", "trainB", "testA", "testB"):
        if counts.get(side, 6):
            _pictures(place / side, counts.get(side, 6))
    return place


def _run_command(*arguments) -> int:
    return cli.main(["train", "cyclegan", "--budget", "smoke", "--steps", "2", *map(str, arguments)])


def test_a_folder_of_results_and_pictures_of_one_s_own(tmp_path, capsys):
    data, out = _published_layout(tmp_path / "mine"), tmp_path / "run"
    assert _run_command("--data", data, "--out", out) == 0
    assert all((out / name).stat().st_size for name in FILES)
    facts = json.loads((out / "run.json").read_text())
    assert facts["steps_done"] == 2 and set(facts["test"]) == {"cycle_a", "cycle_b"}

    _pictures(tmp_path / "own", count=2, size=40)
    (tmp_path / "own" / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (8, 8)).save(tmp_path / "own" / "tiny.png")
    assert _run_command("--out", out, "--translate", tmp_path / "own") == 0
    said = capsys.readouterr().out
    assert "translated 2 pictures" in said and "broken.png" in said and "tiny.png" in said
    for folder in ("to_A", "to_B"):
        names = sorted(path.name for path in (out / folder).iterdir())
        assert names == ["p0.png", "p1.png"]
        assert Image.open(out / folder / "p0.png").size == (32, 32)


def test_the_twin_is_measured_on_true_pairs(tmp_path):
    assert _run_command("--out", tmp_path / "run") == 0
    found = json.loads((tmp_path / "run" / "run.json").read_text())["test"]
    assert {"l1_a", "l1_b", "psnr_a", "psnr_b", "l1_identity"} <= set(found)


def test_two_folders_with_a_comma(tmp_path, capsys):
    _pictures(tmp_path / "cats", 12)
    _pictures(tmp_path / "dogs", 12, colour=(10, 90, 200))
    assert _run_command("--data", f"{tmp_path / 'cats'},{tmp_path / 'dogs'}", "--out", tmp_path / "run") == 0
    said = capsys.readouterr()
    assert "cats-dogs" in said.out and "held out" in said.err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--data", "nothing-of-that-name"], "There is no pair called"),
        (["--translate", "pictures"], "does not exist"),
    ],
)
def test_a_wrong_command_is_one_clear_line(arguments, message, tmp_path, capsys):
    out = tmp_path / "run"
    if "--translate" in arguments:
        out.mkdir()
        (out / "run.json").write_text('{"recipe": "vae"}')
        message = "holds no run of cyclegan"
    assert _run_command("--out", out, *arguments) == 2
    assert message in capsys.readouterr().err


def test_other_recipes_translate_nothing(tmp_path, capsys):
    assert cli.main(["train", "dense", "--translate", str(tmp_path)]) == 2
    assert "cyclegan does" in capsys.readouterr().err


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch, capsys):
    step = TranslationRun.train_step

    def interrupted(self, a, b):
        if self.step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, a, b)

    out = tmp_path / "run"
    monkeypatch.setattr(TranslationRun, "train_step", interrupted)
    assert cli.main(["train", "cyclegan", "--budget", "smoke", "--steps", "3", "--out", str(out)]) == 130
    assert "Go on with" in capsys.readouterr().err and (out / "translations.png").exists()
    monkeypatch.setattr(TranslationRun, "train_step", step)
    again = ["train", "cyclegan", "--budget", "smoke", "--steps", "3", "--out", str(out), "--resume"]
    assert cli.main(again) == 0
    assert json.loads((out / "run.json").read_text())["steps_done"] == 3
