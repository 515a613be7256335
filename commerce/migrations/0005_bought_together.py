"""Categories that are no longer used, and the rollups of what is bought together."""

import crm.clock
import crm.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0004_order_facts_index'),
        ('crm', '0007_saved_view_pins'),
    ]

    operations = [
        migrations.CreateModel(
            name='CategoryPair',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('both', models.PositiveIntegerField(verbose_name='customers of both')),
                ('followed', models.PositiveIntegerField(verbose_name='customers who bought the second later')),
                ('buyers', models.PositiveIntegerField(verbose_name='customers of the first')),
                ('partner_buyers', models.PositiveIntegerField(verbose_name='customers of the second')),
                ('support', models.FloatField(verbose_name='support')),
                ('confidence', models.FloatField(verbose_name='confidence')),
                ('lift', models.FloatField(verbose_name='lift')),
                ('score', models.FloatField(verbose_name='lift times confidence')),
            ],
            options={
                'verbose_name': 'pair of categories',
                'verbose_name_plural': 'pairs of categories',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='CrossSellRun',
            fields=[
                ('id', models.UUIDField(db_default=crm.clock.Uuid7(), default=crm.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now())),
                ('calculated_at', models.DateTimeField(verbose_name='calculated')),
                ('day_from', models.DateField(verbose_name='first day')),
                ('day_to', models.DateField(verbose_name='last day')),
                ('customer_count', models.PositiveIntegerField(verbose_name='customers')),
                ('capped_count', models.PositiveIntegerField(verbose_name='customers of very many products')),
                ('floor', models.PositiveIntegerField(verbose_name='least customers of a pair')),
                ('product_pairs', models.PositiveIntegerField(verbose_name='pairs of products')),
                ('category_pairs', models.PositiveIntegerField(verbose_name='pairs of categories')),
            ],
            options={
                'verbose_name': 'reckoning of what is bought together',
                'verbose_name_plural': 'reckonings of what is bought together',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='ProductPair',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('both', models.PositiveIntegerField(verbose_name='customers of both')),
                ('followed', models.PositiveIntegerField(verbose_name='customers who bought the second later')),
                ('buyers', models.PositiveIntegerField(verbose_name='customers of the first')),
                ('partner_buyers', models.PositiveIntegerField(verbose_name='customers of the second')),
                ('support', models.FloatField(verbose_name='support')),
                ('confidence', models.FloatField(verbose_name='confidence')),
                ('lift', models.FloatField(verbose_name='lift')),
                ('score', models.FloatField(verbose_name='lift times confidence')),
            ],
            options={
                'verbose_name': 'pair of products',
                'verbose_name_plural': 'pairs of products',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='ProductSales',
            fields=[
                ('product', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='sales', serialize=False, to='commerce.product')),
                ('order_count', models.PositiveIntegerField(verbose_name='orders')),
                ('buyer_count', models.PositiveIntegerField(verbose_name='buyers')),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=20, verbose_name='quantity')),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=20, verbose_name='revenue')),
                ('average_price', models.DecimalField(decimal_places=4, max_digits=16, null=True, verbose_name='average price')),
            ],
            options={
                'verbose_name': 'sales of a product',
                'verbose_name_plural': 'sales of products',
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='productcategory',
            name='is_active',
            field=models.BooleanField(db_default=True, default=True, verbose_name='used now'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['business', 'name', 'id'], name='commerce_product_by_name'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['business', 'price', 'id'], name='commerce_product_by_price'),
        ),
        migrations.AddField(
            model_name='categorypair',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='categorypair',
            name='category',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='commerce.productcategory'),
        ),
        migrations.AddField(
            model_name='categorypair',
            name='partner',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='commerce.productcategory'),
        ),
        migrations.AddField(
            model_name='crosssellrun',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='productpair',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='productpair',
            name='partner',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='commerce.product'),
        ),
        migrations.AddField(
            model_name='productpair',
            name='product',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='commerce.product'),
        ),
        migrations.AddField(
            model_name='productsales',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddIndex(
            model_name='categorypair',
            index=models.Index(fields=['business', 'score', 'id'], name='commerce_categorypair_score'),
        ),
        migrations.AddIndex(
            model_name='categorypair',
            index=models.Index(fields=['business', 'lift', 'id'], name='commerce_categorypair_lift'),
        ),
        migrations.AddIndex(
            model_name='categorypair',
            index=models.Index(fields=['business', 'confidence', 'id'], name='commerce_categorypair_confid'),
        ),
        migrations.AddIndex(
            model_name='categorypair',
            index=models.Index(fields=['business', 'both', 'id'], name='commerce_categorypair_both'),
        ),
        migrations.AddConstraint(
            model_name='categorypair',
            constraint=crm.constraints.SameBusiness(field='category', name='commerce_categorypair_category_same_business'),
        ),
        migrations.AddConstraint(
            model_name='categorypair',
            constraint=crm.constraints.SameBusiness(field='partner', name='commerce_categorypair_partner_same_business'),
        ),
        migrations.AddConstraint(
            model_name='categorypair',
            constraint=models.UniqueConstraint(fields=('category', 'partner'), name='commerce_categorypair_once'),
        ),
        migrations.AddConstraint(
            model_name='crosssellrun',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='commerce_crosssellrun_business_id_key'),
        ),
        migrations.AddConstraint(
            model_name='crosssellrun',
            constraint=models.UniqueConstraint(fields=('business',), name='commerce_crosssellrun_once'),
        ),
        migrations.AddIndex(
            model_name='productpair',
            index=models.Index(fields=['business', 'score', 'id'], name='commerce_productpair_score'),
        ),
        migrations.AddIndex(
            model_name='productpair',
            index=models.Index(fields=['business', 'lift', 'id'], name='commerce_productpair_lift'),
        ),
        migrations.AddIndex(
            model_name='productpair',
            index=models.Index(fields=['business', 'confidence', 'id'], name='commerce_productpair_confid'),
        ),
        migrations.AddIndex(
            model_name='productpair',
            index=models.Index(fields=['business', 'both', 'id'], name='commerce_productpair_both'),
        ),
        migrations.AddConstraint(
            model_name='productpair',
            constraint=crm.constraints.SameBusiness(field='product', name='commerce_productpair_product_same_business'),
        ),
        migrations.AddConstraint(
            model_name='productpair',
            constraint=crm.constraints.SameBusiness(field='partner', name='commerce_productpair_partner_same_business'),
        ),
        migrations.AddConstraint(
            model_name='productpair',
            constraint=models.UniqueConstraint(fields=('product', 'partner'), name='commerce_productpair_once'),
        ),
        migrations.AddConstraint(
            model_name='productsales',
            constraint=crm.constraints.SameBusiness(field='product', name='commerce_productsales_product_same_business'),
        ),
    ]
