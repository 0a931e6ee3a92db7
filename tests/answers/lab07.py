"""Answers to lab 07: the functions."""

import math
from types import SimpleNamespace

import torch
from torch.nn import functional as F_

# 7.2


def _by_steps(spans):
    return 1 + sum((k - 1) * math.prod(s for _, s in spans[:i]) for i, (k, _) in enumerate(spans))


def _by_recursion(spans):
    if not spans:
        return 1
    (kernel, stride), *rest = spans
    return kernel + (_by_recursion(rest) - 1) * stride


def _by_windows(spans):
    """The first and the last pixel that a number depends on, from the last layer to the image."""
    first, last = 0, 0
    for kernel, stride in spans[::-1]:
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def _by_popping(spans):
    field = 1
    while spans:
        kernel, stride = spans.pop()
        field = (field - 1) * stride + kernel
    return field


def _first_layer_only(spans):
    for kernel, stride in spans:
        field = 1
        field = (field - 1) * stride + kernel
        return field


def _by_name(spans):
    one, other, last = spans
    return _by_steps([one, other, last])


def _none_without_layers(spans):
    return _by_steps(spans) if spans else None


def _from_the_last(spans):
    field, _ = spans[-1]
    for kernel, stride in spans[-2::-1]:
        field = (field - 1) * stride + kernel
    return field


# 7.3


def _by_library(D, real, fake, weight=0.5, of=F_.mse_loss):
    on_real, on_fake, on_own = D(real), D(fake.detach()), D(fake)
    d_loss = weight * (of(on_real, torch.ones_like(on_real)) + of(on_fake, torch.zeros_like(on_fake)))
    return d_loss, of(on_own, torch.ones_like(on_own))


def _by_powers(D, real, fake, cut=lambda images: images.data):
    on_real, on_fake = D(real).flatten(), D(cut(fake)).flatten()
    d_loss = ((on_real**2 - 2 * on_real + 1).mean() + (on_fake**2).mean()) / 2
    return d_loss, (1 - D(fake)).pow(2).sum() / on_fake.numel()


def _in_one_batch(D, real, fake):
    on_real, on_fake = D(torch.cat([real, fake.detach()])).split(len(real))
    return ((on_real - 1).square().mean() + on_fake.square().mean()) / 2, (D(fake) - 1).square().mean()


def _one_pass_of_fakes(D, real, fake):
    on_fake = D(fake)
    return ((D(real) - 1) ** 2).mean() / 2 + (on_fake**2).mean() / 2, ((on_fake - 1) ** 2).mean()


def _ones_of_the_batch(D, real, fake):
    """Targets for one logit an image, which a map of logits stretches, and two axes of a batch do not."""
    ones = torch.ones(len(real), 1, 1, 1)
    on_real, on_fake, on_own = D(real), D(fake.detach()), D(fake)
    d_loss = 0.5 * ((on_real - ones) ** 2).mean() + 0.5 * (on_fake**2).mean()
    return d_loss, ((on_own - ones) ** 2).mean()


def _sends_back(D, real, fake):
    d_loss, g_loss = _by_library(D, real, fake)
    d_loss.backward(retain_graph=True)
    return d_loss, g_loss


def _by_hinge(D, real, fake):
    d_loss = F_.relu(1 - D(real)).mean() + F_.relu(1 + D(fake.detach())).mean()
    return d_loss, -D(fake).mean()


def _in_evaluation(D, real, fake):
    D.eval()
    return _by_library(D, real, fake)


def _of_many_calls(D, real, fake):
    d_loss = F_.mse_loss(D(real), torch.ones_like(D(real))) + (D(fake.detach()) ** 2).mean()
    return d_loss / 2, F_.mse_loss(D(fake), torch.ones_like(D(fake)))


def _frozen(D, real, fake):
    found = _by_library(D, real, fake)
    D.requires_grad_(False)
    return found


# 7.4


def _there_and_back(G, F, a, b, of=F_.l1_loss):
    fake_b, fake_a = G(a), F(b)
    return of(F(fake_b), a) + of(G(fake_a), b)


def _by_pairs(G, F, a, b):
    ways = ((a, G, F), (b, F, G))
    return torch.stack([(back(there(x)) - x).abs().mean() for x, there, back in ways]).sum()


