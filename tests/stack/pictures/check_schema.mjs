// The dashboards against schemas made from @grafana/schema's types; what no type names is an error: check_schema.mjs FILE...
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { createGenerator } from "ts-json-schema-generator";

const TYPES = join(process.cwd(), "node_modules/@grafana/schema/dist/esm/raw");

// A schema of one type in which every object is closed.
function schemaOf(file, type) {
  const schema = createGenerator({ path: join(TYPES, file), type, skipTypeCheck: true, expose: "all" }).createSchema(type);
  for (const definition of Object.values(schema.definitions)) {
    if (definition.type === "object" && definition.properties && definition.additionalProperties === undefined) {
      definition.additionalProperties = false;
    }
  }
  return schema;
}

const ajv = new Ajv({ strict: false, allErrors: true });
const compiled = (file, type) => ajv.compile(schemaOf(file, type));
const dashboard = compiled("dashboard/x/dashboard_types.gen.d.ts", "Dashboard");
const options = Object.fromEntries(["TimeSeries", "Stat", "BarGauge", "Table"].map((kind) => [kind.toLowerCase(),
  compiled(`composable/${kind.toLowerCase()}/panelcfg/x/${kind}PanelCfg_types.gen.d.ts`, "Options")]));

let faults = 0;
function check(validate, value, where) {
  if (!validate(value)) {
    faults += 1;
    for (const { instancePath, message, params } of validate.errors) {
      console.error(`${where}${instancePath}: ${message} ${JSON.stringify(params)}`);
    }
  }
}

for (const file of process.argv.slice(2)) {
  const content = JSON.parse(readFileSync(file));
  // The types know annotations of Grafana's own only, not Prometheus' fields.
  for (const annotation of content.annotations.list) {
    for (const field of ["expr", "titleFormat", "textFormat"]) {
      delete annotation[field];
    }
  }
  check(dashboard, content, file);
  for (const panel of content.panels.filter(({ type }) => type !== "row")) {
    check(options[panel.type], panel.options, `${file}: ${panel.title}: options`);
  }
}
process.exit(faults ? 1 : 0);
