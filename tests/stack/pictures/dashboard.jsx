// One dashboard as Grafana would show it: its JSON, and what Prometheus answered to each query, on window.shown.
import React from "react";
import { createRoot } from "react-dom/client";
import {
  applyFieldOverrides, createTheme, dateTime, FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues, standardFieldConfigEditorRegistry, ThemeContext,
  toDataFrame,
} from "@grafana/data";
import "uplot/dist/uPlot.min.css";
import { BarGauge, BigValue, GlobalStyles, PanelChrome, Table, TimeSeries, VizRepeater } from "@grafana/ui";

const CELL = { width: window.innerWidth / 24, height: 38, gap: 8 };
const theme = createTheme({ colors: { mode: "dark" } });
const { dashboard, results, start, end } = window.shown;
const timeRange = {
  from: dateTime(start * 1000), to: dateTime(end * 1000), raw: { from: dateTime(start * 1000), to: dateTime(end * 1000) },
};

function legend(format, labels) {
  return format.replace(/{{\s*(\w+)\s*}}/g, (_, name) => labels[name] ?? "");
}

const SECONDS = Array.from({ length: Math.floor(end) - Math.ceil(start) + 1 }, (_, i) => Math.ceil(start) + i);

// null where there is no sample: lines have gaps there.
function everySecond(values) {
  const known = new Map(values.map(([seconds, value]) => [Math.round(seconds), Number(value)]));
  return SECONDS.map((second) => [second, known.get(second) ?? null]);
}

// A frame for each series.
function seriesFrames(panel) {
  return panel.targets.flatMap((target) => {
    return results[panel.id][target.refId].map(({ metric, values }) => {
      const samples = target.instant ? values : everySecond(values);
      return toDataFrame({
        refId: target.refId,
        fields: [
          { name: "Time", type: FieldType.time, values: samples.map(([seconds]) => seconds * 1000) },
          {
            name: "Value", type: FieldType.number, labels: metric,
            config: { displayNameFromDS: legend(target.legendFormat, metric) },
            values: samples.map(([, value]) => (value === null ? null : Number(value))),
          },
        ],
      });
    });
  });
}

// Rows as the transformations of a table panel make them: labels that are shown, under their headings.
function tableFrame(panel) {
  const headings = panel.transformations.find(({ id }) => id === "organize").options.renameByName;
  const [{ desc }] = panel.options.sortBy;
  const series = results[panel.id].A.toSorted((one, other) => (one.values[0][1] - other.values[0][1]) * (desc ? -1 : 1));
  const width = (heading) => panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === heading)?.properties[0].value;
  const config = (heading) => ({ custom: { ...panel.fieldConfig.defaults.custom, width: width(heading) } });
  return toDataFrame({
    fields: Object.entries(headings).map(([name, heading]) => (name === "Value"
      ? { name: heading, type: FieldType.number, config: config(heading), values: series.map(({ values }) => Number(values[0][1])) }
      : { name: heading, type: FieldType.string, config: config(heading), values: series.map(({ metric }) => metric[name] ?? "") })),
  });
}

// What the panel says of its fields belongs into each of them.
function configured(panel, frames) {
  for (const frame of frames) {
    for (const field of frame.fields) {
      if (field.type === FieldType.number) {
        field.config = { ...panel.fieldConfig.defaults, ...field.config };
      }
    }
  }
  return applyFieldOverrides({
    data: frames, fieldConfig: { defaults: {}, overrides: [] }, replaceVariables: (text) => text, theme, timeZone: "utc",
    fieldConfigRegistry: standardFieldConfigEditorRegistry,
  });
}

function displayValues(panel, frames) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text, theme, data: frames,
    sparkline: panel.options.graphMode === "area",
  });
}

function Content({ panel, width, height }) {
  if (panel.type === "table") {
    return <Table data={configured(panel, [tableFrame(panel)])[0]} width={width} height={height} />;
  }
  const frames = configured(panel, seriesFrames(panel));
  if (frames.length === 0) {
    return <div className="no-data">No data</div>;
  }
  if (panel.type === "timeseries") {
    return <TimeSeries frames={frames} timeRange={timeRange} timeZone="utc" width={width} height={height} options={panel.options}
      legend={panel.options.legend} />;
  }
  const values = displayValues(panel, frames);
  const draw = panel.type === "stat"
    ? ({ value, width, height, count, alignmentFactors }) => <BigValue value={value.display} sparkline={value.sparkline} theme={theme} count={count}
        colorMode={panel.options.colorMode} graphMode={panel.options.graphMode} textMode={panel.options.textMode} text={panel.options.text} alignmentFactors={alignmentFactors} width={width} height={height} />
    : ({ value, width, height, alignmentFactors }) => <BarGauge value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
        theme={theme} orientation={panel.options.orientation} displayMode={panel.options.displayMode} valueDisplayMode={panel.options.valueMode}
        showUnfilled={panel.options.showUnfilled} text={panel.options.text} alignmentFactors={alignmentFactors} width={width} height={height} isOverflow={false} />;
  return <VizRepeater getValues={() => values} getAlignmentFactors={getDisplayValueAlignmentFactors} renderValue={draw} width={width} height={height} source={values}
    orientation={panel.options.orientation} minVizHeight={panel.options.minVizHeight ?? 0} maxVizHeight={panel.options.maxVizHeight} />;
}

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const style = { position: "absolute", left: x * CELL.width, top: y * CELL.height };
  if (panel.type === "row") {
    return <h4 style={{ ...style, padding: 8 }}>{panel.title}</h4>;
  }
  return <div style={style}>
    <PanelChrome title={panel.title} description={panel.description} width={w * CELL.width - CELL.gap} height={h * CELL.height - CELL.gap}>
      {(width, height) => <Content panel={panel} width={width} height={height} />}
    </PanelChrome>
  </div>;
}

const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
createRoot(document.getElementById("root")).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles isExtensionSidebarOpen={false} />
    <h2 style={{ margin: 12 }}>{dashboard.title}</h2>
    <div style={{ position: "relative", height: rows * CELL.height }}>
      {dashboard.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
    </div>
  </ThemeContext.Provider>,
);
