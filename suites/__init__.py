"""The bundled suites: what is asked of every pipeline, one test for each law. With a plan they join your own tests."""
