"""Exercise 6.8: an encoder and a decoder that are told the class."""

import torch
from torch import nn
from torch.nn import functional as F

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab06 import _networks
from labkit.exercises.layers import in_use, tracing
from labkit.exercises.properties import Case, holds, rule, same, same_shape
from labkit.exercises.reading import whole, word


def inputs(seed: int) -> dict:
    tracing.with_seed(lambda generator: None)(seed)  # what it loads is not in the answer's time
    generator = torch.Generator().manual_seed(seed)
    sizes = _networks.sizes(seed)
    count = 5 + seed % 3
    return {
        "sizes": sizes,
        "images": _networks.images(count, sizes["image_size"], seed),
        "z": torch.randn(count, sizes["latent_dim"], generator=generator),
        "labels": torch.randperm(10, generator=generator)[:count],
        "seed": seed,
    }


def probe(conditional_pair, given):
    pair = conditional_pair(**given["sizes"])
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return _nothing_to_see(type(pair).__name__)
    if not all(isinstance(part, nn.Module) for part in pair):
        return _nothing_to_see(" and ".join(type(part).__name__ for part in pair))
    shown = {"encoder": given["images"], "decoder": given["z"]}
    labels, others = given["labels"], (given["labels"] + 1) % 10
    found, afterwards = {}, {}
    for name, part, default in zip(shown, pair, conditional_pair(), strict=True):
        read = _networks.beside if name == "encoder" else lambda images: images
        tracing.fill(part, given["seed"])
        found[f"{name}'s result for other labels"] = read(part(shown[name].clone(), others))
        default_input = torch.zeros(2, 1, 28, 28) if name == "encoder" else torch.zeros(2, 2)
        found[f"{name}'s parameters"] = tracing.count(default, default_input, labels[:2])
        seen = tracing.examine(lambda part=part: part, shown[name], given["seed"], read, labels)
        found[f"{name}'s result"] = seen["the result"]
        found[f"{name}'s result for one"] = seen["the result for one"]
        for value in (
            "borrowed",
            "modes",
            "modes afterwards",
            "the input afterwards",
            "without a gradient",
            "elsewhere",
        ):
            afterwards.setdefault(value, []).append(seen[value])
    return found | {
        "kind": "two networks",
        "borrowed": ", ".join(filter(None, afterwards["borrowed"])),
        "modes": sum(afterwards["modes"], []),
        "modes afterwards": sum(afterwards["modes afterwards"], []),
        "the input afterwards": torch.cat(
            [change.flatten() for change in afterwards["the input afterwards"]]
        ),
        "without a gradient": ", ".join(filter(None, afterwards["without a gradient"])),
        "elsewhere": next(filter(None, afterwards["elsewhere"]), ""),
    }


def _nothing_to_see(kind: str) -> dict:
    return {"kind": kind[:80], "borrowed": ""}


_TEN_MORE = (
    "ten more than in 6.4 and 6.5, so `+ 10` in `__init__`, and `F.one_hot(labels, 10)`, which makes ten "
    "columns for any batch"
)

