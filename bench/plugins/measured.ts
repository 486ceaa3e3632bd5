/** The plugin on either node of the measures of the mesh. */

import { definePlugin, type Plugin } from "../../mesh/index.ts";
import { handOver } from "../handed-over.ts";

const measured: Plugin = definePlugin({ name: "measured", setup: handOver });

// oxlint-disable-next-line import/no-default-export -- a plugin's module has one
export default measured;
