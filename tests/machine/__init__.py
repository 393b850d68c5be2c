"""A random machine: people, programs and the operator do anything in any order, and the promises of the chat hold."""
