"""Notifying people and programs of what happened to a config: by signed webhook, or through Apprise."""

from confguard.notify.apprise import AppriseNotifier
from confguard.notify.messages import KINDS, Message
from confguard.notify.sending import Notifications, Notifier
from confguard.notify.tables import as_notifier
from confguard.notify.webhook import Webhook

__all__ = ["KINDS", "AppriseNotifier", "Message", "Notifications", "Notifier", "Webhook", "as_notifier"]
