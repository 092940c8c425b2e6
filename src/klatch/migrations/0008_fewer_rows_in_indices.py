"""Indices of what most rows have none of hold the others alone; three that begin like another are gone."""

from django.conf import settings
from django.db import migrations
from django.db.models import CASCADE, SET_NULL, ForeignKey, Index, Q

from klatch.migrations._unindexed import Unindexed

USER, ROOM, MESSAGE = settings.AUTH_USER_MODEL, "klatch.room", "klatch.message"


class Migration(migrations.Migration):
    dependencies = [("klatch", "0007_cheaper_indices"), migrations.swappable_dependency(USER)]

    operations = [
        Unindexed("message", "reply_to", ForeignKey(MESSAGE, SET_NULL, null=True, related_name="+", db_index=False)),
        migrations.AddIndex(
            "message", Index(fields=["reply_to"], name="klatch_replies", condition=Q(reply_to__isnull=False))
        ),
        Unindexed("event", "user", ForeignKey(USER, SET_NULL, null=True, related_name="+", db_index=False)),
        migrations.AddIndex("event", Index(fields=["user"], name="klatch_concerned", condition=Q(user__isnull=False))),
        Unindexed("reaction", "message", ForeignKey(MESSAGE, CASCADE, related_name="reactions", db_index=False)),
        Unindexed("membership", "room", ForeignKey(ROOM, CASCADE, related_name="memberships", db_index=False)),
        Unindexed("ban", "room", ForeignKey(ROOM, CASCADE, related_name="bans", db_index=False)),
    ]
