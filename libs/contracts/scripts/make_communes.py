"""Write communes.csv, stations.csv and aliases.csv of one province out of the PyPI package `vietnamadminunits` (MIT).

    uv run --no-project --with vietnamadminunits==1.0.4 python libs/contracts/scripts/make_communes.py

The package is needed for this script alone and is in no lock. Its coordinates are not taken: some are wrong
(those of Lương Sơn and Sơn Lương are exchanged). It does not say how an old commune was split, only into which
new ones, so such an alias has no share.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

PROVINCE = "25"
OFFICE = "Công an tỉnh Phú Thọ"
OWN_DEPLOYMENTS = {"08944", "08905"}
TABLES = Path(__file__).parents[1] / "tinbao_contracts" / "tables"
SOURCE = Path(str(distribution("vietnamadminunits").locate_file("vietnamadminunits/data")))
KINDS = {"Xã": "xa", "Phường": "phuong", "Đặc khu": "dac_khu"}

NEW_UNITS = "SELECT wardCode, ward, wardType, wardKey, provinceKey FROM admin_units WHERE provinceCode = ? ORDER BY 1"
OLD_UNITS = """
    SELECT provinceKey || '_' || districtKey || '_' || wardKey, wardShort, wardType, district, province
    FROM admin_units_legacy ORDER BY provinceCode, districtCode, wardCode
"""


def main() -> None:
    database = sqlite3.connect(SOURCE / "dataset.db")
    units = database.execute(NEW_UNITS, (PROVINCE,)).fetchall()
    old_units = database.execute(OLD_UNITS).fetchall()
    write("communes.csv", "code,name,kind", ((code, name, KINDS[kind]) for code, name, kind, *_ in units))
    write("stations.csv", "code,name,communes,served_by,remote", stations(units))
    into = successors(units[0][4])
    codes = {key: code for code, _, _, key, _ in units}
    aliases = (
        (name, kind, district, province, codes[new], "1" if len(into[key]) == 1 else "")
        for key, name, kind, district, province in old_units
        for new in into.get(key, ())
    )
    write("aliases.csv", "name,kind_old,district_old,province_old,new_code,share", aliases)


def stations(units: Iterable[tuple[str, ...]]) -> Iterable[tuple[str, ...]]:
    """The office, then one station a commune, which the office serves unless it runs a deployment of its own."""
    yield PROVINCE, OFFICE, "", PROVINCE, "0"
    for code, name, *_ in units:
        served_by = code if code in OWN_DEPLOYMENTS else PROVINCE
        yield code, f"Công an {name[0].lower()}{name[1:]}", code, served_by, "0"


def successors(province: str) -> dict[str, list[str]]:
    """The new units' keys by the old unit's."""
    conversion = json.loads((SOURCE / "converter_2025.json").read_text("utf-8"))
    into: dict[str, list[str]] = {}
    for new, olds in conversion["DICT_PROVINCE_WARD_NO_DIVIDED"][province].items():
        for old in olds:
            into.setdefault(old, []).append(new)
    for old, parts in conversion["DICT_PROVINCE_WARD_DIVIDED"][province].items():
        into.setdefault(old, []).extend(part["newWardKey"] for part in parts)
    return into


def write(table: str, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    with (TABLES / table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
