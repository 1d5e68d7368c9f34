// Small charts of the history, drawn as SVG.
import { element, setText } from "./status-format.js";

const svgNamespace = "http://www.w3.org/2000/svg";
const height = 132;
const margin = { left: 46, right: 8, top: 8, bottom: 22 };

function shape(name, attributes, text) {
    const node = document.createElementNS(svgNamespace, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
}

// The top of the axis: rounds up to 1, 2 or 5 times a power of ten.
function roundUp(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    for (const step of [1, 2, 5, 10]) {
        if (value <= step * power * 1.0001) return step * power;
    }
    return 10 * power;
}

/**
 * One chart. `spec`: title; series [{ key, name, color, mayBeMissing: a missing value is not shaded as a gap }];
 * format: turns a value into text; floor: the smallest top of the axis.
 */
export class Chart {
    constructor(spec) {
        this.spec = spec;
        this.heading = element("h3", spec.title);
        this.legend = element("ul.legend", ...spec.series.map(series => {
            series.value = element("b");
            return element("li", element("span.patch." + series.color), series.name + " ", series.value);
        }));
        this.box = element("div.reading");
        this.box.setAttribute("aria-hidden", "true");
        this.svg = shape("svg", { role: "img" });
        this.figure = element("figure", element("figcaption", this.heading, this.legend), this.svg, this.box);
        this.svg.addEventListener("pointermove", event => this.point(event.clientX));
        this.svg.addEventListener("pointerdown", event => this.point(event.clientX));
        this.svg.addEventListener("pointerleave", () => this.point(null));
        new ResizeObserver(() => this.draw()).observe(this.figure);
    }

    /** Shows this history; `now` is the date of its last point. */
    show(history, now) {
        this.history = history;
        this.now = now;
        this.draw();
    }

    draw() {
        const width = Math.floor(this.svg.clientWidth);
        if (!this.history || width < 80) return;
        this.width = width;
        const values = this.spec.series.map(series => this.history[series.key]);
        const highest = Math.max(this.spec.floor ?? 1, ...values.flat().filter(value => value !== null));
        this.values = values;
        this.top = roundUp(highest);
        this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        const lines = this.spec.series.map((series, i) => this.drawLine(series, values[i]));
        this.svg.replaceChildren(this.drawGrid(), ...lines);
        this.spec.series.forEach((series, i) => setText(series.value, this.text(values[i].at(-1))));
        this.svg.setAttribute("aria-label", this.describe(values));
        if (this.pointedAt !== undefined && this.pointedAt !== null) this.point(this.pointedAt);
    }

    text(value) {
        return value === null || value === undefined ? "–" : this.spec.format(value);
    }

    describe(values) {
        const parts = this.spec.series.map((series, i) => {
            const known = values[i].filter(value => value !== null);
            return known.length === 0 ? `${series.name}: unknown`
                : `${series.name}: now ${this.text(values[i].at(-1))}, at most ${this.text(Math.max(...known))}`;
        });
        return `${this.spec.title}. ${parts.join("; ")}.`;
    }

    x(secondsAgo) {
        const span = this.history.spanSeconds;
        return this.width - margin.right - secondsAgo / span * (this.width - margin.left - margin.right);
    }

    y(value) {
        return height - margin.bottom - value / this.top * (height - margin.top - margin.bottom);
    }

    drawGrid() {
        const grid = shape("g", { "aria-hidden": "true" });
        for (const share of [0, 0.5, 1]) {
            const y = Math.round(this.y(this.top * share)) + 0.5;
            const line = `M${margin.left} ${y}H${this.width - margin.right}`;
            grid.append(shape("path", { class: share === 0 ? "floor" : "grid", d: line }));
            const label = this.spec.format(this.top * share).replace(/\.0(?!\d)/, "");
            grid.append(shape("text", { class: "tick end", x: margin.left - 7, y: y + 4 }, label));
        }
        const span = this.history.spanSeconds;
        for (let i = 0; i < 3; i++) {
            const ago = span * (1 - i / 2);
            const label = i === 2 ? "now" : new Date(this.now - ago * 1000)
                .toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
            const anchor = ["start", "middle", "end"][i];
            grid.append(shape("text", { class: "tick " + anchor, x: this.x(ago), y: height - 5 }, label));
        }
        return grid;
    }

    // A missing value breaks the line, and its gap is shaded.
    drawLine(series, values) {
        const group = shape("g", { class: series.color, "aria-hidden": "true" });
        const ago = this.history.secondsAgo;
        let path = "";
        let start = null;
        let area = "";
        values.forEach((value, i) => {
            const x = this.x(ago[i]).toFixed(1);
            if (value === null) {
                if (start !== null) area += `V${this.y(0)}H${start}Z`;
                start = null;
                if (!series.mayBeMissing) group.append(this.drawGap(ago[i]));
                return;
            }
            const step = `${start === null ? "M" : "L"}${x} ${this.y(value).toFixed(1)}`;
            path += step;
            area += start === null ? `M${x} ${this.y(0)}L${x} ${this.y(value).toFixed(1)}` : step;
            start ??= x;
        });
        if (start !== null && values.length > 0) area += `V${this.y(0)}H${start}Z`;
        if (series === this.spec.series[0]) group.append(shape("path", { class: "area", d: area }));
        group.append(shape("path", { class: "line", d: path }));
        return group;
    }

    drawGap(secondsAgo) {
        const from = this.x(secondsAgo + this.history.intervalSeconds);
        const width = Math.max(2, this.x(secondsAgo) - from);
        return shape("rect", { class: "gap", x: from, width, y: margin.top, height: this.y(0) - margin.top });
    }

    // Shows the values nearest to the pointer.
    point(clientX) {
        this.pointedAt = clientX;
        this.svg.querySelector(".hair")?.remove();
        const ago = this.history?.secondsAgo ?? [];
        if (clientX === null || ago.length === 0) {
            this.box.classList.remove("shown");
            return;
        }
        const bounds = this.svg.getBoundingClientRect();
        const place = (clientX - bounds.left) * this.width / bounds.width;
        let nearest = 0;
        ago.forEach((seconds, i) => {
            if (Math.abs(this.x(seconds) - place) < Math.abs(this.x(ago[nearest]) - place)) nearest = i;
        });
        const x = this.x(ago[nearest]);
        this.svg.append(shape("path", { class: "hair", d: `M${x} ${margin.top}V${height - margin.bottom}` }));
        const at = new Date(this.now - ago[nearest] * 1000);
        this.box.replaceChildren(element("strong", at.toLocaleTimeString()), ...this.spec.series.map((series, i) =>
            element("div", element("span.patch." + series.color), element("span.label", series.name),
                element("b", this.text(this.values[i][nearest])))));
        this.box.classList.add("shown");
        const left = x > this.width / 2 ? x - this.box.offsetWidth - 10 : x + 10;
        this.box.style.left = `${bounds.left - this.figure.getBoundingClientRect().left + Math.max(0, left)}px`;
        this.box.style.top = `${this.svg.offsetTop + margin.top}px`;
    }
}
