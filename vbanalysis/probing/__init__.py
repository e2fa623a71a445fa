"""Probing: what can be read from the layers of a frozen generator, and what the reading owes to the probe.

`recorder` hooks layers by name, `embedded` and `pipelines` are the generators, `cache` keeps features on
disk, `ridge` and `trained` are the probes, `experiment` cross-validates them over scenes, and `controls`
holds what each is compared with.
"""
