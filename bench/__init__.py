"""Measurements: every figure is a ratio of two things measured in the same run, so that it means the same anywhere."""
