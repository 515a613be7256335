"""Tags in files of customers: several in a cell, added and never taken away, all set-wise."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.models import Business
from customers.choices import TAG_COLORS
from customers.models import Tag
from customers.registry import ImportCheck
from customers.services.files import UnreadableFile
from customers.services.tags import MOST_TAGS

MAY_MAKE = "customers.manage_tags"
# The tags that the staged rows name, one a row; blanks around them and more than one between their words don't count.
_NAMED = r"""(select line, external_id, name from (
    select s.line, s.external_id, btrim(regexp_replace(p, '\s+', ' ', 'g')) as name
    from pg_temp.import_stage s cross join regexp_split_to_table(s.tags, '[;|]') p where s.tags <> '') n where name <> '')"""
_LACKING = f"""
select min(n.line) as line, (array_agg(n.name order by n.line))[1] as name from {_NAMED} n
where not exists (select from customers_tag t where t.business_id = %(business)s and lower(t.name) = lower(n.name))
group by lower(n.name)
"""  # noqa: S608 - our own expression
_LONGEST = Tag._meta.get_field("name").max_length

TAG_CHECKS = (
    ImportCheck(
        "tags",
        f"select line, name as value from {_NAMED} n where length(name) > {_LONGEST}",  # noqa: S608 - our own expression
        gettext_lazy("A tag has at most 60 characters."),
    ),
    ImportCheck(
        "tags",
        f"select n.line, n.name as value from {_NAMED} n where not exists "  # noqa: S608 - our own expression
        "(select from customers_tag t where t.business_id = %(business)s and lower(t.name) = lower(n.name))",
        gettext_lazy("There is no tag of this name, and your role doesn't allow new ones."),
        unless=MAY_MAKE,
    ),
    ImportCheck(
        "tags",
        "select line, value from (select a.line, min(a.tags) as value, count(distinct lower(a.name)) as count from ("  # noqa: S608
        f"select n.line, s.tags, n.name from {_NAMED} n join pg_temp.import_stage s on s.line = n.line "
        "union all select s.line, s.tags, t.name from pg_temp.import_stage s "
        "join customers_customer c on c.business_id = %(business)s and c.external_id = s.external_id "
        "join customers_customertag l on l.customer_id = c.id join customers_tag t on t.id = l.tag_id where s.tags <> '') a "
        f"group by a.line) d where count > {MOST_TAGS}",
        gettext_lazy("A customer can have at most 50 tags."),
    ),
)

_MAKE = f"""
with lacking as ({_LACKING}), there as (select count(*) as count from customers_tag where business_id = %(business)s)
insert into customers_tag (business_id, name, color, created_by_id)
select %(business)s, l.name, (%(colors)s::text[])[1 + mod(t.count + row_number() over (order by l.line, l.name) - 1, %(palette)s)],
       (select id from crm_user where id::text = %(user)s)
from lacking l cross join there t
on conflict do nothing
"""  # noqa: S608 - our own expression
_PUT = f"""
with added as (
    insert into customers_customertag (business_id, customer_id, tag_id)
    select distinct c.business_id, c.id, t.id
    from {_NAMED} n
    join customers_customer c on c.business_id = %(business)s and c.external_id = n.external_id
    join customers_tag t on t.business_id = %(business)s and lower(t.name) = lower(n.name)
    order by c.id, t.id
    on conflict (customer_id, tag_id) do nothing
    returning customer_id, tag_id
)
insert into pg_temp.import_tagged (customer_id, tag_id) select customer_id, tag_id from added returning customer_id
"""  # noqa: S608 - our own expression


def take_tags(actor: Actor, business: Business) -> tuple[list[UUID], dict[str, int]]:
    """Put the staged tags on their customers, and make those that there aren't if the actor may. Returns the customers that have
    got a tag, and counts; none for a file without any. Raises UnreadableFile."""
    parameters: dict[str, Any] = {
        "business": business.pk, "colors": [color for color, _label in TAG_COLORS], "palette": len(TAG_COLORS),
        "user": actor.id if actor.kind == "user" else "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_temp.import_stage where tags <> '')")
        if not cursor.fetchone()[0]:
            return [], {}
        made = 0
        if actor.may(MAY_MAKE, business):
            cursor.execute(_MAKE, parameters)
            made = cursor.rowcount
        cursor.execute(f"select name from ({_LACKING}) l limit 1", parameters)  # noqa: S608 - our own expression
        if lacking := cursor.fetchone():
            raise UnreadableFile(_("Meanwhile the tag %(name)s is gone. Import the file again.") % {"name": lacking[0]})
        cursor.execute(_PUT, parameters)
        added = [row[0] for row in cursor.fetchall()]
        cursor.execute("analyze pg_temp.import_tagged")
    return sorted(set(added)), {"tags_created": made, "tags_added": len(added)}
