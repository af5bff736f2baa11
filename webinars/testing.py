"""Shipped fakes, for this project's tests and for those of whoever builds on it."""

from webinars.clock import SetClock
from webinars.gateways.mail import MemoryMailer

__all__ = ["MemoryMailer", "SetClock"]
