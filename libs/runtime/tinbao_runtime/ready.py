"""`python -m tinbao_runtime.ready api | worker`: a container's health check, in images that have no curl.

Ends with 0 where this container's /readyz says so, else with 1. Imports nothing of ours: it runs every few seconds.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

WORKER_PORT_DISTANCE = 100
TIMEOUT_SECONDS = 4.0


def main() -> None:
    port = int(os.environ["TINBAO_HTTP_PORT"]) + (WORKER_PORT_DISTANCE if sys.argv[1:] == ["worker"] else 0)
    sys.exit(0 if is_ready(port) else 1)


def is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
