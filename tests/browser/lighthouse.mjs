// Reads {chrome, flags, url, categories, skip, slowdown}, looks at the page as Lighthouse's phone does, and prints the
// scores of the categories from 0 to 100 with the names of the audits that cost something, and how fast this machine is.
import { readFileSync } from "node:fs";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const { chrome, flags, url, categories, skip, slowdown } = JSON.parse(readFileSync(0, "utf8"));
const browser = await launch({ chromePath: chrome, chromeFlags: ["--headless=new", ...flags], logLevel: "silent" });
try {
  const options = { port: browser.port, onlyCategories: categories, skipAudits: skip, logLevel: "silent" };
  if (slowdown) options.throttling = { ...(await mobile()), cpuSlowdownMultiplier: slowdown };
  let { lhr } = await lighthouse(url, options);
  if (lhr.runtimeError) ({ lhr } = await lighthouse(url, options)); // now and then a busy browser loses its recording
  if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
  const found = {};
  for (const [name, category] of Object.entries(lhr.categories)) {
    const audits = category.auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => lhr.audits[id]);
    const costly = audits.filter(({ score }) => score !== null && score < 1);
    found[name] = {
      score: Math.round(category.score * 100),
      costly: costly.map(({ id, displayValue = "" }) => `${id} ${displayValue}`.trim()),
    };
  }
  process.stdout.write(JSON.stringify({ categories: found, machine: lhr.environment.benchmarkIndex }));
} finally {
  browser.kill();
}

async function mobile() {
  const { throttling } = await import("lighthouse/core/config/constants.js");
  return throttling.mobileSlow4G;
}
