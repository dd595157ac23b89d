"""Live results against a full recompute and against a slow, obvious reading, after bursts of random changes.

    truth.py    what the portal, its people and the ledger are, as plain Python; and everything that may happen to them
    slow.py     the numbers, read off the truth one record after the other; shares nothing with the app but the words
    run.py      makes changes in both, and compares after every burst

`make soak` runs it for longer.
"""
