// Finds what Renovate's manager custom.jsonata finds in files: its own reader of YAML, and the query of renovate.json.
// Reads {query, texts}, and writes for each text a list of what was found; null where it cannot be read.
import { readFileSync } from "node:fs";
import jsonata from "jsonata";
import { parseAllDocuments } from "yaml";

const { query, texts } = JSON.parse(readFileSync(0, "utf-8"));

const find = async (text) => {
  const documents = parseAllDocuments(text, { prettyErrors: true, uniqueKeys: true, strict: false });
  if (documents.some((one) => one.errors.length)) return null;
  const data = documents.map((one) => one.toJS({ maxAliasCount: 10000 }));
  const found = (await jsonata(query).evaluate(data)) ?? [];
  // What is no dependency is dropped: it has a name and a version.
  return [found].flat().filter((one) => one.depName && one.currentValue);
};

const found = [];
for (const text of texts) found.push(await find(text));
console.log(JSON.stringify(found));
