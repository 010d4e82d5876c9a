"""Servers on loopback that stand in for what a pipeline talks to, and see what really crossed its boundary."""

from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.replies import ModelRequest, TemplateModel
from sluicegate.doubles.server import Doubles

__all__ = ["Doubles", "Latencies", "ModelRequest", "TemplateModel"]