def _by_norms(G, F, a, b):
    return (torch.dist(F(G(a)), a, p=1) + torch.dist(G(F(b)), b, p=1)) / a.numel()


def _without_gradient(G, F, a, b):
    with torch.no_grad():
        fake_b, fake_a = G(a), F(b)
    return F_.l1_loss(F(fake_b), a) + F_.l1_loss(G(fake_a), b)


def _one_way_as_a_number(G, F, a, b):
    return F_.l1_loss(F(G(a)), a) + F_.l1_loss(G(F(b)), b).item()


# 7.5


def _critic_loss(D, real, fake):
    return ((D(real) - 1) ** 2).mean() / 2 + (D(fake) ** 2).mean() / 2


def _tensors(m):
    return {"g": m.g, "f": m.f, "cycle": m.cycle, "d_a": m.d_a, "d_b": m.d_b}


def _floats(m):
    return {name: value.item() for name, value in _tensors(m).items()}


_TRANSLATORS = "fakes; zero; t loss; back; step"
_CRITICS = "pools; d zero; d loss; d back; d step"


def _in_order(events=f"{_TRANSLATORS}; {_CRITICS}", told=_floats):
    """The lines of a step in some order."""

    def answer(G, F, D_A, D_B, a, b, optimizer, d_optimizer, pool_a, pool_b, cycle=10.0):
        m = SimpleNamespace()

        def translators_loss(weight=cycle, judge_a=D_A, judge_b=D_B, games=1, back=_there_and_back):
            m.g, m.f = ((D(x) - 1).square().mean() for D, x in ((judge_b, m.fake_b), (judge_a, m.fake_a)))
            m.cycle = back(G, F, a, b)
            m.loss = games * (m.g + m.f) + weight * m.cycle

        def critics_loss(fake_a=None, fake_b=None):
            m.d_a = _critic_loss(D_A, a, m.old_a if fake_a is None else fake_a)
            m.d_b = _critic_loss(D_B, b, m.old_b if fake_b is None else fake_b)

        def pools(cut=torch.Tensor.detach):
            m.old_a, m.old_b = pool_a.swap(cut(m.fake_a)), pool_b.swap(cut(m.fake_b))

        lines = {
            "fakes": lambda: vars(m).update(fake_b=G(a), fake_a=F(b)),
            "fakes, of the other kind": lambda: vars(m).update(fake_b=G(b), fake_a=F(a)),
            "fakes, from the pools": lambda: vars(m).update(
                fake_b=pool_b.swap(G(a)), fake_a=pool_a.swap(F(b))
            ),
            "zero G": G.zero_grad,
            "d zero D_A": D_A.zero_grad,
            "t loss, weight on the games": lambda: translators_loss(1, games=cycle),
            "t loss, minus": lambda: translators_loss(-cycle),
            "t loss, detached": lambda: translators_loss(back=_without_gradient),
            "t loss, the critics'": lambda: vars(m).update(
                g=_critic_loss(D_B, b, m.fake_b.detach()),
                f=_critic_loss(D_A, a, m.fake_a.detach()),
                cycle=_there_and_back(G, F, a, b),
                loss=cycle * _there_and_back(G, F, a, b),
            ),
            "t loss, of real images": lambda: vars(m).update(
                g=(D_B(b) - 1).square().mean(),
                f=(D_A(a) - 1).square().mean(),
                cycle=_there_and_back(G, F, a, b),
                loss=cycle * _there_and_back(G, F, a, b),
            ),
            "t loss, cycle as a number": lambda: translators_loss(
                back=lambda *given: _there_and_back(*given).detach()
            ),
            "t loss, exchanged": lambda: translators_loss(back=lambda G, F, *ab: _there_and_back(F, G, *ab)),
            "t loss, by F.": lambda: translators_loss(back=lambda G, F, a, b: F.l1_loss(F(G(a)), a)),
            "d loss, halved": lambda: (critics_loss(), vars(m).update(d_a=m.d_a / 2, d_b=m.d_b / 2)),
            "d loss, the generators'": lambda: vars(m).update(
                d_a=(D_A(m.old_a) - 1).square().mean(), d_b=(D_B(m.old_b) - 1).square().mean()
            ),
            "zero": optimizer.zero_grad,
            "t loss": translators_loss,
            "t loss, unweighted": lambda: translators_loss(1),
            "t loss, of the wrong critics": lambda: translators_loss(cycle, D_B, D_A),
            "back": lambda: m.loss.backward(),
            "step": optimizer.step,
            "pools": pools,
            "pools, attached": lambda: pools(lambda fake: fake),
            "pools, swapped": lambda: vars(m).update(
                old_a=pool_a.swap(m.fake_b.detach()), old_b=pool_b.swap(m.fake_a.detach())
            ),
            "d zero": d_optimizer.zero_grad,
            "d loss": critics_loss,
            "d loss, fresh": lambda: critics_loss(m.fake_a.detach(), m.fake_b.detach()),
            "d back": lambda: (m.d_a + m.d_b).backward(),
            "d_a back": lambda: m.d_a.backward(),
            "d step": d_optimizer.step,
            "eval": D_A.eval,
        }
        for event in events.split("; "):
            lines[event]()
        return told(m)

    return answer


