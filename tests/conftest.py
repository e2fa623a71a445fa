"""What the tests of the embedded generator share."""

import pytest

TINY = {
    "size": 32,
    "channels": (8, 16),
    "blocks": (1, 1),
    "attention": (1,),
    "text_width": 32,
    "text_layers": 1,
    "head_width": 16,
}
EVERY_TASK = ("depth", "normals", "semantic", "instance", "referring", "generation", "edit")


@pytest.fixture
def one_thread():
    """Threads of small networks wait for each other more than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny_stage(one_thread):
    """Make a stage of every task for a network of a few thousand weights."""
    from vbanalysis.mini.network import NetworkConfig
    from vbanalysis.mini.training.stages import Stage

    def make(**changes):
        settings = {
            "name": "tiny",
            "mixture": dict.fromkeys(EVERY_TASK, 1.0),
            "samples": 24,
            "batch": 4,
            "warmup": 0,
            "network": NetworkConfig(**TINY),
        }
        return Stage(**settings | changes)

    return make
