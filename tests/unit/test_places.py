import csv
import time
import unicodedata
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest
from tinbao_contracts.places import (
    CommuneKind,
    PlacesError,
    find_communes,
    load_communes,
    load_stations,
    stations_by_commune,
)

COMMUNES = load_communes()
HEADER = "code,name,communes,served_by,remote\n"


def found(query: str, limit: int = 8) -> list[str]:
    return [commune.name for commune in find_communes(query, COMMUNES.values(), limit)]


def a_table(folder: Path, rows: str, header: str = HEADER) -> Path:
    path = folder / "stations.csv"
    path.write_text(header + rows, encoding="utf-8")
    return path


def test_the_province_has_133_communes_and_15_wards() -> None:
    assert Counter(commune.kind for commune in COMMUNES.values()) == {CommuneKind.XA: 133, CommuneKind.PHUONG: 15}
    assert COMMUNES["08944"].name == "Xã Bình Tuyền"
    assert COMMUNES["08905"].name == "Xã Hội Thịnh"


def test_every_commune_has_one_station_and_two_serve_themselves() -> None:
    stations = load_stations()
    assert set(stations_by_commune(stations)) == set(COMMUNES)
    assert {code for code, each in stations.items() if each.served_by == code} == {"25", "08944", "08905"}
    assert stations["08944"].name == "Công an xã Bình Tuyền"
    assert stations["25"].communes == ()


def test_an_old_commune_leads_to_communes_that_exist() -> None:
    table = (resources.files("tinbao_contracts") / "tables" / "aliases.csv").read_text("utf-8")
    aliases = list(csv.DictReader(table.splitlines()))
    assert len(aliases) == 482
    assert {alias["new_code"] for alias in aliases} == set(COMMUNES)
    assert [alias["new_code"] for alias in aliases if alias["name"] == "Bá Hiến"] == ["08944"]


@pytest.mark.parametrize(
    "query",
    [
        "Bình Tuyền", "binh tuyen", "BINH TUYEN", "xã bình tuyền", "X. Bình Tuyền", "x.binh tuyen", "b tuyen",
        "  Công an xã  Bình Tuyền ", "CA xã Bình Tuyền", "bình tuy", "Bình Tuyền, tỉnh Phú Thọ", "inh tuy",
    ],
)  # fmt: skip
def test_a_commune_is_found_as_people_type_it(query: str) -> None:
    assert found(query) == ["Xã Bình Tuyền"]
    assert found(unicodedata.normalize("NFD", query)) == ["Xã Bình Tuyền"]


def test_the_older_place_of_the_tone_finds_the_commune_too() -> None:
    assert found("Hoà Bình") == ["Phường Hòa Bình"]


def test_the_name_itself_comes_before_longer_names() -> None:
    assert found("tam duong") == ["Xã Tam Dương", "Xã Tam Dương Bắc"]


def test_accents_as_written_come_before_folded_ones() -> None:
    assert found("phù")[0] == "Xã Phù Ninh"
    assert found("phu")[0] == "Xã Phú Khê"


def test_the_beginning_of_a_name_comes_before_a_later_word() -> None:
    assert found("sơn", limit=4) == ["Xã Sơn Đông", "Xã Sơn Lương", "Xã Sông Lô", "Xã Cao Sơn"]


def test_the_kind_that_was_typed_comes_first() -> None:
    assert found("phường phú")[:2] == ["Phường Phú Thọ", "Phường Phúc Yên"]
    assert found("xã phú")[:2] == ["Xã Phú Khê", "Xã Phú Mỹ"]


@pytest.mark.parametrize("query", ["", "  ", ",", "%", "không có nơi này", "phường", "\u200b"])
def test_what_names_no_commune_finds_none(query: str) -> None:
    assert found(query) == []


def test_no_more_than_the_limit_is_given() -> None:
    assert len(found("a", limit=3)) == 3


def test_a_search_takes_less_than_5_ms() -> None:
    queries = ["binh", "x", "an", "Công an xã Vĩnh", "không có"] * 40
    durations = []
    for query in queries:
        started = time.thread_time()
        found(query)
        durations.append(time.thread_time() - started)
    assert sorted(durations)[int(len(durations) * 0.99) - 1] < 0.005


def test_an_operator_may_bring_a_table_of_his_own(tmp_path: Path) -> None:
    path = a_table(tmp_path, "79,Công an Thành phố Hồ Chí Minh,,79,0\n27000,Công an xã A,27000;27001,79,1\n")
    stations = load_stations(path)
    assert stations["27000"].communes == ("27000", "27001")
    assert stations["27000"].remote
    assert stations_by_commune(stations)["27001"].served_by == "79"


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stations.csv"
    path.write_bytes(("\ufeff" + HEADER + '25,"Công an tỉnh, A",,25,0\n').replace("\n", "\r\n").encode())
    assert load_stations(path)["25"].name == "Công an tỉnh, A"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("8944,Công an xã A,08944,25,0\n", "stations.csv line 3: code '8944'"),
        ("08944,,08944,25,0\n", "stations.csv line 3: name ''"),
        ("08944,Công an xã A,8944,25,0\n", "stations.csv line 3: communes"),
        ("08944,Công an xã A,08944,25,yes?\n", "stations.csv line 3: remote 'yes\\?'"),
        ("08944,Công an xã A,08944,25\n", "stations.csv line 3: expected 5 cells"),
        ("08944,Công an xã A,08944,25,0,0\n", "stations.csv line 3: expected 5 cells"),
        ("25,Công an tỉnh B,,25,0\n", "stations.csv line 3: station 25 is in the table twice"),
        ("08944,Công an xã A,08944,26,0\n", "stations.csv line 3: served_by 26 runs no deployment"),
        (
            "08944,Công an xã A,08944,25,0\n08905,Công an xã B,08905;08944,25,0\n",
            "stations.csv line 4: station 08944 answers for commune 08944 already",
        ),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, rows: str, complaint: str) -> None:
    with pytest.raises(PlacesError, match=complaint):
        load_stations(a_table(tmp_path, "25,Công an tỉnh A,,25,0\n" + rows))


def test_a_table_of_another_shape_is_refused_with_the_columns_it_needs(tmp_path: Path) -> None:
    with pytest.raises(PlacesError, match="line 1: the columns must be code,name,communes,served_by,remote"):
        load_stations(a_table(tmp_path, "25,A\n", header="code,name\n"))


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stations.csv"
    path.write_bytes(HEADER.encode() + "25,Công an tỉnh A,,25,0\n".encode("utf-16"))
    with pytest.raises(PlacesError, match="not UTF-8"):
        load_stations(path)
