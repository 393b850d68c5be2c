"""The power fails: what a disk may have forgotten then is not what somebody was shown.

A library that is loaded before all others (``recorder.c``) writes down what the programs of a day (``days.py``) do to
their files and what they send (``recording.py``). All that is done again up to some moment, on a disk that forgets what
was not synced (``disk.py``). What it has left is opened, and compared with what was shown (``judge.py``).
"""
