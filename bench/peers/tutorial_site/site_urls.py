"""The tutorial project has no pages here: only its WebSocket is measured."""

urlpatterns: list[object] = []
