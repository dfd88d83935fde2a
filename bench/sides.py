"""Two programs side by side: figures of both, their ratio, a table of them."""

import statistics


class Figures:
    """Of one line of the table: values of skep and of the other side by quantity."""

    def __init__(self):
        self.values = {}

    def add(self, side, quantity, values):
        self.values.setdefault((side, quantity), []).extend(values)

    def median(self, side, quantity):
        found = self.values.get((side, quantity))
        return statistics.median(found) if found else None

    def cell(self, side, quantity):
        found = self.values.get((side, quantity))
        if not found:
            return "-"
        digits = 0 if statistics.median(found) >= 100 else 1
        return (f"{statistics.median(found):.{digits}f} "
                f"({min(found):.{digits}f}-{max(found):.{digits}f})")

    def ratio(self, quantity):
        ours, theirs = self.median("skep", quantity), self.median("theirs", quantity)
        return ours / theirs if ours is not None and theirs else None


def table(head, theirs, quantities, rows, problems):
    """`quantities`: (name, heading); `rows`: (text, Figures)."""
    lines = [[head] + [f"{text}: {what}" for _, text in quantities
                       for what in ("skep", theirs, "ratio")]]
    for name, figures in rows:
        line = [name]
        for quantity, _ in quantities:
            ratio = figures.ratio(quantity)
            line += [figures.cell("skep", quantity), figures.cell("theirs", quantity),
                     "-" if ratio is None else f"{ratio:.2f}"]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
            for line in lines]
    for quantity, text_of in quantities:
        ratios = [r for r in (figures.ratio(quantity) for _, figures in rows) if r is not None]
        if ratios:
            text.append(f"{text_of}: {statistics.median(ratios):.2f} of {theirs}' (median of "
                        f"{len(ratios)}; {min(ratios):.2f} to {max(ratios):.2f}); not more in "
                        f"{sum(r <= 1 for r in ratios)}")
    return "\n".join(text + problems)
