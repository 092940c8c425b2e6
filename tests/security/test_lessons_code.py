"""Lessons that are a property of the source itself: what it compares, passes on, imports and awaits."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from klatch import policy

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "klatch"


@cache
def trees() -> dict[str, ast.Module]:
    files = (file for file in SOURCE.rglob("*.py") if "migrations" not in file.parts)
    return {str(file.relative_to(SOURCE)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def nodes[T: ast.AST](kind: type[T]) -> Iterator[tuple[str, T]]:
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, kind):
                yield name, node


SECRET = re.compile(r"(?<![a-z])(?:secret|token|password|hash|digest|code|key|signature|session|seal|mac)(?:s|_key)?\b")
# Neither side of these is somebody's guess.
MAY_COMPARE = {
    "realtime/login.py: connection.auth_hash == _auth_hash(person)",  # what we kept, with what the database has now
    "realtime/node.py: connection.session == session",  # two hashes of ours
    "realtime/node.py: other.session == connection.session",  # the same
    "server/backup.py: _digest(file) != told['sha256']",  # a check for damage
    "server/sessions.py: row.session_key == here",  # which of somebody's own this one is
    "text/search.py: ord(base) != code",  # of a letter
}


def test_no_secret_is_compared_letter_by_letter() -> None:
    """Lesson 5: what somebody sends is looked up by its hash, or compared in constant time."""
    found = []
    for name, node in nodes(ast.Compare):
        if not any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue
        names = " ".join(_last_name(side) for side in sides)
        if SECRET.search(names):
            found.append(f"{name}: {ast.unparse(node)}")
    assert set(found) - MAY_COMPARE == set()


def _last_name(node: ast.expr) -> str:
    """What an expression is called: ``a.b.secret`` → secret, ``_digest(x)`` → _digest, ``told["hash"]`` → hash."""
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    if isinstance(node, ast.Name):
        return node.id.lower()
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value).lower()
    return ""


def test_what_is_found_by_a_secret_is_found_by_its_hash() -> None:
    """Lesson 5."""
    looked = []
    for name, node in nodes(ast.Call):
        for given in node.keywords:
            if (
                given.arg in ("hash", "hash__in")
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("filter", "get")
            ):
                looked.append(name)
                assert ast.unparse(given.value) in ("hash_secret(secret)", "list(named)"), (
                    f"{name}: {ast.unparse(node)}"
                )
        if ast.unparse(node.func) == "lookups.tokens":
            looked.append(name)
            assert ast.unparse(node) == "lookups.tokens(named)", f"{name}: {ast.unparse(node)}"
    assert {"actions/invites.py", "actions/tokens.py"} <= set(looked)


ORM = {
    "filter", "exclude", "get", "create", "update", "get_or_create", "update_or_create", "annotate", "alias",
    "aggregate", "Q", "order_by", "values", "values_list", "only", "defer", "select_related", "extra", "raw",
}  # fmt: skip
# Keys that come from the project's own model, from our own tables, from a constant; and a function of ours.
MAY_UNPACK = {
    "adapter.py: Q(**{f'{get_user_model().USERNAME_FIELD}__icontains': q})",
    "adapter.py: Q(**{f'{field}__icontains': q})",
    "actions/tokens.py: Token.objects.select_for_update().filter(user_id=user.pk, revoked_at=None, **which)",
    "server/backup.py: model._default_manager.order_by('pk').values_list(*names)",
    "server/accounts.py: create(owner=True, **person)",
    "server/cli/people.py: accounts.create(owner=owner, **person)",
}


def test_no_query_takes_its_keys_from_a_client() -> None:
    """Lesson 9: a request chooses values, never the names that they are looked up by."""
    found = []
    for name, node in nodes(ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in ORM:
            continue
        unpacked = [given for given in node.keywords if given.arg is None]
        spread = [given.value for given in node.args if isinstance(given, ast.Starred)]
        # A name in capitals is a constant of the module.
        spread = [given for given in spread if not ast.unparse(given).rpartition(".")[2].isupper()]
        if unpacked or spread:
            found.append(f"{name}: {ast.unparse(node)}")
    assert set(found) - MAY_UNPACK == set()


# The patterns of browsers' names, from a table of ours.
MAY_SEARCH = {"server/sessions.py: re.search(pattern, agent)"}


def test_no_search_takes_a_pattern_from_a_person() -> None:
    """Lesson 25: patterns are ours, people's words are only text in them."""
    patterns = {"compile", "search", "match", "fullmatch", "sub", "split", "findall", "finditer"}
    found = []
    for name, node in nodes(ast.Call):
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re" and node.func.attr in patterns:
            pattern = node.args[0]
            if any(isinstance(part, ast.Name) and not part.id.isupper() for part in ast.walk(pattern)):
                found.append(f"{name}: {ast.unparse(node)}")
        found += [f"{name}: {given.arg}" for given in node.keywords if given.arg and given.arg.endswith("regex")]
    assert set(found) - MAY_SEARCH == set()


