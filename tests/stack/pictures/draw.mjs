// Pictures of the dashboards from what Prometheus answered to their queries: draw.mjs DASHBOARDS PANELS.JSON FOLDER
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const [dashboards, panels, folder] = process.argv.slice(2);
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="dashboard.css"><body style="margin:0"><div id="root"></div><script src="data.js"></script>'
  + '<script src="dashboard.js"></script>';

// As CommonJS: their ES modules import CommonJS packages in a way that bundlers take at its word.
const alias = Object.fromEntries(["data", "ui"].map((name) => [`@grafana/${name}`,
  join(process.cwd(), `node_modules/@grafana/${name}/dist/cjs/index.cjs`)]));

mkdirSync(folder, { recursive: true });
const work = join(folder, "page");
mkdirSync(work, { recursive: true });
writeFileSync(join(work, "index.html"), PAGE);
await build({
  entryPoints: [fileURLToPath(new URL("dashboard.jsx", import.meta.url))], bundle: true, outfile: join(work, "dashboard.js"), logLevel: "error",
  nodePaths: [join(process.cwd(), "node_modules")], alias,
  define: { global: "window", "process.env.NODE_ENV": '"production"' }, jsx: "automatic",
  loader: { ".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl", ".svg": "dataurl", ".png": "dataurl" },
});

const { start, end, results } = JSON.parse(readFileSync(panels));
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--allow-file-access-from-files"],
});
let faults = 0;
for (const file of readdirSync(dashboards).filter((name) => name.endsWith(".json"))) {
  const name = basename(file, ".json");
  const shown = { dashboard: JSON.parse(readFileSync(join(dashboards, file))), results: results[name], start, end };
  writeFileSync(join(work, "data.js"), `window.shown = ${JSON.stringify(shown)};`);
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  page.on("pageerror", (error) => { faults += 1; console.error(`${name}: ${error.stack}`); });
  await page.goto(`file://${resolve(work)}/index.html`);
  await page.waitForSelector("h2");
  // Charts are drawn in the frames after their panels.
  await page.waitForFunction(() => document.querySelectorAll(".u-wrap canvas").length
    >= window.shown.dashboard.panels.filter(({ type }) => type === "timeseries").length);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  console.log(join(folder, `${name}.png`));
  await page.close();
}
await browser.close();
process.exit(faults ? 1 : 0);
