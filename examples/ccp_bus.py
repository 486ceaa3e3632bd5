"""The mesh of ccp-mesh for programs in Python, through the port of a node: docs/PROTOCOL.md, "The bus".

    from ccp_bus import Bus

    with Bus("127.0.0.1", 28080) as bus:
        bus.subscribe("chat.>")
        bus.publish("chat.global", {"text": "hello"})
        for event in bus.events():
            if event["op"] == "message":
                print(event["topic"], event["payload"])

Needs nothing but Python 3 and msgpack_small.py beside it. One thread at a time may use a Bus.
"""

import itertools
import socket
import time
from collections import deque

import msgpack_small

# Three bytes say how long a frame is, its code included.
_DATA_BYTES_MAX = (1 << 24) - 2

# From the application, and from the node.
_START_RAW, _DATA, _END = 0x02, 0x05, 0x0A
_ACCEPTED, _NOBODY_HOME, _COMMUNICATION_ERROR, _PROTOCOL_ERROR = 0x01, 0x02, 0x03, 0x04

# Events that wait while a command waits for its answer; beyond it the oldest are lost.
_EVENTS_MAX = 10_000
_CHUNK_BYTES = 64 * 1024
# What the node takes, in milliseconds: 24 days.
_REQUEST_SECONDS_MAX = 0x7FFF_FFFF / 1000


