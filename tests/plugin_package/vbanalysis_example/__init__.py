"""An example of a package that adds to vbanalysis from outside."""
