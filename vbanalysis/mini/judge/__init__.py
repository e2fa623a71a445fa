"""The judge of drawings: what a picture shows (`reading`), and how often that is wrong (`quality`)."""
