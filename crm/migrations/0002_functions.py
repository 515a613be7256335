"""SQL functions that the tables above build on, the guard of the trail, and the shared cache's table."""

from django.db import migrations

FUNCTIONS = r"""
create function crm_fold(value text) returns text language sql immutable strict parallel safe
return btrim(regexp_replace(
    replace(replace(replace(replace(translate(
        regexp_replace(normalize(casefold(value collate pg_catalog.pg_unicode_fast), NFKD), '[\u0300-\u036f]', '', 'g'),
        'øłđðħıŧŀ', 'olddhitl'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ß', 'ss'),
    '\s+' collate pg_catalog.pg_unicode_fast, ' ', 'g'));

create function crm_search_vector(name text, email text, phone text, reference text) returns tsvector
language sql immutable strict parallel safe
return (
    select coalesce(array_to_tsvector(array_agg(distinct left(token, 80))), ''::tsvector)
    from (
        select regexp_split_to_table(crm_fold(name || ' ' || reference || ' ' || split_part(email, '@', 1)),
                                     '[^[:alnum:]]+' collate pg_catalog.pg_unicode_fast) as token
        union all select crm_fold(email)
        union all select crm_fold(split_part(email, '@', 2))
        union all select regexp_replace(phone, '[^0-9]', '', 'g')
        union all select right(regexp_replace(phone, '[^0-9]', '', 'g'), 7)
    ) tokens
    where token <> ''
);

create function crm_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and exists (select from crm_business b where b.id = old.business_id and b.is_demo) then
        return old;  -- demo data may be removed
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger crm_activity_append_only before update or delete on crm_activity
    for each row execute function crm_refuse_change();
create trigger crm_activityseal_append_only before update or delete on crm_activityseal
    for each row execute function crm_refuse_change();
create trigger crm_accessrecord_append_only before update or delete on crm_accessrecord
    for each row execute function crm_refuse_change();

create unlogged table crm_cache (
    cache_key varchar(255) primary key, value text not null, expires timestamp with time zone not null
);
create index crm_cache_expires on crm_cache (expires);
"""
REMOVE = """
drop table crm_cache;
drop trigger crm_accessrecord_append_only on crm_accessrecord;
drop trigger crm_activityseal_append_only on crm_activityseal;
drop trigger crm_activity_append_only on crm_activity;
drop function crm_refuse_change();
drop function crm_search_vector(text, text, text, text);
drop function crm_fold(text);
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, REMOVE)]
