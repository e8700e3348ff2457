"""Entry points for pre-commit and CI."""
