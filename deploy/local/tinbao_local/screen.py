"""What `tinbao up` shows: what it is doing now, then where everything is. Plain lines where there is no terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from tinbao_local.demo import DEMO_PASSWORD, DEPLOYMENTS, OFFICERS
from tinbao_local.installation import Installation
from tinbao_local.processes import Service

ROLES = {
    "duty_officer": "duty officer",
    "investigator": "investigator",
    "chief": "chief",
    "province_officer": "provincial officer",
    "broadcaster": "broadcaster",
    "auditor": "auditor",
}


class Screen:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._doing: list[str] = []
        self._status = Status("", console=console)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Steps may overlap; each leaves a line with the time that it took."""
        started = time.monotonic()
        self._doing.append(text)
        if not self._console.is_terminal:
            self.tell(f"{text} …")
        self._refresh()
        try:
            yield
            self._console.print(
                f"[green]✓[/] {escape(text)} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False
            )
        finally:
            self._doing.remove(text)
            self._refresh()

    def tell(self, sentence: str) -> None:
        self._console.print(escape(sentence), highlight=False, soft_wrap=True)

    def show_addresses(self, at: Installation, services: Sequence[Service], *, with_traces: bool) -> None:
        table = Table(title="tinbao is running", title_justify="left", header_style="bold")
        for column in ("What", "Address"):
            table.add_column(column)
        for service in services:
            table.add_row(escape(service.title), service.url(at))
        table.add_row("Read the answer to a tip", f"{services[0].url(at)}/mailbox")
        table.add_row("What programs can ask it", f"{services[0].url(at)}/docs")
        table.add_row("OpenID provider", at.oidc.issuer)
        table.add_row("Letters that were sent", f"tinbao mail ({escape(str(at.mail.folder))})")
        if with_traces:
            table.add_row("Traces of what happened", at.zipkin.url)
        table.add_row("PostgreSQL", f"{at.postgres.host}:{at.postgres.port}")
        table.add_row("Kafka", at.kafka.servers)
        table.add_row("Logs", escape(str(at.logs)))
        self._console.print(table)

    def show_logins(self) -> None:
        names = {each.station: each.name.removeprefix("Công an ") for each in DEPLOYMENTS}
        table = Table(title=f"Made-up officers, all with the password {DEMO_PASSWORD}", title_justify="left")
        for column in ("Login", "Name", "Role", "At"):
            table.add_column(column)
        for officer in OFFICERS:
            table.add_row(officer.login, officer.name, ROLES[officer.role], names[officer.station])
        self._console.print(table)

    def show_next_steps(self, at: Installation, services: Sequence[Service]) -> None:
        form, officer = services[0].url(at), OFFICERS[0]
        console = next(each for each in services if each.deployment and each.deployment.station == officer.station)
        self.tell(f"1. Open {form}, send a tip to Xã Bình Tuyền and write the receipt code down.")
        self.tell(f"2. Open {console.url(at)}, log in as {officer.login}, take the tip, open it and answer.")
        self.tell(f"3. Open {form}/mailbox with the receipt code and read the answer.")
        self.tell("Ctrl-C stops everything; the data stays for the next time.")

    def _refresh(self) -> None:
        if not self._console.is_terminal:
            return
        self._status.update(escape(" · ".join(self._doing)))
        if self._doing:
            self._status.start()
        else:
            self._status.stop()
