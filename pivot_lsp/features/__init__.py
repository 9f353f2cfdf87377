"""What the server can do, one file a feature, each with ``register(session)``."""
