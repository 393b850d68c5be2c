"""The commands, by topic: one function and one entry of ``COMMANDS`` each. :mod:`chat.core.commands.table` has all."""
