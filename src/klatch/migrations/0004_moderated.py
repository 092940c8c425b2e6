"""An index of the few events that somebody did to others, for who looks at them by time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("klatch", "0003_token_scope")]

    operations = [
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["-at", "-id"],
                name="klatch_moderated",
                condition=models.Q(kind__in=("member.changed", "member.left", "message.deleted", "room.changed")),
            ),
        ),
    ]
