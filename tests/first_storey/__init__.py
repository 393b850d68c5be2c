"""The client that was built for the first version of the protocol: its wire, its link and its model.

A copy of what stood in ``chat/client`` and ``chat/core`` at commit 129096e. Only its imports are changed, and
``errors`` and ``tls`` have only the classes that it needs. It stands for the clients that people have, so it is never
edited: ``tests/client/test_first_storey.py`` shows that it can still be used with the chat of today.
"""
