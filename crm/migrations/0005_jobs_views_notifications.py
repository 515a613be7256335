"""Jobs with lanes, leases and schedules of our own; notifications, saved views, read-only mode, idempotent requests, counters of limits."""

import crm.clock
import crm.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models


# django-q2's own schedules run in one transaction, where one bad row stops all others: ours took their place.
END_OLD_SCHEDULES = """
delete from django_q_schedule where func in ('crm.tasks.seal_trails', 'crm.tasks.take_up_lost_jobs');
insert into crm_servicemode (id) values (1);
"""
# Counters of the API's limits: shared by all processes, not worth a crash-safe log.
BUCKETS = """
create unlogged table crm_bucket (
    key varchar(160) primary key, tokens double precision not null, at timestamp with time zone not null
);
create index crm_bucket_at on crm_bucket (at);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0004_schedules'),
    ]

    operations = [
        migrations.CreateModel(
            name='DefaultView',
            fields=[
                ('id', models.UUIDField(db_default=crm.clock.Uuid7(), default=crm.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now())),
                ('page', models.CharField(max_length=80)),
            ],
            options={
                'verbose_name': 'default view',
                'verbose_name_plural': 'default views',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='IdempotentRequest',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('principal', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.BinaryField(max_length=32)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('headers', models.JSONField(default=dict)),
                ('body', models.BinaryField(null=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'idempotent request',
                'verbose_name_plural': 'idempotent requests',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.UUIDField(db_default=crm.clock.Uuid7(), default=crm.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(max_length=60, verbose_name='kind')),
                ('tone', models.CharField(db_default='info', default='info', max_length=6)),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('text', models.CharField(blank=True, max_length=500, verbose_name='text')),
                ('href', models.CharField(blank=True, max_length=300)),
                ('about', models.UUIDField(blank=True, null=True)),
                ('dedupe_key', models.CharField(blank=True, max_length=120)),
                ('count', models.PositiveIntegerField(db_default=1, default=1)),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'ordering': ['-created_at'],
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='NotificationChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('is_wanted', models.BooleanField()),
            ],
            options={
                'verbose_name': 'notification choice',
                'verbose_name_plural': 'notification choices',
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.UUIDField(db_default=crm.clock.Uuid7(), default=crm.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now())),
                ('page', models.CharField(help_text="Name of the list's address.", max_length=80)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('audience', models.CharField(choices=[('own', 'Only me'), ('team', 'My team'), ('everyone', 'Everyone in the business')], default='own', max_length=8, verbose_name='who sees it')),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ['name'],
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.UUIDField(db_default=crm.clock.Uuid7(), default=crm.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now())),
                ('key', models.CharField(max_length=80, verbose_name='name')),
                ('task', models.CharField(max_length=120, verbose_name='task')),
                ('params', models.JSONField(blank=True, default=dict)),
                ('cron', models.CharField(max_length=80, verbose_name='cron expression')),
                ('time_zone', models.CharField(db_default='UTC', default='UTC', max_length=60, verbose_name='time zone')),
                ('is_active', models.BooleanField(db_default=True, default=True, verbose_name='active')),
                ('next_due_at', models.DateTimeField(blank=True, null=True, verbose_name='next')),
                ('last_due_at', models.DateTimeField(blank=True, null=True, verbose_name='last')),
                ('fault', models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='fault')),
            ],
            options={
                'verbose_name': 'schedule',
                'verbose_name_plural': 'schedules',
                'ordering': ['key'],
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='ServiceMode',
            fields=[
                ('id', models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('is_read_only', models.BooleanField(db_default=False, default=False, verbose_name='read-only')),
                ('reason', models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='reason')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='changed')),
                ('changed_by', models.CharField(blank=True, db_default='', default='', max_length=120, verbose_name='changed by')),
            ],
            options={
                'verbose_name': 'service mode',
                'verbose_name_plural': 'service mode',
            },
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False, verbose_name='node')),
                ('capacity', models.JSONField(default=dict, help_text='How many jobs of each lane at once.')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='started')),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last seen')),
                ('restarts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='restarts')),
            ],
            options={
                'verbose_name': 'worker',
                'verbose_name_plural': 'workers',
                'ordering': ['name'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='job',
            name='crm_job_state_known',
        ),
        migrations.AddField(
            model_name='apikey',
            name='previous_digest',
            field=models.BinaryField(blank=True, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='previous_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='business',
            name='requires_second_factor',
            field=models.BooleanField(db_default=False, default=False, help_text='Members come in only after they have set up an authenticator app or a passkey.', verbose_name='a second factor is required'),
        ),
        migrations.AddField(
            model_name='job',
            name='alerted_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='cancel_asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='error_code',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AddField(
            model_name='job',
            name='heartbeat_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='lane',
            field=models.CharField(choices=[('fast', 'Fast'), ('slow', 'Slow')], db_default='fast', default='fast', max_length=4, verbose_name='lane'),
        ),
        migrations.AddField(
            model_name='job',
            name='limit_seconds',
            field=models.PositiveIntegerField(db_default=60, default=60),
        ),
        migrations.AddField(
            model_name='job',
            name='queue_row',
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='worker',
            field=models.CharField(blank=True, db_default='', default='', max_length=80, verbose_name='worker'),
        ),
        migrations.AlterField(
            model_name='job',
            name='state',
            field=models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Refused'), ('dead', 'Given up'), ('cancelled', 'Cancelled')], db_default='queued', default='queued', max_length=10, verbose_name='state'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['actor_id', '-created_at'], name='crm_job_asked'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'dead')), fields=['-finished_at'], name='crm_job_dead'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'dead', 'cancelled'])), name='crm_job_state_known'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('lane__in', ['fast', 'slow'])), name='crm_job_lane_known'),
        ),
        migrations.AddField(
            model_name='defaultview',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='defaultview',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='idempotentrequest',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='notification',
            name='business',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='notification',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='notificationchoice',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedview',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='team',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.team', verbose_name='team'),
        ),
        migrations.AddField(
            model_name='defaultview',
            name='view',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.savedview'),
        ),
        migrations.AddField(
            model_name='schedule',
            name='business',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddConstraint(
            model_name='servicemode',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='crm_servicemode_one_row'),
        ),
        migrations.AddIndex(
            model_name='idempotentrequest',
            index=models.Index(fields=['at'], name='crm_idempotentrequest_at'),
        ),
        migrations.AddConstraint(
            model_name='idempotentrequest',
            constraint=models.UniqueConstraint(fields=('business', 'principal', 'key'), name='crm_idempotentrequest_once'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['user', '-created_at'], name='crm_notification_recent'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['user'], name='crm_notification_unread'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('about__isnull', False)), fields=['about'], name='crm_notification_about'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='crm_notification_business_id_key'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(condition=models.Q(('read_at__isnull', True), models.Q(('dedupe_key', ''), _negated=True)), fields=('user', 'business', 'dedupe_key'), name='crm_notification_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='notificationchoice',
            constraint=models.UniqueConstraint(fields=('user', 'kind'), name='crm_notificationchoice_once'),
        ),
        migrations.AddIndex(
            model_name='savedview',
            index=models.Index(fields=['business', 'page'], name='crm_savedview_page'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='crm_savedview_business_id_key'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=crm.constraints.SameBusiness(field='team', name='crm_savedview_team_same_business'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(models.F('business'), models.F('owner'), models.F('page'), django.db.models.functions.text.Lower('name'), name='crm_savedview_name_unique'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.CheckConstraint(condition=models.Q(('audience__in', ['own', 'team', 'everyone'])), name='crm_savedview_audience_known'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('audience', 'team'), _negated=True), ('team__isnull', False), _connector='OR'), name='crm_savedview_team_named'),
        ),
        migrations.AddConstraint(
            model_name='defaultview',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='crm_defaultview_business_id_key'),
        ),
        migrations.AddConstraint(
            model_name='defaultview',
            constraint=crm.constraints.SameBusiness(field='view', name='crm_defaultview_view_same_business'),
        ),
        migrations.AddConstraint(
            model_name='defaultview',
            constraint=models.UniqueConstraint(fields=('business', 'user', 'page'), name='crm_defaultview_once'),
        ),
        migrations.AddIndex(
            model_name='schedule',
            index=models.Index(condition=models.Q(('is_active', True)), fields=['next_due_at'], name='crm_schedule_due'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.UniqueConstraint(fields=('business', 'key'), name='crm_schedule_key', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["queue_row"], name="crm_job_queue_row"),
        ),
        migrations.AddIndex(
            model_name="activityseal",
            index=models.Index(fields=["business", "-id"], name="crm_seal_epoch", condition=models.Q(("count", 0))),
        ),
        migrations.RunSQL(END_OLD_SCHEDULES, migrations.RunSQL.noop),
        migrations.RunSQL(BUCKETS, "drop table crm_bucket"),
    ]
