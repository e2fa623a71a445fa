"""How many labels the start from a generator saves."""
