"""What is written into the documents: between the markers only, drawn as it was measured."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from bench.charts import LEFT, Bar, bars
from bench.page import BEGIN, END, publish
from bench.results import Results
from bench.scenarios import Headline, Scenario

MACHINE = {
    "processor": "Some processor", "cores": 2, "system": "Linux", "python": "3.13", "data_on": "ext4",
    "fsync_ms": 0.1, "pinned": True,
}  # fmt: skip


class Paper(Scenario):
    name, title, headline = "w1", "Busy <room>", Headline("rate", "deliveries/s")

    def round(self, peer: Any, effort: Any) -> dict[str, Any]:
        raise NotImplementedError


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "explanation").mkdir()
    (tmp_path / "images").mkdir()
    page = f"# Performance\n\nWritten by hand.\n\n{BEGIN}\nold figures\n{END}\n\n## Also by hand\n"
    (tmp_path / "explanation" / "performance.md").write_text(page)
    return tmp_path


def measured(**rounds: list[dict[str, Any]]) -> Results:
    results = Results()
    heading = {"date": "2026-01-02T00:00:00", "commit": "abc", "machine": MACHINE, "peers": {}, "not_run": {}}
    results.start(heading)
    for peer, outcomes in rounds.items():
        for outcome in outcomes:
            results.add("w1", peer, outcome)
    return results


def rates(*values: int) -> list[dict[str, Any]]:
    return [{"rate": value} for value in values]


def test_only_what_is_between_the_markers_is_replaced(docs: Path) -> None:
    results = measured(klatch=rates(100, 300, 200), tutorial=rates(10))
    for _ in range(2):  # the second time there is something to replace
        publish(results, {"w1": Paper()}, docs)
    page = (docs / "explanation" / "performance.md").read_text()
    assert page.startswith("# Performance\n\nWritten by hand.\n\n")
    assert page.endswith("\n\n## Also by hand\n")
    assert "old figures" not in page
    assert page.count("| klatch | **200** |") == 1
    assert "| tutorial | **10** | 20.0x |" in page
    assert "commit abc" in page
    assert "(../images/bench-w1.svg)" in page
    assert (docs / "images" / "bench-w1.svg").exists()


def test_a_page_without_markers_is_left_alone(docs: Path) -> None:
    page = docs / "explanation" / "performance.md"
    page.write_text("# Performance\n")
    with pytest.raises(ValueError, match="markers"):
        publish(measured(klatch=rates(1)), {"w1": Paper()}, docs)
    assert page.read_text() == "# Performance\n"


def test_a_peer_that_failed_is_in_the_table_and_not_in_the_plot(docs: Path) -> None:
    results = measured(klatch=rates(2), ws=rates(1), tutorial=[{"failed": "RuntimeError: no"}])
    publish(results, {"w1": Paper()}, docs)
    assert "| tutorial | failed |" in (docs / "explanation" / "performance.md").read_text()
    assert "tutorial" not in (docs / "images" / "bench-w1.svg").read_text()


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    drawn = ET.fromstring(bars("A & B <c>", [Bar("klatch", 100, 80, 200, True), Bar("ws", 50, 50, 50, False)]))
    kind = "{http://www.w3.org/2000/svg}"
    first, second = (float(bar.attrib["width"]) for bar in drawn.iter(f"{kind}rect"))
    assert first == pytest.approx(2 * second, abs=0.2)
    spreads = list(drawn.iter(f"{kind}path"))
    assert len(spreads) == 1
    assert float(spreads[0].attrib["d"].split("H")[1]) == pytest.approx(LEFT + 2 * first, abs=0.2)
    assert drawn.findtext(f"{kind}title") == "A & B <c>"


def test_a_report_of_several_runs_names_the_peers_and_commits_of_all(tmp_path: Path) -> None:
    for number, peer in enumerate(["klatch", "ws"]):
        results = Results(tmp_path / f"{number}.jsonl")
        heading = {"date": "2026-01-02T00:00:00", "commit": f"c{number}", "machine": MACHINE, "not_run": {}}
        results.start({**heading, "peers": {peer: "about it"}})
        results.add("w1", peer, {"rate": number})
    both = Results.read(tmp_path / "0.jsonl", tmp_path / "1.jsonl")
    assert both.heading["commit"] == "c0 and c1"
    assert set(both.heading["peers"]) == {"klatch", "ws"}
    assert both.good("w1", "klatch") == [{"rate": 0}]
