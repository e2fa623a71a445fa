"""What the notebooks compute: one file a notebook, samples in, tables out."""
