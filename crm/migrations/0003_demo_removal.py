"""The one way to delete from the trail: of demo businesses, through a function of the tables' owner."""

from django.db import migrations

FUNCTION = """
create function crm_remove_demo_trail(businesses uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (select from public.crm_business b where b.id = any(businesses) and not b.is_demo) then
        raise exception 'only demo businesses can be removed' using errcode = 'insufficient_privilege';
    end if;
    delete from public.crm_activitydetail where business_id = any(businesses);
    delete from public.crm_activityseal where business_id = any(businesses);
    delete from public.crm_activity where business_id = any(businesses);
    delete from public.crm_accessrecord where business_id = any(businesses);
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_functions")]
    operations = [migrations.RunSQL(FUNCTION, "drop function crm_remove_demo_trail(uuid[])")]
