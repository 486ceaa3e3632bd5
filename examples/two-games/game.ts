/**
 * A game server for want of a real one, which the node starts: it has a console in its terminal, and one player, who
 * says something from time to time. What is shown to its players, it prints.
 */

import { argv } from "node:process";

const [player = "Alice", ...lines] = argv.slice(2);

console.log(`${player} joined`);
let said = 0;
setInterval(() => {
  console.log(`<${player}> ${lines[said % lines.length]} (${said + 1})`);
  said += 1;
}, 2000);

for await (const command of console) {
  if (command === "quit") process.exit(0);
  console.log(command.startsWith("say ") ? `*** ${command.slice(4)}` : "what?");
}
