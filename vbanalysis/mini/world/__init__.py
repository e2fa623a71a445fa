"""The rendered world: what there is (`graph`), where (`layout`), and what a camera sees of it (`render`)."""
