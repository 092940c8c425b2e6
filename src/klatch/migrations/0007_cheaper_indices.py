"""Two indices of few rows ask less of the many that they do not want."""

from django.db import migrations, models

MODERATED = ("member.changed", "member.left", "message.deleted", "room.changed")


class Migration(migrations.Migration):
    dependencies = [("klatch", "0006_fewer_indices")]

    operations = [
        migrations.RemoveIndex("event", "klatch_notices"),
        migrations.AddIndex(
            "event",
            models.Index(fields=["room", "seq"], name="klatch_notices", condition=models.Q(message=None)),
        ),
        migrations.RemoveIndex("event", "klatch_moderated"),
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["-at", "-id"],
                name="klatch_moderated",
                condition=~models.Q(kind="message.posted") & models.Q(kind__in=MODERATED),
            ),
        ),
    ]
