"""The gate's statistics: pure Python on the standard library, so that the same bytes come out everywhere.

One question per room; every function says its model, its source and what it answers at the edges. Where there is
nothing to compute from, the answer is `NotMeasured`, never a number.
"""
