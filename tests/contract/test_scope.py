"""The scope guard: what must stay absent from categories, events, tables and routes, and why.

A word or a law that is allowed here on purpose needs the same thought as the category or field that it lets in.
"""

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tinbao_contracts
from pydantic import BaseModel, create_model
from tinbao_contracts.catalogue import Category, load_catalogue
from tinbao_contracts.text import fold

ROOT = Path(__file__).parents[2]

WHY_NO_OPINIONS = (
    "It takes reports of crimes, frauds and hazards only: it keeps no category, rule or field for what a person "
    "thinks, believes or says about politics, and none may be added (design, What it is not)."
)
WHY_NO_PERSONS = (
    "There is no profile or score of persons, and no search for text across cases: lists filter by number, category, "
    "neighbourhood, date, state and clock (design, What it is not)."
)

# Patterns are matched against folded words: "tôn giáo", "Tôn_Giáo" and "TonGiao" are all "ton giao".
OPINIONS = re.compile(
    r"opinion|viewpoint|belief|believ|religi|politic|ideolog|sentiment|ethnic|speech|propagand|protest|\bpetition"
    r"|dissent|dissiden|activis|critici|slander|defam|blasphem|worship"
    r"|\b(faith|creed|church|sects?|cults?|press|journalis\w+|party|parties|partisan|race|racial|votes?|voting"
    r"|elections?|assembly|assemblies|associations?|demonstrations?|stance|attitudes?|expression|loyalty)\b"
    r"|\b(quan diem|y kien|tu tuong|tin nguong|ton giao|ta giao|me tin|chinh tri|phan dong|chong pha|tuyen truyen"
    r"|xuyen tac|phat ngon|ngon luan|bao chi|bieu tinh|khieu kien|lap hoi|hoi hop|dan toc|dang phai|vu khong"
    r"|lam nhuc|xuc pham|boi nho|noi xau)\b"
)
RUMOURS = re.compile(r"rumou?r|fake news|misinformation|disinformation|\b(tin don|tin gia|tin sai)\b")
PERSONS = re.compile(
    r"scor(e|ing)|\bratings?\b|reputation|profil|watch ?list|black ?list|credibil|trustworth|\brisk (level|rank)\b"
    r"|\b(diem tin nhiem|cham diem|ly lich)\b"
)
INDEX_OF_PEOPLE = re.compile(r"\b(persons?|people|suspects?|accused|individuals?|citizens?|offenders?|dossiers?)\b")
FULL_TEXT = re.compile(r"ts ?vector|ts ?query|trgm|full ?text")
SEARCH_PATH = re.compile(r"\b(search|query|lookup|find)\b")
SEARCH_PARAMETER = re.compile(r"^(q|query|search|keywords?|terms?|phrase|text)$")
SEARCHES_ALLOWED = frozenset({"/v1/stations", "/stations", "/v1/entries/find", "/entries/find"})
"""Names of places; entries of the audit log, which hold no content. A router's prefix is not seen in its source."""

ABSENT_ARTICLES = frozenset({*range(109, 118), 155, 156, 288, 331})
PENAL_CODE = re.compile(r"BLHS Điều (?P<first>\d+)[a-z]?(?:[-–](?P<last>\d+)[a-z]?)?")
KNOWN_LAWS = frozenset({
    "BLTTHS",
    "Luật 13/2022/QH15", "Luật 18/2023/QH15", "Luật 42/2024/QH15", "Luật 53/2024/QH15", "Luật 55/2024/QH15",
    "Luật 68/2020/QH14", "Luật 91/2025/QH15", "Luật 118/2025/QH15", "Luật 120/2025/QH15", "Luật Tố cáo 25/2018/QH14",
    "NĐ 22/2019/NĐ-CP", "NĐ 45/2022/NĐ-CP", "NĐ 58/2026/NĐ-CP", "NĐ 76/2023/NĐ-CP", "NĐ 96/2016/NĐ-CP",
    "NĐ 105/2025/NĐ-CP", "NĐ 106/2025/NĐ-CP", "NĐ 137/2020/NĐ-CP", "NĐ 162/2025/NĐ-CP", "NĐ 168/2024/NĐ-CP",
    "NĐ 238/2026/NĐ-CP", "NĐ 282/2025/NĐ-CP", "QĐ 2023/QĐ-TTg", "TT 43/2021/TT-BCA",
})  # fmt: skip


