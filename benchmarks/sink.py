"""An SMTP server in a process of its own, that takes every mail and keeps none."""

from __future__ import annotations

import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink


def main() -> None:
    controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
