"""The built-in station under random harm for as long as one likes: ``python -m tests.soak --for 10m``."""
