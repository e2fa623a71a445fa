"""Training: exercises made from scenes, losses of their answers, runs that go on after a kill (`run`)."""
