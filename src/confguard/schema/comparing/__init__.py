"""Whether all that fits one JSON Schema fits another, and what else a change of a schema means."""
