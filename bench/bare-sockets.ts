/** Bare Bun sockets that exchange frames. */

import type { Socket } from "bun";
import { FrameReader, FrameWriter, type OnFrame } from "./bare-frames.ts";
import { fail } from "./fail.ts";
import type { Service } from "./measure.ts";

export interface BareHandler {
  readonly onFrame: OnFrame;
  /** All frames of a chunk were handed out. */
  readonly onChunkEnd?: () => void;
}

/** Makes the handler of one connection, which may answer through `writer`. */
export type MakeHandler = (writer: FrameWriter) => BareHandler;

interface SocketData {
  readonly writer: FrameWriter;
  readonly reader: FrameReader;
  readonly handler: BareHandler;
}

function open(socket: Socket<SocketData>, makeHandler: MakeHandler): void {
  const writer = new FrameWriter(socket);
  const handler = makeHandler(writer);
  socket.data = { writer, handler, reader: new FrameReader(handler.onFrame) };
}

const ON_BYTES = {
  data({ data: { reader, handler } }: Socket<SocketData>, chunk: Buffer): void {
    reader.push(chunk);
    handler.onChunkEnd?.();
  },
  drain(socket: Socket<SocketData>): void {
    socket.data.writer.onDrain();
  },
  error(_socket: Socket<SocketData>, error: Error): void {
    fail(error);
  },
};

export function serveBare(makeHandler: MakeHandler): Service {
  let connections = 0;
  const listener = Bun.listen<SocketData>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      ...ON_BYTES,
      open(socket) {
        connections += 1;
        open(socket, makeHandler);
      },
      close() {
        connections -= 1;
      },
    },
  });
  return { port: listener.port, connections: () => connections };
}

export interface BareClient extends Disposable {
  readonly writer: FrameWriter;
}

export async function connectBare(port: number, makeHandler: MakeHandler): Promise<BareClient> {
  const socket = await Bun.connect<SocketData>({
    hostname: "127.0.0.1",
    port,
    socket: {
      ...ON_BYTES,
      open: (socket) => open(socket, makeHandler),
    },
  });
  return {
    writer: socket.data.writer,
    [Symbol.dispose]: () => void socket.end(),
  };
}
