"""The compose file, the Dockerfiles and the locks agree with the design and with each other. Needs no engine."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tinbao_audit.settings import AuditSettings
from tinbao_intake.settings import IntakeSettings
from tinbao_local.container_secrets import write_secrets
from tinbao_local.containers import clients_of
from tinbao_local.demo import DEMO_PASSWORD, DEPLOYMENTS, OFFICERS
from tinbao_local.installation import MAIL_PORT, OIDC_PORT, ZIPKIN_PORT
from tinbao_local.kafka import PROPERTIES
from tinbao_local.oidc import AUDIENCE
from tinbao_local.postgres import SETTINGS
from tinbao_local.processes import NOTIFY_PORT, SERVICES, WORKER_PORT_DISTANCE, Service
from tinbao_local.rights import NOTIFY
from tinbao_notify.settings import NotifySettings
from tinbao_runtime.ready import WORKER_PORT_DISTANCE as PROBED_DISTANCE
from tinbao_triage.settings import TriageSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "compose"
WRITTEN = (ROOT / "docker-compose.yml").read_text("utf-8")
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::-([^}]*))?\}")
COMPOSE: dict[str, Any] = yaml.load(VARIABLE.sub(lambda found: found[2] or "", WRITTEN), yaml.CSafeLoader)
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
ALWAYS = {name: part for name, part in PARTS.items() if "profiles" not in part}
OURS = {name: part for name, part in ALWAYS.items() if part["image"].startswith("tinbao-")}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
MEMBERS = [path.parent for path in sorted(ROOT.glob("*/*/pyproject.toml")) if ".venv" not in path.parts]
IMAGES = [member for member in MEMBERS if (member / "Dockerfile").exists()]
SECRET = re.compile("password|secret|token|key", re.IGNORECASE)
SETTINGS_OF = {"intake": IntakeSettings, "triage": TriageSettings, "notify": NotifySettings, "audit": AuditSettings}


def entry_points(service: Service) -> Iterator[str]:
    yield from (f"{service.name}-api", f"{service.name}-worker", f"{service.name}-migrate")


def mounts(part: dict[str, Any]) -> dict[str, str]:
    """Named volumes and where they are mounted, with ":ro" where they cannot be written."""
    pairs = (volume.split(":", 1) for volume in part.get("volumes", ()))
    return {source: target for source, target in pairs if not source.startswith(".")}


def networks(part: dict[str, Any]) -> set[str]:
    return set(part.get("networks", ()))


def on_network(network: str) -> set[str]:
    return {name for name, part in PARTS.items() if network in networks(part)}


def published(part: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Address, the host's port, the container's."""
    parsed = (port.rsplit(":", 2) for port in part.get("ports", ()))
    return [(address, int(outside), int(inside)) for address, outside, inside in parsed]


@cache
def dockerfile(member: Path) -> list[tuple[str, str]]:
    parsed = DockerfileParser(path=str(member / "Dockerfile"), env_replace=False).structure
    return [(line["instruction"], line["value"]) for line in parsed if line["instruction"] != "COMMENT"]


def last_stage(member: Path) -> dict[str, str]:
    lines = dockerfile(member)
    start = max(index for index, (instruction, _) in enumerate(lines) if instruction == "FROM")
    return dict(lines[start:])


@cache
def pins(lock: str) -> dict[str, str]:
    found = re.findall(r"^([\w.\-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@cache
def project(member: Path) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((member / "pyproject.toml").read_text("utf-8"))["project"]
    return read


def requirements(member: Path) -> list[Requirement]:
    return [Requirement(each) for each in project(member)["dependencies"]]


# The compose file as a whole


def test_the_compose_file_keeps_to_the_specification() -> None:
    known = {name: part for name, part in COMPOSE.items() if not name.startswith("x-")}

    PyCompose.from_json(json.dumps(known)).validate()


def test_nothing_has_to_be_set_and_the_template_names_whatever_can_be() -> None:
    defaults = dict(VARIABLE.findall(WRITTEN))
    template = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (DEPLOY / ".env.example").read_text("utf-8"), re.MULTILINE))

    assert [name for name, default in defaults.items() if not default] == []
    assert template == defaults


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_service_of_the_design_is_there_with_both_entry_points_and_a_database(service: Service) -> None:
    assert {PARTS[name]["command"][0] for name in entry_points(service)} == {"api", "worker", "migrate"}
    assert len({PARTS[name]["image"] for name in entry_points(service)}) == 1
    assert PARTS[f"{service.name}-db"]["environment"]["SERVICE_ROLE"] == service.database


