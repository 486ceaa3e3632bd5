/** A console that several people share: what one of them types, all of them see. */

import { definePlugin, formatAddress, type RawChannel, RawReceiver } from "ccp-mesh";

const consoles = new Set<Console>();

function tellAll(line: string): void {
  for (const console of consoles) {
    console.sendData(line);
  }
}

class Console extends RawReceiver {
  readonly #who: string = formatAddress(this.address);

  constructor(channel: RawChannel) {
    super(channel);
    consoles.add(this);
    tellAll(`* ${this.#who} joined; ${consoles.size} here`);
  }

  override onDataReceived(data: Buffer): void {
    tellAll(`<${this.#who}> ${data.toString()}`);
  }

  override onClosed(): void {
    consoles.delete(this);
    tellAll(`* ${this.#who} left; ${consoles.size} here`);
  }
}

export default definePlugin({
  name: "raw-console",
  setup(node) {
    node.onRaw("console", Console);
  },
});
