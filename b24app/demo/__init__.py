"""A local Bitrix24 portal that speaks the real protocol: for trying the app, and the fake of every end-to-end test.

It imports nothing of the app but `lib`. Start at server.py (how it runs), state.py (what it holds), rest.py (what it
answers to programs), page.py (what it shows to people) and control.py (what tests may ask and break).
"""
