// Puts the manifest and the messages together into the document that `describe` returns. The host
// checks it; nothing is checked here.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parse } from "smol-toml";

const manifest = parse(readFileSync("manifest.toml", "utf8"));
manifest.locales = {};
for (const file of readdirSync("locales").sort()) {
  manifest.locales[file.replace(".json", "")] = JSON.parse(readFileSync(`locales/${file}`, "utf8"));
}
mkdirSync("target", { recursive: true });
const document = JSON.stringify(JSON.stringify(manifest));
writeFileSync("target/description.js", `export default ${document};\n`);
