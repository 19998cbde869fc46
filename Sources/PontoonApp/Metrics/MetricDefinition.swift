/// The definition of a metric, used by the exposition, docs/monitoring.md and tests.
package struct MetricDefinition: Sendable {
    /// The type of a metric; the raw value is its name in the exposition.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// What a value describes if several servers share a database.
    package enum Scope: Sendable {
        /// This server. Add up the values of all servers.
        case server
        /// The shared stores. All servers report the same value, so take the maximum.
        case stores
    }

    package let name: String
    package let kind: Kind
    package let help: String
    /// Names of the labels, in the order of the exposition.
    package let labels: [String]
    package let scope: Scope
    /// Upper bounds of a histogram's buckets, ascending, without infinity.
    let buckets: [Double]

    /// Maximum number of combinations of label values per metric; further combinations are not exported.
    static let maximumSeries = 2000

    static func counter(_ name: String, labels: [String] = [], _ help: String) -> MetricDefinition {
        MetricDefinition(name: name, kind: .counter, help: help, labels: labels, scope: .server, buckets: [])
    }

    static func gauge(
        _ name: String,
        labels: [String] = [],
        scope: Scope = .server,
        _ help: String
    ) -> MetricDefinition {
        MetricDefinition(name: name, kind: .gauge, help: help, labels: labels, scope: scope, buckets: [])
    }

    static func histogram(
        _ name: String,
        labels: [String] = [],
        buckets: [Double],
        _ help: String
    ) -> MetricDefinition {
        MetricDefinition(name: name, kind: .histogram, help: help, labels: labels, scope: .server, buckets: buckets)
    }
}
