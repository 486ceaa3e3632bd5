#!/usr/bin/env python3
"""The least that a game's plugin does to join its game to the node beside it: docs/games/ccp.md.

    python3 examples/game-plugin.py 28080        Alice says each line that is typed; what is to be shown is printed
"""
import json, socket, sys, threading

node = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
frames = node.makefile("rb")

def send(code, data=b""):
    node.sendall((1 + len(data)).to_bytes(3, "big") + bytes([code]) + data)

def tell(kind, **keys):
    send(0x05, json.dumps({"type": kind, **keys}).encode())

def receive():
    frame = frames.read(int.from_bytes(frames.read(3), "big"))
    return frame[:1], frame[1:]

def listen():
    while (received := receive())[0] == b"\x05":
        message = json.loads(received[1])
        to = message["player"]["name"] if message["type"] == "tell" else "all"
        print(f"{message['type']} to {to}: {message.get('text', message.get('message'))}", flush=True)

send(0x02, b"game")
if receive()[0] != b"\x01":
    sys.exit("The node has no game at this port: see adapter and plugin in [game] of its config.")
alice = {"name": "Alice", "id": 1}
tell("up", map="dm1", players=[alice])
listener = threading.Thread(target=listen, daemon=True)
listener.start()
for line in sys.stdin:
    tell("chat", player=alice, text=line.strip())
tell("leave", player=alice)
send(0x0A)
listener.join()
