/** Chat between game servers. */

import { definePlugin, type Plugin, type SettingsReader } from "../../index.ts";

/** All that is wrong with `[chat]` stands in the reader's problems afterwards. */
export function checkChatSettings(settings: SettingsReader): void {
  settings.list("channels");
}

export const chatPlugin: Plugin = definePlugin({
  name: "chat",
  setup() {},
});
