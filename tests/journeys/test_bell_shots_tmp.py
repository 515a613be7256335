"""Temporary."""
import pytest
from crm import services
from crm.actor import Actor
from crm.models import Job, Worker, Schedule
from axe_playwright_python.sync_playwright import Axe
pytestmark = pytest.mark.django_db(transaction=True)
S = Actor.system("x")

def test_shots(visit, owner):
    b = owner.business
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    def job(state, **m):
        return Job.unscoped.create(**{**dict(business=b, state=state, task="customers.tasks.import_file", actor_kind="user", actor_id=str(owner.user_id), actor_label=owner.user.name, params={"import_job_id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"}), **m})
    from crm import clock
    from datetime import timedelta
    at = clock.now()
    run = job("running", processed=420, total=1000, step="Checking rows", started_at=at-timedelta(minutes=3), attempts=1)
    job("queued"); job("done", finished_at=at, attempts=1); job("cancelled", finished_at=at)
    job("failed", finished_at=at, attempts=1, error="Row 3 is faulty.")
    dead = job("dead", finished_at=at, attempts=3, error_code="time_limit", error="It took longer than such a job may, and was stopped.")
    job("dead", finished_at=at, attempts=3, error_code="ValueError", error="Something went wrong. The log has the details under this job's id.", task="commerce.tasks.rebuild_revenue")
    job("dead", business=None, finished_at=at, attempts=3, error_code="worker_died", task="crm.tasks.clean_up")
    Worker.objects.create(name="desk-01:4242", capacity={"fast": 2, "slow": 2}, restarts=1)
    w = Worker.objects.create(name="desk-02:977", capacity={"slow": 2})
    Worker.objects.filter(pk=w.pk).update(seen_at=at-timedelta(minutes=9))
    for i, k in enumerate(("seal the activity", "clean up", "prove the slow lane")):
        Schedule.unscoped.create(key=k, task="crm.tasks.clean_up", cron="10 3 * * *", next_due_at=at+timedelta(hours=3), last_due_at=at-timedelta(hours=21), is_active=i != 1, fault="BadSchedule: no such hour" if i == 1 else "")
    for t, tone, n in (("Done: Import of a file", "good", 1), ("Refused: Import of a file", "bad", 1), ("Takes long: Import of a file", "warn", 3)):
        for _ in range(n):
            services.notify(actor=S, business=b, to=[owner.user_id], kind="crm.job_done", title=t, tone=tone, href="/jobs", text="Row 3: this address stands in an earlier row already." if tone == "bad" else "", dedupe_key=t)
    found = {}
    for width, dark in ((1440, False), (390, False), (1440, True), (390, True)):
        it = visit(width=width, height=900, dark=dark)
        it.sign_in(owner)
        Worker.objects.update(seen_at=at - timedelta(minutes=9))
        for name, path in (("notifications", "/notifications"), ("jobs", "/jobs/all"), ("job", f"/jobs/{run.pk}"), ("dead", f"/jobs/{dead.pk}"), ("given-up", "/jobs/given-up"), ("retry", "/jobs/given-up/retry"), ("service", "/service"), ("choices", "/account/notifications"), ("bell", "/orders")):
            it.open(path) if name != "job" else it.tab.goto(it.base + path)
            if name == "bell":
                it.tab.locator("details.bell > summary").click()
                it.tab.wait_for_selector(".told-item")
                services.notify(actor=S, business=b, to=[owner.user_id], kind="crm.job_done", title="Done: Sum revenue by day", tone="good", href="/jobs")
                it.tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
                it.tab.wait_for_selector(".toast")
            it.tab.screenshot(path=f"/tmp/bellshots/{name}-{width}-{'dark' if dark else 'light'}.png")
            v = Axe().run(it.tab).response["violations"]
            sw = it.tab.evaluate("document.documentElement.scrollWidth")
            if v or sw > width:
                found[name, width, dark] = [f"{x['id']}: {x['nodes'][0]['html'][:160]}" for x in v] + [sw]
        if it.complaints: found[width, dark] = it.complaints
    assert found == {}
