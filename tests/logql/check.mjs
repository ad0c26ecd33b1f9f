// Reads expressions of LogQL, a list in JSON, and writes for each what the parser could not make sense of.
import { readFileSync } from "node:fs";
import { parser } from "@grafana/lezer-logql";

const broken = (text) => {
  const found = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) found.push(`${node.from}: ${text.slice(node.from) || "(the end)"}`);
    },
  });
  return found;
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(broken)));
