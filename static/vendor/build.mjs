// Rebuilds the files of this folder from npm packages; README.md says how to call it. Not used at run time.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const packages = process.argv[2];
const here = import.meta.dirname;
const read = (...path) => readFileSync(join(packages, ...path), "utf8");
const { build } = createRequire(join(packages, "package.json"))("esbuild");

const ICONS = {
  "alert": "AlertIcon", "arrow-right": "ArrowRightMIcon", "check": "CheckMIcon", "chevron-down": "ChevronDownMIcon",
  "chevron-left": "ChevronLeftMIcon", "chevron-right": "ChevronRightMIcon", "clock": "ClockIcon",
  "cross": "CrossMIcon", "crown": "CrownIcon", "department": "DepartmentIcon", "go-to": "GoToMIcon",
  "hourglass": "HourglassIcon", "info": "InfoCircleIcon", "lock": "LockMIcon", "person": "PersonIcon", "question": "QuestionIcon",
  "refresh": "RefreshIcon", "rocket": "RocketIcon", "search": "SearchIcon", "speed": "SpeedMeterIcon",
  "team": "ThreePersonsIcon", "trend-down": "TrendDownIcon", "trend-up": "TrendUpIcon", "scorecard": "TaskListIcon",
};

// The browser asks the portal for a token, a size and a slider, never for data: REST stays on the server, so the SDK's
// HTTP client, its actions and the date library behind them are left out.
const withoutRest = {
  name: "without-rest",
  setup(bundle) {
    const empty = { contents: "export class HttpV2 {}; export class HttpV3 {}; export class ActionsManager {}; export class ToolsManager {}; export class DateTime {};", loader: "js" };
    bundle.onResolve({ filter: /^luxon$|core\/http\/v[23]\.mjs$|(actions|tools)\/manager\.mjs$/ }, ({ path }) => ({ path, namespace: "empty" }));
    bundle.onLoad({ filter: /.*/, namespace: "empty" }, () => empty);
  },
};

await build({
  stdin: { contents: 'export { initializeB24Frame } from "@bitrix24/b24jssdk";', resolveDir: packages },
  bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", plugins: [withoutRest],
  banner: { js: "/*! @bitrix24/b24jssdk, frame part. MIT, (c) 2024 Bitrix24. See LICENSE.b24jssdk */" },
  outfile: join(here, "b24frame.js"),
});

copyFileSync(join(packages, "node_modules/htmx.org/dist/htmx.min.js"), join(here, "htmx.min.js"));

const tokens = ["001_b24_global", "003_b24_context_light", "007_b24_global"];
writeFileSync(
  join(here, "b24-tokens.css"),
  "/*! Air design tokens of @bitrix24/b24ui-nuxt. MIT, (c) 2024 Bitrix24. See LICENSE.b24ui */\n"
  + tokens.map((name) => read("b24ui/package/dist/runtime/air-design-tokens", `${name}.css`).trim()).join("\n") + "\n",
);

const symbol = ([name, file]) => {
  const source = read("b24icons/package/dist/outline/esm", `${file}.js`);
  const box = source.match(/viewBox: "([^"]+)"/)[1];
  const paths = [...source.matchAll(/_createElementVNode\("path", \{([^}]*)\}/g)].map(([, attributes]) => {
    const value = (key) => attributes.match(new RegExp(`"?${key}"?: "([^"]+)"`))?.[1];
    const rule = value("fill-rule") ? ` fill-rule="${value("fill-rule")}" clip-rule="${value("clip-rule") ?? "nonzero"}"` : "";
    return `<path${rule} d="${value("d")}"/>`;
  });
  return `<symbol id="${name}" viewBox="${box}" fill="currentColor">${paths.join("")}</symbol>`;
};
writeFileSync(
  join(here, "icons.svg"),
  '<!-- Outline icons of @bitrix24/b24icons-vue. MIT, (c) 2024 Bitrix24. See LICENSE.b24icons -->\n'
  + `<svg xmlns="http://www.w3.org/2000/svg">\n${Object.entries(ICONS).map(symbol).join("\n")}\n</svg>\n`,
);

copyFileSync(join(packages, "node_modules/htmx.org/LICENSE"), join(here, "LICENSE.htmx"));
copyFileSync(join(packages, "node_modules/@bitrix24/b24jssdk/LICENSE"), join(here, "LICENSE.b24jssdk"));
copyFileSync(join(packages, "b24ui/package/LICENSE"), join(here, "LICENSE.b24ui"));
copyFileSync(join(packages, "b24icons/package/LICENSE"), join(here, "LICENSE.b24icons"));
