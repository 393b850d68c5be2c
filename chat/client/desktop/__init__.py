"""The desktop window: Tk on the reactor, a view of the same model as the terminal's."""
