"""What the schema of SARIF 2.1.0 requires of the objects that girih-sim writes.

usage: check_sarif.py FILE
"""
import json
import sys

LEVELS = {"none", "note", "warning", "error"}


def need(value, kind, where, *names):
    assert isinstance(value, kind), f"{where} is no {kind.__name__}"
    for name in names:
        assert name in value, f"{where} has no {name}"


def location(value, where):
    need(value, dict, where)
    need(value["physicalLocation"], dict, where, "artifactLocation")
    uri = value["physicalLocation"]["artifactLocation"]["uri"]
    assert uri and " " not in uri, f"{where}: {uri} is no URI reference"
    region = value["physicalLocation"].get("region")
    if region is not None:
        for name, number in region.items():
            assert name in ("startLine", "startColumn") and isinstance(number, int) and number >= 1, f"{where}: {region}"
        assert "startLine" in region, f"{where}: {region}"


log = json.load(open(sys.argv[1]))
need(log, dict, "log", "version", "runs")
assert log["version"] == "2.1.0" and set(log) <= {"$schema", "version", "runs"}
for run in log["runs"]:
    need(run, dict, "run", "tool")
    driver = run["tool"]["driver"]
    need(driver, dict, "driver", "name", "rules")
    for rule in driver["rules"]:
        need(rule, dict, "rule", "id")
        need(rule["shortDescription"], dict, "shortDescription", "text")
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]), "two rules have one id"
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for i, result in enumerate(run["results"]):
        where = f"result {i}"
        need(result, dict, where, "message")
        need(result["message"], dict, where, "text")
        assert result["level"] in LEVELS and result.get("occurrenceCount", 1) >= 1
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"], where
        for place in result["locations"] + result.get("relatedLocations", []):
            location(place, where)
        for place in result["locations"]:
            for logical in place.get("logicalLocations", []):
                need(logical, dict, where, "name")
print(f"{sum(len(run['results']) for run in log['runs'])} results")
