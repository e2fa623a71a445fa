"""What people's votes on generated pictures tell: published ones, blind ones, and how many a claim needs."""
