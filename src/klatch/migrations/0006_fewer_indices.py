"""Three indices that every post wrote are the beginnings of others: of (author, client id), (room, position), (room, seq)."""

from django.conf import settings
from django.db import migrations
from django.db.models import CASCADE, SET_NULL, ForeignKey

from klatch.migrations._unindexed import Unindexed

USER = settings.AUTH_USER_MODEL


class Migration(migrations.Migration):
    dependencies = [("klatch", "0005_reading"), migrations.swappable_dependency(USER)]

    operations = [
        Unindexed(
            "message", "author", ForeignKey(USER, SET_NULL, null=True, related_name="klatch_messages", db_index=False)
        ),
        Unindexed("message", "room", ForeignKey("klatch.room", CASCADE, related_name="messages", db_index=False)),
        Unindexed("event", "room", ForeignKey("klatch.room", CASCADE, related_name="events", db_index=False)),
    ]
