"""The brand."""

import django.core.validators
from django.db import migrations, models

_COLOUR = django.core.validators.RegexValidator(
    "\\A#[0-9a-f]{6}\\Z", "Write a colour as # and six digits, for example #0f766e."
)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Brand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("live", "Live"), ("retired", "Retired")],
                        default="draft",
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="product name")),
                (
                    "primary",
                    models.CharField(
                        default="#3f5b75",
                        max_length=7,
                        validators=[_COLOUR],
                        verbose_name="main colour",
                    ),
                ),
                (
                    "accent",
                    models.CharField(
                        blank=True, max_length=7, validators=[_COLOUR], verbose_name="second colour"
                    ),
                ),
                (
                    "support_email",
                    models.EmailField(blank=True, max_length=254, verbose_name="support address"),
                ),
                (
                    "sign_in_text",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="text beside the sign-in"
                    ),
                ),
                (
                    "locale",
                    models.CharField(
                        default="en-gb", max_length=12, verbose_name="form of numbers and dates"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(default="UTC", max_length=60, verbose_name="time zone"),
                ),
                ("logo", models.CharField(blank=True, max_length=100)),
                (
                    "logo_has_name",
                    models.BooleanField(default=False, verbose_name="the logo shows the name"),
                ),
                ("icon", models.CharField(blank=True, max_length=100)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"ordering": ["-pk"]},
        ),
        migrations.AddConstraint(
            model_name="brand",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "live"])),
                fields=("state",),
                name="brand_one_draft_one_live",
            ),
        ),
    ]
