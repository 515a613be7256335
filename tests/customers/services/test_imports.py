"""Files that can't be taken: each says in words what is wrong, and what was uploaded doesn't outlive its import."""

import pytest
from django.core.files.base import ContentFile

from crm import work
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Business
from customers import services
from customers.models import Customer, ImportJob
from customers.services.files import UnreadableFile, recognize
from tests.commerce.test_resources import LINES, ORDERS, bring_in
from tests.factories import make_membership
from tests.timing import swiftly

HEAD = "external_id,email,first_name,last_name,name\n"


def _refusal(content: str | bytes) -> str:
    with pytest.raises(UnreadableFile) as refusal:
        recognize(ContentFile(content.encode() if isinstance(content, str) else content, name="f.csv"))
    return str(refusal.value.message)


def test_a_column_that_stands_twice_is_refused_by_name() -> None:
    assert "email" in _refusal("external_id,email,E-Mail,email\n1,a@x.example,,b@x.example\n")


def test_columns_without_a_name_may_stand_more_than_once() -> None:
    assert recognize(ContentFile(b"external_id,email,,\n1,a@x.example,,\n", name="f.csv")).key == "customers"


def test_a_columns_own_name_goes_before_its_other_names(in_scope: Business) -> None:
    bring_in(in_scope, "id,external_id,name\n17,C-17,Jordan\n")
    assert Customer.objects.get().external_id == "C-17"


def test_lines_that_end_in_a_lone_carriage_return_are_read(in_scope: Business) -> None:
    assert bring_in(in_scope, "external_id,name\r1,Jordan\r2,Riley\r").state == "done"
    assert Customer.objects.count() == 2


def test_a_header_that_is_no_csv_is_refused_in_words() -> None:
    assert _refusal(b'external_id,"na')


def test_a_file_without_rows_is_refused(in_scope: Business) -> None:
    done = bring_in(in_scope, "external_id,email\n\n,\n")
    assert (done.state, done.row_count) == ("failed", 0)
    assert "no rows" in done.error


def test_text_that_is_not_utf8_is_named_with_its_line(in_scope: Business) -> None:
    rows = b"".join(b"%d,Jordan\n" % number for number in range(2, 2000))
    done = bring_in(in_scope, b"external_id,name\n" + rows + b"2000,J\xf6rg\n")
    assert [fault.line for fault in done.faults.all()] == [2000]


def test_quoted_lines_blank_lines_and_a_mark_at_the_start_keep_line_numbers_true(in_scope: Business) -> None:
    done = bring_in(in_scope, b'\xef\xbb\xbfexternal_id,name\r\n1,"Two\r\nlines"\r\n\r\n,Nobody\r\n')
    assert [(fault.line, fault.column) for fault in done.faults.all()] == [(5, "external_id")]


def test_the_file_is_gone_once_its_import_is_over(
    in_scope: Business, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        record = services.start_import(
            actor=Actor.system("test"), business=in_scope, file=ContentFile(b"external_id,name\n1,Jo\n", name="f.csv")
        )
        stored = record.file.path
        work.run(str(record.job_id))
    record.refresh_from_db()
    assert (record.state, record.file.name) == ("done", "")
    assert not record.file.storage.exists(stored)


def test_only_who_sees_all_customers_may_import(in_scope: Business) -> None:
    manager = make_membership(in_scope, "manager", visibility="team")
    with pytest.raises(NotAllowed):
        services.start_import(
            actor=Actor.for_user(manager.user), business=in_scope, file=ContentFile(b"external_id\n1\n", name="f.csv")
        )
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize("content", [ORDERS, LINES])
def test_files_of_orders_without_rows_are_refused_too(in_scope: Business, content: str) -> None:
    assert bring_in(in_scope, content).state == "failed"


def test_a_header_of_very_many_columns_is_refused_quickly() -> None:
    header = ",".join(f"c{n:x}" for n in range(12_000))

    def refused() -> None:
        with pytest.raises(UnreadableFile):
            recognize(ContentFile(header.encode()))

    swiftly(refused, 0.5)
