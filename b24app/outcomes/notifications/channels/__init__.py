"""Ways to tell somebody: one file per channel, found by being there."""
