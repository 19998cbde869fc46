package import CoreMetrics
import Synchronization

/// The metrics of a process, which can be exported in the text format of Prometheus.
///
/// Implements `MetricsFactory` of swift-metrics for the metrics in ``MetricList``. Metrics with other names, such as
/// those of libraries, are not exported. Each metric is created once, and keeps its value until the process exits.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
package final class MetricsRegistry: MetricsFactory, Sendable {
    /// A number, or the distribution of a histogram.
    package enum Value: Sendable {
        case number(Double)
        case distribution(Distribution)
    }

    /// The values recorded in a histogram.
    package struct Distribution: Sendable {
        /// Number of values in each bucket of the metric's definition, not cumulative.
        ///
        /// The last element counts the values above all buckets.
        package var counts: [UInt64]
        package var sum: Double

        package init(counts: [UInt64], sum: Double) {
            self.counts = counts
            self.sum = sum
        }
    }

    /// A value that is computed whenever the metrics are read.
    package struct Sample: Sendable {
        let name: String
        let labels: [String]
        let value: Value

        /// - Parameters:
        ///   - name: The name of a metric in ``MetricList``.
        ///   - labels: Values of the metric's labels, in the order of its definition.
        ///   - value: The value.
        package init(_ name: String, labels: [String] = [], _ value: Value) {
            self.name = name
            self.labels = labels
            self.value = value
        }

        package init(_ name: String, labels: [String] = [], _ value: some BinaryInteger) {
            self.init(name, labels: labels, .number(Double(value)))
        }
    }

    private typealias Series = [[String]: any MetricHandler]

    private let definitions: [String: MetricDefinition]
    private let series = Mutex<[String: Series]>([:])
    private let collectors = Mutex<[@Sendable () -> [Sample]]>([])

    package init() {
        definitions = Dictionary(uniqueKeysWithValues: MetricList.all.map { ($0.name, $0) })
    }

    /// Adds a function that computes values whenever the metrics are read.
    ///
    /// - Parameter collector: Returns the values. Must not block.
    package func collect(_ collector: @escaping @Sendable () -> [Sample]) {
        collectors.withLock { $0.append(collector) }
    }

    /// The metrics in the text format, in the order of ``MetricList``, without metrics that have no value yet.
    package var text: String {
        var families: [String: [(labels: [String], value: Value)]] = series.withLock { series in
            series.mapValues { family in family.map { (labels: $0.key, value: $0.value.value) } }
        }
        for collector in collectors.withLock({ $0 }) {
            for sample in collector() { families[sample.name, default: []].append((sample.labels, sample.value)) }
        }
        var text = MetricsText()
        for definition in MetricList.all {
            guard let values = families[definition.name], !values.isEmpty else { continue }
            text.append(definition, values.sorted { $0.labels.lexicographicallyPrecedes($1.labels) })
        }
        return text.text
    }

    /// Returns the handler of a metric, and creates it if it does not exist.
    ///
    /// - Returns: `nil` if the metric is not in ``MetricList``, has another type or other labels there, or has reached
    ///   the maximum number of combinations of label values.
    private func handler<Handler: MetricHandler>(
        _ name: String,
        _ kind: MetricDefinition.Kind,
        _ dimensions: [(String, String)],
        _ create: (MetricDefinition) -> Handler
    ) -> Handler? {
        guard let definition = definitions[name], definition.kind == kind, definition.labels == dimensions.map(\.0)
        else { return nil }
        let labels = dimensions.map(\.1)
        return series.withLock { series in
            var family = series[name] ?? [:]
            if let known = family[labels] { return known as? Handler }
            guard family.count < MetricDefinition.maximumSeries else { return nil }
            let handler = create(definition)
            family[labels] = handler
            series[name] = family
            return handler
        }
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, .counter, dimensions) { _ in CountingHandler() } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label, .gauge, dimensions) { _ in GaugeHandler() } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        handler(label, .histogram, dimensions) { HistogramHandler(buckets: $0.buckets) } ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, .histogram, dimensions) { HistogramHandler(buckets: $0.buckets) } ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
