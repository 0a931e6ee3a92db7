"""Review sheets: they come back from any spreadsheet, and what a person filled in is never lost."""

import csv
import io
import random
import re
from dataclasses import replace

import pytest

from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook.review_sheet import Row, Sheet, read_rows, write_sheet
from labkit_instructor.gradebook.reviews import ReviewError, read_sheet
from labkit_instructor.marks import Batch, Graded, Mark, Student
from labkit_instructor.publish import write_reviews

RUN = Batch("r1", 7, ("03",), "bubblewrap 0.8.0", "0.1.0", "2026-09-01T08:00:00+00:00")
SLY = (
    "007",
    "3.10",
    "=1+1",
    "1e5",
    "Zoë; =1",
    'Müller, "J"',
    "two\nlines",
    "李 🎉",
    "a/b",
    "bad\udcff",
    "100%",
    "",
)


class Notebook:
    """Stands for the instructor's notebook of the lab."""

    lab = "03"

    def question(self, exercise):
        return f"**Exercise {exercise}: why?**"

    def model_answer(self, exercise):
        return "Because <D> is *sure*."

    def rubric(self, exercise):
        return "*Rubric.* 1 point: sure."


LABS = {"03": Notebook()}


def answer(key, text="Because.", name="", exercise="3.8"):
    marks = (Mark("3.1", "right", 3.0, 3.0), Mark(exercise, "to review", None, 4.0))
    return Graded(Student(key, name or key), "03", "a.ipynb", "d", marks, written={exercise: text})


CLASS = tuple(answer(f"s{n}", f"Answer of {n}.", f"Student {n}") for n in range(6))


@pytest.fixture
def sheet(tmp_path):
    page, path = write_reviews(CLASS, LABS, tmp_path, 7)
    assert (page.name, path.name) == ("3.8.html", "3.8.csv") and page.parent == tmp_path / "review"
    return path