class Route(NamedTuple):
    path: str
    parameters: tuple[str, ...]


def words(name: str) -> str:
    """`riskScore`, `risk_score` and "Risk-Score" as "risk score"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name)
    return fold(parted)


def complaints(where: str, names: Iterable[str], why: str, *patterns: re.Pattern[str]) -> list[str]:
    found = ((name, pattern.search(words(name))) for name in names for pattern in patterns)
    return [f"{where}: {name!r} is about {match.group()!r}. {why}" for name, match in found if match]


def complaints_about_category(category: Category) -> list[str]:
    where = f"category {category.code}"
    texts = [category.code, category.name_vi, category.name_en, category.short_vi, category.short_en]
    texts += [category.examples_vi, category.examples_en]
    texts += [text for kind in category.kinds for text in (kind.code, kind.name_vi, kind.name_en)]
    found = complaints(where, texts, WHY_NO_OPINIONS, OPINIONS, RUMOURS)
    found += complaints(where, texts, WHY_NO_PERSONS, PERSONS)
    return found + [f"{where}: {each}. {WHY_NO_OPINIONS}" for law in category.basis for each in wrong_basis(law)]


def wrong_basis(law: str) -> Iterator[str]:
    if article := PENAL_CODE.fullmatch(law):
        ends = int(article["first"]), int(article["last"] or article["first"])
        if absent := sorted(ABSENT_ARTICLES & {*range(min(ends), max(ends) + 1)}):
            yield f"{law!r} takes in BLHS {absent}, deliberately absent"
    elif law.partition(" Điều ")[0] not in KNOWN_LAWS:
        yield f"{law!r} is no law that this guard knows"


def complaints_about_model(model: type[BaseModel]) -> list[str]:
    """Names of the model, its fields, nested models and the values of its enums, as its JSON Schema has them."""
    names = set(names_in_schema(model.model_json_schema()))
    where = f"contract {model.__name__}"
    return complaints(where, names, WHY_NO_OPINIONS, OPINIONS) + complaints(where, names, WHY_NO_PERSONS, PERSONS)


def names_in_schema(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        yield from schema.get("$defs", ())
        yield from (value for value in (*schema.get("enum", ()), schema.get("const")) if isinstance(value, str))
        for each in schema.values():
            yield from names_in_schema(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from names_in_schema(each)


def complaints_about_tables(where: str, sql: str) -> list[str]:
    """Every word of the statements, so also columns, indexes, types, functions and the values of a CHECK."""
    names = identifiers(sql)
    found = complaints(where, names, WHY_NO_OPINIONS, OPINIONS)
    return found + complaints(where, names, WHY_NO_PERSONS, PERSONS, INDEX_OF_PEOPLE, FULL_TEXT)


def identifiers(sql: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)))


def complaints_about_route(where: str, route: Route) -> list[str]:
    where = f"{where} {route.path}"
    names = (*re.findall(r"\w+", route.path), *route.parameters)
    found = complaints(where, names, WHY_NO_OPINIONS, OPINIONS)
    found += complaints(where, names, WHY_NO_PERSONS, PERSONS, INDEX_OF_PEOPLE, FULL_TEXT)
    if route.path not in SEARCHES_ALLOWED:
        found += complaints(where, [route.path], WHY_NO_PERSONS, SEARCH_PATH)
        found += complaints(where, route.parameters, WHY_NO_PERSONS, SEARCH_PARAMETER)
    return found


def routes_in_document(document: dict[str, Any]) -> Iterator[Route]:
    """Every operation of an OpenAPI document with the parameters of its URL and headers; bodies are its schemas."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield Route(path, tuple(parameter["name"] for parameter in operation.get("parameters", ())))


