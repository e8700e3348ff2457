"""Writing changes back into a text: comments, order and layout stay; untouched lines stay as they were.

A text is read once into a tree of spans; changes are made to the tree; the tree is woven into a text, and that is read
again and compared with the data that the changes lead to: an edit is exact, or it is refused. What is special to a
format stands in its `Notation`.
"""
