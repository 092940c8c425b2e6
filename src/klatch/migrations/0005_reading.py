"""Indices for the directory and for pages of members: neither is sorted, however many rooms and members there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("klatch", "0004_moderated")]

    operations = [
        migrations.RemoveIndex(model_name="room", name="klatch_room_directory"),
        migrations.AddIndex(
            model_name="room",
            index=models.Index(fields=["kind", "-active_at", "-id"], name="klatch_directory"),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["room", "id"], name="klatch_members"),
        ),
    ]
