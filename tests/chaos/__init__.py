"""Thousands of random changes in a portal whose events are lost, doubled and shuffled, while processes are killed."""
