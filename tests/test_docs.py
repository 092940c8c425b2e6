"""The reference says everything that the code has, and nothing that it has not."""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from urllib.parse import unquote

import pytest

from klatch import protocol
from klatch.conf import Conf
from klatch.errors import ALL, Close
from klatch.server.environment import KNOWN
from tests.frames import TYPES, events_of_the_specification

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Rows of the tables by what is in back quotes in their first cell."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("| ") and not set(line) <= set("|- "):
            cells = [cell.strip() for cell in line.strip("|").split(" |")]
            for name in re.findall(r"`([^`]+)`", cells[0]) or [cells[0]]:
                found[name] = [cell.strip(" |") for cell in cells[1:]]
    return found


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_setting_of_a_project_is_documented_with_its_default() -> None:
    listed = rows(section(page("settings.md"), "A project's `KLATCH`"))
    listed.pop("key")
    assert set(listed) == {field.name.upper() for field in fields(Conf)}
    for field in fields(Conf):
        default = field.default if field.default is not MISSING else {}
        said = listed[field.name.upper()][0].strip("`")
        if default in ("", (), {}):
            assert said == "empty", field.name
        elif isinstance(default, bool):
            assert said == str(default).lower(), field.name
        elif isinstance(default, (int, float)):
            assert float(said) == default, field.name
        else:
            assert said == default, field.name


def test_every_variable_of_the_server_is_documented_and_no_other() -> None:
    listed = set(rows(section(page("settings.md"), "The server's environment"))) - {"variable"}
    assert listed == KNOWN


def test_no_other_file_reads_an_undocumented_variable() -> None:
    read = {
        name
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"""environ(?:\.get\(|\[)["'](\w+)["']""", file.read_text(encoding="utf-8"))
        if name.startswith("KLATCH_")
    }
    assert read <= KNOWN


def test_every_check_is_documented_and_no_other() -> None:
    source = (ROOT / "src" / "klatch" / "checks.py").read_text(encoding="utf-8")
    listed = set(rows(section(page("settings.md"), "What `manage.py check` says"))) - {"Check"}
    assert listed == set(re.findall(r'id="(klatch\.\w+)"', source))


def test_every_error_is_documented_with_its_status_and_whether_a_retry_can_help() -> None:
    listed = rows(section(page("errors.md"), "Errors"))
    listed.pop("code")
    assert set(listed) == {kind.code for kind in ALL}
    for kind in ALL:
        assert listed[kind.code][:2] == [str(kind.status), "yes" if kind.retryable else "no"], kind.code


def test_every_close_code_is_documented_and_says_whether_to_come_back() -> None:
    text = section(page("errors.md"), "Close codes of the socket")
    found = re.findall(r"^\| (\d{4}) \| `(\w+)` \| (yes|no) \|", text, re.MULTILINE)
    assert found == [(str(int(code)), code.name, "yes" if code.reconnect else "no") for code in Close]


def test_every_op_and_every_field_of_a_request_is_in_the_protocol() -> None:
    listed = rows(section(page("protocol.md"), "Requests"))
    for kind in protocol.REQUESTS:
        op = kind.model_fields["op"].default
        if op == "hello":
            text = section(page("protocol.md"), "Opening")
            assert {"epoch", "rooms"} <= set(re.findall(r'"(\w+)":', text))
            continue
        said = set(re.findall(r"`(\w+)`", listed[op][0]))
        assert set(kind.model_fields) - {"op", "ref"} <= said, op
    ops = {kind.model_fields["op"].default for kind in protocol.REQUESTS}
    assert set(listed) - {"op"} <= ops


def test_every_type_of_a_frame_is_in_the_protocol_and_the_checks_of_the_tests_know_every_one() -> None:
    text = page("protocol.md")
    named = set(re.findall(r'"type":"([a-z_.]+)"', text)) | set(rows(section(text, "Events"))) - {"type"}
    replies = {cell.split("`")[1] for row in rows(section(text, "Requests")).values() if "`" in (cell := row[1])}
    assert set(TYPES) | set(events_of_the_specification()) == named | replies


def test_every_kind_of_event_is_in_the_protocol() -> None:
    from klatch.models import Event

    assert set(events_of_the_specification()) == set(Event.Kind.values)


@pytest.mark.parametrize("name", ["User", "Room", "MyRoom", "Message", "Quote", "Member"])
def test_the_fields_of_each_type_are_those_of_the_protocol(name: str) -> None:
    block = section(page("protocol.md"), "Types").split("```")[1]
    text = re.search(rf"^{name} .*?(?=^\w+ |\Z)", block, re.MULTILINE | re.DOTALL)
    assert text is not None
    outer = re.sub(r"\[\{.*?\}\]", "[]", text[0].partition("{")[2])
    inherited = set(protocol.Room.__annotations__) if name == "MyRoom" else set()
    assert set(re.findall(r'"(\w+)":', outer)) | inherited == set(getattr(protocol, name).__annotations__)


def test_every_path_of_rest_is_documented_and_no_other() -> None:
    from klatch.api import api

    there = {
        f"{method.upper()} {path}"
        for path, methods in api.get_openapi_schema(path_prefix="")["paths"].items()
        for method in methods
    }
    listed = set(re.findall(r"^\| `([A-Z]+ /[^`]+)`", page("rest.md"), re.MULTILINE))
    assert listed == there


def test_every_field_and_every_op_of_rest_is_documented() -> None:
    from klatch.api import api

    listed = rows(page("rest.md"))
    document = api.get_openapi_schema(path_prefix="")
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            said = " ".join(listed[f"{method.upper()} {path}"])
            wanted = {given["name"] for given in about.get("parameters", ()) if given["in"] == "query"}
            body = about.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if body:
                wanted |= set(schemas[body["$ref"].rpartition("/")[2]]["properties"])
            assert wanted <= set(re.findall(r"`(\w+)`", said)), (method, path)


def test_every_command_and_every_option_is_documented_and_no_other() -> None:
    cli = pytest.importorskip("klatch.server.cli").cli
    text = page("commands.md")
    listed = re.findall(r"^## `klatch ([a-z-]+)", text, re.MULTILINE)
    assert listed == list(cli.commands)
    for name, command in cli.commands.items():
        part = text.partition(f"\n## `klatch {name}")[2].partition("\n## ")[0]
        options = {option for given in command.params if given.param_type_name == "option"
                   for option in [*given.opts, *given.secondary_opts]} - {"--data"}  # fmt: skip
        assert options == {option for option in rows(part) if option.startswith("-")} - {"---"}, name
        arguments = [given.name.upper() for given in command.params if given.param_type_name == "argument"]
        assert part.partition("`")[0].split() == arguments, name


def test_every_exit_code_is_documented() -> None:
    from klatch.server.cli import problems

    codes = {kind.exit_code for kind in vars(problems).values()
             if isinstance(kind, type) and issubclass(kind, problems.Problem)}  # fmt: skip
    assert {int(code) for code in rows(section(page("commands.md"), "Exit codes")) if code.isdigit()} == codes | {0, 2}


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_link_in_the_documentation_is_dead(file: Path) -> None:
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href|srcset)="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link} has no such heading"
