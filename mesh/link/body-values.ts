/** Values that the bodies of several frames have, as they must be. */

import * as v from "valibot";
import { isHost } from "../config/hosts.ts";

export const INSTANCE_BYTES = 16;
const PORT_MAX = 65_535;

/** The characters that a config allows, because names go into logs, metrics and addresses as they are. */
export const NAME: v.GenericSchema<unknown, string> = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._-]{1,64}$/),
);

/** As 32 hexadecimal digits. */
export const INSTANCE: v.GenericSchema<unknown, string> = v.pipe(
  v.instance(Uint8Array),
  v.length(INSTANCE_BYTES),
  v.transform((bytes) => bytes.toHex()),
);

export const INCARNATION: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
);

/** Empty for the address at which the other side is seen. */
export const HOST: v.GenericSchema<unknown, string> = v.pipe(v.string(), v.check(isHost));

export const PORT: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(PORT_MAX),
);