# Who speaks to another machine, and to which.
MAY_CALL_OUT = {
    "client.py": "a program's way to a server that it names",
    "relay/redis.py": "the operator's own Valkey",
    "relay/postgres.py": "the operator's own PostgreSQL",
    "server/addresses.py": "asks the system which address it would send from; sends nothing",
    "server/cli/doctor.py": "this very server",
    "server/cli/serving.py": "listens",
    "server/cli/workers.py": "listens",
}
OUTSIDE = {
    "urllib.request", "http.client", "requests", "httpx", "aiohttp", "socket", "websockets", "redis", "psycopg",
    "smtplib", "ftplib", "subprocess", "dns",
}  # fmt: skip
# Opens nothing.
WIRE_FORMAT = {f"websockets.{part}" for part in ("datastructures", "frames", "http11", "protocol", "utils")}
DECODERS = {"PIL", "wand", "cv2", "imageio", "magic", "tarfile", "lzma", "bz2", "gzip", "zlib", "xml", "lxml", "bs4"}
CODE_IN_DATA = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "yaml", "msgpack"}


def imports() -> Iterator[tuple[str, str]]:
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield name, node.module


def _among(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def test_no_code_of_ours_asks_another_machine_for_what_a_person_named() -> None:
    """Lessons 16 and 26: no previews, no webhooks, no pictures fetched."""
    found = {name for name, module in imports() if _among(module, OUTSIDE) and module not in WIRE_FORMAT}
    assert found - MAY_CALL_OUT.keys() == set()


def test_nothing_is_decoded_or_unpacked_that_a_person_sent() -> None:
    """Lessons 14 and 28. The one archive that is read is the operator's own backup."""
    assert [(name, module) for name, module in imports() if _among(module, DECODERS)] == []
    assert {name for name, module in imports() if _among(module, {"zipfile"})} == {"server/backup.py"}


def test_no_field_or_form_takes_a_file() -> None:
    """Lessons 14, 24 and 28."""
    kinds = ("FileField", "ImageField", "FilePathField", "FILES", "UploadedFile")
    for name, node in [*nodes(ast.Attribute), *nodes(ast.Name)]:
        assert (node.attr if isinstance(node, ast.Attribute) else node.id) not in kinds, name


def test_nothing_that_can_hold_code_is_read() -> None:
    """Lessons 13 and 35: what is read is JSON."""
    assert [(name, module) for name, module in imports() if _among(module, CODE_IN_DATA)] == []
    for name, node in nodes(ast.Call):
        assert _last_name(node.func) not in ("eval", "exec", "__import__"), name
    # Django's cache in Valkey would unpickle, its sessions too where a project asks for that.
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "cache.backends.redis.RedisCache" not in text, file
        assert "PickleSerializer" not in text, file


def test_no_decision_can_be_left_unawaited() -> None:
    """Lesson 33: a coroutine that nobody awaits counts as true; what decides is no coroutine, and raises."""
    for name, tree in trees().items():
        if name == "policy.py" or name.startswith("actions/") or name in ("queries.py", "limits.py", "log.py"):
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)], name
    checks = {name: check for name, check in inspect.getmembers(policy, inspect.isfunction) if name.startswith("check")}
    assert len(checks) > 5
    for name, check in checks.items():
        assert check.__annotations__["return"] is None, f"{name} must raise, not answer"


def test_no_password_is_checked_by_code_of_our_own() -> None:
    """Lesson 33."""
    for name, node in nodes(ast.Call):
        assert _last_name(node.func) not in ("check_password", "acheck_password", "aauthenticate"), name
