"""What a token may do. Those that are there go on being able to write."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("klatch", "0002_search_and_epoch")]

    operations = [
        migrations.AddField(
            "token",
            "scope",
            models.CharField(
                choices=[("read", "Read only"), ("write", "Read and write")],
                # In the database, too: a process of the version before may still make tokens.
                db_default="write",
                default="write",
                max_length=5,
            ),
        ),
    ]