def lines(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def fill(path, number=1, points="3", comment="good", **columns):
    """Fill in a row as a person does; ``columns`` go by their headings."""
    rows = lines(path)
    values = {"points": points, "comment": comment, **columns}
    row = next(r for r in rows if r[0] == str(number))
    for name, value in values.items():
        row[rows[0].index(name.replace("_", " "))] = value
    save(path, rows)


def save(path, rows, separator=",", encoding="utf-8-sig"):
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def test_an_empty_sheet_has_no_reviews(sheet):
    assert read_sheet(sheet) == []
    assert lines(sheet)[0] == ["answer", "points", "out of", "comment", "student", "note", "row"]
    assert [r[0] for r in lines(sheet)[1:]] == list("123456")


def test_a_filled_row_comes_back(sheet):
    fill(sheet, 4, "2.5", "- near,\nbut = not there")
    (review,) = read_sheet(sheet)
    student = next(r[4] for r in lines(sheet) if r[0] == "4")
    one = next(g for g in CLASS if g.student.name == student)
    assert (review.student, review.lab, review.exercise) == (one.student.key, "03", "3.8")
    assert (review.points, review.comment) == (2.5, "- near,\nbut = not there")
    assert review.text == gradebook.text_digest(one.written["3.8"])
    assert review.where == "3.8.csv, row 5"


def test_page_and_sheet_have_the_same_numbers_and_the_page_no_names(sheet):
    page = sheet.with_suffix(".html").read_text()
    for row in lines(sheet)[1:]:
        section = re.search(rf'<section id="answer-{row[0]}">.*?</section>', page, re.DOTALL)[0]
        assert f"Answer of {row[4].split()[-1]}." in section
    assert "Student" not in page and "Because &lt;D&gt; is <em>sure</em>." in page


def test_the_order_is_random_and_the_same_for_the_same_seed(tmp_path):
    orders = set()
    for seed in (1, 1, 2, 3):
        path = write_reviews(reversed(CLASS), LABS, tmp_path / f"{seed}{len(orders)}", seed)[1]
        orders.add(tuple(row.student for row in read_rows(path).rows))
    assert len(orders) == 3


def test_a_hostile_answer_stays_text(tmp_path):
    evil = "<script>alert(1)</script>\n\n</section><img src=x onerror=alert(1)> # Answer 9"
    page, path = write_reviews([answer("=1+1", evil, "=cmd|' /C calc'!A0")], LABS, tmp_path, 7)
    html = page.read_text()
    assert "<script" not in html and "<img" not in html and html.count("</section>") == 1
    assert lines(path)[1][4].startswith("'=cmd")


def test_same_texts_are_pointed_out(tmp_path):
    page, _ = write_reviews([answer("a"), answer("b", "Because.  "), answer("c", "No.")], LABS, tmp_path, 7)
    assert page.read_text().count("word for word the same as") == 2


@pytest.mark.parametrize("key", SLY)
def test_a_students_key_survives_any_spreadsheet(tmp_path, key):
    _, path = write_reviews([answer(key)], LABS, tmp_path, 7)
    fill(path, student="mangled", out_of="04. Mrz")
    assert [r.student for r in read_sheet(path)] == [key]
    code = lines(path)[1][-1]
    assert code.isascii() and code.isprintable() and code.startswith("lab03/")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("points", ["2.5", "2,5", " 2.50 ", "02,5"])
def test_what_spreadsheets_of_the_world_save_is_read(sheet, separator, encoding, points):
    rows = lines(sheet)
    rows[0] = [cell.upper() for cell in rows[0]]
    rows[3][1], rows[3][3] = points, "schön, aber spät; ja\nund nein"
    save(sheet, [*rows, [""] * 7, ["", " "]], separator, encoding)
    (review,) = read_sheet(sheet)
    assert (review.points, review.comment) == (2.5, "schön, aber spät; ja\nund nein")


def test_the_line_that_names_the_separator_is_skipped(sheet):
    rows = lines(sheet)
    rows[1][1] = "4"
    save(sheet, rows, ";")
    sheet.write_bytes(b"\xef\xbb\xbfsep=;\r\n" + sheet.read_bytes()[3:])
    assert [r.points for r in read_sheet(sheet)] == [4.0]


def test_letters_in_an_old_encoding_matter_only_where_they_are_kept(sheet):
    rows = lines(sheet)
    rows[1][1:5] = ["3", "4", "fine", "Müller"]
    save(sheet, rows, ";", "cp1252")
    assert [r.comment for r in read_sheet(sheet)] == ["fine"]
    rows[1][3] = "schön"
    save(sheet, rows, ";", "cp1252")
    with pytest.raises(ReviewError, match="row 2, column comment: .* Save the sheet as 'CSV UTF-8'"):
        read_sheet(sheet)


def test_rows_may_be_sorted_and_columns_moved(sheet):
    for n in range(1, 7):
        fill(sheet, n, str(n % 5), f"comment {n}")
    before = {r.student: (r.points, r.comment) for r in read_sheet(sheet)}
    rows = [row[::-1] for row in [lines(sheet)[0], *sorted(lines(sheet)[1:], key=lambda r: r[1])]]
    save(sheet, rows)
    assert {r.student: (r.points, r.comment) for r in read_sheet(sheet)} == before


def test_a_column_sorted_without_the_others_is_noticed(sheet):
    rows = lines(sheet)
    for column in range(6):  # all but "row"
        values = [row[column] for row in rows[1:]]
        for row, value in zip(rows[1:], reversed(values), strict=True):
            row[column] = value
    save(sheet, rows)
    with pytest.raises(ReviewError, match="row 2, column answer: .* sorted or moved apart"):
        read_sheet(sheet)


@pytest.mark.parametrize("points", ["three", "3/4", "-1", "nan", "1e1", "02. Mai", "٣", "2.5.", "75 %"])
def test_points_that_are_no_number_are_named(sheet, points):
    fill(sheet, 1, points)
    fill(sheet, 3, points)
    with pytest.raises(ReviewError) as caught:
        read_sheet(sheet)
    assert str(caught.value) == (
        f"3.8.csv, row 2, column points: {points!r} is not a number of points such as 2.5 (and 1 more). "
        "Nothing was merged"
    )


def test_too_many_points_are_named(sheet):
    fill(sheet, 1, "4")
    fill(sheet, 2, "4,5", out_of="5")  # the sheet itself does not decide what an answer is worth
    with pytest.raises(ReviewError, match="row 3, column points: 4,5 is more than 3.8 is worth, 4"):
        read_sheet(sheet)


def test_a_row_that_stands_twice_is_named(sheet):
    rows = lines(sheet)
    save(sheet, [*rows, rows[2]])
    with pytest.raises(ReviewError, match="row 8, column row: the same answer as in 3.8.csv, row 3"):
        read_sheet(sheet)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[2].__setitem__(6, "lab03/3.8/2"), "row 3, column row: 'lab03/3.8/2'"),
        (lambda rows: rows[2].__setitem__(6, ""), "row 3, column row"),
        (lambda rows: rows[2].__setitem__(0, "5"), "row 3, column answer: '5', and the column row says 2"),
        (lambda rows: rows[2].append("x"), "row 3 has 8 cells, the header 7"),
        (lambda rows: rows[0].__setitem__(1, "marks"), "row 1: the columns answer, comment, points, row"),
        (lambda rows: rows[0].__setitem__(5, "Points"), "row 1: there are two columns 'points'"),
    ],
)
def test_a_damaged_sheet_is_refused_with_row_and_column(sheet, change, said):
    rows = lines(sheet)
    change(rows)
    save(sheet, rows)
    with pytest.raises(ReviewError, match=said):
        read_sheet(sheet)


