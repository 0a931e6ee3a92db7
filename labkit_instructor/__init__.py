"""For those who write and grade the labs. Nothing in `labkit` imports from here.

The way of one submission through ``labkit grade`` (`commands.grade`), room by room:

1. `submissions` reads what was handed in: `intake` opens folders and zips and says whose file each is;
   `reading` finds the answers of a notebook, beside the solution (`trusted`). `people` says who is who.
2. `judging` builds one program for each exercise (`programs`), has it run in the `sandbox`, and judges what
   comes out on the kit's own properties (`judge`); `batch` does so for a class.
3. `gradebook` writes every mark into a log that only grows (`journal`), and replays it into totals
   (`folding`), tables for the platforms (`exports`) and sheets for written answers (`reviews`).
4. `reports` makes the pages; `publish` makes all that is made from a gradebook, again at any time.

The nouns, in the order in which a submission becomes them:

- *handed* (`marks.Handed`): one file of one student, as it came, with its digest.
- *submission* (`submissions.reading.Submission`): a notebook read: its lab, answers, helpers and figures.
- *answer* (`submissions.reading.Answer`): the cells of one exercise.
- *program* (`judging.programs.Program`): an answer with the cells that it needs, ready to run.
- *record* (`labkit.exercises.record.Record`): what a probe saw of an answer, in the sandbox.
- *mark* (`marks.Mark`): status, points, findings and reason for one exercise.
- *graded* (`marks.Graded`): all marks of one submission, as written under ``results/``.
- *event* (`gradebook.standing.Event`): one line of the log: a mark, a review, a change by hand.
- *standing* (`gradebook.standing.Standing`): what counts now for one student and one lab.

Before the course, `authoring` makes the student notebooks from the solutions.
"""
