#!/usr/bin/env python3
"""Takes the events of a node's collector, and prints each once, as a line: docs/collectors/ccp.md.

    python3 examples/collector.py 6000        for [collector:NAME] with url = ccp://127.0.0.1:6000/events
"""
import json, socketserver, sys, threading
from collections import OrderedDict

START_REQUEST, START_RAW, DATA, END = b"\x01", b"\x02", b"\x05", b"\x0a"
ACCEPTED, NOBODY_HOME, COMMUNICATION_ERROR = b"\x01", b"\x02", b"\x03"
PLUGIN = b"events"
IDS_MAX = 100_000

seen = OrderedDict()
one_at_a_time = threading.Lock()

def take(batch):
    """Whatever is done with the events is done before the answer; what fails here comes again."""
    for event in batch["events"]:
        # The same again, where the node did not hear the answer.
        if event["id"] in seen:
            continue
        print(json.dumps(event, ensure_ascii=False), flush=True)
        seen[event["id"]] = True
        if len(seen) > IDS_MAX:
            seen.popitem(last=False)
    return b"ok"

class Communication(socketserver.StreamRequestHandler):
    # A node keeps its connection open; one that has gone without a word is not waited for for ever.
    timeout = 3600

    def handle(self):
        plugin = None
        while (received := self.receive()) is not None:
            code, data = received
            if code in (START_REQUEST, START_RAW):
                plugin = data if code == START_REQUEST and data == PLUGIN else None
                self.send(ACCEPTED if plugin is not None else NOBODY_HOME)
            elif code == DATA and plugin is not None:
                try:
                    with one_at_a_time:
                        answer = take(json.loads(data))
                    self.send(DATA, answer)
                except Exception as error:
                    print(f"A batch could not be taken: {error!r}", file=sys.stderr, flush=True)
                    plugin = None
                    self.send(COMMUNICATION_ERROR)
            elif code == END:
                return

    def receive(self):
        head = self.rfile.read(3)
        frame = self.rfile.read(int.from_bytes(head, "big"))
        return (frame[:1], frame[1:]) if len(head) == 3 else None

    def send(self, code, data=b""):
        self.wfile.write((1 + len(data)).to_bytes(3, "big") + code + data)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Communication) as server:
        print(f"Waiting for batches at port {server.server_address[1]}", file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(130)
