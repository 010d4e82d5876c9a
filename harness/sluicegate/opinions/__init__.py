"""What models think of answers: asked by DSPy programs, calibrated against people, advisory without that."""
