"use strict";

// Shows a chart's values at the pointer. Everything else works without it.
for (const figure of document.querySelectorAll("figure[data-readings]")) {
    const readings = JSON.parse(figure.dataset.readings);
    const box = document.createElement("div");
    box.className = "reading";
    box.setAttribute("aria-hidden", "true");
    figure.append(box);

    const hide = () => {
        box.classList.remove("shown");
        for (const line of figure.querySelectorAll(".hair")) line.remove();
    };

    const row = (name, color, value) => {
        const line = document.createElement("div");
        const patch = document.createElement("span");
        patch.className = "patch " + color;
        const label = document.createElement("span");
        label.className = "label";
        label.textContent = name;
        const figureText = document.createElement("b");
        figureText.textContent = value;
        line.append(patch, label, figureText);
        return line;
    };

    const show = (svg, event) => {
        const [left, right, top, bottom] = svg.dataset.plot.split(" ").map(Number);
        const bounds = svg.getBoundingClientRect();
        const scale = bounds.width / svg.viewBox.baseVal.width;
        const place = ((event.clientX - bounds.left) / scale - left) / (right - left);
        if (place < -0.02 || place > 1.02) {
            hide();
            return;
        }

        let nearest = 0;
        readings.at.forEach((at, i) => {
            if (Math.abs(at - place) < Math.abs(readings.at[nearest] - place)) nearest = i;
        });

        hide();
        const x = left + readings.at[nearest] * (right - left);
        const hair = document.createElementNS(svg.namespaceURI, "path");
        hair.setAttribute("class", "hair");
        hair.setAttribute("d", `M${x} ${top}V${bottom}`);
        svg.append(hair);

        const head = document.createElement("strong");
        head.textContent = readings.labels[nearest];
        box.replaceChildren(head);
        readings.series.forEach(([name, color], i) => {
            const value = readings.values[nearest][i];
            if (value !== null && value !== "0") box.append(row(name, color, value));
        });

        // Beside the hair line, on the side with more room, or above the plot if neither has enough.
        const frame = figure.getBoundingClientRect();
        const hairAt = bounds.left - frame.left + x * scale;
        const plotTop = bounds.top - frame.top + top * scale;
        const before = hairAt - box.offsetWidth - 12;
        const behind = hairAt + 12;
        const last = frame.width - box.offsetWidth - 4;
        const fits = hairAt > frame.width / 2 ? before >= 4 : behind <= last;
        const beside = hairAt > frame.width / 2 ? before : behind;
        const centred = Math.max(4, Math.min(hairAt - box.offsetWidth / 2, last));
        box.style.left = (fits ? beside : centred) + "px";
        box.style.top = (fits ? plotTop : plotTop - box.offsetHeight - 6) + "px";
        box.classList.add("shown");
    };

    for (const svg of figure.querySelectorAll("svg[data-plot]")) {
        svg.addEventListener("pointermove", event => show(svg, event));
        svg.addEventListener("pointerdown", event => show(svg, event));
        svg.addEventListener("pointerleave", hide);
    }
}
