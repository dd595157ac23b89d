"""Live results against a full recompute and against a slow, obvious reading, after bursts of random changes.

    truth.py    what the portal, its people and the ledger are, as plain Python
    cards.py    the scorecards
    telling.py  tells the app what happened, as its jobs and its API do
    changes.py  what may happen
    slow/       the numbers, read off the truth one record after the other; shares nothing with the app but the words
    compare.py  the numbers the app has stored
    run.py      makes changes in both, and compares after every burst

`make soak` runs it for longer.
"""
