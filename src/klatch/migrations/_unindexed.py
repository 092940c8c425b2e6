"""What migrations say of a foreign key that needs no index of its own any more."""

from typing import Any

from django.db import migrations


class Unindexed(migrations.AlterField):
    """Drops the index by name, whatever it is called: Django would copy the whole table on SQLite."""

    def database_forwards(self, app_label: str, editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        table, column = model._meta.db_table, model._meta.get_field(self.name).column
        with editor.connection.cursor() as cursor:
            found = editor.connection.introspection.get_constraints(cursor, table)
        for index, what in found.items():
            if what["index"] and not what["unique"] and what["columns"] == [column]:
                editor.execute(f"DROP INDEX {editor.quote_name(index)}")

    def database_backwards(self, app_label: str, editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        editor.execute(editor._create_index_sql(model, fields=[model._meta.get_field(self.name)]))
