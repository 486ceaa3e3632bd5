/** Writes mutes into the folder of its argument until it is killed: each time 500, all of one version. */

import { openMutes } from "../../../../mesh/plugins/chat/mute-store.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";

const [folder = ""] = process.argv.slice(2);
const { store } = await openMutes({ folder, log: new RecordingLogger() });
for (let version = 1; ; version++) {
  const names = Array.from({ length: 500 }, (_, at) => `p${at}`);
  store.save(() =>
    names.map((player) => ({
      player,
      server: null,
      state: "muted",
      untilMs: null,
      version,
      by: "",
      reason: "",
    })),
  );
  await store.saved();
  process.stdout.write("written\n");
}