def test_files_that_are_no_sheets(tmp_path):
    for n, content in enumerate(
        (b"", b"\0\0\0", b"PK\x03\x04" + bytes(range(256)), b"\xff\xfe\0", b'"a,b\n')
    ):
        path = tmp_path / f"{n}.csv"
        path.write_bytes(content)
        with pytest.raises(ReviewError, match=f"{n}.csv"):
            read_sheet(path)
    with pytest.raises(ReviewError, match="gone.csv cannot be read"):
        read_sheet(tmp_path / "gone.csv")


def test_damage_anywhere_is_an_error_or_harmless(sheet):
    fill(sheet, 1, "2,5", 'so, "so"; so')
    whole, chance = sheet.read_bytes(), random.Random(4)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        cut = chance.choice((len(whole), chance.randrange(len(whole))))
        sheet.write_bytes(damaged[:cut])
        try:
            assert len(read_sheet(sheet)) <= 1
        except ReviewError as error:
            assert "3.8.csv" in str(error)


# --- a sheet that somebody has begun ---


def test_a_later_run_keeps_what_was_filled_in_and_adds_what_is_new(sheet, tmp_path):
    fill(sheet, 2, "2,5", "'tis = fine")
    fill(sheet, 5, "", "=not yet")
    before = lines(sheet)
    write_reviews([*CLASS[:3], answer("new"), answer("newer")], LABS, tmp_path, 99)
    after = lines(sheet)
    by_number = {row[0]: row for row in after[1:]}
    assert by_number["2"] == before[2] and by_number["5"][3] == "'=not yet"
    assert [row[0] for row in after[1:]] == list("12345678")
    assert {row[4] for row in after[7:]} == {"new", "newer"}
    assert [(r.points, r.comment) for r in read_sheet(sheet)] == [(2.5, "'tis = fine")]
    page = sheet.with_suffix(".html").read_text()
    assert "in the sheet: 2,5 of 4" in page and page.count("was not among the submissions") == 3


def test_a_run_that_adds_nothing_does_not_touch_the_sheet(sheet, tmp_path):
    rows = lines(sheet)
    rows[1][1] = "3"
    save(sheet, rows, ";", "utf-16")
    before = sheet.read_bytes()
    write_reviews(CLASS, LABS, tmp_path, 5)
    assert sheet.read_bytes() == before


def test_names_that_a_spreadsheet_has_spoilt_are_mended(sheet, tmp_path):
    fill(sheet, 1, "3", "good", student="04. Mrz")
    write_reviews(CLASS, LABS, tmp_path, 5)
    row = lines(sheet)[1]
    assert row[1:4:2] == ["3", "good"] and row[4].startswith("Student")


def test_a_row_of_another_question_takes_nobodys_place(sheet, tmp_path):
    rows = lines(sheet)
    rows[1][6] = rows[1][6].replace("/3.8/", "/3.9/")
    save(sheet, rows)
    write_reviews(CLASS, LABS, tmp_path, 5)
    assert len(lines(sheet)) == 8 and lines(sheet)[1] == rows[1]


