"""Writing changes back into a text: comments, order and layout stay; untouched lines stay as they were.

Each format has an editor that knows how to set, add and remove one value in a text. What it made is read again
and compared with the data that the changes lead to: an edit is exact, or it is refused.
"""

from confguard.documents.editing.edit import Step, edit

__all__ = ["Step", "edit"]
