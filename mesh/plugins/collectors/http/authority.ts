/** The certificates that an operator trusts instead of the system's. */

/** Read for each batch, so that the file may be renewed. */
export class Authority {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The certificates, or why there are none. */
  async read(): Promise<{ readonly ca: string } | { readonly problem: string }> {
    try {
      const ca = await Bun.file(this.#path).text();
      if (ca.includes("-----BEGIN CERTIFICATE-----")) return { ca };
      return { problem: `tls_ca: ${this.#path} has no certificate in it; it must be a PEM file` };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { problem: `tls_ca cannot be read: ${why}` };
    }
  }
}