def routes_in_source(source: str) -> Iterator[Route]:
    """Every function under `@….get("/…")` and the like, so also the pages that no OpenAPI document shows."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for method, path in filter(None, map(method_and_path, function.decorator_list)):
                names = [argument.arg for argument in function.args.args + function.args.kwonlyargs]
                names += [name for node in ast.walk(function.args) for name in alias_of(node)]
                yield Route(path, tuple(name for name in names if method == "get" or name != "text"))


def alias_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.keyword(arg="alias", value=ast.Constant(value=str(name))):
            yield name


def method_and_path(decorator: ast.expr) -> tuple[str, str] | None:
    """A form may post a `text`; no page may be asked for one."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(attr="get" | "post" | "put" | "patch" | "delete" | "api_route" as method),
            args=[ast.Constant(value=str(path)), *_],
        ):
            return method, path
    return None


def fields_in_source(source: str) -> Iterator[str]:
    """Names of classes and of what they declare: forms, answers, settings, nouns."""
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.ClassDef):
            yield each.name
            declared = (line.target for line in each.body if isinstance(line, ast.AnnAssign))
            yield from (target.id for target in declared if isinstance(target, ast.Name))


def models_of_contracts() -> list[type[BaseModel]]:
    modules = [
        importlib.import_module(f"{tinbao_contracts.__name__}.{module.name}")
        for module in pkgutil.iter_modules(tinbao_contracts.__path__)
    ]
    every = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return sorted(
        (each for each in every if issubclass(each, BaseModel) and each.__module__.startswith("tinbao_contracts.")),
        key=lambda model: model.__name__,
    )


def sources() -> list[Path]:
    return sorted(ROOT.glob("services/*/tinbao_*/**/*.py"))


def migrations() -> list[Path]:
    return sorted([*ROOT.glob("services/*/migrations/*.sql"), *ROOT.glob("libs/*/tinbao_*/migrations/*.sql")])


def documents() -> list[Path]:
    return sorted(ROOT.glob("services/*/openapi.json"))


@pytest.mark.parametrize("code", load_catalogue())
def test_a_category_is_about_crime_fraud_hazard_or_public_order(code: str) -> None:
    assert complaints_about_category(load_catalogue()[code]) == []


@pytest.mark.parametrize("model", models_of_contracts(), ids=lambda model: model.__name__)
def test_an_event_has_no_field_for_an_opinion_or_a_score(model: type[BaseModel]) -> None:
    assert complaints_about_model(model) == []


