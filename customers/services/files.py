"""Reading a file that is brought in: which kind it is, its rows, and what the values of its columns must look like."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.utils.translation import gettext as _

from crm.errors import DomainError
from customers.registry import ImportColumn, ImportResource, header_key, import_resources

_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:?\d{2})?$"


class UnreadableFile(DomainError):
    """The file as a whole can't be taken; the message says why and what to do."""

    status = 422
    field = "file"
    code = "unreadable_file"


@dataclass(frozen=True)
class Fault:
    """Why a row can't be taken."""

    line: int
    column: str
    value: str
    reason: str


def recognize(file: IO[bytes] | Any, resource: str = "") -> ImportResource:
    """The kind of file, by its header: the resource whose required columns are all there and that knows most of the header."""
    header = header_of(file)
    keys = {header_key(name) for name in header}
    if resource:
        candidate = import_resources.get(resource)
        if candidate is None:
            raise UnreadableFile(_("There is no kind of file called “%(key)s”.") % {"key": resource})
        missing = [column.name for column in candidate.required() if keys.isdisjoint(column.names())]
        if missing:
            raise UnreadableFile(
                _("The header lacks: %(columns)s. It has: %(header)s.")
                % {"columns": ", ".join(missing), "header": ", ".join(header)[:300]}
            )
        return candidate
    fitting = [r for r in import_resources if not any(keys.isdisjoint(column.names()) for column in r.required())]
    if not fitting:
        wanted = "; ".join(f"{r.label}: {', '.join(c.name for c in r.required())}" for r in import_resources)
        raise UnreadableFile(
            _("The header is not one of a known kind of file. It has: %(header)s. Needed are — %(wanted)s.")
            % {"header": ", ".join(header)[:300], "wanted": wanted}
        )
    return max(fitting, key=lambda r: sum(not keys.isdisjoint(column.names()) for column in r.columns))


def header_of(file: IO[bytes] | Any) -> list[str]:
    """The names of the file's columns. Raises UnreadableFile."""
    file.seek(0)
    first = file.read(65_536)
    file.seek(0)
    if first.startswith(b"PK\x03\x04"):
        raise UnreadableFile(_("This is an Excel workbook. Save it as “CSV UTF-8” and upload that."))
    text = first.decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise UnreadableFile(_("This is not a text file. Save the table as “CSV UTF-8” and upload that."))
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), strict=True), None)
    except csv.Error as error:
        raise UnreadableFile(_("The header is not valid CSV: %(error)s.") % {"error": error}) from error
    if not header or not any(name.strip() for name in header):
        raise UnreadableFile(_("The file is empty. Its first line must name the columns."))
    header = [name.strip() for name in header]
    often = Counter(key for key in map(header_key, header) if key)
    twice = sorted({name for name in header if often[header_key(name)] > 1})
    if twice:
        raise UnreadableFile(
            _("A column stands twice in the header: %(columns)s. Take one of the two away.")
            % {"columns": ", ".join(twice)[:300]}
        )
    return header


def rows_of(file: IO[bytes], resource: ImportResource) -> Iterator[tuple[int, list[str], Fault | None]]:
    """(line, values in the order of the resource's columns, None) of each row, or the fault of its form."""
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True)
    place = "(row)"
    try:
        header = [header_key(name) for name in next(reader)]
        order = [
            next((header.index(key) for key in column.names() if key in header), None) for column in resource.columns
        ]
        while True:
            line = reader.line_num + 1
            values = next(reader)
            if not any(values):
                continue
            if len(values) != len(header):
                reason = _("The row has %(found)d values, the header names %(expected)d.")
                yield line, [], Fault(line, place, "", reason % {"found": len(values), "expected": len(header)})
            elif any("\0" in value for value in values):
                yield line, [], Fault(line, place, "", _("The row holds a NUL character."))
            else:
                yield line, ["" if i is None else values[i].strip() for i in order], None
    except StopIteration:
        return
    except UnicodeDecodeError as error:
        before = error.object[: error.start]  # what was read ahead
        line = reader.line_num + 1 + (before.count(b"\n") or before.count(b"\r"))
        yield line, [], Fault(line, place, "", _("The text is not UTF-8. Save the file as “CSV UTF-8”."))
    except csv.Error as error:
        yield (
            reader.line_num,
            [],
            Fault(reader.line_num, place, "", _("This is not valid CSV: %(error)s.") % {"error": error}),
        )


def type_rules(column: ImportColumn) -> list[tuple[str, str]]:
    """(SQL condition that a faulty value meets, reason) of the column's type."""
    name = f'"{column.name}"'
    rules = []
    if column.required:
        rules.append((f"{name} = ''", _("A value is needed.")))
    if column.type == "text":
        rules.append(
            (f"length({name}) > {column.max_length}", _("Longer than %(n)d characters.") % {"n": column.max_length})
        )
    elif column.type == "integer":
        rules.append((f"{name} <> '' and {name} !~ '^-?[0-9]{{1,9}}$'", _("Not a whole number.")))
    elif column.type == "decimal":
        before, behind = column.digits
        plain = f"{name} ~ '^-?[0-9]+([.][0-9]+)?$'"
        fits = f"{name} ~ '^-?0*[0-9]{{1,{before}}}([.][0-9]{{1,{behind}}}0*)?$'"
        limits = {"before": before, "behind": behind}
        rules.append((f"{name} <> '' and not {plain}", _("Not a decimal number such as 1234.50.")))
        rules.append(
            (
                f"{plain} and not {fits}",
                _("More than %(before)d digits before or %(behind)d behind the point.") % limits,
            )
        )
    elif column.type == "datetime":
        valid = f"({name} ~ '{_ISO}' and pg_input_is_valid({name}, 'timestamptz'))"
        span = f"case when {valid} then {name}::timestamptz not between '1900-01-01' and '2200-01-01' end"
        rules.append((f"{name} <> '' and not {valid}", _("Not a date and time such as 2026-01-31 14:05.")))
        rules.append((f"{name} <> '' and {span}", _("Outside the years 1900 to 2199.")))
    elif column.type == "choice":
        allowed = ", ".join(f"'{choice}'" for choice in column.choices)
        rules.append(
            (
                f"{name} <> '' and lower({name}) not in ({allowed})",
                _("Not one of: %(choices)s.") % {"choices": ", ".join(column.choices)},
            )
        )
    return rules
