// Tables with sortable columns; a refresh updates their cells in place.
import { element, setText } from "./status-format.js";

/**
 * One table. `columns`: { title; number: right-aligned; name: a player's text; cell(row): a text, or several, one below
 * the other; key(row): what to sort by; mark(row): a class }. `sortedBy`: the first sort column, descending; null: the
 * order of the rows.
 */
export class Table {
    constructor(region, caption, columns, sortedBy = null) {
        this.columns = columns;
        this.sortedBy = sortedBy;
        this.isDescending = true;
        this.heads = columns.map((column, i) => this.makeHead(column, i));
        this.body = element("tbody");
        const label = element("caption.unseen", caption);
        this.table = element("table", label, element("thead", element("tr", ...this.heads)), this.body);
        region.replaceChildren(this.table);
        this.mark();
    }

    makeHead(column, i) {
        const head = element(column.number ? "th.number" : "th");
        head.scope = "col";
        if (!column.key) {
            head.append(column.title);
            return head;
        }
        const button = element("button", column.title, element("span.arrow"));
        button.type = "button";
        button.addEventListener("click", () => this.sortBy(i));
        head.append(button);
        return head;
    }

    // Numbers sort descending first, texts ascending; the next click reverses.
    sortBy(i) {
        if (this.sortedBy === i) this.isDescending = !this.isDescending;
        else [this.sortedBy, this.isDescending] = [i, Boolean(this.columns[i].number)];
        this.mark();
        this.show(this.rows);
    }

    mark() {
        this.heads.forEach((head, i) => {
            if (i === this.sortedBy) head.setAttribute("aria-sort", this.isDescending ? "descending" : "ascending");
            else head.removeAttribute("aria-sort");
        });
    }

    show(rows) {
        this.rows = rows;
        const sorted = this.sort(rows);
        while (this.body.rows.length > sorted.length) this.body.lastChild.remove();
        sorted.forEach((row, i) => this.fill(this.body.rows[i] ?? this.addRow(), row));
    }

    sort(rows) {
        if (this.sortedBy === null) return rows;
        const { key } = this.columns[this.sortedBy];
        const sign = this.isDescending ? -1 : 1;
        return rows.map(row => [key(row), row]).sort(([a], [b]) => {
            if (a === b) return 0;
            // Unknown values come last in either direction.
            if (a === null) return 1;
            if (b === null) return -1;
            return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
        }).map(([, row]) => row);
    }

    addRow() {
        const row = element("tr", ...this.columns.map((column, i) => {
            const cell = element(i === 0 ? "th" : "td");
            if (i === 0) cell.scope = "row";
            return cell;
        }));
        this.body.append(row);
        return row;
    }

    fill(target, row) {
        this.columns.forEach((column, i) => {
            const cell = target.cells[i];
            const texts = [column.cell(row)].flat();
            const classes = [column.number ? "number" : "", column.name ? "name" : "", column.mark?.(row) ?? ""];
            cell.className = classes.join(" ").trim();
            while (cell.children.length > texts.length) cell.lastChild.remove();
            texts.forEach((text, at) => {
                // A bdi isolates the direction of a name's writing from the rest.
                const line = cell.children[at] ?? cell.appendChild(element(column.name ? "bdi" : "span"));
                setText(line, text);
                if (column.name && line.title !== text) line.title = text;
            });
        });
    }
}
