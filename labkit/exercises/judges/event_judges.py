"""Judge of exercise 4.4: the numbers read from an event file against those that were written into it."""

import numpy as np

from labkit.exercises.event_specs import TAGS
from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.reading import word


def judge_events(given, got):
    yield holds(
        "it returns a dictionary",
        word(got["kind"]) == "dict",
        got=word(got["kind"]),
        expected="{tag: (steps, values)}",
    )
    tags, wanted = word(got["tags"]), "; ".join(sorted(TAGS))
    yield holds(
        "it holds the tags of the numbers, and no others",
        tags == wanted,
        got=tags or "none",
        expected=wanted,
        cause=(
            'a picture is no number: ask `value.HasField("simple_value")`'
            if "samples" in tags
            else "every record may hold values: go on to the end of the file"
        ),
    )
    for tag in TAGS:
        steps, values = given["steps"][tag].astype(float), given["values"][tag].astype(float)
        got_steps, got_values = got[f"{tag} steps"], got[f"{tag} values"]
        pairs = np.stack([steps, values], 1)
        kept = values != 0
        yield close(
            f"the steps of {tag} are those that were written",
            got_steps,
            steps,
            mistakes={
                "each column is a pair (steps, values), two lists": np.zeros(0),
                "a value of 0 is a value too: `if value.simple_value` drops it": steps[kept],
                "the steps are 0, 1, 2, …: take `event.step`": np.arange(len(steps)),
                "the steps are 1, 2, 3, …: take `event.step`": np.arange(1, len(steps) + 1),
                "that is the time of writing: take `event.step`": steps + 1e9,
                "the last one only: append to a list": steps[-1:],
                "the first one only: go on to the end of the file": steps[:1],
                "an event may hold several values: loop over `event.summary.value`": steps[steps != 20],
                "the last record is torn and does not count": np.append(steps, 80.0),
                "they run backwards": steps[::-1],
                "steps and values are swapped: (steps, values)": values,
                "a list of pairs, not a pair of lists": pairs[0],
            },
            cause="`event.step`, once for every value of that tag, in the order of the file",
        )
        yield close(
            f"the values of {tag} stand beside their steps",
            got_values,
            values,
            mistakes={"they run backwards": values[::-1], "those are the steps": steps},
            cause="`value.simple_value`, in the order of the file",
        )