def _by_autograd(G, F, D_A, D_B, a, b, optimizer, d_optimizer, pool_a, pool_b, cycle=10.0):
    """Gradients asked for and set by hand; each critic's loss by itself."""

    def set_gradients(loss, *nets):
        weights = [p for net in nets for p in net.parameters()]
        for p, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            p.grad = slope

    fake_a, fake_b = F(b), G(a)
    g, f = (F_.mse_loss(x, torch.ones_like(x)) for x in (D_B(fake_b), D_A(fake_a)))
    back = (F(fake_b) - a).abs().mean() + (G(fake_a) - b).abs().mean()
    set_gradients(cycle * back + f + g, G, F)
    optimizer.step()
    losses = {"g": g.detach(), "f": f.detach(), "cycle": back.detach(), "step": 1}
    for name, D, real, fake, pool in (("d_b", D_B, b, fake_b, pool_b), ("d_a", D_A, a, fake_a, pool_a)):
        loss = _critic_loss(D, real, pool.swap(fake.data))
        set_gradients(loss, D)
        losses[name] = loss.detach()
    d_optimizer.step()
    return losses


def _frozen_critics(G, F, D_A, D_B, a, b, optimizer, d_optimizer, pool_a, pool_b, cycle=10.0):
    """As the published code has it: the critics are frozen in the translators' turn, and learn one by one."""
    for D in (D_A, D_B):
        D.requires_grad_(False)
    fake_b, fake_a = G(a), F(b)
    g, f = _by_library(D_B, b, fake_b)[1], _by_library(D_A, a, fake_a)[1]
    back = _there_and_back(G, F, a, b)
    optimizer.zero_grad()
    (g + f + back * cycle).backward()
    optimizer.step()
    for D in (D_A, D_B):
        D.requires_grad_(True)
    d_optimizer.zero_grad()
    d_a = _by_library(D_A, a, pool_a.swap(fake_a.detach()))[0]
    d_a.backward()
    d_b = _by_library(D_B, b, pool_b.swap(fake_b.detach()))[0]
    d_b.backward()
    d_optimizer.step()
    return _floats(SimpleNamespace(g=g, f=f, cycle=back, d_a=d_a, d_b=d_b))


# 7.6


def _by_flattening(images, truth):
    mse = F_.mse_loss(images, truth, reduction="none").flatten(1).mean(1)
    return 10 * (math.log10(4) - mse.log10())


def _by_roots(images, truth):
    rmse = torch.linalg.vector_norm(images - truth, dim=(1, 2, 3)) / math.sqrt(images[0].numel())
    return -20 * torch.log10(rmse / 2)


def _a_little_more(images, truth):
    """Never infinite."""
    return 10 * torch.log10(4 / ((images - truth).square().flatten(1).mean(1) + 1e-10))


def _clamped(images, truth):
    return 10 * torch.log10(4 / (images - truth).square().mean((1, 2, 3)).clamp(min=1e-10))


def _of_floats(images, truth):
    return torch.tensor([10 * math.log10(4 / F_.mse_loss(x, y)) for x, y in zip(images, truth, strict=True)])


