"""How a pipeline is reached: a Python callable, an HTTP endpoint, a command, or a recording.

`build.make_pipeline` makes one from a plan's words, `build.target_pipeline` from what a caller of `evaluate` gave.
Every adapter answers with an Output and never raises for the pipeline's own failure; what the user wrote wrongly is an
InputError from `open`.
"""
