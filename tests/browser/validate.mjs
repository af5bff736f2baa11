// Reads pages as {name: html} and prints what is wrong with each as {name: ["rule (line:column): words"]}.
import { readFileSync } from "node:fs";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:standard"],
  rules: {
    "no-trailing-whitespace": "off",
  },
});
const pages = JSON.parse(readFileSync(0, "utf8"));
const found = {};
for (const [name, html] of Object.entries(pages)) {
  const report = await validator.validateString(html, name);
  found[name] = report.results.flatMap((result) => result.messages)
    .map(({ ruleId, line, column, message }) => `${ruleId} (${line}:${column}): ${message}`);
}
process.stdout.write(JSON.stringify(found));
