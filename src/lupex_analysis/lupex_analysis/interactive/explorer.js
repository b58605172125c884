// SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
// SPDX-License-Identifier: Apache-2.0
// One cursor over all charts and the map. Lines are Bokeh's; the cursor is laid over them, so that moving it draws nothing anew.
(() => {
  "use strict";
  const told = JSON.parse(document.getElementById("explorer-data").textContent);
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const column = (renderer, name) => renderer.data_source.data.get ? renderer.data_source.data.get(name) : renderer.data_source.data[name];
  const colour = (key) => getComputedStyle(root).getPropertyValue(`--c-${key}`).trim();
  const digits = (value) => {
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const places = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.001 || size === 0 ? 4 : 6;
    return value.toLocaleString("en", { maximumFractionDigits: places });
  };
  const clock = (seconds) => {
    const sign = seconds < 0 ? "−" : "";
    const whole = Math.abs(seconds);
    if (told.unit === "s") return `${sign}${whole.toFixed(2)} s`;
    if (told.unit === "min") return `${sign}${Math.floor(whole / 60)} min ${(whole % 60).toFixed(1)} s`;
    return `${sign}${(whole / 3600).toFixed(3)} h`;
  };
  const utc = (seconds) => told.utc_zero_s === null ? "" :
    new Date(1000 * (told.utc_zero_s + seconds)).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  // row of the last sample at or before x, -1 before the first
  const before = (values, x) => {
    let low = -1, high = values.length;
    while (high - low > 1) { const middle = (low + high) >> 1; if (values[middle] <= x) low = middle; else high = middle; }
    return low;
  };

  const charts = [];
  let map = null, range = null, moment = null, asked = false;

  function bound(element, model) {
    const view = Bokeh.index.find_one(model);
    const layer = view.canvas_view.events_el;
    // a finger that moves up or down scrolls the page
    layer.style.touchAction = "pan-y";
    layer.setAttribute("tabindex", "-1");
    return { element, model, view, lines: model.renderers.filter((each) => each.tags[0] === "line"),
      values: all(".keys b", element.parentNode), at: null };
  }

  function theme() {
    const ink = colour("ink"), muted = colour("muted"), grid = getComputedStyle(root).getPropertyValue("--line").trim();
    for (const { model } of [...charts, ...(map ? [map] : [])]) {
      for (const axis of [...model.left, ...model.below]) {
        if (axis.major_label_text_color !== undefined) axis.setv({ major_label_text_color: muted, axis_label_text_color: muted, major_tick_line_color: grid,
          axis_label_text_font_style: "normal", major_label_text_font_size: "11px", axis_label_text_font_size: "11px" });
      }
      for (const each of model.center) {
        if (each.tags[0] === "text") each.setv({ text_color: ink });
        else if (each.grid_line_color !== undefined) each.setv({ grid_line_color: grid });
      }
      for (const renderer of model.renderers) {
        const [kind, key] = renderer.tags;
        if (kind === "line" || kind === "way") renderer.glyph.setv({ line_color: colour(key) });
        if (kind === "fill") renderer.glyph.setv({ fill_color: colour(key) });
        if (kind === "bar") renderer.glyph.setv({ fill_color: colour(key), line_color: colour(key) });
      }
    }
    for (const mark of all("[data-colour]")) mark.style.background = mark.style.color = colour(mark.dataset.colour);
  }

  function say(chart, x) {
    chart.lines.forEach((line, number) => {
      const out = chart.values[number];
      if (!out) return;
      const xs = column(line, "x"), ys = column(line, "y");
      let row = before(xs, x);
      // the nearer of both neighbours: what was measured, nothing between
      if (row + 1 < xs.length && (row < 0 || xs[row + 1] - x < x - xs[row])) row += 1;
      const outside = x < xs[0] - 1e-3 * told.span || x > xs[xs.length - 1] + 1e-3 * told.span;
      out.textContent = outside ? "–" : `${digits(ys[row])} ${chart.unit}`;
    });
    if (chart.rows) {
      const t = x * told.unit_s;
      const now = chart.rows.flatMap(([name, bars]) => {
        const texts = [...new Set(bars.filter(([begin, end]) => begin <= t && t < end).map((bar) => bar[2]))];
        return texts.length ? [`${name}: ${texts.join(", ")}`] : [];
      });
      chart.values[0].textContent = now.join(" · ") || "–";
    }
  }

  function place(chart, x) {
    const { left, width, top, height } = chart.view.frame.bbox;
    const { start, end } = range;
    const share = (x - start) / (end - start);
    if (!chart.at) chart.at = chart.element.appendChild(Object.assign(document.createElement("div"), { className: "at" }));
    const shown = share >= 0 && share <= 1;
    chart.at.style.display = shown ? "block" : "none";
    if (shown) Object.assign(chart.at.style, { left: `${left + share * width}px`, top: `${top}px`, height: `${height}px` });
  }

  function rovers(seconds) {
    if (!map) return;
    const { left, top, width, height } = map.view.frame.bbox;
    const { x_range, y_range } = map.model;
    map.ways.forEach((way, number) => {
      const mark = map.marks[number], ts = column(way, "t");
      const row = before(ts, seconds);
      const known = row >= 0 && seconds <= ts[ts.length - 1] + 1e-3;
      let shown = false;
      if (known) {
        const next = Math.min(row + 1, ts.length - 1);
        const share = next > row && ts[next] > ts[row] ? (seconds - ts[row]) / (ts[next] - ts[row]) : 0;
        const between = (name) => { const values = column(way, name); return values[row] + share * (values[next] - values[row]); };
        const x = between("x"), y = between("y"), yaw = between("yaw");
        const right = (x - x_range.start) / (x_range.end - x_range.start), up = (y - y_range.start) / (y_range.end - y_range.start);
        shown = right >= 0 && right <= 1 && up >= 0 && up <= 1;
        mark.dataset.x = x; mark.dataset.y = y;
        mark.classList.toggle("turned", Number.isFinite(yaw));
        Object.assign(mark.style, { left: `${left + right * width}px`, top: `${top + (1 - up) * height}px`,
          transform: Number.isFinite(yaw) ? `rotate(${-yaw}rad)` : "" });
        map.values[number].textContent = `${digits(x)}, ${digits(y)} m`;
      } else map.values[number].textContent = "–";
      mark.style.display = shown ? "block" : "none";
    });
  }

  function draw() {
    asked = false;
    const x = moment / told.unit_s;
    for (const chart of charts) { place(chart, x); say(chart, x); }
    rovers(moment);
    one("#moment b").textContent = clock(moment);
    one("#moment span").textContent = utc(moment);
    const slider = one("#slider");
    slider.value = moment;
    slider.setAttribute("aria-valuetext", clock(moment));
  }
  const later = () => { if (!asked && moment !== null) { asked = true; requestAnimationFrame(draw); } };
  const go = (seconds) => { moment = Math.min(Math.max(seconds, told.first_s), told.span_s); later(); };
  const show = (start, end) => range.setv({ start, end });
  const whole = () => show(0, told.span);

  // show a time with what lies around it, and no less than a twentieth of all
  function visit(begin, end) {
    go(begin);
    const half = Math.max(told.span_s / 40, 1.5 * (end - begin));
    const middle = (begin + end) / 2;
    show(Math.max((middle - half) / told.unit_s, 0), Math.min((middle + half) / told.unit_s, told.span));
  }
  function zoom(factor) {
    const middle = moment === null ? (range.start + range.end) / 2 : moment / told.unit_s;
    const share = Math.min(Math.max((middle - range.start) / (range.end - range.start), 0), 1);
    const width = Math.min((range.end - range.start) * factor, told.span);
    const start = Math.min(Math.max(middle - share * width, 0), told.span - width);
    show(start, start + width);
  }

  function listen() {
    for (const chart of charts) {
      const at = (event) => {
        const { left, width } = chart.view.frame.bbox;
        const share = (event.clientX - chart.element.getBoundingClientRect().left - left) / width;
        return (range.start + Math.min(Math.max(share, 0), 1) * (range.end - range.start)) * told.unit_s;
      };
      chart.element.addEventListener("pointermove", (event) => go(at(event)));
      chart.element.addEventListener("pointerdown", (event) => go(at(event)));
      chart.element.addEventListener("dblclick", whole);
      if (chart.rows) chart.element.addEventListener("click", (event) => {
        const t = at(event), slack = 4 / chart.view.frame.bbox.width * (range.end - range.start) * told.unit_s;
        const box = chart.element.getBoundingClientRect(), { top, height } = chart.view.frame.bbox;
        const row = chart.rows[Math.floor((event.clientY - box.top - top) / height * chart.rows.length)];
        const bar = row && row[1].find(([begin, end]) => begin - slack <= t && t <= end + slack);
        if (bar && bar[3]) visit(bar[0], bar[1]);
      });
    }
    if (map) map.element.addEventListener("pointermove", (event) => {
      const box = map.element.getBoundingClientRect(), { left, top, width, height } = map.view.frame.bbox;
      const { x_range, y_range } = map.model;
      const x = x_range.start + (event.clientX - box.left - left) / width * (x_range.end - x_range.start);
      const y = y_range.end - (event.clientY - box.top - top) / height * (y_range.end - y_range.start);
      const way = map.ways[0], xs = column(way, "x"), ys = column(way, "y");
      let best = -1, least = (12 * (x_range.end - x_range.start) / width) ** 2;
      for (let k = 0; k < xs.length; k++) { const far = (xs[k] - x) ** 2 + (ys[k] - y) ** 2; if (far < least) { least = far; best = k; } }
      if (best >= 0) go(column(way, "t")[best]);
    });
    range.change.connect(later);
    if (map) { map.model.x_range.change.connect(later); map.model.y_range.change.connect(later); }
    new ResizeObserver(() => setTimeout(later, 60)).observe(one("main"));
    one("#slider").addEventListener("input", (event) => {
      go(Number(event.target.value));
      const x = moment / told.unit_s, width = range.end - range.start;
      if (x < range.start || x > range.end) { const start = Math.min(Math.max(x - width / 2, 0), told.span - width); show(start, start + width); }
    });
    one("#closer").addEventListener("click", () => zoom(0.5));
    one("#farther").addEventListener("click", () => zoom(2));
    one("#whole").addEventListener("click", whole);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button.go");
      if (button) visit(Number(button.dataset.begin), Number(button.dataset.end));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  }

  async function begin() {
    root.classList.add("live-on");
    const roots = Object.fromEntries(told.plots.map((plot) => [plot.id, plot.element]));
    await Bokeh.embed.embed_items({ page: told.document }, [{ docid: "page", roots, root_ids: Object.keys(roots) }]);
    const made = Bokeh.documents[Bokeh.documents.length - 1];
    for (const plot of told.plots) {
      const held = bound(document.getElementById(plot.element), made.get_model_by_id(plot.id));
      if (plot.element === "live-map") {
        map = held;
        map.ways = map.model.renderers.filter((each) => each.tags[0] === "way").reverse();
        map.marks = all(".rover", held.element);
        map.values = all(".keys b", one(".beside"));
      } else charts.push(Object.assign(held, { unit: plot.unit, rows: plot.rows }));
    }
    range = charts[0].model.x_range;
    theme();
    listen();
    go(0);
    root.dataset.ready = "yes";
  }
  // without what it needs the page stays as it is on paper
  const failed = (error) => { root.classList.remove("live-on"); console.error(error); };
  if (window.Bokeh) begin().catch(failed);
})();
