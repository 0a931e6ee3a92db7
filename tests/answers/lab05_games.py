"""Answers to lab 05 that are dicts of settings. Those that are played share settings where they can."""

import math

NAN = float("nan")


def _says(value):
    return lambda: value


RIGHT = {
    "5.3": [_says({"g_lr": 1e-4}), _says({"d_lr": 1e-4, "loss": "relativistic"})],
    "5.4": [
        _says({"loss": "saturating", "optimizer": "sgd", "g_lr": 1e-2}),
        _says({"optimizer": "sgd", "loss": "saturating", "d_lr": 2e-3}),
    ],
    "5.5": [
        _says([{"spectral_norm": True}, {"penalty": 1.0}]),
        _says(({"packing": 4}, {"spectral_norm": True})),
    ],
}

WRONG = {
    "5.3": {
        "cover 8 of 8 modes": _says({"g_lr": 2e-3}),
        "d_lr is nan": _says({"d_lr": NAN}),
        "g_lr is -0.001": _says({"g_lr": -1e-3}),
        "steps stays as it is here": _says({"steps": 1_000_000}),
        "d_lr is the text '1e-4'": _says({"d_lr": "1e-4"}),
        "did you mean 'd_lr'": _says({"dlr": 1e-4}),
        "write a dict": _says([("d_lr", 1e-4)]),
        "d_lr is {'rate': 0.0001}": _says({"d_lr": {"rate": 1e-4}}),
        "the budget allows 5": _says({"d_steps": 20}),
        "d_lr is inf": _says({"d_lr": math.inf}),
        "Did you mean 'saturating'": _says({"loss": "saturated"}),
        "optimizer is None": _says({"optimizer": None}),
        "write a dict of names": _says(None),
        "twenty times slower": _says({"g_lr": 1e-3}),
        "the two rates are close": _says({"g_lr": 1.9e-3}),
        "keep it for 5.4": _says({"loss": "saturating", "optimizer": "sgd"}),
        "G never got going": _says({"g_lr": 1e-7}),
    },
    "5.4": {
        "the signal stays near a half": _says({}),
        "which loss has none there": _says({"optimizer": "sgd"}),
        "Adam rescales": _says({"loss": "saturating"}),
        "g_lr is nan": _says({"g_lr": NAN}),
        "g_lr is 0": _says({"g_lr": 0}),
        "steps stays as it is": _says({"loss": "saturating", "steps": 10}),
        "penalty stays as it is": _says({"penalty": 1.0}),
        "unknown setting 'lr'": _says({"lr": 1e-3}),
        "loss is 'log(1 - D)'": _says({"loss": "log(1 - D)"}),
        "the budget allows 5": _says({"d_steps": 6}),
        "d_steps is 2.5": _says({"d_steps": 2.5}),
        "beta1 is 1": _says({"beta1": 1.0}),
        "write a dict": _says("saturating"),
    },
    "5.5": {
        "a list of two dicts": _says([{"penalty": 0.1}]),
        "one dict": _says({"penalty": 0.1, "packing": 4}),
        "two changes at once": _says([{"penalty": 0.1, "packing": 4}, {"spectral_norm": True}]),
        "another dose is not another cure": _says([{"penalty": 0.1}, {"penalty": 0.3}]),
        "d_lr stays as it is": _says([{"d_lr": 1e-3}, {"packing": 4}]),
        "steps stays as it is": _says([{"penalty": 0.1}, {"steps": 20_000}]),
        "the value is the patient's own": _says([{"penalty": 0.0}, {"packing": 4}]),
        "packing 3 does not divide": _says([{"penalty": 0.1}, {"packing": 3}]),
        "penalty is nan": _says([{"penalty": NAN}, {"packing": 4}]),
        "penalty is -0.1": _says([{"packing": 4}, {"penalty": -0.1}]),
        "one entry in the dict": _says([{}, {"packing": 4}]),
        "unknown setting 'r1'": _says([{"r1": 0.1}, {"packing": 4}]),
        "write a dict": _says([("penalty", 0.1), ("packing", 4)]),
        "the patient's D runs away": _says([{"noise": 0.1}, {"packing": 4}]),
        "in a wrong dose": _says([{"penalty": 1e-4}, {"packing": 4}]),
    },
}