def test_no_image_is_without_a_pinned_tag() -> None:
    for name, part in PARTS.items():
        image, _, tag = part["image"].partition(":")
        assert re.match(r"\d", tag), name
        assert tag == VERSION or not image.startswith("tinbao-"), name


def test_each_of_our_images_is_built_by_exactly_the_dockerfile_of_its_name() -> None:
    for part in OURS.values():
        if build := part.get("build"):
            name = part["image"].removeprefix("tinbao-").partition(":")[0]
            assert Path(build["dockerfile"]).parent.name == name
    assert {part["image"] for part in OURS.values()} == {part["image"] for part in OURS.values() if "build" in part}


def test_only_profiles_bring_what_is_not_needed() -> None:
    profiles = {name: part["profiles"] for name, part in PARTS.items() if "profiles" in part}

    assert profiles == {"collector": ["tracing"], "jaeger": ["tracing"], "keycloak": ["sso"]}


# Who reaches whom


def test_published_ports_are_those_of_one_machine_and_of_the_loopback_alone() -> None:
    wanted = {f"{service.name}-api": service.port for service in SERVICES} | {"oidc": OIDC_PORT, "mail": MAIL_PORT}
    found = {name: published(part) for name, part in ALWAYS.items() if "ports" in part}

    assert {name: [("127.0.0.1", port, port)] for name, port in wanted.items()} == found
    assert {address for part in PARTS.values() for address, _, _ in published(part)} == {"127.0.0.1"}


@pytest.mark.parametrize("readme", [ROOT / "README.md", DEPLOY / "README.md"], ids=["README", "compose"])
def test_the_addresses_in_the_documentation_are_published(readme: Path) -> None:
    named = {int(port) for port in re.findall(r"<http://127\.0\.0\.1:(\d+)>", readme.read_text("utf-8"))}

    assert {service.port for service in SERVICES} <= named
    # In containers the traces are Jaeger's.
    assert named - {ZIPKIN_PORT} <= {port for part in PARTS.values() for _, port, _ in published(part)}


def test_each_service_listens_where_its_port_is_published() -> None:
    for service in SERVICES:
        api = PARTS[f"{service.name}-api"]
        member = next(each for each in IMAGES if f"tinbao_{each.name}" == service.module)
        built_in = re.search(r"TINBAO_HTTP_PORT=(\d+)", last_stage(member)["ENV"])
        assert built_in
        assert int(api["environment"].get("TINBAO_HTTP_PORT", built_in[1])) == service.port
        assert api["environment"]["TINBAO_PUBLIC_URL"] == f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_service_reaches_another_ones_database(service: Service) -> None:
    network = f"{service.name}-db"
    allowed = {network, *entry_points(service)} | ({"directory"} if service.name == "intake" else set())

    assert on_network(network) == allowed
    assert networks(PARTS[network]) == {network}
    assert COMPOSE["networks"][network] == {"internal": True}


def test_the_local_provider_sends_people_back_to_the_consoles_that_are_published() -> None:
    clients = clients_of(PARTS["oidc"]["environment"]["CALLBACK_PORTS"])

    consoles = {
        service.broker_user: service.port for service in SERVICES if service.deployment or service.name == NOTIFY
    }
    assert {client.client_id: client.port for client in clients} == consoles


def test_only_workers_and_the_topics_step_reach_kafka() -> None:
    allowed = {"kafka", "topics", "collector", *(f"{service.name}-worker" for service in SERVICES)}

    assert on_network("broker") == allowed
    assert COMPOSE["networks"]["broker"] == {"internal": True}


def test_a_workers_health_is_asked_on_the_workers_port() -> None:
    for service in SERVICES:
        assert PARTS[f"{service.name}-worker"]["healthcheck"]["test"][-1] == "worker"
        assert "healthcheck" not in PARTS[f"{service.name}-api"]
    assert PROBED_DISTANCE == WORKER_PORT_DISTANCE


# Who holds what


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_services_secrets_are_mounted_by_nobody_else_and_cannot_be_written(service: Service) -> None:
    for volume, mine in (
        (f"{service.name}-secrets", {*entry_points(service)} | ({"directory"} if service.name == "intake" else set())),
        (f"{service.name}-db-secrets", {f"{service.name}-db"}),
    ):
        holders = {name: mounts(part)[volume] for name, part in PARTS.items() if volume in mounts(part)}
        del holders["secrets"]
        assert holders == dict.fromkeys(mine, "/run/secrets:ro")


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.station)
def test_a_stations_keys_are_read_by_its_own_triage_alone(deployment: Any) -> None:
    volume = f"{deployment.station}-keys"
    holders = {name: mounts(part)[volume] for name, part in PARTS.items() if volume in mounts(part)}

    assert holders.pop("directory") == f"/keys/{deployment.station}"
    assert holders.pop("secrets") == f"/volumes/{volume}"
    assert holders == dict.fromkeys(
        (f"triage-{deployment.station}-api", f"triage-{deployment.station}-worker"), "/keys:ro"
    )


