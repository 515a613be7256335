"""How a business's customers order: quintiles, cohorts by month, and the gaps that owners were told of."""

import crm.constraints
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0007_estimates_by_value'),
        ('crm', '0007_saved_view_pins'),
        ('customers', '0016_predicted_value_stands_beside'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderPatterns',
            fields=[
                ('business', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='crm.business')),
                ('computed_at', models.DateTimeField(verbose_name='computed')),
                ('customer_count', models.PositiveIntegerField(verbose_name='customers with an order')),
                ('recency', models.JSONField(default=list)),
                ('frequency', models.JSONField(default=list)),
                ('monetary', models.JSONField(default=list)),
                ('months', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'order patterns',
                'verbose_name_plural': 'order patterns',
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='CohortMonth',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('cohort', models.DateField(verbose_name='month of the first order')),
                ('month', models.DateField(verbose_name='month')),
                ('customers', models.PositiveIntegerField(verbose_name='customers')),
                ('orders', models.PositiveIntegerField(verbose_name='orders')),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=20, verbose_name='revenue')),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business')),
            ],
            options={
                'verbose_name': 'month of a cohort',
                'verbose_name_plural': 'months of cohorts',
                'ordering': ['cohort', 'month'],
                'base_manager_name': 'unscoped',
                'constraints': [models.UniqueConstraint(fields=('business', 'cohort', 'month'), name='commerce_cohortmonth_once')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='OrderGap',
            fields=[
                ('customer', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='order_gap', serialize=False, to='customers.customer')),
                ('last_order_at', models.DateTimeField(verbose_name='last order')),
                ('told_at', models.DateTimeField(verbose_name='told')),
                ('business', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business')),
            ],
            options={
                'verbose_name': 'order gap',
                'verbose_name_plural': 'order gaps',
                'base_manager_name': 'unscoped',
                'constraints': [crm.constraints.SameBusiness(field='customer', name='commerce_ordergap_customer_same_business')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
    ]