def test_a_persons_own_column_and_separator_are_kept(sheet, tmp_path):
    rows = [[*row, "Tutor" if n == 0 else f"=T{n}"] for n, row in enumerate(lines(sheet))]
    save(sheet, rows, ";")
    write_reviews([*CLASS, answer("new")], LABS, tmp_path, 5)
    after = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig")), delimiter=";"))
    assert after[0][-1] == "Tutor" and after[3][-1] == "'=T3" and len(after) == 8
    assert dict(read_rows(sheet).rows[2].more) == {"Tutor": "=T3"}


def test_a_text_that_has_changed_starts_again_with_a_note(sheet, tmp_path):
    fill(sheet, 1, "3", "good")
    keys = {row.number: row.student for row in read_rows(sheet).rows}
    changed = [
        replace(g, written={"3.8": "Another text."}) for g in CLASS if g.student.key in (keys[1], keys[2])
    ]
    write_reviews(changed, LABS, tmp_path, 5)
    first, second = read_rows(sheet).rows[:2]
    assert (first.points, first.comment) == ("", "") and first.text == gradebook.text_digest("Another text.")
    assert first.note == "The text has changed. Before: 3 points, good"
    assert second.note == "" and second.text == first.text
    assert "The text has changed. Before: 3 points, good" in sheet.with_suffix(".html").read_text()


def test_a_sheet_that_cannot_be_read_is_left_alone_and_the_others_are_written(sheet, tmp_path):
    sheet.write_bytes(b"answer;points\r\n1;3\r\n")
    with pytest.raises(ReviewError, match="3.8.csv, row 1: .* The sheet was left as it is"):
        write_reviews([*CLASS, answer("x", exercise="3.9")], LABS, tmp_path, 7)
    assert sheet.read_bytes() == b"answer;points\r\n1;3\r\n"
    assert len(read_rows(sheet.with_name("3.9.csv")).rows) == 1


def test_a_sheet_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(ReviewError, match="Close it in the spreadsheet"):
        write_sheet(tmp_path / "nowhere" / "3.8.csv", Sheet((Row("03", "3.8", 1, 4.0, "d", "ada"),)))


def test_rows_written_are_rows_read(tmp_path):
    chance = random.Random(8)
    signs = ["=", "'", '"', ",", ";", "\n", "\t", "a", "é", " ", "-", "\u200b", "🎉"]

    def text():
        return "".join(chance.choices(signs, k=chance.randrange(7)))

    for n in range(150):
        separator = chance.choice(",;\t")
        rows = tuple(
            Row("03", "3.8", i + 1, 2.5, "d" * 32, text(), text(), text(), text(), text()) for i in range(4)
        )
        write_sheet(tmp_path / f"{n}.csv", Sheet(rows, separator))
        assert read_rows(tmp_path / f"{n}.csv") == Sheet(rows, separator)


# --- the whole way ---


def test_from_graded_to_reviewed_and_back_after_a_new_text(tmp_path):
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, RUN)
    for one in CLASS:
        gradebook.record(book, "r1", one)
    _, sheet = write_reviews(CLASS, LABS, tmp_path, 7)
    fill(sheet, 3, "2,5", "near")
    assert gradebook.review(book, read_sheet(sheet)) == 1
    row = next(r for r in read_rows(sheet).rows if r.number == 3)
    reviewed = gradebook.standing(book)[(row.student, "03")].counted["3.8"]
    assert (reviewed.points, reviewed.status, reviewed.comment) == (2.5, "reviewed", "near")
    new = replace(answer(row.student, "Another text."), digest="d2")
    gradebook.record(book, "r1", new)
    with pytest.raises(
        gradebook.GradebookError, match=f"3.8.csv, row 4: {row.student} has handed in another"
    ):
        gradebook.review(book, read_sheet(sheet))
    write_reviews([new], LABS, tmp_path, 8)
    assert gradebook.review(book, read_sheet(sheet)) == 0
    fill(sheet, 3, "4", "now it is")
    assert gradebook.review(book, read_sheet(sheet)) == 1
    assert gradebook.standing(book)[(row.student, "03")].total.points == 7.0
