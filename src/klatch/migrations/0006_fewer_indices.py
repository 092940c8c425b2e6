"""Three indices that every post wrote are the beginnings of others: of (author, client id), (room, position), (room, seq).

Dropped by name: Django would copy the whole tables on SQLite.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

REPEATED = (("Message", "author"), ("Message", "room"), ("Event", "room"))


def drop(apps: Any, editor: Any) -> None:
    for name, field in REPEATED:
        model = apps.get_model("klatch", name)
        table, column = model._meta.db_table, model._meta.get_field(field).column
        with editor.connection.cursor() as cursor:
            found = editor.connection.introspection.get_constraints(cursor, table)
        for index, what in found.items():
            if what["index"] and what["columns"] == [column]:
                editor.execute(f"DROP INDEX {editor.quote_name(index)}")


def make(apps: Any, editor: Any) -> None:
    for name, field in REPEATED:
        model = apps.get_model("klatch", name)
        editor.execute(editor._create_index_sql(model, fields=[model._meta.get_field(field)]))


class Migration(migrations.Migration):
    dependencies = [("klatch", "0005_reading"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(drop, make)],
            [
                migrations.AlterField(
                    "message",
                    "author",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        django.db.models.deletion.SET_NULL,
                        null=True,
                        related_name="klatch_messages",
                        db_index=False,
                    ),
                ),
                migrations.AlterField(
                    "message",
                    "room",
                    models.ForeignKey(
                        "klatch.room", django.db.models.deletion.CASCADE, related_name="messages", db_index=False
                    ),
                ),
                migrations.AlterField(
                    "event",
                    "room",
                    models.ForeignKey(
                        "klatch.room", django.db.models.deletion.CASCADE, related_name="events", db_index=False
                    ),
                ),
            ],
        ),
    ]
