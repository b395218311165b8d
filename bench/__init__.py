"""Measurements, printed as figures and as ratios against a baseline of the same run. Nothing here fails because of a time."""
