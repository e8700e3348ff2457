"""The agent: what watches, recovers and tells when nobody else is there."""

from confguard.agent.agent import Agent, Charge

__all__ = ["Agent", "Charge"]
