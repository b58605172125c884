# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Style sheet of the report."""

CSS = """
:root{--ink:#1d2733;--muted:#6b7785;--line:#e3e7ec;--paper:#fff;--ground:#f4f6f8;--accent:#1971c2}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer,nav{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
h1{font-size:28px;line-height:1.2;margin:6px 0 4px}
h2{font-size:18px;margin:0 0 12px}
header p{color:var(--muted);margin:0 0 12px}
.verdict{display:inline-block;padding:3px 12px;border-radius:99px;font-weight:600;color:#fff}
.good{background:#2b8a3e}.fair{background:#e67700}.bad{background:#c92a2a}
.reasons{margin:0 0 12px;padding-left:20px}
.warning{background:#fff3cd;border:1px solid #f2d58a;border-radius:8px;padding:10px 14px;margin-bottom:12px}
.warning ul{margin:4px 0 0;padding-left:20px}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:12px;margin:16px 0}
.tile{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.tile span{display:block;color:var(--muted);font-size:13px}
.tile b{display:block;font-size:24px;line-height:1.25;font-weight:650}
.tile small{color:var(--muted)}
nav{position:sticky;top:0;z-index:2;display:flex;flex-wrap:wrap;gap:4px 18px;
padding-top:10px;padding-bottom:10px;background:var(--ground)}
nav a{color:var(--accent);text-decoration:none;font-size:14px}
nav a:hover{text-decoration:underline}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:20px 22px;
margin-bottom:16px;scroll-margin-top:56px}
figure{margin:0}
figure svg{width:100%;height:auto;display:block}
figcaption,.absent,footer{color:var(--muted);font-size:13.5px}
figcaption{margin-top:6px}
.strip{display:grid;grid-template-columns:repeat(6,1fr);gap:6px;margin-top:10px}
.strip img{width:100%;height:auto;display:block;background:#000}
.strip small{color:var(--muted)}
table{border-collapse:collapse;width:100%;font-size:13.5px;margin-top:10px}
th{text-align:left;color:var(--muted);font-weight:600;
border-bottom:2px solid var(--line);padding:5px 10px 5px 0;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:5px 10px 5px 0;vertical-align:top}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
#faults td:first-child{white-space:nowrap}
.scroll{overflow-x:auto}
code{font:12.5px ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace}
.chip{padding:0 8px;border-radius:99px;font-size:12px;color:#fff;background:#868e96}
.chip.warning{background:#e67700;border:0}.chip.error{background:#e03131}.chip.critical{background:#862e9c}
footer{padding-bottom:32px}
@media(prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e3e9f0;--muted:#93a0b0;--line:#2d3743;--paper:#171d24;
--ground:#0f1419;--accent:#74b9ff}
.warning{background:#3a2f10;border-color:#6b571c}figure svg{background:#fff;border-radius:6px}}
@media(max-width:760px){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}section{padding:14px}}
@media print{:root{color-scheme:light;--ink:#1d2733;--muted:#6b7785;--line:#e3e7ec;--paper:#fff;--ground:#fff}
nav{display:none}body{background:#fff}section{border:0}figure,tr{break-inside:avoid}
.scroll{overflow:visible}table{font-size:10px}th,td,.number{white-space:normal!important;overflow-wrap:anywhere}}
"""
