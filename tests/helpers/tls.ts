import { join } from "node:path";

/** Certificates made for these tests, valid for a hundred years; their authority's key is gone. */
function pem(name: string): Promise<string> {
  return Bun.file(join(import.meta.dir, "../fixtures/tls", name)).text();
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

async function identity(name: string): Promise<Identity> {
  return { cert: await pem(`${name}.pem`), key: await pem(`${name}.key`) };
}

/** The authority that signed `LOCALHOST`, `ELSEWHERE` and `CLIENT_IDENTITY`. */
export const CA: string = await pem("ca.pem");
/** An authority that signed none of them; also an identity of its own. */
export const STRANGER: Identity = await identity("stranger");
/** For localhost and 127.0.0.1. */
export const LOCALHOST: Identity = await identity("localhost");
/** For localhost and 127.0.0.1, its own authority. */
export const SELF_SIGNED: Identity = await identity("self-signed");
/** For elsewhere.example only. */
export const ELSEWHERE: Identity = await identity("elsewhere");
export const CLIENT_IDENTITY: Identity = await identity("client");
/** For elsewhere.example, signed by the authority that is a stranger. */
export const IMPOSTOR: Identity = await identity("impostor");
