#!/usr/bin/env python3
"""Takes part in the mesh from a shell.

    python3 examples/bus-client.py listen 'chat.>'              prints what is said, until Ctrl-C
    python3 examples/bus-client.py say chat.global 'hello'      says something
    python3 examples/bus-client.py serve time                   answers what time it is, until Ctrl-C
    python3 examples/bus-client.py ask '*' time                 asks a node, or any for *
    python3 examples/bus-client.py nodes                        shows who is there, and what they say of themselves

Payloads are JSON where they can be read as that, else text.
"""

import argparse
import json
import signal
import sys
import time

from ccp_bus import Bus, BusError


def listen(bus, arguments):
    bus.subscribe(arguments.pattern, arguments.group)
    note(f"listening to {arguments.pattern} at {bus.node}")
    for event in bus.events():
        if event["op"] == "message":
            print(f"{event['topic']} {event['from']}: {shown(event['payload'])}", flush=True)
        elif event["op"] == "dropped":
            note(f"{event['count']} messages were lost, because this program was too slow")


def say(bus, arguments):
    bus.publish(arguments.topic, payload_of(arguments.payload))


def serve(bus, arguments):
    bus.serve(arguments.service)
    note(f"serving {arguments.service} at {bus.node}")
    for event in bus.events():
        if event["op"] == "call":
            print(f"{event['from']} asks: {shown(event['payload'])}", flush=True)
            bus.reply(event["call"], time.strftime("%H:%M:%S"))


def ask(bus, arguments):
    print(shown(bus.request(arguments.service, payload_of(arguments.payload), arguments.node, arguments.timeout)))


def nodes(bus, _arguments):
    said = bus.presence()
    print(f"{bus.node} (here): {shown(said.get(bus.node))}")
    for peer in bus.peers():
        print(f"{peer['name']} ({way_to(peer)}): {shown(said.get(peer['name']))}")


def way_to(peer):
    if peer["via"]:
        return f"via {peer['via']}"
    # Unknown until the first ping has come back.
    return "just up" if peer["rttMs"] is None else f"{peer['rttMs']:.1f} ms away"


def payload_of(text):
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        raise BusError("bad_value", "the payload is nested too deeply") from None


def shown(value):
    """In one line, and with nothing in it that moves the cursor: others have chosen it."""
    text = value if isinstance(value, str) else json_of(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def json_of(value):
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except TypeError:
        # MessagePack has keys that JSON does not.
        return repr(value)


def note(text):
    print(text, file=sys.stderr, flush=True)


def parse(argv):
    parser = argparse.ArgumentParser(
        description="Takes part in the mesh, through the port of a node.",
        epilog="Payloads are JSON where they can be read as that, else text.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the node is (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=28080, help="its port (default: 28080)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("listen", help="print what is published")
    command.add_argument("pattern", help="as chat.global, chat.* or 'chat.>'")
    command.add_argument("--group", help="take turns with all that name the same group")
    command.set_defaults(run=listen)

    command = commands.add_parser("say", help="publish something")
    command.add_argument("topic")
    command.add_argument("payload", nargs="?")
    command.set_defaults(run=say)

    command = commands.add_parser("serve", help="answer with the time")
    command.add_argument("service")
    command.set_defaults(run=serve)

    command = commands.add_parser("ask", help="ask a service")
    command.add_argument("node", help="a node's name, or '*' for any that offers the service")
    command.add_argument("service")
    command.add_argument("payload", nargs="?")
    command.add_argument("--timeout", type=float, default=30.0, help="seconds (default: 30)")
    command.set_defaults(run=ask)

    command = commands.add_parser("nodes", help="show who is there")
    command.set_defaults(run=nodes)
    return parser.parse_args(argv)


def main(argv):
    arguments = parse(argv)
    # A terminal that cannot show a letter must not end the program.
    sys.stdout.reconfigure(errors="backslashreplace")
    # Ctrl-C must work also for a child of a shell that ignores it in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Bus(arguments.host, arguments.port) as bus:
            arguments.run(bus, arguments)
    except BusError as error:
        note(f"Failed: {error}")
        return 1
    except KeyboardInterrupt:
        # As a shell expects of a program that was interrupted.
        return 130
    except BrokenPipeError:
        # Whoever read the output has gone.
        sys.stderr.close()
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
