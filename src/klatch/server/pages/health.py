"""Alive and ready, for doctors, proxies and orchestrators. Tells strangers nothing else."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from klatch.realtime import node
from klatch.relay import relay

_current = False  # migrations are applied; once true it stays true for this process


@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"klatch": "alive"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Whether this process can take people now: the engine runs, the database answers and is as new as the code."""
    global _current
    here = node.current()
    if here is None:
        return JsonResponse({"klatch": "not ready", "because": "engine"}, status=503)
    if here.cut_off:
        # Asking again would only hold up one more thread.
        return JsonResponse({"klatch": "not ready", "because": "database"}, status=503)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _current:
            executor = MigrationExecutor(connection)
            _current = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"klatch": "not ready", "because": "database"}, status=503)
    if not _current:
        return JsonResponse({"klatch": "not ready", "because": "migrations"}, status=503)
    if here.draining:
        return JsonResponse({"klatch": "not ready", "because": "stopping"}, status=503)
    # Without its relay the process still serves everybody; what others say comes through the log, a little later.
    if not getattr(relay(), "healthy", True):
        return JsonResponse({"klatch": "ready", "degraded": "relay"})
    return JsonResponse({"klatch": "ready"})
