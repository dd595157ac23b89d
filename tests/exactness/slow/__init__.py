"""Every number of every scorecard, read off the truth the slow and obvious way (semantics 2 to 8).

Nothing of b24app is used: neither its SQL nor its rules. One record after the other, one person after the other.

    days.py      periods, working days, and the hours at which scheduled indicators are computed
    deals.py     what a deal is worth, whose it is, and whether it meets conditions
    metrics.py   what an indicator comes to for some people in a span
    scores.py    targets, attainments and scores: a period, or everything
    locks.py     which periods lock by themselves, and what a change after the lock would have moved
"""