@pytest.mark.parametrize("path", migrations(), ids=lambda path: path.name)
def test_a_table_has_no_room_for_opinions_people_or_full_text(path: Path) -> None:
    assert complaints_about_tables(path.name, path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_service_declares_no_route_or_field_for_opinions_or_persons(path: Path) -> None:
    source = path.read_text("utf-8")
    fields = list(fields_in_source(source))
    found = [each for route in routes_in_source(source) for each in complaints_about_route(path.name, route)]
    found += complaints(path.name, fields, WHY_NO_OPINIONS, OPINIONS)
    assert found + complaints(path.name, fields, WHY_NO_PERSONS, PERSONS) == []


def test_a_published_interface_has_no_route_or_field_for_opinions_or_persons() -> None:
    if not documents():
        pytest.skip("no service has committed its openapi.json; the routes are read from the source alone")
    found: list[str] = []
    for path in documents():
        document, where = json.loads(path.read_text("utf-8")), path.parent.name
        names = set(names_in_schema(document["components"]["schemas"]))
        found += [each for route in routes_in_document(document) for each in complaints_about_route(where, route)]
        found += complaints(where, names, WHY_NO_OPINIONS, OPINIONS) + complaints(where, names, WHY_NO_PERSONS, PERSONS)
    assert found == []


def test_the_guard_sees_what_it_guards() -> None:
    assert "TipSubmittedV1" in {model.__name__ for model in models_of_contracts()}
    assert {"tips", "cases", "outbox"} <= {name for path in migrations() for name in identifiers(path.read_text())}
    routes = {route for path in sources() for route in routes_in_source(path.read_text("utf-8"))}
    assert "q" in {name for route in routes if route.path == "/stations" for name in route.parameters}
    assert "/tips" in {route.path for route in routes}


@pytest.mark.parametrize(
    "change",
    [
        {"code": "bad_opinion"},
        {"name_vi": "Xuyên tạc, nói xấu cán bộ"},
        {"short_vi": "Sinh hoạt Tôn giáo"},
        {"examples_vi": "tụ tập biểu tình…".upper()},
        {"examples_vi": "tung tin đồn…"},
        {"name_en": "Political speech"},
        {"examples_en": "a petition, a protest…"},
        {"kinds": ({"code": "fake_news", "name_vi": "Đăng bài", "name_en": "Posts"},)},
        {"basis": ("BLHS Điều 331",)},
        {"basis": ("BLHS Điều 117",)},
        {"basis": ("BLHS Điều 100-120",)},
        {"basis": ("BLHS Điều 290–286",)},
        {"basis": ("BLHS Điều 156a",)},
        {"basis": ("Điều 331 BLHS",)},
        {"basis": ("Bộ luật Hình sự Điều 331",)},
        {"basis": ("Luật Báo chí 103/2016/QH13",)},
    ],
    ids=str,
)
def test_a_category_of_opinions_is_refused_with_the_reason(change: dict[str, Any]) -> None:
    bad = Category.model_validate(load_catalogue()["other"].model_dump() | change)
    found = complaints_about_category(bad)
    assert found
    assert all("crimes, frauds and hazards only" in each for each in found)


@pytest.mark.parametrize("field", ["opinion", "political_party", "religion", "riskScore", "reputation", "profile_id"])
def test_a_field_for_an_opinion_or_a_score_is_refused_with_the_reason(field: str) -> None:
    inner = create_model("Inner", **{field: (str, "")})  # type: ignore[call-overload]  # the name is the parameter
    outer = create_model("Outer", parts=(tuple[inner, ...], ()))
    found = complaints_about_model(outer)
    assert any(field in each and "What it is not" in each for each in found)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE persons (id uuid);",
        "CREATE TABLE cases (suspect text);",
        "ALTER TABLE cases ADD COLUMN risk_score int;",
        "ALTER TABLE cases ADD CHECK (kind IN ('theft', 'religion'));",
        "CREATE INDEX words ON cases USING gin (to_tsvector('simple', place));",
        "CREATE INDEX words ON cases USING gin (place gin_trgm_ops);",
    ],
)
def test_a_table_of_people_or_a_text_index_is_refused_with_the_reason(sql: str) -> None:
    found = complaints_about_tables("new.sql", "-- a harmless comment\n" + sql)
    assert found
    assert all("What it is not" in each for each in found)


def test_a_comment_in_a_migration_may_say_what_is_absent() -> None:
    assert complaints_about_tables("new.sql", "-- no opinion, no score /* nor */\nSELECT 1; /* no religion */") == []


@pytest.mark.parametrize(
    "route",
    [
        Route("/v1/cases", ("q",)),
        Route("/v1/cases", ("status", "text")),
        Route("/v1/cases/search", ()),
        Route("/v1/cases/{id}/sentiment", ()),
        Route("/v1/persons/{id}", ()),
        Route("/v1/cases", ("suspect",)),
        Route("/v1/cases", ("min_score",)),
        Route("/v1/stations", ("political_party",)),
    ],
    ids=str,
)
def test_a_route_that_searches_text_or_people_is_refused_with_the_reason(route: Route) -> None:
    document = {"paths": {route.path: {"get": {"parameters": [{"name": name} for name in route.parameters]}}}}
    arguments = ", ".join(route.parameters)
    source = f"@router.get('{route.path}')\nasync def page({arguments}): ..."
    assert list(routes_in_document(document)) == list(routes_in_source(source)) == [route]
    found = complaints_about_route("triage", route)
    assert found
    assert all("What it is not" in each for each in found)


def test_a_search_is_seen_behind_another_name() -> None:
    source = "@router.get('/cases')\ndef page(asked: Annotated[str, Query(alias='q')]): ..."
    assert [each for route in routes_in_source(source) for each in complaints_about_route("triage", route)]


def test_names_of_places_may_be_searched() -> None:
    assert complaints_about_route("intake", Route("/v1/stations", ("q",))) == []