def _by_peak(peak):
    return lambda x, y: 10 * torch.log10(peak(x) ** 2 / (x - y).square().mean((1, 2, 3)))


def _one_by_one(images, truth):
    return torch.stack([10 * torch.log10(4 / F_.mse_loss(x, y)) for x, y in zip(images, truth, strict=True)])


# 7.7 and 7.8

CRITIC = "without the cycle loss, but a critic of the whole image"
KEEPS = {
    "without the cycle loss": "the digit is often lost",
    CRITIC: "the digit is often lost",
    "without skips": "lost with and without the cycle",
}
WRONG_WAYS = {
    "inverted colours": "depend on the start",
    "identity loss on recolouring": "makes it worse",
    "rotation by 90 degrees": "fails with and without the cycle",
    "a small cycle loss says": "the translation may still be wrong",
}


def _badly(verdicts):
    """What is wrong with an answer to 7.7 or 7.8, whatever the measurements say."""
    return {
        "letter for letter": lambda: {name: choice.upper() for name, choice in verdicts.items()},
        "one entry for each question": lambda: dict(list(verdicts.items())[:2]),
        "it answers every question": lambda: verdicts | {"anything else": "yes"},
        "it returns a dictionary": lambda: list(verdicts.values()),
        "is there a `return`": lambda: None,
    }


RIGHT = {
    "7.2": [_by_steps, _by_recursion, _by_windows],
    "7.3": [_by_library, _by_powers, _in_one_batch],
    "7.4": [_there_and_back, _by_pairs, _by_norms],
    "7.5": [_in_order(), _by_autograd, _frozen_critics],
    "7.6": [_by_flattening, _by_roots, _one_by_one, _a_little_more, _clamped, _of_floats],
    "7.7": [lambda: dict(KEEPS), lambda: {name: KEEPS[name] for name in reversed(KEEPS)}],
    "7.8": [lambda: dict(WRONG_WAYS), lambda: {name: WRONG_WAYS[name] for name in reversed(WRONG_WAYS)}],
}

