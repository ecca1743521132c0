"""What notify listens to, and the verb for each event."""

from tinbao_contracts.events import AlertProposedV1, StationRegisteredV1
from tinbao_runtime.batch import Handlers, each

from tinbao_notify.follow_station import follow_station
from tinbao_notify.receive_proposal import receive_proposal

GROUP = "notify"
PATTERN = r"^proposals\..+|^stations$"
HANDLERS: Handlers = {AlertProposedV1: each(receive_proposal), StationRegisteredV1: each(follow_station)}
