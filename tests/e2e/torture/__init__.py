"""Programs talk, in rooms and in private, over connections that break to a daemon that is killed, again and again.

They change their names and each other's rights meanwhile, and so does the operator. After every kill, what they were
shown and told is compared with what the history holds.
"""