def test_nobody_but_who_made_it_mounts_the_recovery_key_or_the_file_of_all_secrets() -> None:
    assert [name for name, part in PARTS.items() if "recovery-keys" in mounts(part)] == ["secrets", "directory"]
    assert [name for name, part in PARTS.items() if "secrets" in mounts(part)] == ["secrets"]


def test_the_audit_logs_private_key_is_the_workers_alone() -> None:
    holders = {name: mounts(part)["audit-key"] for name, part in PARTS.items() if "audit-key" in mounts(part)}

    assert holders == {"secrets": "/volumes/audit-key", "audit-worker": "/key:ro"}
    assert mounts(PARTS["audit-api"])["audit-log"] == "/log:ro"


def test_no_secret_is_written_in_the_file() -> None:
    held = {
        f"{name}.{variable}": value
        for name, part in PARTS.items()
        for variable, value in part.get("environment", {}).items()
        if SECRET.search(variable) and not str(value).startswith("/")
    }

    assert held == {}


@pytest.mark.parametrize("name", PARTS)
def test_every_container_is_held_within_limits_and_can_gain_no_right(name: str) -> None:
    part = PARTS[name]

    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert part["mem_limit"]
    assert float(part["cpus"]) > 0
    assert part["pids_limit"] > 0


@pytest.mark.parametrize("name", OURS)
def test_our_containers_cannot_write_to_their_file_system_and_add_no_right(name: str) -> None:
    part = PARTS[name]

    assert part["read_only"] is True
    assert part["tmpfs"] == ["/tmp"]  # noqa: S108  - in the container
    assert name == "secrets" or not {"user", "cap_add"} & set(part)


def test_the_one_step_that_runs_as_root_has_no_network() -> None:
    assert [name for name, part in PARTS.items() if part.get("user")] == ["secrets"]
    assert PARTS["secrets"]["network_mode"] == "none"


def test_the_database_logs_no_more_than_on_one_machine() -> None:
    private = [f"{name}={value}" for name, value in SETTINGS.items() if name.startswith("log_")]

    for service in SERVICES:
        assert PARTS[f"{service.name}-db"]["command"][2::2] == private


def test_the_broker_is_set_up_as_on_one_machine() -> None:
    filled = PROPERTIES.format_map(
        dict.fromkeys(("host", "port", "controller_port", "data", "admin", "password"), "admin")
    )
    here, there = properties(filled), properties((DEPLOY / "kafka" / "server.properties").read_text())
    of_the_place = ("listener", "advertised", "controller.quorum", "log.dirs", "sasl.mechanism")

    assert {name: value for name, value in here.items() if not name.startswith(of_the_place)} == {
        name: value for name, value in there.items() if not name.startswith(of_the_place)
    }
    assert there["listener.security.protocol.map"] == here["listener.security.protocol.map"]