class BusError(Exception):
    """What went wrong, for people; code is for programs: the node's, or "no_node", "no_bus", "bad_value", "lost", "ended"."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Bus:
    """A connection to the bus of one node. timeout, in seconds, is for the connection and for answers."""

    def __init__(self, host="127.0.0.1", port=28080, timeout=10.0):
        self._where = f"{host}:{port}"
        self._timeout = timeout
        self._buffer = bytearray()
        self._events = deque(maxlen=_EVENTS_MAX)
        self._ids = itertools.count(1)
        try:
            self._socket = socket.create_connection((host, port), timeout)
        # The last two are for a port or a name that there cannot be.
        except (OSError, OverflowError, ValueError) as error:
            raise BusError("no_node", f"no node answers at {self._where}: {error}") from error
        # Finds out in time that a machine has gone without a word.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            self._send_frame(_START_RAW, b"bus")
            self._await_accepted()
            #: The name of the node.
            self.node = self._await_hello()
        except BaseException:
            self._socket.close()
            raise

    def subscribe(self, pattern, group=None):
        """Events from now on: {"op": "message", "id", "topic", "from", "payload"}. Answers their id, which stop takes."""
        return self._open("subscribe", pattern=pattern, group=group)

    def publish(self, topic, payload=None):
        """Sends a message to all that subscribe, once no node is behind."""
        self._command("publish", topic=topic, payload=payload)

    def request(self, service, payload=None, node=None, timeout=30.0):
        """The answer of a service of this node, or of any that offers it."""
        # Not what is no number, either.
        if not 0 < timeout <= _REQUEST_SECONDS_MAX:
            raise BusError("bad_value", f"a timeout is more than 0 and at most {_REQUEST_SECONDS_MAX:.0f} seconds, not {timeout}")
        number = next(self._ids)
        milliseconds = max(1, round(timeout * 1000))
        self._send("request", id=number, service=service, payload=payload, node=node, timeoutMs=milliseconds)
        # The node keeps the time; it is waited for a little longer.
        return self._await_answer(number, timeout + self._timeout)

    def serve(self, service):
        """Events from now on: {"op": "call", "id", "call", "from", "payload"}, each to be answered by reply or fail."""
        return self._open("serve", service=service)

    def reply(self, call, payload=None):
        self._send("reply", call=call, payload=payload)

    def fail(self, call, text):
        self._send("fail", call=call, text=text)

    def say(self, state):
        """What this program says of its node, a dict; None takes it back."""
        self._command("presence", state=state)

    def presence(self):
        """What each node says of itself: dicts by name."""
        return {entry["node"]: entry["state"] for entry in self._command("presence")}

    def peers(self):
        """The other nodes that are up, each a dict."""
        return self._command("peers")

    def stop(self, number):
        """Ends a subscription or a service."""
        self._command("stop", number)

    def events(self):
        """What comes that answers no command, as it comes, until the node ends the communication."""
        while True:
            if self._events:
                yield self._events.popleft()
                continue
            message = self._receive(None)
            if message is None:
                return
            if "op" in message and message["op"] not in ("ok", "error"):
                yield message
            elif message.get("op") == "error":
                raise BusError(message["code"], message["text"])

    def close(self):
        """Ends the communication, and lets what was sent arrive. Does nothing the second time."""
        try:
            self._send_frame(_END)
            self._socket.shutdown(socket.SHUT_WR)
            deadline = self._deadline()
            while True:
                self._receive_some(deadline)
        except (BusError, OSError):
            # The node has closed the connection, too, as it should; or it was lost before.
            pass
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- commands and their answers ---------------------------------------------------------------

    def _open(self, op, **keys):
        number = next(self._ids)
        self._command(op, number, **keys)
        return number

    def _command(self, op, number=None, **keys):
        if number is None:
            number = next(self._ids)
        self._send(op, id=number, **keys)
        return self._await_answer(number, self._timeout)

    def _send(self, op, **keys):
        # "state" alone is told apart from being left out.
        given = {key: value for key, value in keys.items() if value is not None or key in ("payload", "state")}
        try:
            data = msgpack_small.encode({"op": op, **given})
        except (TypeError, ValueError, OverflowError) as error:
            raise BusError("bad_value", f"what is to be sent is no MessagePack: {error}") from error
        if len(data) > _DATA_BYTES_MAX:
            raise BusError("bad_value", f"what is to be sent has {len(data)} bytes; a message has at most {_DATA_BYTES_MAX}")
        self._send_frame(_DATA, data)

    def _await_answer(self, number, timeout):
        deadline = time.monotonic() + timeout
        while True:
            message = self._receive(deadline)
            if message is None:
                raise BusError("ended", f"the node at {self._where} ended the communication")
            op = message.get("op")
            if op == "error" and message.get("id") in (number, None):
                raise BusError(message["code"], message["text"])
            if op == "ok" and message.get("id") == number:
                return message.get("result")
            if op not in ("ok", "error"):
                self._events.append(message)

    def _await_accepted(self):
        try:
            code, _ = self._receive_frame(self._deadline())
        except BusError as error:
            text = f"{error}; is that the port of a node, and this machine on its whitelist?"
            raise BusError(error.code, text) from error
        if code == _NOBODY_HOME:
            raise BusError("no_bus", f"the node at {self._where} has no bus; its config has to say bus = on in [plugins]")
        if code != _ACCEPTED:
            raise BusError("no_bus", f"{self._where} is no node of ccp-mesh: it answered with code {code}")

    def _await_hello(self):
        message = self._receive(self._deadline())
        if message is None or message.get("op") != "hello":
            raise BusError("no_bus", f"what answers at {self._where} does not speak as the bus does")
        return message["node"]

    # --- messages and bytes -----------------------------------------------------------------------

    def _receive(self, deadline):
        """The next map from the node; None at the end."""
        code, data = self._receive_frame(deadline)
        if code == _DATA:
            try:
                message = msgpack_small.decode(data)
            except ValueError as error:
                raise BusError("lost", f"{self._where} sent what is no MessagePack: {error}") from error
            return message if isinstance(message, dict) else {}
        if code == _END:
            return None
        if code == _NOBODY_HOME:
            raise BusError("no_bus", f"the bus of the node at {self._where} was switched off")
        if code in (_COMMUNICATION_ERROR, _PROTOCOL_ERROR):
            raise BusError("lost", f"the node at {self._where} failed; its log says why")
        return {}

    def _receive_frame(self, deadline):
        head = self._take(3, deadline)
        length = int.from_bytes(head, "big")
        body = self._take(length, deadline)
        return (body[0] if body else -1), body[1:]

    def _take(self, count, deadline):
        """Exactly so many bytes, however they arrive."""
        while len(self._buffer) < count:
            self._buffer += self._receive_some(deadline)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _receive_some(self, deadline):
        left = None if deadline is None else deadline - time.monotonic()
        try:
            if left is not None and left <= 0:
                raise socket.timeout
            self._socket.settimeout(left)
            chunk = self._socket.recv(_CHUNK_BYTES)
        except socket.timeout:
            raise BusError("lost", f"the node at {self._where} does not answer") from None
        except OSError as error:
            raise BusError("lost", f"the connection with {self._where} was lost: {error}") from error
        if not chunk:
            raise BusError("lost", f"{self._where} closed the connection")
        return chunk

    def _send_frame(self, code, data=b""):
        frame = (1 + len(data)).to_bytes(3, "big") + bytes([code]) + data
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(frame)
        except socket.timeout:
            raise BusError("lost", f"the node at {self._where} takes nothing") from None
        except OSError as error:
            raise BusError("lost", f"the connection with {self._where} was lost: {error}") from error

    def _deadline(self):
        return time.monotonic() + self._timeout
