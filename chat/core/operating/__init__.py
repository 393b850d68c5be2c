"""The commands of ``chat admin``, by topic; :mod:`chat.core.operator` has the table of all."""