def properties(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


# What the first step writes


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the first step leaves them; no test changes them."""
    folder = tmp_path_factory.mktemp("volumes")
    write_secrets(folder, DEPLOY, account=os.getuid())
    return folder


def contents(volumes: Path) -> dict[str, bytes]:
    return {str(path.relative_to(volumes)): path.read_bytes() for path in volumes.rglob("*") if path.is_file()}


def test_it_writes_into_exactly_the_volumes_that_it_mounts(volumes: Path) -> None:
    mounted = {target.removeprefix("/volumes/") for target in mounts(PARTS["secrets"]).values()}

    assert {path.name for path in volumes.iterdir()} == mounted
    assert set(mounts(PARTS["secrets"])) == mounted


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_secrets_and_variables_together_are_all_that_a_service_needs(
    service: Service, volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TINBAO_")]:
        monkeypatch.delenv(name)
    for name, value in PARTS[f"{service.name}-api"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("TINBAO_HTTP_PORT", str(service.port))

    settings = SETTINGS_OF[service.module.removeprefix("tinbao_")](_secrets_dir=volumes / f"{service.name}-secrets")

    assert settings.kafka_username == service.broker_user
    password = (volumes / f"{service.name}-db-secrets" / "service-password").read_text()
    url = f"postgresql://{service.database}:{password}@{service.name}-db:5432/{service.database}"
    assert settings.database_url.get_secret_value() == url


def test_a_second_run_changes_nothing_and_keeps_an_operators_own_value(tmp_path: Path) -> None:
    own = tmp_path / "notify-secrets" / "tinbao_oidc_client_secret"
    own.parent.mkdir()
    own.write_text("của nhà khai thác")
    write_secrets(tmp_path, DEPLOY, account=os.getuid())
    before = contents(tmp_path)

    write_secrets(tmp_path, DEPLOY, account=os.getuid())

    assert contents(tmp_path) == before
    assert own.read_text() == "của nhà khai thác"


def test_who_is_given_a_secret_of_ours_reads_it_alone(volumes: Path) -> None:
    for path in volumes.glob("*-secrets/*"):
        others = stat.S_IMODE(path.stat().st_mode) & 0o077
        assert bool(others) == path.parent.name.endswith("-db-secrets"), path
    assert stat.S_IMODE((volumes / "audit-key" / "log.key").stat().st_mode) == 0o600


def test_the_auditors_api_is_given_no_private_key(volumes: Path) -> None:
    assert [path.name for path in (volumes / "audit-verifier").iterdir()] == ["log.vkey"]


def test_no_two_services_share_a_secret(volumes: Path) -> None:
    held = [path.read_text() for path in volumes.glob("*-secrets/tinbao_*")]

    assert len(set(held)) == len(held)


# What stands behind profiles


def test_the_imported_realm_has_the_officers_roles_and_clients_of_the_local_provider(volumes: Path) -> None:
    realm = json.loads((volumes / "keycloak-realm" / "tinbao-realm.json").read_text("utf-8"))
    ports = {**{each.client_id: each.port for each in DEPLOYMENTS}, NOTIFY: NOTIFY_PORT}

    assert {client["clientId"]: client["redirectUris"] for client in realm["clients"]} == {
        client: [f"http://{host}:{port}/callback" for host in ("127.0.0.1", "localhost")]
        for client, port in ports.items()
    }
    assert {role["name"] for role in realm["roles"]["realm"]} >= {officer.role for officer in OFFICERS}
    assert {(user["username"], *user["realmRoles"], *user["attributes"]["stations"]) for user in realm["users"]} == {
        (officer.login, officer.role, officer.station) for officer in OFFICERS
    }
    assert {user["credentials"][0]["value"] for user in realm["users"]} == {DEMO_PASSWORD}


def test_the_realms_tokens_say_what_our_services_read() -> None:
    realm = json.loads((DEPLOY / "keycloak" / "tinbao-realm.json").read_text("utf-8"))
    (scope,) = realm["clientScopes"]
    configs = [mapper["config"] for mapper in scope["protocolMappers"]]

    assert scope["name"] == "profile"  # which the login asks for: an unknown scope is refused
    assert {"roles", "stations", "preferred_username"} <= {config.get("claim.name") for config in configs}
    assert AUDIENCE in {config.get("included.custom.audience") for config in configs}
    assert all(client["defaultClientScopes"] == ["profile"] for client in realm["clients"])


def test_each_client_of_the_realm_has_the_secret_that_its_service_is_given(volumes: Path) -> None:
    realm = json.loads((volumes / "keycloak-realm" / "tinbao-realm.json").read_text("utf-8"))

    for client in realm["clients"]:
        given = volumes / f"{client['clientId']}-secrets" / "tinbao_oidc_client_secret"
        assert client["secret"] == given.read_text()


def test_templates_hold_no_secret_but_names_of_them() -> None:
    for template in (DEPLOY / "keycloak" / "tinbao-realm.json", DEPLOY / "kafka" / "server.properties"):
        names = set(Template(template.read_text("utf-8")).get_identifiers())
        assert names
        assert all(name.startswith(("oidc_", "kafka_")) for name in names)


def test_the_collector_listens_where_services_send_and_its_pipelines_are_whole() -> None:
    collector = yaml.safe_load((DEPLOY / "tracing" / "collector.yaml").read_text())
    port = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]

    for service in SERVICES:
        for name in (f"{service.name}-api", f"{service.name}-worker"):
            assert PARTS[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector:{port}"
            assert networks(PARTS[name]) & networks(PARTS["collector"])
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= set(collector[kind])
    assert collector["exporters"]["otlp"]["endpoint"].partition(":")[0] in on_network("tracing")


# The Dockerfiles


def test_each_service_has_a_dockerfile() -> None:
    assert {member.name for member in IMAGES} == {*(path.name for path in (ROOT / "services").iterdir()), "local"}


@pytest.mark.parametrize("member", IMAGES, ids=lambda member: member.name)
def test_an_image_is_built_in_stages_and_runs_as_nobody(member: Path) -> None:
    lines, last = dockerfile(member), last_stage(member)

    bases = [value.split(" ")[0] for instruction, value in lines if instruction == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+", base) for base in bases)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])
    assert last["COPY"] == "--from=build /opt/tinbao /opt/tinbao"
    assert "RUN" not in last
    assert f"ARG VERSION={VERSION}" in (member / "Dockerfile").read_text()
    assert 'org.opencontainers.image.version="${VERSION}"' in last["LABEL"]


@pytest.mark.parametrize("member", IMAGES, ids=lambda member: member.name)
def test_an_image_holds_locked_dependencies_and_the_packages_it_needs_and_nothing_else(member: Path) -> None:
    lines = dockerfile(member)
    copied = [value.split(" ") for instruction, value in lines if instruction == "COPY" and "--from" not in value]
    sources = [source for *found, _ in copied for source in found]
    packages = {source for source in sources if not source.startswith("requirements/")}

    (installing,) = [value for instruction, value in lines if instruction == "RUN" and "/root/.cache/pip" in value]
    installs = [part for part in installing.split("&&") if re.search(r"\bpip\b.*\b(install|wheel)\b", part)]
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert f"requirements/{member.name}.txt" in sources
    assert all((ROOT / source).exists() for source in sources)
    assert {Path(source).name for source in packages if Path(source).name != "migrations"} == needed_by(member)
    assert (f"services/{member.name}/migrations" in packages) == (member.parent.name == "services")


@cache
def needed_by(member: Path) -> set[str]:
    """The packages of ours that it imports, and those that they import; the table of services is only named."""
    ours = {project(each)["name"]: each for each in MEMBERS}
    wanted = [each.name for each in requirements(member) if each.name in ours]
    found = set().union(*(needed_by(ours[name]) for name in wanted)) | {f"tinbao_{member.name}"}
    # The one-shots reach into services for their keys and directory, but for none of their pages.
    return found - {"tinbao_web"} if member.name == "local" else found


@pytest.mark.parametrize("member", IMAGES, ids=lambda member: member.name)
def test_no_dockerfile_names_a_secret(member: Path) -> None:
    named = [value for instruction, value in dockerfile(member) if instruction in {"ARG", "ENV"}]

    assert [value for value in named if SECRET.search(value)] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_image_asks_its_own_readiness_and_has_every_entry_point(service: Service) -> None:
    last = last_stage(ROOT / "services" / service.module.removeprefix("tinbao_"))

    assert '"tinbao_runtime.ready", "api"' in last["HEALTHCHECK"]
    assert last["ENTRYPOINT"] == f'["python", "-m", "{service.module}"]'
    assert last["CMD"] == '["api"]'


def test_the_build_context_begins_with_nothing() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert lines[0] == "*"
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert not [pattern for pattern in let_in if pattern.startswith(("tests", ".", "*"))]


# The locks


@pytest.mark.parametrize("member", IMAGES, ids=lambda member: member.name)
def test_an_images_lock_has_the_versions_that_are_tested(member: Path) -> None:
    locked, tested = pins(f"{member.name}.txt"), pins("all.txt")

    assert {name: (version, tested.get(name)) for name, version in locked.items() if tested.get(name) != version} == {}


@pytest.mark.parametrize("member", IMAGES, ids=lambda member: member.name)
def test_an_images_lock_covers_what_its_packages_ask_for_and_no_tool(member: Path) -> None:
    locked = set(pins(f"{member.name}.txt"))
    packages = [each for each in MEMBERS if f"tinbao_{each.name}" in needed_by(member)]
    asked = {canonicalize_name(each.name) for package in packages for each in requirements(package)}

    assert {name for name in asked if not name.startswith("tinbao-")} <= locked
    assert locked & {"pytest", "mypy", "ruff", "playwright", "setuptools", "pip"} == set()


@pytest.mark.parametrize("lock", ["build", *(member.name for member in IMAGES)])
def test_every_locked_package_has_its_hashes_and_no_registry_is_named(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    starts = [line for line in text.splitlines() if re.match(r"\w", line)]

    assert starts
    assert all(line.endswith("\\") for line in starts)
    assert "://" not in text
