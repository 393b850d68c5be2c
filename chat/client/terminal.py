"""The full-screen terminal client."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from prompt_toolkit.application import Application, get_app, in_terminal
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    SearchBufferControl,
    Window,
)
from prompt_toolkit.layout.controls import UIContent, UIControl
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import Output
from prompt_toolkit.widgets import SearchToolbar

from chat.client import bars
from chat.client.client import CannotDo, Client
from chat.client.keys import bindings
from chat.client.model import Model
from chat.client.room import Room
from chat.client.rows import Painter
from chat.client.scrollback import Line
from chat.client.style import STYLE
from chat.client.viewport import Viewport
from chat.core.text import clean
