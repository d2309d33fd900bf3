"""Writes down what a run of Alembic does to a database, in the form of `alembic upgrade --sql`.

Python reads this file at its start where its folder is on PYTHONPATH. It changes nothing but
Alembic, when that is imported: before each revision stands its marker, then the statements that
the database took. Reads are left out, as they change nothing.
"""

import datetime
import decimal
import importlib.abc
import importlib.machinery
import importlib.util
import math
import os
import re
import sys
import uuid

FILE = os.environ.get("CARGO_MIGRATE_RECORD")
GOES_UP = os.environ.get("CARGO_MIGRATE_RECORD_WAY") == "up"
ALLOWS_TABLES = os.environ.get("CARGO_MIGRATE_RECORD_TABLES") == "allow"
READS = ("SELECT", "PRAGMA", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "VALUES", "WITH")
SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
BEGINS = ("BEGIN", "START")


class Refused(Exception):
    """The message says that it comes from here."""


def literal(value, dialect):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return ("1" if value else "0") if dialect == "sqlite" else str(value).lower()
    if isinstance(value, (int, float, decimal.Decimal)):
        if not math.isfinite(value):
            raise Refused("the number `%s` is no literal" % value)
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        digits = bytes(value).hex()
        return "'\\x%s'::bytea" % digits if dialect == "postgresql" else "X'%s'" % digits
    if isinstance(value, datetime.datetime):
        value = value.isoformat(" ")
    elif isinstance(value, (datetime.date, datetime.time)):
        value = value.isoformat()
    elif isinstance(value, uuid.UUID):
        value = str(value)
    # What a driver wraps as JSON and its like.
    value = getattr(value, "obj", getattr(value, "adapted", value))
    if isinstance(value, (dict, list)) and dialect != "postgresql":
        raise Refused("a value of the type `%s` is no literal" % type(value).__name__)
    if isinstance(value, dict):
        import json

        value = json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "ARRAY[%s]" % ", ".join(literal(each, dialect) for each in value)
    if not isinstance(value, str):
        raise Refused("a value of the type `%s` is no literal" % type(value).__name__)
    text = value.replace("'", "''")
    if dialect in ("mysql", "mariadb"):
        text = text.replace("\\", "\\\\")
    return "'%s'" % text


# What may have the sign of a parameter in it and is none.
OTHER = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::"
QUOTED = {"sqlite": r"|`[^`]*`|\[[^\]\n]*\]", "mysql": r"|`[^`]*`", "mariadb": r"|`[^`]*`"}
PARAMETERS = {
    "qmark": r"(\?)",
    "named": r":([A-Za-z_]\w*)",
    "numeric": r":(\d+)",
    "numeric_dollar": r"\$(\d+)",
}


def filled(statement, parameters, paramstyle, dialect):
    """The statement with its values, as the driver sends it."""
    if isinstance(parameters, dict):
        values = {key: literal(each, dialect) for key, each in parameters.items()}
    else:
        values = tuple(literal(each, dialect) for each in parameters)
    if paramstyle in ("format", "pyformat"):
        try:
            return statement % values
        except (TypeError, ValueError):
            if values:
                raise
    if not values:
        return statement
    if paramstyle not in PARAMETERS:
        raise Refused("parameters in the style `%s` cannot be written" % paramstyle)
    rest = iter(values)

    def value(match):
        name = match.group(1)
        if name is None:
            return match.group()
        if name == "?":
            return next(rest)
        if isinstance(values, dict):
            return values[name]
        return values[int(name) - 1] if name.isdigit() else next(rest)

    other = OTHER + QUOTED.get(dialect, "")
    try:
        return re.sub("%s|%s" % (other, PARAMETERS[paramstyle]), value, statement, flags=re.S)
    except (LookupError, StopIteration):
        raise Refused("its parameters are not those of the statement")


class Recorder:
    def __init__(self):
        self.is_inside = False
        self.is_told_to = 0

    def write(self, text):
        with open(FILE, "a", encoding="utf-8") as file:
            file.write(text + "\n\n")

    def executed(self, conn, cursor, statement, parameters, context, executemany):
        if not self.is_inside:
            return
        words = re.sub(r"^(\s|--[^\n]*\n|/\*.*?\*/|\()+", "", statement, flags=re.S).split(None, 1)
        first = words[0].upper().rstrip(";") if words else ""
        changes = re.search(r"\b(INSERT|UPDATE|DELETE)\b", statement, re.I)
        is_read = first in READS and not (first == "PRAGMA" and "=" in statement)
        if first == "WITH" and changes:
            is_read = False
        # `op.execute("SELECT f()")` wants what the function does.
        if not first or first in SAVEPOINTS or (is_read and not self.is_told_to):
            return
        # SQLAlchemy's recipe for SQLite sends it whenever a transaction begins.
        if first in BEGINS and not self.is_told_to:
            return
        options = getattr(context, "execution_options", {})
        dialect = conn.dialect
        for values in parameters if executemany else [parameters]:
            text = statement
            if values or not options.get("no_parameters"):
                try:
                    text = filled(statement, values, dialect.paramstyle, dialect.name)
                except Exception as error:
                    # An exception here would be one of the migration.
                    self.write("-- Not written: %s" % " ".join(str(error).split()))
                    continue
            self.write(text.strip().rstrip(";").rstrip() + ";")


def refuse_what_is_in_use(context):
    import sqlalchemy

    heads = context.get_current_heads()
    if heads:
        raise Refused("the database has revisions already: `%s`" % "`, `".join(heads))
    tables = sqlalchemy.inspect(context.connection).get_table_names()
    tables = [table for table in tables if table != context.version_table]
    if tables and not ALLOWS_TABLES:
        raise Refused("the database has tables already, such as `%s`" % tables[0])


def patch(module):
    import contextlib

    from alembic.ddl.impl import DefaultImpl
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    recorder = Recorder()
    event.listen(Engine, "after_cursor_execute", recorder.executed)
    context_class = module.MigrationContext
    run, execute = context_class.run_migrations, DefaultImpl.execute
    block = getattr(context_class, "autocommit_block", None)

    def run_migrations(self, **arguments):
        if self.as_sql:
            raise Refused("env.py runs offline, although it was not asked to")
        if GOES_UP:
            refuse_what_is_in_use(self)
        steps = self._migrations_fn

        def marked(heads, context):
            for step in steps(heads, context):
                recorder.is_inside = True
                recorder.write("-- Running %s" % step.short_log)
                yield step
            recorder.is_inside = False

        self._migrations_fn = marked
        try:
            return run(self, **arguments)
        finally:
            recorder.is_inside = False
            self._migrations_fn = steps

    def told_to(self, *arguments, **options):
        recorder.is_told_to += 1
        try:
            return execute(self, *arguments, **options)
        finally:
            recorder.is_told_to -= 1

    @contextlib.contextmanager
    def autocommit_block(self):
        recorder.write("COMMIT;")
        with block(self) as inside:
            yield inside
        recorder.write("BEGIN;")

    context_class.run_migrations = run_migrations
    DefaultImpl.execute = told_to
    if block is not None:
        context_class.autocommit_block = autocommit_block


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "alembic.runtime.migration":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        executes = spec.loader.exec_module

        def exec_module(module):
            executes(module)
            patch(module)

        spec.loader.exec_module = exec_module
        return spec


if FILE:
    sys.meta_path.insert(0, Finder())

# The one that this stands before has its turn, too.
_here = os.path.dirname(os.path.abspath(__file__))
_others = [folder for folder in sys.path if os.path.abspath(folder or ".") != _here]
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _spec is not None and _spec.loader is not None:
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
