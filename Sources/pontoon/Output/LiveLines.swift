/// The lines at the bottom of a terminal that are redrawn in place, and the permanent lines above them.
///
/// The methods do not write; they return the text to write.
struct LiveLines {
    /// Widths of the drawn lines in columns.
    private var drawn: [Int] = []
    private var lines: [String] = []
    private var waiting: [String] = []
    private var lastDrawing: ContinuousClock.Instant?

    /// Minimum time between two redraws caused by permanent lines.
    private static let interval = Duration.milliseconds(100)

    /// Whether live lines are on the screen, or permanent lines wait for the next redraw.
    var isActive: Bool { !drawn.isEmpty || !waiting.isEmpty }

    /// Returns the text that replaces the live lines and prints the waiting permanent lines.
    ///
    /// No live line may be wider than the terminal, which has the given number of columns.
    mutating func draw(_ lines: [String], columns: Int) -> String {
        self.lines = lines
        return redraw(columns: columns)
    }

    /// Adds a permanent line above the live lines.
    ///
    /// Lines that are added in quick succession are printed together, so that the live lines are not redrawn for each
    /// of them.
    ///
    /// - Returns: The text to write; `nil` if the line waits for the next redraw.
    mutating func add(_ line: String, columns: Int) -> String? {
        waiting.append(line)
        if let lastDrawing, lastDrawing + Self.interval > .now { return nil }
        return redraw(columns: columns)
    }

    /// Returns the text that removes the live lines and prints the waiting permanent lines.
    mutating func end(columns: Int) -> String {
        lines = []
        return redraw(columns: columns)
    }

    private mutating func redraw(columns: Int) -> String {
        let text = erasure(columns: columns) + (waiting + lines).map { "\($0)\n" }.joined()
        waiting = []
        drawn = lines.map(\.columns)
        lastDrawing = .now
        return text
    }

    /// Escape sequences that move the cursor to the first live line and erase everything from there.
    ///
    /// When a terminal becomes narrower, it usually wraps the lines that were drawn for the earlier width.
    private func erasure(columns: Int) -> String {
        let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
        return rows > 0 ? "\r\u{1B}[\(rows)A\u{1B}[J" : ""
    }
}

extension String {
    /// Number of columns in which a terminal displays the text.
    var columns: Int { Terminal.columns(of: self).reduce(0, +) }

    /// Returns the text, shortened in the middle with `…` if it takes more than `limit` columns.
    func shortened(to limit: Int) -> String {
        let widths = Terminal.columns(of: self)
        guard widths.reduce(0, +) > limit else { return self }
        guard limit > 1 else { return limit == 1 ? "…" : "" }
        let tailLimit = (limit - 1) / 2
        let head = Self.count(widths, within: limit - 1 - tailLimit)
        let tail = Self.count(widths.reversed(), within: tailLimit)
        return "\(prefix(head))…\(suffix(tail))"
    }

    /// Returns the number of leading characters that fit into `limit` columns.
    private static func count(_ widths: some Sequence<Int>, within limit: Int) -> Int {
        var (count, sum) = (0, 0)
        for width in widths {
            sum += width
            if sum > limit { break }
            count += 1
        }
        return count
    }
}
