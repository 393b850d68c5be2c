"""``chat admin``: what the operator does with a chat, from the machine that it runs on."""
