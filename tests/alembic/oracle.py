"""Answers what Alembic would do, without files and without a database.

Each line of stdin is a graph and commands on it, each line of stdout the answers:

    {"revisions": [{"id": "a", "parents": [], "depends_on": [], "labels": []}],
     "commands": [{"name": "upgrade", "rows": [], "targets": ["head"]}]}

    [{"steps": [{"revision": "a", "rows": ["a"]}]}]

A command that is refused gives {"error": …, "cause": …} instead: what the command line would say,
and what was behind it; where Alembic breaks, both are the exception's name. Rows are null from the
step on that breaks them.
"""

import json
import sys
import warnings
from types import SimpleNamespace

from alembic.runtime.migration import HeadMaintainer
from alembic.script.base import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError


class Rows(HeadMaintainer):
    """The version table, in memory."""

    def __init__(self, rows):
        super().__init__(None, rows)

    def _insert_version(self, version):
        assert version not in self.heads
        self.heads.add(version)

    def _delete_version(self, version):
        self.heads.remove(version)

    def _update_version(self, from_, to_):
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)


def scripts(revisions):
    for revision in revisions:
        module = SimpleNamespace(
            down_revision=tuple(revision["parents"]) or None,
            depends_on=tuple(revision["depends_on"]) or None,
            branch_labels=tuple(revision["labels"]) or None,
            upgrade=None,
            downgrade=None,
        )
        yield Script(module, revision["id"], "")


def directory(revisions):
    made = ScriptDirectory.__new__(ScriptDirectory)
    made.revision_map = RevisionMap(lambda: scripts(revisions))
    return made


def steps(directory, command):
    rows, targets = tuple(command["rows"]), tuple(command["targets"])
    match command["name"]:
        case "upgrade":
            return directory._upgrade_revs(targets[0], rows)
        case "downgrade":
            return directory._downgrade_revs(targets[0], rows)
        case "stamp":
            return directory._stamp_revs(targets, rows)


def answer(directory, command):
    try:
        taken = steps(directory, command)
    except CommandError as error:
        return {"error": str(error), "cause": str(error.__cause__)}
    except (AssertionError, KeyError, TypeError) as error:
        return {"error": type(error).__name__, "cause": type(error).__name__}
    rows = Rows(command["rows"])
    done = []
    for step in taken:
        if rows is not None:
            try:
                rows.update_to_step(step)
            except (AssertionError, IndexError, KeyError):
                rows = None
        revision = getattr(step, "revision", None)
        done.append(
            {
                "revision": revision and revision.revision,
                "rows": None if rows is None else sorted(rows.heads),
            }
        )
    return {"steps": done}


warnings.simplefilter("ignore")
for line in sys.stdin:
    case = json.loads(line)
    made = directory(case["revisions"])
    answers = [answer(made, command) for command in case["commands"]]
    print(json.dumps(answers), flush=True)
