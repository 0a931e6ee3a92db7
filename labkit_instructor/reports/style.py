"""How the pages look: light and dark, wide and narrow, on paper; never by colour alone.

The colours are those of Okabe and Ito, darker on white and lighter on black, so that small text is readable.
"""

CSS = """\
:root {
  --paper: #ffffff; --raised: #f5f6f8; --ink: #1c2127; --soft: #5a6572; --line: #d9dee4; --link: #005a99;
  --good: #00664b; --good-fill: #009e73; --bad: #a63d00; --bad-fill: #d55e00; --stop-fill: #cc79a7;
  --stop: #8a2f62; --late: #7a5600; --late-fill: #e69f00; --wait: #00588f; --wait-fill: #56b4e9;
  --none: #5a6572; --none-fill: #b4bcc6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --raised: #1d2329; --ink: #e4e8ec; --soft: #a2adb8; --line: #343d47; --link: #7cc4f5;
    --good: #4fd1a8; --good-fill: #009e73; --bad: #ff9a5c; --bad-fill: #d55e00; --stop: #eda7cb;
    --stop-fill: #cc79a7; --late: #f2bd4b; --late-fill: #e69f00; --wait: #84c9f5; --wait-fill: #56b4e9;
    --none: #a2adb8; --none-fill: #66717d;
  }
  img { background: #ffffff; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 54rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.25rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
h1, h2, h3, p, li, td, th, dd, summary { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { font-size: .9em; background: var(--raised); border-radius: 3px; padding: .05em .3em; }
pre {
  font-size: .84rem; line-height: 1.45; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; padding: .7rem .9rem; margin: .5rem 0; overflow: auto; max-height: 34rem; tab-size: 4;
}
pre code { background: none; padding: 0; font-size: inherit; }
img { max-width: 100%; height: auto; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td {
  text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid var(--line);
}
th { font-weight: 600; color: var(--soft); font-size: .88rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: .25rem; }
.id { color: var(--soft); white-space: nowrap; }
.soft { color: var(--soft); }
.small { font-size: .88rem; }
.total { font-size: 1.15rem; margin: .6rem 0 1rem; }
.wide { overflow-x: auto; }
.status { white-space: nowrap; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .stop { color: var(--stop); }
.late { color: var(--late); } .wait { color: var(--wait); } .none { color: var(--none); }
.box { border-left: 4px solid var(--line); background: var(--raised); padding: .5rem .9rem; margin: .8rem 0;
  border-radius: 0 6px 6px 0; }
.box > :first-child { margin-top: 0; } .box > :last-child { margin-bottom: 0; }
.box ul { margin: .3rem 0; padding-left: 1.3rem; }
.box.bad, .box.good, .box.wait, .box.late, .box.stop { color: inherit; }
.box.bad { border-color: var(--bad-fill); } .box.good { border-color: var(--good-fill); }
.box.wait { border-color: var(--wait-fill); } .box.late { border-color: var(--late-fill); }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .92rem; }
figure { margin: .8rem 0; } figure img { margin-bottom: .4rem; }
figcaption { color: var(--soft); font-size: .88rem; margin-top: .25rem; }
ul.findings { list-style: none; padding: 0; margin: .5rem 0; }
ul.findings > li { padding: .1rem 0 .1rem 1.5rem; position: relative; }
.findings .sign { position: absolute; left: 0; font-weight: 700; }
.findings dl {
  display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: .3rem 0 .5rem;
}
.findings dt { color: var(--soft); } .findings dd { margin: 0; overflow-wrap: anywhere; }
blockquote { margin: .5rem 0; padding-left: .9rem; border-left: 3px solid var(--line); color: var(--soft); }
.math { font-family: "Cambria Math", "STIX Two Math", Georgia, serif; font-style: italic; }
@media (max-width: 36rem) {
  body { font-size: 15px; }
  main { padding: 1rem .9rem 3rem; }
  h1 { font-size: 1.35rem; }
}
@media print {
  :root {
    --paper: #ffffff; --raised: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --link: #000000;
    --good: #00664b; --bad: #a63d00; --stop: #8a2f62; --late: #7a5600; --wait: #00588f; --none: #444444;
  }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  pre { max-height: none; overflow: visible; white-space: pre-wrap; overflow-wrap: anywhere; }
  h2, h3 { break-after: avoid; }
  figure, tr, .box { break-inside: avoid; }
}
"""

OVERVIEW = """\
main { max-width: 62rem; }
h2.lab { border-top: 3px solid var(--line); padding-top: 1rem; }
h4 { font-size: .95rem; margin: 1rem 0 .2rem; }
.bar { display: flex; gap: 2px; height: .85rem; margin: .3rem 0 .15rem; }
.bar i { min-width: 3px; border-radius: 2px; }
.count .fill { display: inline-block; width: 1.3rem; height: .75rem; border-radius: 2px; margin-right: .1rem;
  vertical-align: -.08rem; }
.fill.good { background: var(--good-fill); }
.fill.bad { background: repeating-linear-gradient(45deg, var(--bad-fill) 0 5px, var(--paper) 5px 7px); }
.fill.stop { background: repeating-linear-gradient(90deg, var(--stop-fill) 0 4px, var(--paper) 4px 6px); }
.fill.late { background: repeating-linear-gradient(-45deg, var(--late-fill) 0 3px, var(--paper) 3px 5px); }
.fill.refused { border: 1px solid var(--stop);
  background: repeating-conic-gradient(var(--stop) 0 25%, var(--paper) 0 50%) 0 0 / 7px 7px; }
.fill.wait { background: var(--wait-fill); }
.fill.to-review { background: repeating-linear-gradient(0deg, var(--wait-fill) 0 3px, var(--paper) 3px 5px); }
.fill.none { border: 1px solid var(--none-fill); }
.fill.missing { border-style: dashed; }
.count { white-space: nowrap; margin-right: .8rem; }
.count .status { font-weight: 400; }
.group { margin: .35rem 0 .7rem; padding-left: .8rem; border-left: 3px solid var(--line); }
.group p { margin: .1rem 0; }
.group details { margin: .1rem 0; }
.times { font-variant-numeric: tabular-nums; }
ul.tally { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; }
table.grid { font-size: .9rem; width: auto; min-width: 100%; }
.grid th, .grid td { padding: .2rem .5rem .2rem 0; }
.grid thead th { position: sticky; top: 0; background: var(--paper); }
.grid th[scope] { position: sticky; left: 0; background: var(--paper); font-weight: 400; min-width: 8rem; }
.grid .cell { text-align: center; padding: .2rem .35rem; font-weight: 700; white-space: nowrap; }
.grid .number { padding: .2rem .9rem .2rem .5rem; }
.grid .why { min-width: 14rem; }
table.facts { width: auto; } .facts td { padding-right: 2rem; }
@media (max-width: 36rem) { .grid .why { min-width: 24rem; } }
@media print { details:not([open]) { display: none; } }
"""