WRONG = {
    "7.2": {
        "`spans` has any number of pairs": _by_name,
        "like `x.reverse()`": lambda spans: _by_steps(list(list(spans).reverse())),
        "the sum of the kernels": lambda spans: sum(k for k, s in spans),
        "from the wrong end": lambda spans: _by_steps(list(reversed(spans))),
        "the list is left as it was": _by_popping,
        "it is a whole number": lambda spans: _by_steps(spans) / 1,
        "the strides are ignored": lambda spans: 1 + sum(k - 1 for k, _ in spans),
        "is a pair": lambda spans: sum(k for k, s, p in spans),
        "one pixel short": lambda spans: _by_steps(spans) - 1,
        "for an empty list return 1": lambda spans: _by_steps(spans) if spans else 0,
        "got       None: nothing came back": _none_without_layers,
        "without any layer a number sees one pixel\n      got       IndexError": _from_the_last,
        "that is a text": lambda spans: str(_by_steps(spans)),
        "use `//` instead of `/`": lambda spans: float(_by_steps(spans)),
        "no tensor and no array": lambda spans: torch.tensor(_by_steps(spans)),
        "the count begins at 0": lambda spans: _by_steps(spans) - math.prod(s for _, s in spans),
        "only the first layer is counted": _first_layer_only,
        "the last layer of `spans` is left out": lambda spans: _by_steps(spans[:-1]),
        "from the last layer to the first": lambda spans: 2 * _by_steps(spans),
    },
    "7.3": {
        "half of D's loss is asked for": lambda *given: _by_library(*given, weight=1.0),
        "give D `fake.detach()`": _one_pass_of_fakes,
        "scores of any shape": _ones_of_the_batch,
        "belong to the training step": _sends_back,
        "batches at most": _of_many_calls,
        "or a `requires_grad_(False)`": _frozen,
        "write `return d_loss, g_loss`": lambda *given: sum(_by_library(*given)),
        "each part is a mean": lambda *given: _by_library(
            *given, of=lambda x, y: F_.mse_loss(x, y, reduction="none")
        ),
        "nothing of D's loss reaches D": lambda *given: tuple(x.item() for x in _by_library(*given)),
        "that is the hinge loss": _by_hinge,
        "the target of the fakes is -1": lambda D, real, fake: (
            0.5 * ((D(real) - 1) ** 2).mean() + 0.5 * ((D(fake.detach()) + 1) ** 2).mean(),
            ((D(fake) - 1) ** 2).mean(),
        ),
        "only the part of the real images is halved": lambda D, real, fake: (
            0.5 * ((D(real) - 1) ** 2).mean() + (D(fake.detach()) ** 2).mean(),
            ((D(fake) - 1) ** 2).mean(),
        ),
        "the generator's scores are averaged first": lambda D, real, fake: (
            _by_library(D, real, fake)[0],
            (1 - D(fake).mean()).square(),
        ),
        "undo an `.eval()`": _in_evaluation,
        "is one of the two detached?": lambda D, real, fake: (
            _by_library(D, real, fake)[0],
            _by_library(D, real, fake)[1].detach(),
        ),
        "`nn.MSELoss()(scores, targets)`": lambda D, real, fake: (
            torch.nn.MSELoss(D(real), torch.ones_like(D(real))),
            D(fake).mean(),
        ),
        "targets have the shape of the scores": lambda D, real, fake: (
            F_.mse_loss(D(real), torch.ones(len(real), 1, 30, 30)),
            D(fake).mean(),
        ),
        "`device=x.device`": lambda D, real, fake: _by_library(D, real.cpu(), fake.cpu()),
        "that is the cross-entropy": lambda *given: _by_library(
            *given, of=F_.binary_cross_entropy_with_logits
        ),
        "no method like `detach_()`": lambda D, real, fake: _by_library(D, real.clamp_(-1, 1), fake),
        "without `.cuda()`": lambda D, real, fake: _by_library(
            lambda images: D(images) + torch.zeros(1, 1), real, fake
        ),
    },
    "7.4": {
        "squared differences": lambda *given: _there_and_back(*given, of=F_.mse_loss),
        "the average of the two ways": lambda G, F, a, b: F_.l1_loss(
            torch.cat([F(G(a)), G(F(b))]), torch.cat([a, b])
        ),
        "the translations are detached": _without_gradient,
        "G and F are exchanged": lambda G, F, a, b: _there_and_back(F, G, a, b),
        "the way of b is missing": lambda G, F, a, b: (F(G(a)) - a).abs().mean(),
        "average over all numbers": lambda G, F, a, b: (F(G(a)) - a).abs() + (G(F(b)) - b).abs(),
        "no method that ends in `_`": lambda G, F, a, b: _there_and_back(G, F, a.mul_(0.5), b),
        "no noise": lambda G, F, a, b: _there_and_back(G, F, a, b) + 0 * torch.randn(()),
        "nothing may be detached, no `.item()`": lambda G, F, a, b: (
            F_.l1_loss(F(G(a)), a) + 0.5 * F_.l1_loss(G(F(b)), b) + 0.5 * F_.l1_loss(G(F(b)), b).item()
        ),
        "the way of b reaches no weight": _one_way_as_a_number,
        "F is the second generator here": lambda G, F, a, b: F.l1_loss(F(G(a)), a) + F.l1_loss(G(F(b)), b),
        "there stands G(F(a))": lambda G, F, a, b: (G(F(a)) - a).abs().mean() + (G(F(b)) - b).abs().mean(),
        "the absolute value is taken of the mean": lambda G, F, a, b: (
            (F(G(a)) - a).mean().abs() + (b - G(F(b))).mean().abs()
        ),
        "the second way is subtracted": lambda G, F, a, b: (
            (F(G(a)) - a).abs().mean() - (G(F(b)) - b).abs().mean()
        ),
        "the images of the batch are summed": lambda G, F, a, b: _there_and_back(G, F, a, b) * len(a),
        "a loss that is a class": lambda G, F, a, b: (
            torch.nn.L1Loss(F(G(a)), a) + torch.nn.L1Loss(G(F(b)), b)
        ),
        "without `.cuda()`": lambda G, F, a, b: _there_and_back(G, F, a.cpu(), b.cpu()),
        "there and back for a": lambda G, F, a, b: _there_and_back(G, F, a, b) + 0 * G(a).sum(),
    },
    "7.5": {
        "the critics' turn came first": _in_order(
            "fakes; pools; d zero; d loss; d back; d step; zero; t loss; back; step"
        ),
        "the second of its two values": _in_order(
            f"fakes; zero; t loss, the critics'; back; step; {_CRITICS}"
        ),
        "in order, `(D_B, b, fake_b)`": _in_order(
            f"fakes; zero; t loss, of real images; back; step; {_CRITICS}"
        ),
        "it is missing, or it is detached": _in_order(
            f"fakes; zero; t loss, cycle as a number; back; step; {_CRITICS}"
        ),
        "Is `backward()` called before it": _in_order(f"fakes; zero; t loss; step; back; {_CRITICS}"),
        "the optimizer of this turn": _in_order(
            "fakes; d zero; t loss; back; d step; pools; zero; d loss; d back; step"
        ),
        "asked by its method": lambda *given, **more: given[8](given[4]),
        "returns two losses": lambda *given, **more: {"g": (given[4], given[5]) + given[4]},
        "`g` has the cycle loss in it": _in_order(
            told=lambda m: _floats(m) | {"g": m.g.item() + 10 * m.cycle.item()}
        ),
        "the weight of the cycle loss is forgotten": _in_order(
            f"fakes; zero; t loss, unweighted; back; step; {_CRITICS}"
        ),
        "the wrong critic judges": _in_order(
            f"fakes; zero; t loss, of the wrong critics; back; step; {_CRITICS}"
        ),
        "the old gradients of G and F": _in_order(f"fakes; t loss; back; step; {_CRITICS}"),
        "it must reach the generator that made them": _in_order(
            f"fakes; zero; t loss, detached; back; step; {_CRITICS}"
        ),
        "`cycle_loss(G, F, a, b)`": _in_order(f"fakes; zero; t loss, exchanged; back; step; {_CRITICS}"),
        "the cycle loss is subtracted": _in_order(f"fakes; zero; t loss, minus; back; step; {_CRITICS}"),
        "the weight is on the adversarial losses": _in_order(
            f"fakes; zero; t loss, weight on the games; back; step; {_CRITICS}"
        ),
        "F is the second generator here": _in_order(f"fakes; zero; t loss, by F.; back; step; {_CRITICS}"),
        "G translates a, F translates b": _in_order(
            f"fakes, of the other kind; zero; t loss; back; step; {_CRITICS}"
        ),
        "there they judge the fresh fakes": _in_order(
            f"fakes, from the pools; zero; t loss; back; step; {_CRITICS}"
        ),
        "only G's gradients were zeroed": _in_order(f"fakes; zero G; t loss; back; step; {_CRITICS}"),
        "only D_A's gradients were zeroed": _in_order(
            f"{_TRANSLATORS}; pools; d zero D_A; d loss; d back; d step"
        ),
        "theirs is the first value of 7.3": _in_order(
            f"{_TRANSLATORS}; pools; d zero; d loss, the generators'; d back; d step"
        ),
        "each has its half already": _in_order(
            f"{_TRANSLATORS}; pools; d zero; d loss, halved; d back; d step"
        ),
        "the pools are swapped": _in_order(f"{_TRANSLATORS}; pools, swapped; d zero; d loss; d back; d step"),
        "are left in the critics": _in_order(f"d zero; {_TRANSLATORS}; pools; d loss; d back; d step"),
        "were never zeroed": _in_order(f"{_TRANSLATORS}; pools; d loss; d back; d step"),
        "the critics judge the fresh fakes": _in_order(
            f"{_TRANSLATORS}; pools; d zero; d loss, fresh; d back; d step"
        ),
        "the pools are never asked": _in_order(f"{_TRANSLATORS}; d zero; d loss, fresh; d back; d step"),
        "made anew after G and F had moved": _in_order(f"{_TRANSLATORS}; fakes; {_CRITICS}"),
        "call `pool_a.swap(...)` once": _in_order(f"{_TRANSLATORS}; pools; {_CRITICS}"),
        "still leads back to G and F": _in_order(
            f"{_TRANSLATORS}; pools, attached; d zero; d loss; d back; d step"
        ),
        "a pool that keeps the graphs": _in_order(
            f"fakes; pools, attached; {_TRANSLATORS}; d zero; d loss, fresh; d back; d step"
        ),
        "finds no gradient of D_B": _in_order(f"{_TRANSLATORS}; pools; d zero; d loss; d_a back; d step"),
        "`d_optimizer.step()` is never called": _in_order(f"{_TRANSLATORS}; pools; d zero; d loss; d back"),
        "`optimizer` takes 2 steps": _in_order(f"{_TRANSLATORS}; step; {_CRITICS}"),
        "take `.item()` or `.detach()`": _in_order(told=_tensors),
        "the keys are g, f, cycle": _in_order(told=lambda m: (m.g.item(), m.f.item())),
        "is there a `return`": _in_order(told=lambda m: None),
        "in evaluation mode": _in_order(f"{_TRANSLATORS}; {_CRITICS}; eval"),
    },
    "7.6": {
        "one number for the whole batch": lambda x, y: 10 * torch.log10(4 / F_.mse_loss(x, y)),
        "each image gets one number": lambda x, y: 10 * torch.log10(4 / (x - y).square().mean((2, 3))),
        "from -1 to 1 it is 2": lambda x, y: -10 * torch.log10((x - y).square().mean((1, 2, 3))),
        "255": lambda x, y: _by_roots(x, y) + 20 * math.log10(127.5),
        "natural logarithm": lambda x, y: _by_roots(x, y) * math.log(10),
        "no `squeeze()`": lambda x, y: _by_roots(x, y).squeeze(),
        "nothing may change in place": lambda x, y: 10 * torch.log10(4 / x.sub_(y).square().mean((1, 2, 3))),
        "without `.cuda()`": lambda x, y: (
            -10 * torch.log10((x - y).square().mean((1, 2, 3)) / 4 + torch.zeros(len(x)))
        ),
        "`torch.tensor` makes one of numbers": lambda x, y: _by_roots(x, y).tolist(),
        "the result is a tensor": lambda x, y: _by_roots(x, y).numpy(),
        "not the brightest value of these images": _by_peak(lambda x: x.amax((1, 2, 3))),
        "not the range of these images": _by_peak(lambda x: x.max() - x.min()),
        "then the peak is 1": lambda x, y: _by_roots(x / 2, y / 2),
        "the logarithm is taken of each pixel": lambda x, y: (
            (math.log10(4) - (x - y).square().log10()).flatten(1).mean(1) * 10
        ),
        "each channel got a PSNR of its own": lambda x, y: torch.stack(
            [_by_roots(x[:, i : i + 1], y[:, i : i + 1]) for i in range(x.shape[1])]
        ).mean(0),
        "the mean difference is squared": lambda x, y: 10 * torch.log10(4 / (x - y).mean((1, 2, 3)) ** 2),
        "`torch.log10` takes a whole tensor": lambda x, y: (
            10 * math.log10(4 / (x - y).square().mean((1, 2, 3)))
        ),
        "for their roots it is 20": lambda x, y: (
            10 * torch.log10(2 / (x - y).square().mean((1, 2, 3)).sqrt())
        ),
        "take their difference": lambda x, y: 10 * torch.log10(4 / (x + y).square().mean((1, 2, 3))),
        "the factor 20 goes with": lambda x, y: 20 * torch.log10(2 / (x - y).square().mean((1, 2, 3))),
        "the root of the error stands": lambda x, y: (
            10 * torch.log10(4 / (x - y).square().mean((1, 2, 3)).sqrt())
        ),
    },
    "7.7": _badly(KEEPS)
    | {"it does have A's colours": lambda: KEEPS | {"without the cycle loss": "nothing is learnt"}},
    "7.8": _badly(WRONG_WAYS)
    | {
        "the truth stands upright": lambda: WRONG_WAYS | {"rotation by 90 degrees": "works"},
        "by how much does L1 to A change": lambda: (
            WRONG_WAYS | {"identity loss on recolouring": "changes nothing"}
        ),
        "is what was dark still dark in G(A) and F(B)": lambda: (
            WRONG_WAYS | {"inverted colours": "never happen"}
        ),
    },
}
