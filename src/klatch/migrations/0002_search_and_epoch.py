"""The search index of this database's kind, and the epoch of its log."""

from django.db import migrations

CREATE = {
    "sqlite": (
        # The categories that klatch.text.search keeps in a word; bare unicode61 would split or lose some of them.
        "CREATE VIRTUAL TABLE klatch_search USING fts5(words, room, "
        "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'\")",
    ),
    "postgresql": (
        "CREATE TABLE klatch_search (id bigint PRIMARY KEY, room bigint NOT NULL, words tsvector NOT NULL)",
        "CREATE INDEX klatch_search_words ON klatch_search USING gin (words)",
        "CREATE INDEX klatch_search_room ON klatch_search (room, id DESC)",
    ),
}


def create_index(apps, schema_editor):
    for statement in CREATE.get(schema_editor.connection.vendor, ()):
        schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    schema_editor.execute("DROP TABLE IF EXISTS klatch_search")


def first_epoch(apps, schema_editor):
    apps.get_model("klatch", "Epoch").objects.create()


class Migration(migrations.Migration):
    dependencies = [("klatch", "0001_initial")]

    operations = [
        migrations.RunPython(create_index, drop_index),
        migrations.RunPython(first_epoch, migrations.RunPython.noop),
    ]
