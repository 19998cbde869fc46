/// A builder for metrics in the text format of Prometheus.
struct MetricsText {
    private(set) var text = ""

    /// Appends a metric with its values.
    ///
    /// - Parameters:
    ///   - definition: The metric.
    ///   - values: The metric's values. The label values of each are in the order of the definition's labels.
    mutating func append(
        _ definition: MetricDefinition,
        _ values: [(labels: [String], value: MetricsRegistry.Value)]
    ) {
        text += "# HELP \(definition.name) \(Self.escape(definition.help, quotes: false))\n"
        text += "# TYPE \(definition.name) \(definition.kind.rawValue)\n"
        for (labels, value) in values {
            let pairs = Array(zip(definition.labels, labels))
            switch value {
            case .number(let number): line(definition.name, pairs, number)
            case .distribution(let distribution): append(definition, pairs, distribution)
            }
        }
    }

    private mutating func append(
        _ definition: MetricDefinition,
        _ labels: [(String, String)],
        _ distribution: MetricsRegistry.Distribution
    ) {
        var total: UInt64 = 0
        for (index, count) in distribution.counts.enumerated() {
            total &+= count
            let bound = index < definition.buckets.count ? Self.number(definition.buckets[index]) : "+Inf"
            line("\(definition.name)_bucket", labels + [("le", bound)], Double(total))
        }
        line("\(definition.name)_sum", labels, distribution.sum)
        line("\(definition.name)_count", labels, Double(total))
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escape($0.1, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(Self.number(value))\n"
    }

    /// Formats a number, without a fraction if it is whole.
    private static func number(_ value: Double) -> String {
        guard let integer = Int64(exactly: value) else { return "\(value)" }
        return String(integer)
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
