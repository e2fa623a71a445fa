"""`mini`, the embedded generator: its rendered world, its network, its training, its sampling."""
