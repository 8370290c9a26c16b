import { symbol } from './states.ts';

/**
 * The page's style sheet. Text has a contrast of 4.5 or more, in both colour schemes
 * (test/pages/cluster-page/style.test.ts).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f6; --card: #fff; --line: #dde1e5; --text: #1b2127; --soft: #566069; --link: #0b5cad;
  --ok: #12683c; --ok-bg: #e3f4ea; --warn: #8a5300; --warn-bg: #ffe6b3; --fail: #b4232a; --fail-bg: #fdeaea;
  --solid: #c62a31; --unknown: #566069; --unknown-bg: #e6e9ec; --bar: #c62a31; --fine: #bfe0cd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1316; --card: #181d22; --line: #2c343b; --text: #e4e8eb; --soft: #a0abb4; --link: #7cb8f5;
    --ok: #6fd39b; --ok-bg: #17342a; --warn: #f5bd55; --warn-bg: #44330f; --fail: #ff9a96; --fail-bg: #34191b;
    --solid: #c93a40; --unknown: #a0abb4; --unknown-bg: #2a3138; --bar: #ff7b76; --fine: #27523e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip, .sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:focus { width: auto; height: auto; margin: 8px; padding: 6px 12px; clip-path: none; background: var(--card); z-index: 9; }
header, main { max-width: 1440px; margin: 0 auto; padding: 0 20px; }
header { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; padding-top: 14px; }
header strong { font-size: 17px; letter-spacing: .01em; }
header form { margin-left: auto; color: var(--soft); }
header form button { color: var(--text); }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--soft); border-radius: 6px; padding: 3px 10px; }
input { width: 12em; }
button[aria-pressed=true] { background: var(--warn-bg); color: var(--warn); }
#stale { margin: 10px auto; max-width: 1400px; padding: 8px 14px; border-radius: 8px; background: var(--warn-bg); color: var(--warn); font-weight: 600; }
h1 { font-size: 15px; font-weight: 400; color: var(--soft); margin: 6px 0 14px; }
h1 b { color: var(--text); font-weight: 600; }
h2 { font-size: 17px; margin: 30px 0 8px; }
h3 { font-size: 15px; margin: 22px 0 6px; }
h4 { font-size: 14px; margin: 14px 0 4px; }
p { margin: 4px 0; }
.note, .hint, .since { color: var(--soft); font-weight: 400; font-size: 14px; }
code, .error { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.badge { display: inline-block; min-width: 1.55em; padding: 0 .3em; border-radius: 5px; text-align: center; font-size: .88em; line-height: 1.5; font-weight: 700; }
.badge.blank { border: 1px solid var(--line); height: 1.5em; vertical-align: middle; }
.badge.ok, td.ok { background: var(--ok-bg); color: var(--ok); }
.badge.warn, td.warn { background: var(--warn-bg); color: var(--warn); }
.badge.once, td.once { background: var(--unknown-bg); color: var(--unknown); }
.badge.fail, td.fail { background: var(--solid); color: #fff; }
.badge.unknown, .badge.off, td.unknown { background: var(--unknown-bg); color: var(--unknown); }
.certificates { list-style: none; margin: 0; padding: 0; }
.finding, .tile, .detail { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.finding { padding: 14px 20px 12px; margin-bottom: 12px; border-left: 8px solid var(--unknown); }
.finding h2 { font-size: 23px; line-height: 1.3; font-weight: 650; margin: 0 0 2px; }
.finding.fail { border-left-color: var(--solid); background: linear-gradient(var(--fail-bg), var(--card) 90px); }
.finding.warn { border-left-color: var(--warn); }
.finding.warn h2 { font-size: 20px; }
.finding.ok { border-left-color: var(--ok); background: linear-gradient(var(--ok-bg), var(--card) 90px); }
.finding.unknown h2 { font-size: 17px; }
.finding .since { font-size: 16px; color: var(--text); }
.number { color: var(--soft); font-weight: 400; }
.meta { display: flex; flex-wrap: wrap; gap: 2px 20px; font-size: 14px; color: var(--soft); margin-top: 8px; }
summary { cursor: pointer; color: var(--soft); font-size: 14px; }
details ul { margin: 4px 0; padding-left: 20px; }
.hour { display: flex; gap: 10px; align-items: end; max-width: 760px; margin: 8px 0; color: var(--soft); font-size: 12px; line-height: 1; white-space: nowrap; }
.strip { display: block; flex: 1; width: 100%; height: 24px; border-bottom: 1px solid var(--line); }
.strip .failed { fill: var(--bar); }
.strip .few { fill: var(--soft); opacity: .6; }
.strip .fine { fill: var(--fine); }
.tiles { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 10px; }
.tile { padding: 10px 12px; }
.tile h3 { margin: 0; font-size: 14.5px; }
.tile .what { font-size: 16px; }
.tile.fail { border-color: var(--solid); }
.tile.fail .what { color: var(--fail); font-weight: 650; }
.tile.warn { border-color: var(--warn); }
.tile.off { color: var(--soft); background: none; border-style: dashed; }
.scroll { overflow-x: auto; padding: 3px; margin: 0 -3px; }
table { border-collapse: collapse; }
th { text-align: left; font-weight: 500; }
.matrix { background: var(--card); white-space: nowrap; overflow-wrap: normal; }
.matrix td { border: 1px solid var(--card); padding: 0; text-align: center; }
.matrix tbody td { background: var(--card); }
.matrix tbody td.ok { background: var(--ok-bg); }
.matrix tbody td.warn { background: var(--warn-bg); }
.matrix tbody td.once, .matrix tbody td.unknown { background: var(--unknown-bg); }
.matrix tbody td.fail { background: var(--solid); font-weight: 700; }
.matrix tbody td.self { background: linear-gradient(to top right, transparent 46%, var(--line) 47% 53%, transparent 54%); }
.matrix td.silent { text-align: left; color: var(--soft); background: repeating-linear-gradient(-45deg, var(--unknown-bg) 0 6px, transparent 6px 14px); padding: 0 10px; max-width: 1px; overflow: hidden; text-overflow: ellipsis; }
.matrix th { padding: 1px 8px 1px 6px; font-size: 13px; }
.matrix th a { color: inherit; text-decoration-color: var(--line); }
.matrix th.fail { color: var(--fail); font-weight: 700; }
.matrix th.warn { color: var(--warn); font-weight: 700; }
.matrix th.unknown { color: var(--unknown); }
.matrix tbody th[scope=row], .matrix .corner { position: sticky; left: 0; background: var(--card); z-index: 1; border-right: 1px solid var(--line); }
.matrix .corner { color: var(--soft); font-size: 12px; padding: 0 8px; vertical-align: bottom; }
.matrix colgroup + colgroup + colgroup { border-left: 3px solid var(--line); }
.matrix .zone th { padding-top: 8px; font-weight: 650; border-bottom: 1px solid var(--line); }
.matrix.wide td { padding: 5px 10px; font-size: 14px; }
.matrix.wide tbody th { padding: 5px 12px 5px 6px; }
.matrix.mid tbody td, .matrix.dense tbody td { font-size: 12px; line-height: 17px; height: 19px; min-width: 19px; }
.matrix.dense tbody td { font-size: 8px; line-height: 10px; height: 11px; min-width: 11px; }
.matrix.dense tbody th[scope=row] { font-size: 10px; line-height: 11px; padding: 0 6px; }
.matrix.mid thead th.node, .matrix.dense thead th.node { padding: 2px 0; vertical-align: bottom; }
.matrix.mid thead th.node span, .matrix.dense thead th.node span { writing-mode: vertical-rl; max-height: 110px; overflow: hidden; text-overflow: ellipsis; font-size: 12px; line-height: 17px; }
.matrix.dense thead th.node span { font-size: 9px; line-height: 10px; }
.matrix .node a { display: inline-block; max-width: 15em; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; margin: 8px 0; font-size: 13px; color: var(--soft); }
.nodes { display: flex; flex-wrap: wrap; gap: 2px; line-height: 18px; list-style: none; margin: 4px 0; padding: 0; }
.nodes a { display: block; width: 18px; height: 18px; border-radius: 3px; text-align: center; text-decoration: none; font-size: 12px; font-weight: 700; background: var(--fine); color: var(--ok); }
.nodes a.ok::before { content: "${symbol('ok')}" / ""; }
.nodes a.fail::before { content: "${symbol('fail')}" / ""; }
.nodes a.warn::before { content: "${symbol('warn')}" / ""; }
.nodes a.unknown::before { content: "${symbol('unknown')}" / ""; }
.nodes a.fail { background: var(--solid); color: #fff; }
.nodes a.warn { background: var(--warn-bg); color: var(--warn); box-shadow: inset 0 0 0 1px var(--warn); }
.nodes a.unknown { background: var(--unknown-bg); color: var(--unknown); }
.detail { padding: 4px 20px 14px; margin-top: 20px; border-color: var(--link); }
.detail h2 { margin-top: 12px; }
.close { float: right; margin-top: 12px; }
.list { font-size: 14px; width: 100%; overflow-wrap: normal; }
.list th, .list td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.list thead th { color: var(--soft); font-size: 13px; white-space: nowrap; }
.list .error { display: inline-block; min-width: 12em; overflow-wrap: anywhere; color: var(--soft); }
.list th[scope=row] a { white-space: nowrap; }
.links { list-style: none; padding: 0; }
.hours { width: 100%; max-width: 1200px; font-size: 14px; }
.hours th, .hours td { padding: 4px 14px 4px 0; vertical-align: bottom; white-space: nowrap; }
.hours td:nth-child(2) { width: 100%; min-width: 160px; }
.hours thead th { color: var(--soft); font-size: 12px; }
.hours td:nth-child(3) { text-align: right; }
.hours thead th:nth-child(3) { text-align: right; }
.hours .from { float: left; } .hours .to { float: right; }
footer { max-width: 1440px; margin: 24px auto 0; padding: 0 20px 24px; color: var(--soft); font-size: 14px; }
@media (max-width: 640px) {
  body { font-size: 16px; }
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  header form { margin-left: 0; }
  .finding { padding: 12px 14px 10px; border-left-width: 6px; }
  .finding h2, .finding.warn h2 { font-size: 20px; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
  .tile { padding: 8px 10px; }
  .tile .what { font-size: 16px; }
  .nodes a { width: 24px; height: 24px; line-height: 24px; }
  .hours thead { display: none; }
  .hours tr { display: grid; grid-template-columns: 1fr auto; padding-bottom: 10px; }
  .hours th, .hours td { padding: 0; white-space: normal; }
  .hours td:nth-child(2) { grid-row: 2; grid-column: 1 / 3; }
  .hours td:nth-child(4) { grid-column: 1 / 3; }
  header input { width: 8em; }
}
@media (prefers-contrast: more) { :root { --soft: var(--text); --line: var(--soft); } }
@media print { header form, #pause, .skip { display: none; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
