"""The outage of 18 January 2024, replayed against a real login service, and prevented."""