EXERCISE = Exercise(
    "6.8",
    "The conditional VAE",
    4,
    "conditional_pair(latent_dim, hidden, base_channels, image_size)",
    inputs,
    probe,
    causes={
        r"one_hot is only applicable|Class values must be": (
            "`F.one_hot` takes whole numbers from 0 to 9, and the number of classes: `F.one_hot(labels, 10)`"
        ),
        r"Tensors must have same number of dimensions": (
            "the one-hot rows are (B, 10): flatten the maps to (B, N) before they stand beside each other"
        ),
        r"expected m1 and m2 to have the same dtype|mat1 and mat2 must have the same dtype": (
            "`F.one_hot` gives whole numbers: make floats of them"
        ),
    }
    | _networks.misfit(_TEN_MORE)
    | _networks.FAULTY,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(encoder_shows=None, decoder_shows=None, **sizes):
    """The kit's layers; what they are shown beside features or z may be something else than one-hot rows."""
    told, plain = networks.vae_pair(**sizes, classes=10), networks.vae_pair(**sizes)
    encoder = (plain if encoder_shows is _nothing else told)[0]
    decoder = (plain if decoder_shows is _nothing else told)[1]
    return _Encoder(encoder, encoder_shows or _after), _Decoder(decoder, decoder_shows or _after)


def _after(values, labels):
    return torch.cat([values, F.one_hot(labels, 10).to(values)], 1)


def _before(values, labels):
    return torch.cat([F.one_hot(labels, 10).to(values), values], 1)


def _shifted(values, labels):
    return _after(values, (labels - 1) % 10)


def _scaled(values, labels):
    return torch.cat([values, labels[:, None].to(values).expand(-1, 10) / 10], 1)


def _first_label(values, labels):
    return _after(values, labels[:1].expand(len(values)))


def _nothing(values, labels):
    return values


class _Encoder(nn.Module):
    def __init__(self, encoder, shown):
        super().__init__()
        self.maps, self.dense, self.to_mean, self.to_log_var = encoder.children()
        self.shown = shown

    def forward(self, images, labels):
        hidden = F.relu(self.dense(self.shown(self.maps(images), labels)))
        return self.to_mean(hidden), self.to_log_var(hidden)


class _Decoder(nn.Module):
    def __init__(self, decoder, shown):
        super().__init__()
        self.layers, self.shown = decoder.layers, shown

    def forward(self, z, labels):
        return self.layers(self.shown(z, labels))


def _but(**changes):
    return lambda **sizes: expected(**sizes, **changes)


def _a_pair(case: Case):
    said, borrowed = word(case.got["kind"]), word(case.got["borrowed"])
    yield holds(
        "it returns an encoder and a decoder",
        said == "two networks",
        got=said,
        expected="two networks",
        cause="`return encoder, decoder`, each an `nn.Module`",
    )
    yield holds(
        "their layers are your own",
        not borrowed,
        got=borrowed,
        expected="layers of `torch.nn`, and your classes of 6.4 and 6.5",
        cause="a network imported from labkit is not an answer",
    )


def _counted(which: str, more: str):
    def find(case: Case):
        got, right = (whole(arrays[f"{which}'s parameters"]) for arrays in (case.got, case.expected))
        yield holds(
            f"the {which} has {right:,} parameters",
            got == right,
            got=f"{got:,}",
            expected=f"{right:,}",
            cause=f"ten more columns in one dense layer: {more}",
        )

    return rule(find, f"{which}'s parameters", compared=True, points=0.5, rtol=0, atol=0.5)


_ORDER = "the one-hot row stands after {}, in the order of the classes, and nothing else is changed"


def _for_one(said: str) -> str:
    if "mat1 and mat2" in said:
        return "`F.one_hot(labels)` has as many columns as the batch needs: `F.one_hot(labels, 10)` has ten"
    return "the batch axis stays: `squeeze()` also drops a batch of one"


def _told(which: str, shapes: str, one: str, more: str, after: str):
    """What is asked of one of the two networks: shapes, size, and what the label does."""
    result = f"{which}'s result"
    return (
        same_shape(result, shapes, "print the shape after each layer"),
        same_shape(f"{result} for one", one, lambda case: _for_one(word(case.got[f"{result} for one"]))),
        _counted(which, more),
        same(result, f"the label stands beside {after}", _ORDER.format(after), points=1, **in_use.NEAR),
        same(
            f"{result} for other labels",
            f"other labels give the {which} other results",
            "the label of each image must reach it: no label is fixed, and none is left out",
            points=0.5,
            **in_use.NEAR,
        ),
        same(
            f"{result} for one",
            f"in evaluation mode the {which} returns the same numbers",
            "let no call of `forward` depend on the one before",
            **in_use.NEAR,
        ),
    )


PROPERTIES = (
    rule(_a_pair, "kind", "borrowed"),
    *_told(
        "encoder",
        "images (B, 1, S, S) and labels (B,) give mean and log variance, (B, latent_dim) each",
        "a single image gives two tensors (1, latent_dim)",
        "beside the flat features, 3136 + 10 → 16",
        "the flat features",
    ),
    *_told(
        "decoder",
        "z (B, latent_dim) and labels (B,) give images (B, 1, S, S)",
        "a single z gives an image (1, 1, S, S)",
        "beside z, 2 + 10 → 3136",
        "z",
    ),
    *in_use.afterwards(),
)

MISTAKES = {
    "the encoder does not use the labels": _but(encoder_shows=_nothing),
    "the decoder does not use the labels": _but(decoder_shows=_nothing),
    "the label comes first in the encoder: it stands after the features": _but(encoder_shows=_before),
    "the label comes first in the decoder: it stands after z": _but(decoder_shows=_before),
    "the encoder's one-hot rows are one class off: the labels begin at 0": _but(encoder_shows=_shifted),
    "the decoder's one-hot rows are one class off: the labels begin at 0": _but(decoder_shows=_shifted),
    "the encoder is told a number: a 7 is not more than a 3, so take one-hot rows": _but(
        encoder_shows=_scaled
    ),
    "the decoder is told a number: a 7 is not more than a 3, so take one-hot rows": _but(
        decoder_shows=_scaled
    ),
    "all images get the label of the first in the encoder": _but(encoder_shows=_first_label),
    "all codes get the label of the first in the decoder": _but(decoder_shows=_first_label),
}
