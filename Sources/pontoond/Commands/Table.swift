/// A text table with a header and aligned columns, which are separated by two spaces.
struct Table {
    private var rows: [[String]]

    init(_ header: String...) { self.init(header) }

    init(_ header: [String]) { rows = [header] }

    mutating func append(_ cells: String...) { append(cells) }

    mutating func append(_ cells: [String]) { rows.append(cells) }

    /// The lines of the table, without trailing spaces.
    var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
