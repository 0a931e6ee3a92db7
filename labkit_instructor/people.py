"""Who is who: a learning platform's number tells people apart; a name does only where there is no number.

Equal numbers are one person, whatever the names beside them. Equal names are two people, unless both files
lie in the same place and neither has a number. Names that are merely near each other are a question for a
person.
"""

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from labkit_instructor.marks import Student

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"})
_LONG_ENOUGH = 6  # letters of a name of which one may be wrong without making it somebody else's
_BEGINNING = 3  # letters with which another name may begin
_MOST_WORDS = 3  # whose order may differ: "Anna Müller", "Müller, Anna"
_LONGEST = 100  # characters of a name that is compared letter by letter
_MOST_ALIKE = 50  # names of one form that are compared pair by pair


@dataclass
class People:
    """The keys that have been given so far, and the numbers that go with them.

    Attributes:
        keys: (platform, number) -> key.
        numbers: key -> lab -> platform -> number; nothing in it for somebody who is known by name only.
            Canvas has one number for a student, Moodle one for each assignment.
    """

    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)

    def settle(self, student: Student) -> Student:
        """Somebody who hands in, under the key that stands for this person from now on.

        A name that equals the key of somebody with a number says nothing.
        """
        numbers = numbers_of(student)
        return self._known(student, numbers) or self._add(self._free(student.key, numbers), student, "")

    def recorded(self, student: Student, lab: str) -> Student:
        """Somebody in a gradebook: the same key is the same person, unless the numbers for one lab differ, as
        they can in books of earlier versions. Numbers that are missing here are those of before."""
        numbers = numbers_of(student)
        known = self._known(student, numbers)
        if not known:
            theirs = self.numbers.get(student.key, {}).get(lab, {})
            differs = any(theirs.get(platform, number) != number for platform, number in numbers.items())
            known = replace(student, key=self._free(student.key, numbers) if differs else student.key)
        self._add(known.key, known, lab)
        numbers = self.numbers[known.key][lab]
        return replace(known, canvas_id=numbers.get("Canvas", ""), moodle_id=numbers.get("Moodle", ""))

    def _known(self, student: Student, numbers: Mapping[str, str]) -> Student | None:
        found = (self.keys[pair] for pair in numbers.items() if pair in self.keys)
        key = next(found, "")
        return replace(student, key=key) if key else None

    def _add(self, key: str, student: Student, lab: str) -> Student:
        numbers = numbers_of(student)
        self.numbers.setdefault(key, {}).setdefault(lab, {}).update(numbers)
        self.keys |= dict.fromkeys(numbers.items(), key)
        return replace(student, key=key)

    def _free(self, wanted: str, numbers: Mapping[str, str]) -> str:
        """The key, or another where it is somebody else's."""
        extra = next(iter(numbers.values()), "")
        other = f"{wanted}_{extra}" if extra and not wanted.endswith(f"_{extra}") else f"{wanted} (no number)"
        candidates = itertools.chain((wanted, other), (f"{other} ({n})" for n in itertools.count(2)))
        return next(key for key in candidates if self._fits(key, numbers))

    def _fits(self, key: str, numbers: Mapping[str, str]) -> bool:
        return key not in self.numbers or not (numbers or any(self.numbers[key].values()))


def numbers_of(student: Student) -> dict[str, str]:
    """Platform -> the student's number there, where an export had one."""
    both = {"Canvas": student.canvas_id, "Moodle": student.moodle_id}
    return {platform: number for platform, number in both.items() if number}


def called(students: Iterable[Student]) -> dict[str, str]:
    """Key -> what to call the student on a list: the name and, where it is shared, what tells them apart."""
    by_key = {s.key: s for s in students}
    sharing = defaultdict(set)
    for student in by_key.values():
        sharing[student.name].add(student.key)
    return {
        key: s.name if len(sharing[s.name]) == 1 else f"{s.name} ({_apart(s)})" for key, s in by_key.items()
    }


def namesakes(students: Iterable[Student]) -> list[list[Student]]:
    """Groups of different people of one name, whom the numbers of one platform tell apart."""
    groups = defaultdict(dict)
    for student in students:
        for platform in numbers_of(student):
            groups[student.name, platform][student.key] = student
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def near(students: Iterable[Student]) -> list[tuple[Student, Student]]:
    """Pairs that may be one person: names that are equal, that differ in a letter or in the order of their
    words, or of which one begins with the other. Two whom one platform gives different numbers are no such
    pair."""
    everyone = list({s.key: s for s in students}.values())
    words = [_words(s.name) for s in everyone]
    whole, almost = defaultdict(list), defaultdict(list)
    for index, one in enumerate(words):
        for form in _orders(one):
            whole[form].append(index)
            for shorter in _a_letter_less(form):
                almost[shorter].append(index)
    groups = [*whole.values(), *(found + almost[form] for form, found in whole.items()), *almost.values()]
    for index, one in enumerate(words):
        groups += [[*whole["".join(one[:n])], index] for n in range(1, len(one)) if len(one[0]) >= _BEGINNING]
    pairs = set()
    for group in groups:
        pairs |= {tuple(sorted(pair)) for pair in itertools.combinations(group[:_MOST_ALIKE], 2)}
    found = [(everyone[a], everyone[b]) for a, b in sorted(pairs) if a != b]
    return [(a, b) for a, b in found if not numbers_of(a).keys() & numbers_of(b).keys()]


def _apart(student: Student) -> str:
    return next(iter(numbers_of(student).values()), "") or student.key


def _words(name: str) -> list[str]:
    """The words and numbers of a name, as they are written without accents and capitals."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SPELT_OUT))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W\d_]+|\d+", plain) or [name]


def _orders(words: list[str]) -> set[str]:
    if len(words) > _MOST_WORDS:
        return {"".join(words)}
    return {"".join(order) for order in itertools.permutations(words)}


def _a_letter_less(form: str) -> set[str]:
    """The form without one of its letters; a digit makes it somebody else's."""
    letters = [i for i, c in enumerate(form) if not c.isdecimal()]
    if len(letters) < _LONG_ENOUGH or len(form) > _LONGEST:
        return set()
    return {form[:i] + form[i + 1 :] for i in letters}
