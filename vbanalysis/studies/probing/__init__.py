"""What can be read from a frozen generator's layers, and what the reading owes to probe and pixels."""
