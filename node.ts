import { main } from "./mesh/main.ts";

process.exit(await main(process.argv.slice(2)));
