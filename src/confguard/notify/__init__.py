"""Notifying people and programs of what happened to a config: by signed webhook, or through Apprise."""

from confguard.notify.messages import KINDS, Message
from confguard.notify.notifiers import AppriseNotifier, Notifier, Webhook, as_notifier
from confguard.notify.sending import Notifications

__all__ = ["KINDS", "AppriseNotifier", "Message", "Notifications", "Notifier", "Webhook", "as_notifier"]
